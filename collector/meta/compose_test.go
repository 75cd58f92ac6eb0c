package meta

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"matchkey/collector"
)

var update = flag.Bool("update", false, "rewrite the golden files; read the diff")

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// occurred is when the tests' purchase happened: a quarter of an hour ago.
var occurred = now.Add(-15*time.Minute + 437*time.Millisecond)

const (
	clickID = "IwAR2F4dbP0l7Mn1-IawQQGCINEz7PYXQvwjNwB_qa2of"
	agent   = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/143.0"
)

func clickAt(at time.Time, id string) string { return "fb.1." + itoa(at.UnixMilli()) + "." + id }

// identifier is one that was seen an hour before the purchase.
func identifier(kind collector.Kind, value, receipt, event string) collector.Identifier {
	at := occurred.Add(-time.Hour)
	return collector.Identifier{Kind: kind, Value: value, FirstAt: at, LastAt: at, Receipt: receipt, Event: event}
}

// completeComposition is an order that the shop's back end reports, of a
// customer whose browser is known: everything a Purchase can have.
func completeComposition() collector.Composition {
	landed := occurred.Add(-2 * time.Hour)
	return collector.Composition{
		Now:      now,
		Delivery: collector.DeliveryKey{Site: "shop", Destination: "main", Send: "Purchase", EventID: "purchase.A-1001"},
		Event: collector.Event{
			ID: "purchase.A-1001", Site: "shop", Name: "purchase", Origin: collector.OriginServer, Receipt: "c_7f3a",
			OccurredAt: occurred, ReceivedAt: occurred, Customer: "C42",
			Identifiers: []collector.Identifier{
				identifier(collector.KindEmail, hash("mary@example.com"), "c_7f3a", "purchase"),
				identifier(collector.KindCountry, hash("de"), "c_7f3a", "purchase"),
			},
		},
		Properties: map[string]any{
			"value": 59.9, "currency": "eur", "order_id": "A-1001", "num_items": 2.0, "content_type": "product",
			"contents": []any{
				map[string]any{"id": "sku-1", "quantity": 1.0, "item_price": 49.9},
				map[string]any{"id": 7.0, "quantity": 1.0, "item_price": 10.0, "brand": "Acme"},
			},
			"content_ids": []any{"sku-1", "7"}, "coupon": "AUTUMN", "first_order": true,
		},
		Profile: collector.Profile{
			Subject: collector.Customer("shop", "C42"),
			Identifiers: []collector.Identifier{
				identifier(collector.KindBrowser, "fb.1.1603122906825.1012802381", "b_19c2", "page_view"),
				identifier(collector.KindClick, clickAt(landed, clickID), "b_19c2", "page_view"),
				identifier(collector.KindEmail, hash("mary@old.example"), "b_20aa", "identify"),
				identifier(collector.KindEmail, hash("mary@example.com"), "b_20aa", "identify"),
				identifier(collector.KindPhone, hash("491701234567"), "b_20aa", "identify"),
			},
			Sessions: []collector.SessionStart{
				{ID: "later", At: occurred.Add(5 * time.Minute), Client: collector.Client{IP: "198.51.100.9", UserAgent: "later"}, Receipt: "b_later"},
				{ID: "s1", At: landed, Client: collector.Client{IP: "203.0.113.57", UserAgent: agent}, URL: "https://shop.example/landing", Receipt: "b_19c2"},
			},
			Page: collector.PageSeen{URL: "https://shop.example/checkout?step=2#pay", At: occurred.Add(-time.Minute), Receipt: "b_77"},
		},
		Decision: collector.Decision{Outcome: collector.SendFull, Reasons: []collector.Reason{"consent_granted"}},
	}
}

// compose fails the test when the composition is refused.
func compose(t testing.TB, c collector.Composition) collector.Payload {
	t.Helper()
	payload, refusal := Compose(c)
	if refusal != nil {
		t.Fatalf("refused: %+v", *refusal)
	}
	return payload
}

// composed returns the event that is sent, read strictly: what the types do not
// name is a fault, and so is a null or an empty string anywhere.
func composed(t testing.TB, c collector.Composition) ServerEvent {
	t.Helper()
	body := compose(t, c).Body
	var e ServerEvent
	if err := jsonv2.Unmarshal(body, &e, jsonv2.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	var whole any
	if err := json.Unmarshal(body, &whole); err != nil {
		t.Fatal(err)
	}
	noEmptiness(t, whole)
	return e
}

func field(t testing.TB, fields []collector.Field, path string) collector.Field {
	t.Helper()
	for _, f := range fields {
		if f.Path == path {
			return f
		}
	}
	t.Errorf("lineage has no %s", path)
	return collector.Field{}
}

// wantDropped composes, whether refused or not, and expects a field to be left
// out for a reason.
func wantDropped(t *testing.T, c collector.Composition, path string, why collector.Reason) {
	t.Helper()
	payload, _ := Compose(c)
	if f := field(t, payload.Fields, path); f.Dropped != why || f.Shown != "" {
		t.Errorf("%s: dropped %q, shown %q; want dropped %q", path, f.Dropped, f.Shown, why)
	}
}

func TestCompletePurchase(t *testing.T) {
	payload := compose(t, completeComposition())
	golden(t, "purchase.json", indent(t, payload.Body))
	lineage, err := json.MarshalIndent(payload.Fields, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "purchase.lineage.json", append(lineage, '\n'))
}

func indent(t *testing.T, body []byte) []byte {
	t.Helper()
	v := jsontext.Value(bytes.Clone(body))
	if err := v.Indent(jsontext.WithIndent("  ")); err != nil {
		t.Fatal(err)
	}
	return append(v, '\n')
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; run with -update and read the diff. Got:\n%s", path, got)
	}
}

func TestComposeIsPure(t *testing.T) {
	c := completeComposition()
	first, second := compose(t, c), compose(t, c)
	if !reflect.DeepEqual(first, second) {
		t.Error("two payloads of one composition differ")
	}
	if !reflect.DeepEqual(c, completeComposition()) {
		t.Error("the composition was changed")
	}
}

func TestEveryNameWorks(t *testing.T) {
	for _, name := range []string{"PageView", "AddToCart", "Lead", "Purchase", "My custom event", "Bücher"} {
		c := completeComposition()
		c.Delivery.Send = name
		if got := composed(t, c).EventName; got != name {
			t.Errorf("%q is sent as %q", name, got)
		}
	}
}

func TestMainFieldsAreAlwaysAccountedFor(t *testing.T) {
	c := completeComposition()
	c.Profile = collector.Profile{}
	c.Event.Identifiers, c.Event.Customer, c.Properties = nil, "", nil
	c.Delivery.Send = "Lead"
	payload, refusal := Compose(c)
	if refusal == nil || refusal.Reason != ReasonTooWeak || payload.Body != nil {
		t.Errorf("nobody can be matched by this: %+v %s", refusal, payload.Body)
	}
	for _, path := range []string{
		"user_data.em", "user_data.ph", "user_data.external_id", "user_data.fbc", "user_data.fbp",
		"user_data.client_ip_address", "user_data.client_user_agent", "event_source_url",
		"custom_data.value", "custom_data.currency",
	} {
		if f := field(t, payload.Fields, path); f.Dropped != collector.ReasonNeverSeen {
			t.Errorf("%s: %q", path, f.Dropped)
		}
	}
	c.Event.Withheld = []collector.Reason{collector.ReasonConsentAbsent}
	wantDropped(t, c, "user_data.em", collector.ReasonConsentAbsent)
	c.Event.Notes = []collector.Note{{Field: "u.email", Reason: collector.ReasonNotNormalisable}, {Field: "_fbc", Reason: collector.ReasonMalformed}, {Field: "gender", Reason: collector.ReasonNotNormalisable}}
	wantDropped(t, c, "user_data.em", collector.ReasonNotNormalisable)
	wantDropped(t, c, "user_data.fbc", collector.ReasonMalformed)
	wantDropped(t, c, "user_data.ge", collector.ReasonNotNormalisable)
}

func TestNothingPersonalIsShown(t *testing.T) {
	c := completeComposition()
	payload := compose(t, c)
	text, err := json.Marshal(payload.Fields)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range append(c.Event.Identifiers, c.Profile.Identifiers...) {
		if bytes.Contains(text, []byte(id.Value)) {
			t.Errorf("lineage shows the %s in full", id.Kind)
		}
	}
	for _, secret := range []string{"203.0.113.57", hash("c42"), clickID} {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("lineage shows %q", secret)
		}
	}
	if f := field(t, payload.Fields, "user_data.client_ip_address"); f.Shown != "203.0.113.0/24" {
		t.Errorf("the address is shown as %q", f.Shown)
	}
	if f := field(t, payload.Fields, "user_data.em"); f.From != "call c_7f3a · purchase; beacon b_20aa · identify" {
		t.Errorf("the e-mail comes from %q", f.From)
	}
}

func TestClickOfTheConversion(t *testing.T) {
	day := 24 * time.Hour
	own := func(value string) func(*collector.Composition) {
		return func(c *collector.Composition) {
			c.Event.Identifiers = append(c.Event.Identifiers, identifier(collector.KindClick, value, "b_1", "purchase"))
		}
	}
	known := func(values ...string) func(*collector.Composition) {
		return func(c *collector.Composition) {
			for _, v := range values {
				c.Profile.Identifiers = append(c.Profile.Identifiers, identifier(collector.KindClick, v, "b_2", "page_view"))
			}
		}
	}
	at := func(before time.Duration, id string) string { return clickAt(occurred.Add(-before), id) }
	for _, c := range []struct {
		name string
		with func(*collector.Composition)
		want string
		why  collector.Reason
	}{
		{"none", known(), "", collector.ReasonNeverSeen},
		{"the newest of several", known(at(3*day, "A"), at(day, "B"), at(2*day, "C")), at(day, "B"), ""},
		{"not one after the conversion", known(at(-time.Hour, "A"), at(day, "B")), at(day, "B"), ""},
		{"only one after the conversion", known(at(-time.Hour, "A")), "", collector.ReasonAfterConversion},
		{"a drifting clock", known(at(-time.Second, "A")), at(-time.Second, "A"), ""},
		{"half a minute after is after", known(at(-30*time.Second, "A")), "", collector.ReasonAfterConversion},
		{"half a minute ahead, yet it came with the event", own(at(-30*time.Second, "A")), at(-30*time.Second, "A"), ""},
		{"the limit of age", known(at(90*day-time.Hour, "A")), at(90*day-time.Hour, "A"), ""},
		{"over the limit of age", known(at(90*day+time.Second, "A")), "", collector.ReasonTooOld},
		{"too old when it is sent", known(at(90*day-time.Minute, "A")), "", collector.ReasonTooOld},
		{"nearly too old when it is sent", known(at(90*day-now.Sub(occurred)-9*time.Minute, "A")), "", collector.ReasonTooOld},
		{"an older one counts no longer, a newer one does", known(at(90*day-time.Minute, "A"), at(91*day, "B"), at(day, "C")), at(day, "C"), ""},
		{"seen again is not younger", known(at(day, "A"), at(100*day, "A")), "", collector.ReasonTooOld},
		{"the same click counts once, of its earliest time", known(at(day, "A"), at(3*day, "A"), at(2*day, "B")), at(2*day, "B"), ""},
		{"with an appendix it is still the same", known(at(day, "A")+".AQYAAQMA", at(3*day, "A"), at(2*day, "B")), at(2*day, "B"), ""},
		{"an appendix goes along", known(at(day, "A") + ".AQYAAQMA"), at(day, "A") + ".AQYAAQMA", ""},
		{"malformed ones are passed over", known("fb.1.nonsense", at(day, "A")), at(day, "A"), ""},
		{"only a malformed one", known("fb.1.nonsense"), "", collector.ReasonMalformed},
	} {
		comp := completeComposition()
		comp.Profile.Identifiers = nil
		c.with(&comp)
		payload := compose(t, comp)
		f := field(t, payload.Fields, "user_data.fbc")
		if got := composed(t, comp).UserData.Click; got != c.want || f.Dropped != c.why {
			t.Errorf("%s: sends %q, dropped %q", c.name, got, f.Dropped)
		}
	}
}

// TestClickAgesBetweenTries: the body says until when its click may be sent, and
// a body that is composed then goes without it, the event all the same.
func TestClickAgesBetweenTries(t *testing.T) {
	c := completeComposition()
	c.Profile.Identifiers = []collector.Identifier{
		identifier(collector.KindClick, clickAt(now.Add(-90*24*time.Hour+11*time.Minute), "A"), "b_1", "page_view"),
	}
	first := compose(t, c)
	if want := now.Add(time.Minute); !first.GoodUntil.Equal(want) {
		t.Fatalf("good until %v, want %v", first.GoodUntil, want)
	}
	c.Now = first.GoodUntil
	if event := composed(t, c); event.UserData.Click != "" {
		t.Errorf("sends %q when it is no longer good", event.UserData.Click)
	}
	wantDropped(t, c, "user_data.fbc", collector.ReasonTooOld)
	if second := compose(t, c); len(second.Body) == 0 || !second.GoodUntil.IsZero() {
		t.Errorf("without a click: %d bytes, good until %v", len(second.Body), second.GoodUntil)
	}
}

func TestBrowserOfTheConversion(t *testing.T) {
	c := completeComposition()
	future := clickAt(occurred.Add(time.Hour), "99")
	late := identifier(collector.KindBrowser, future, "b_9", "page_view")
	late.FirstAt = occurred.Add(time.Hour)
	old := c.Profile.Identifiers[0]
	c.Profile.Identifiers = []collector.Identifier{late, old}
	if got := composed(t, c).UserData.Browser; got != old.Value {
		t.Errorf("sends %q, which was not there yet", got)
	}
	c.Profile.Identifiers = []collector.Identifier{late}
	wantDropped(t, c, "user_data.fbp", collector.ReasonAfterConversion)
	late.Value = "fb.1.1603122906825.5"
	c.Profile.Identifiers = []collector.Identifier{late}
	if got := composed(t, c).UserData.Browser; got != late.Value {
		t.Errorf("sends %q, although the cookie is older than the conversion", got)
	}
	c.Event.Identifiers = append(c.Event.Identifiers, identifier(collector.KindBrowser, "fb.1.1700000000000.7", "b_8", "purchase"))
	if got := composed(t, c).UserData.Browser; got != "fb.1.1700000000000.7" {
		t.Errorf("sends %q before the event's own", got)
	}
}

func TestClientIsOneConsistentPair(t *testing.T) {
	c := completeComposition()
	e := composed(t, c)
	if e.UserData.IP != "203.0.113.57" || e.UserData.UserAgent != agent {
		t.Errorf("not the session before the conversion: %+v", e.UserData)
	}
	c.Event.Client = collector.Client{UserAgent: "own"}
	if e = composed(t, c); e.UserData.IP != "" || e.UserData.UserAgent != "own" {
		t.Errorf("the pair is mixed: %+v", e.UserData)
	}
	wantDropped(t, c, "user_data.client_ip_address", collector.ReasonNeverSeen)
	c = completeComposition()
	c.Profile.Sessions = c.Profile.Sessions[:1]
	wantDropped(t, c, "user_data.client_ip_address", collector.ReasonAfterConversion)
	wantDropped(t, c, "user_data.client_user_agent", collector.ReasonAfterConversion)

	for text, want := range map[string]collector.Reason{
		"203.0.113.5": "", "::ffff:198.51.100.7": "", "2001:db8::1": "", "8.8.8.8": "",
		"10.1.2.3": collector.ReasonPrivateAddress, "192.168.0.1": collector.ReasonPrivateAddress,
		"172.16.9.9": collector.ReasonPrivateAddress, "127.0.0.1": collector.ReasonPrivateAddress,
		"169.254.1.1": collector.ReasonPrivateAddress, "100.64.0.1": collector.ReasonPrivateAddress,
		"192.0.0.8": collector.ReasonPrivateAddress, "0.0.0.0": collector.ReasonPrivateAddress, "224.0.0.1": collector.ReasonPrivateAddress,
		"255.255.255.255": collector.ReasonPrivateAddress, "::1": collector.ReasonPrivateAddress,
		"fe80::1": collector.ReasonPrivateAddress, "fd00::1": collector.ReasonPrivateAddress,
		"::ffff:10.0.0.1": collector.ReasonPrivateAddress, "::": collector.ReasonPrivateAddress,
		"fe80::1%eth0": collector.ReasonMalformed, "203.0.113": collector.ReasonMalformed,
	} {
		c := completeComposition()
		c.Event.Client = collector.Client{IP: text, UserAgent: "own"}
		payload := compose(t, c)
		if f := field(t, payload.Fields, "user_data.client_ip_address"); f.Dropped != want {
			t.Errorf("%s: dropped %q, want %q", text, f.Dropped, want)
		}
		if (composed(t, c).UserData.IP != "") != (want == "") {
			t.Errorf("%s: sent %q", text, composed(t, c).UserData.IP)
		}
	}
}

func TestUserAgentIsNeverHashed(t *testing.T) {
	for text, want := range map[string]collector.Reason{
		agent: "", "curl": "", hash(agent): collector.ReasonMalformed, "Mary@example.com": collector.ReasonMalformed, strings.Repeat("AB", 16): collector.ReasonMalformed,
		" ": collector.ReasonNeverSeen, strings.Repeat("x", maxUserAgent+1): collector.ReasonMalformed,
	} {
		c := completeComposition()
		c.Event.Client = collector.Client{UserAgent: text}
		payload := compose(t, c)
		if f := field(t, payload.Fields, "user_data.client_user_agent"); f.Dropped != want {
			t.Errorf("%.20q: dropped %q, want %q", text, f.Dropped, want)
		}
	}
}

func TestSourceURL(t *testing.T) {
	c := completeComposition()
	if got := composed(t, c).EventSourceURL; got != "https://shop.example/checkout" {
		t.Errorf("sends %q", got)
	}
	c.Event.URL = "https://shop.example/thanks?email=mary@example.com"
	if got := composed(t, c).EventSourceURL; got != "https://shop.example/thanks" {
		t.Errorf("sends %q", got)
	}
	c.Event.URL = "https://shop.example/unsubscribe/mary%40example.com/now"
	if got := composed(t, c).EventSourceURL; got != "https://shop.example/" {
		t.Errorf("sends %q", got)
	}
	for address, want := range map[string]string{
		"https://shop.example/u/+491713920042/x":     "https://shop.example/",
		"https://shop.example/u/%2B491713920042":     "https://shop.example/",
		"https://bücher.example/straße":              "https://xn--bcher-kva.example/stra%C3%9Fe",
		"https://b%C3%BCcher.example:8443/":          "https://xn--bcher-kva.example:8443/",
		"https://xn--bcher-kva.example/2026/11/25/x": "https://xn--bcher-kva.example/2026/11/25/x",
		"https://[2001:db8::1]:8443/":                "https://[2001:db8::1]:8443/",
	} {
		c.Event.URL = address
		if got := composed(t, c).EventSourceURL; got != want {
			t.Errorf("%s: sends %q", address, got)
		}
	}
	c.Event.URL = "javascript:alert(1)"
	c.Profile.Page.At = occurred.Add(pageSlack) // the page that says thank you
	if got := composed(t, c).EventSourceURL; got != "https://shop.example/checkout" {
		t.Errorf("sends %q", got)
	}
	c.Profile.Page.At = occurred.Add(pageSlack + time.Second)
	if got := composed(t, c).EventSourceURL; got != "https://shop.example/landing" {
		t.Errorf("sends %q", got)
	}
	c.Event.URL, c.Profile.Sessions = "", nil
	wantDropped(t, c, "event_source_url", collector.ReasonAfterConversion)
}

// A shop's order of a customer of whom no browser was ever seen still arrives.
func TestOrderWithoutAnyBrowser(t *testing.T) {
	c := completeComposition()
	c.Profile = collector.Profile{Subject: collector.Customer("shop", "C42")}
	e := composed(t, c)
	if e.ActionSource != "system_generated" || e.UserData.UserAgent != "" || len(e.UserData.Email) != 1 {
		t.Errorf("%+v", e)
	}
	c.Event.URL = "https://shop.example/checkout"
	if e = composed(t, c); e.ActionSource != "website" {
		t.Errorf("a page is known, and it is %s", e.ActionSource)
	}
	// A website's event that has neither a user agent nor anything strong.
	c.Event.Customer, c.Profile = "", collector.Profile{}
	c.Event.Identifiers = []collector.Identifier{
		identifier(collector.KindFirstName, hash("mary"), "c_1", "purchase"),
		identifier(collector.KindLastName, hash("smith"), "c_1", "purchase"),
	}
	wantRefusal(t, c, ReasonNoUserAgent, "user_data.client_user_agent")
}

func TestContactData(t *testing.T) {
	c := completeComposition()
	e := composed(t, c)
	if want := []string{hash("mary@example.com"), hash("mary@old.example")}; !reflect.DeepEqual(e.UserData.Email, want) {
		t.Errorf("the event's own first, each once: %v", e.UserData.Email)
	}
	if want := []string{hash("c42")}; !reflect.DeepEqual(e.UserData.ExternalID, want) {
		t.Errorf("external_id %v", e.UserData.ExternalID)
	}
	for i := range 20 {
		c.Profile.Identifiers = append(c.Profile.Identifiers, identifier(collector.KindCity, hash("city "+itoa(int64(i))), "b_1", ""))
	}
	if n := len(composed(t, c).UserData.City); n != maxHashes {
		t.Errorf("%d cities", n)
	}
	wantDropped(t, c, "user_data.ct[]", ReasonTooMany)
	c.Event.Identifiers = []collector.Identifier{identifier(collector.KindPhone, "+49 170 1234567", "c_1", "purchase")}
	c.Profile.Identifiers = nil
	wantDropped(t, c, "user_data.ph", ReasonNotHashed)
	c.Event.Identifiers[0].Value = hash("test")
	wantDropped(t, c, "user_data.ph", ReasonPlaceholderTest)
	c.Event.Identifiers[0].Value = strings.ToUpper(hash("491701234567"))
	if got := composed(t, c).UserData.Phone; !reflect.DeepEqual(got, []string{hash("491701234567")}) {
		t.Errorf("upper-case hash: %v", got)
	}
	c.Event.Customer = ""
	if got := composed(t, c).UserData.ExternalID; len(got) != 1 || got[0] != hash("c42") {
		t.Errorf("the profile's customer is not used: %v", got)
	}
}

func TestStrip(t *testing.T) {
	c := completeComposition()
	c.Decision = collector.Decision{
		Outcome: collector.SendReduced, AttributionOnly: true,
		Reasons: []collector.Reason{"regime_opt_in", "contact_data_stripped", "ads_optimisation_off"},
		Strip:   append(collector.ContactKinds(), collector.KindCustomer),
	}
	e := composed(t, c)
	u := e.UserData
	if u.Email != nil || u.Phone != nil || u.Country != nil || u.ExternalID != nil || !e.OptOut {
		t.Errorf("not stripped: %+v", e)
	}
	if u.Click == "" || u.Browser == "" || u.IP == "" || u.UserAgent == "" || e.Custom["order_id"] != nil {
		t.Errorf("stripped too much or too little: %+v", e)
	}
	for _, path := range []string{"user_data.em", "user_data.ph", "user_data.country", "user_data.external_id", "custom_data.order_id"} {
		wantDropped(t, c, path, "contact_data_stripped")
	}

	c.Decision = collector.Decision{
		Outcome: collector.SendReduced, LimitedUse: &collector.LimitedUse{Applies: true, Country: 1, State: 1000},
		Reasons: []collector.Reason{"regime_us_law", "gpc_opt_out", "ldu_applied", "contact_data_stripped"},
		Strip:   append(collector.ContactKinds(), collector.KindCustomer, collector.KindIP, collector.KindURL),
	}
	e = composed(t, c)
	if e.UserData.IP != "" || e.EventSourceURL != "" || e.OptOut || !reflect.DeepEqual(e.Options, []string{"LDU"}) || *e.Country != 1 || *e.State != 1000 {
		t.Errorf("%+v", e)
	}
	wantDropped(t, c, "user_data.client_ip_address", "ldu_applied")
	wantDropped(t, c, "event_source_url", "ldu_applied")
	wantDropped(t, c, "user_data.em", "contact_data_stripped")

	c.Decision.Strip = []collector.Kind{collector.KindClick, collector.KindBrowser, collector.KindUserAgent}
	e = composed(t, c)
	if e.UserData.Click+e.UserData.Browser+e.UserData.UserAgent != "" {
		t.Errorf("%+v", e.UserData)
	}
}

func TestLimitedUse(t *testing.T) {
	c := completeComposition()
	if body := compose(t, c).Body; bytes.Contains(body, []byte("data_processing_options")) {
		t.Errorf("options nobody asked for: %s", body)
	}
	c.Decision.LimitedUse = &collector.LimitedUse{}
	if body := compose(t, c).Body; !bytes.Contains(body, []byte(`"data_processing_options":[]`)) || bytes.Contains(body, []byte("options_state")) {
		t.Errorf("not explicitly none: %s", body)
	}
	c.Decision.LimitedUse = &collector.LimitedUse{Applies: true}
	if body := compose(t, c).Body; !bytes.Contains(body, []byte(`"data_processing_options":["LDU"],"data_processing_options_country":0,"data_processing_options_state":0`)) {
		t.Errorf("Meta is not asked to geolocate: %s", body)
	}
	c.Decision.Strip = []collector.Kind{collector.KindIP}
	wantRefusal(t, c, ReasonLimitedUse, "data_processing_options_state")
	c = completeComposition()
	c.Decision.LimitedUse = &collector.LimitedUse{Applies: true, Country: 1}
	wantRefusal(t, c, ReasonLimitedUse, "data_processing_options_state")
}
