package meta

// The event as JSON, written by hand: it is a third of the price of reflection,
// and paid for every event. What is rare, package json still writes. The bytes
// are those of the types' own encoding (vocabulary.go); a fuzz test compares.

import (
	"bytes"
	"math"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// encode returns the event as JSON; equal events give equal bytes. It is written
// into room, which is empty and may be small, and then copied: a body is kept,
// and is as large as it has to be.
func (e *ServerEvent) encode(room []byte) ([]byte, error) {
	w := writer{out: room}
	w.event(e)
	return bytes.Clone(w.out), w.err
}

// A writer appends JSON. A member whose value is empty is left out, as Meta
// wants it (capi.md § 13.12), unless its method says that it is always there.
type writer struct {
	out []byte
	err error // the first one
}

func (w *writer) event(e *ServerEvent) {
	w.open('{')
	w.always("event_name", e.EventName)
	w.key("event_time")
	w.out = strconv.AppendInt(w.out, e.EventTime, 10)
	w.always("event_id", e.EventID)
	w.always("action_source", e.ActionSource)
	w.text("event_source_url", e.EventSourceURL)
	w.text("referrer_url", e.ReferrerURL)
	w.text("messaging_channel", e.MessagingChannel)
	if e.OptOut {
		w.key("opt_out")
		w.out = append(w.out, "true"...)
	}
	if e.Options != nil { // an empty list says something, too
		w.rest("data_processing_options", e.Options)
	}
	if e.Country != nil {
		w.rest("data_processing_options_country", e.Country)
	}
	if e.State != nil {
		w.rest("data_processing_options_state", e.State)
	}
	if e.App != nil {
		w.rest("app_data", e.App)
	}
	if e.Original != nil {
		w.rest("original_event_data", e.Original)
	}
	w.key("user_data")
	w.userData(&e.UserData)
	if len(e.Custom) > 0 {
		w.key("custom_data")
		w.custom(e.Custom)
	}
	w.close('}')
}

func (w *writer) userData(u *UserData) {
	w.open('{')
	w.texts("em", u.Email)
	w.texts("ph", u.Phone)
	w.texts("fn", u.FirstName)
	w.texts("ln", u.LastName)
	w.texts("db", u.Birth)
	w.texts("ge", u.Gender)
	w.texts("ct", u.City)
	w.texts("st", u.State)
	w.texts("zp", u.PostalCode)
	w.texts("country", u.Country)
	w.texts("external_id", u.ExternalID)
	w.text("f5first", u.FirstFive)
	w.text("f5last", u.LastFive)
	w.text("fi", u.FirstInitial)
	w.text("dobd", u.BirthDay)
	w.text("dobm", u.BirthMonth)
	w.text("doby", u.BirthYear)
	w.text("client_ip_address", u.IP)
	w.text("client_user_agent", u.UserAgent)
	w.text("fbc", u.Click)
	w.text("fbp", u.Browser)
	w.text("subscription_id", u.Subscription)
	w.text("fb_login_id", u.Login)
	w.text("lead_id", u.Lead)
	w.text("anon_id", u.Install)
	w.text("madid", u.Advertising)
	w.text("page_id", u.Page)
	w.text("page_scoped_user_id", u.PagePerson)
	w.text("ctwa_clid", u.ChatClick)
	w.text("ig_account_id", u.InstagramAccount)
	w.text("ig_sid", u.InstagramPerson)
	w.text("whatsapp_business_account_id", u.WhatsAppBusiness)
	w.text("instagram_business_account_id", u.InstagramBusiness)
	w.close('}')
}

// custom writes the properties in the order of their keys. A map has none, so
// that two encodings of one event would differ.
func (w *writer) custom(c CustomData) {
	var room [16]string
	keys := room[:0]
	for key := range c {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	w.open('{')
	for _, key := range keys {
		w.comma()
		w.quote(key) // the site's own may be anything
		w.out = append(w.out, ':')
		w.value(c[key])
	}
	w.close('}')
}

func (w *writer) value(v any) {
	switch v := v.(type) {
	case string:
		w.quote(v)
	case float64:
		w.number(v)
	case int64:
		w.out = strconv.AppendInt(w.out, v, 10)
	case []any:
		w.open('[')
		for i := range v {
			w.comma()
			w.value(v[i])
		}
		w.close(']')
	case []Item:
		w.open('[')
		for i := range v {
			w.comma()
			w.item(&v[i])
		}
		w.close(']')
	default:
		w.any(v)
	}
}

func (w *writer) item(it *Item) {
	w.open('{')
	w.always("id", it.ID)
	if it.Quantity != nil {
		w.key("quantity")
		w.out = strconv.AppendInt(w.out, *it.Quantity, 10)
	}
	if it.ItemPrice != nil {
		w.key("item_price")
		w.number(*it.ItemPrice)
	}
	if it.Price != nil {
		w.key("price")
		w.number(*it.Price)
	}
	w.text("title", it.Title)
	w.text("description", it.Description)
	w.text("brand", it.Brand)
	w.text("category", it.Category)
	w.text("delivery_category", it.DeliveryCategory)
	w.close('}')
}

func (w *writer) open(bracket byte)  { w.out = append(w.out, bracket) }
func (w *writer) close(bracket byte) { w.out = append(w.out, bracket) }

// comma separates what comes from what is there.
func (w *writer) comma() {
	if last := w.out[len(w.out)-1]; last != '{' && last != '[' {
		w.out = append(w.out, ',')
	}
}

// key begins a member. Only Meta's keys come here, which need no escaping.
func (w *writer) key(name string) {
	w.comma()
	w.out = append(w.out, '"')
	w.out = append(w.out, name...)
	w.out = append(w.out, '"', ':')
}

// always writes a text that is there even when it is empty.
func (w *writer) always(key, value string) {
	w.key(key)
	w.quote(value)
}

func (w *writer) text(key, value string) {
	if value != "" {
		w.always(key, value)
	}
}

func (w *writer) texts(key string, values []string) {
	if len(values) == 0 {
		return
	}
	w.key(key)
	w.open('[')
	for _, v := range values {
		w.comma()
		w.quote(v)
	}
	w.close(']')
}

// rest writes a member by package json, an object only if there is anything in it.
func (w *writer) rest(key string, value any) {
	before := len(w.out)
	w.key(key)
	if w.any(value); bytes.HasSuffix(w.out, []byte(":{}")) {
		w.out = w.out[:before]
	}
}

// quote writes a text, and refuses one that is not UTF-8.
func (w *writer) quote(s string) {
	out, err := jsontext.AppendQuote(w.out, s)
	w.out = out
	w.fail(err)
}

// number writes what needs no exponent; package json knows the rest, and what
// is no number at all.
func (w *writer) number(f float64) {
	if abs := math.Abs(f); f == 0 || abs >= 1e-6 && abs < 1e21 {
		w.out = strconv.AppendFloat(w.out, f, 'f', -1, 64)
		return
	}
	w.any(f)
}

// any writes what package json writes.
func (w *writer) any(v any) {
	out, err := json.Marshal(v, json.Deterministic(true))
	w.out = append(w.out, out...)
	w.fail(err)
}

func (w *writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}
