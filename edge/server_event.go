package edge

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"matchkey/collector"
)

// Decoding server-side events: what a site's back end posts. Unlike the tag,
// the sender is a developer who reads the answer, so decoding is strict: a name
// that is not known rejects its event, and every rejection says which event and
// why. Pure; fuzzed.
//
//	{"events":[{"id":"A-1001","name":"purchase","at":"2026-11-23T10:00:00Z",
//	  "customer":{"id":"c42","email":"…","phone":"…","country":"DE", …},
//	  "visitor":"…","channel":"web","url":"https://…","properties":{"value":59.9,"currency":"EUR"},
//	  "integrations":{"<kind of destination>":{…}}}]}
//
// or, as application/x-ndjson, one such event a line. id and name are required,
// and a customer id, a visitor or contact data; without at it happened now.

// maxCallEvents bounds one request; one event more and nothing is stored.
const maxCallEvents = 1000

// A serverEvent is one event as it is sent.
type serverEvent struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	At           string            `json:"at"`
	Channel      collector.Channel `json:"channel"`
	Customer     *customer         `json:"customer"`
	Visitor      string            `json:"visitor"`
	URL          string            `json:"url"`
	Properties   jsontext.Value    `json:"properties"`
	Integrations jsontext.Value    `json:"integrations"`
}

// A customer is the site's own id of the person and contact data in the clear.
type customer struct {
	ID          string `json:"id"`
	Email       string `json:"email"`
	Phone       string `json:"phone"`
	FirstName   string `json:"first_name"`
	LastName    string `json:"last_name"`
	DateOfBirth string `json:"date_of_birth"`
	Gender      string `json:"gender"`
	City        string `json:"city"`
	Region      string `json:"region"`
	PostalCode  string `json:"postal_code"`
	Country     string `json:"country"`
}

// contact returns the contact data by kind.
func (c *customer) contact() []member {
	values := []string{
		c.Email, c.Phone, c.FirstName, c.LastName, c.DateOfBirth,
		c.Gender, c.City, c.Region, c.PostalCode, c.Country,
	}
	var members []member
	for i, kind := range collector.ContactKinds() {
		members = append(members, member{name: string(kind), value: values[i], ok: true})
	}
	return members
}

// A rejection names an event of a request that is not taken. Index counts from
// zero: events of the list, or lines.
type rejection struct {
	Index   int              `json:"index"`
	Code    collector.Reason `json:"code"`
	Message string           `json:"message"`
}

// A call is a decoded request of a site's back end.
type call struct {
	site    *site
	receipt string
	at      time.Time

	events   []collector.Event
	rejected []rejection
	// duplicates counts events whose name and id came before in this request.
	// They are stored as well: copies may know different identifiers.
	duplicates int
	seen       map[string]bool
	// broken counts events that were no JSON.
	broken int
	// answers is true when the request is of consent answers (consent_api.go); notes
	// say what is doubtful about those that are taken.
	answers bool
	notes   []rejection
}

// list is the name under which a request lists what it brings.
func (c *call) list() string {
	if c.answers {
		return "records"
	}
	return "events"
}

// readList reads {"events":[…]}. why is not empty when the request is refused.
func (c *call) readList(body []byte) (why collector.Reason) {
	// The frame is read leniently and each event strictly, so that a duplicate
	// name or a wrong byte in one event costs only that event.
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if !enter(dec, '{') {
		return malformed(body)
	}
	found := false
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		switch {
		case err != nil:
			return malformed(body)
		case c.answers && !found && name.String() != c.list():
			c.take(0, body) // one answer, by itself
			return c.readable()
		case name.String() != c.list():
			return collector.ReasonUnknownField
		case found:
			return collector.ReasonMalformedJSON
		}
		found = true
		if why := c.readEvents(dec, body); why != "" {
			return why
		}
	}
	if !leave(dec) {
		return malformed(body)
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return malformed(body)
	}
	return c.readable()
}

// enter reads the beginning of an object or a list; false when what comes is
// neither or another.
func enter(dec *jsontext.Decoder, kind jsontext.Kind) bool {
	if dec.PeekKind() != kind {
		return false
	}
	_, err := dec.ReadToken()
	return err == nil
}

// leave reads the end of an object or a list, whose kind was peeked.
func leave(dec *jsontext.Decoder) bool {
	_, err := dec.ReadToken()
	return err == nil
}

func (c *call) readEvents(dec *jsontext.Decoder, body []byte) collector.Reason {
	if !enter(dec, '[') {
		return malformed(body)
	}
	for i := 0; dec.PeekKind() != ']'; i++ {
		raw, err := dec.ReadValue()
		if err != nil {
			return malformed(body)
		}
		if i == maxCallEvents {
			return collector.ReasonTooManyEvents
		}
		c.take(i, raw)
	}
	if !leave(dec) {
		return malformed(body)
	}
	return ""
}

// readLines reads one event a line. Blank lines are passed over.
func (c *call) readLines(body []byte) (why collector.Reason) {
	index, events := -1, 0
	for line := range bytes.SplitSeq(body, []byte("\n")) {
		index++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if events++; events > maxCallEvents {
			return collector.ReasonTooManyEvents
		}
		c.take(index, line)
	}
	return c.readable()
}

// readable refuses a request of which nothing could be read.
func (c *call) readable() collector.Reason {
	switch {
	case len(c.events) == 0 && len(c.rejected) == 0:
		return collector.ReasonNoEvents
	case len(c.events) == 0 && c.broken == len(c.rejected) && (!c.answers || c.broken == 1):
		return c.rejected[0].Code
	}
	return ""
}

// decode reads one row into v, strictly, or rejects it.
func (c *call) decode(index int, raw []byte, v any) bool {
	err := json.Unmarshal(raw, v, json.RejectUnknownMembers(true))
	if err == nil {
		return true
	}
	why, where := whyNotDecoded(err, raw)
	if why == collector.ReasonMalformedJSON || why == collector.ReasonInvalidUTF8 {
		c.broken++
	}
	c.reject(index, why, where)
	return false
}

// take reads one event, or rejects it.
func (c *call) take(index int, raw []byte) {
	if c.answers {
		c.takeAnswer(index, raw)
		return
	}
	var w serverEvent
	if !c.decode(index, raw, &w) {
		return
	}
	event, why := c.event(&w)
	if why != "" {
		c.reject(index, why, "")
		return
	}
	c.keep(event)
}

// keep takes an event in.
func (c *call) keep(event collector.Event) {
	key := event.Name + " " + event.ID
	if c.seen[key] {
		c.duplicates++
	}
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	c.seen[key] = true
	c.events = append(c.events, event)
}

func (c *call) reject(index int, why collector.Reason, where string) {
	c.rejected = append(c.rejected, rejection{Index: index, Code: why, Message: where})
}

// event makes the event that is stored, or says why not.
func (c *call) event(w *serverEvent) (e collector.Event, why collector.Reason) {
	if !isEventName(w.Name) {
		return e, collector.ReasonEventName
	}
	own := strings.TrimPrefix(w.ID, w.Name+".")
	if why := checkEventID(w.Name, own); why != "" {
		return e, why
	}
	if w.Channel != "" && !w.Channel.Known() {
		return e, collector.ReasonChannel
	}
	at, why := c.occurredAt(w.At, w.Channel.MaxAge())
	if why != "" {
		return e, why
	}
	properties, notes, why := readProperties(w.Properties)
	if why != "" {
		return e, why
	}
	for _, note := range notes {
		// The one fault of a single property that the sender has to repair.
		if note.Reason == collector.ReasonPropertiesLarge {
			return e, note.Reason
		}
	}
	integrations, more, why := c.site.readIntegrations(w.Integrations)
	if why != "" {
		return e, why
	}
	e = collector.Event{
		ID: collector.DeterministicID(w.Name, own), Site: c.site.name, Name: w.Name,
		Origin: collector.OriginServer, Channel: w.Channel, Receipt: c.receipt,
		OccurredAt: at, ReceivedAt: c.at,
		Properties: properties, Integrations: integrations, Notes: append(notes, more...),
	}
	if e.URL, why = pageURL(w.URL); why != "" {
		e.Notes = append(e.Notes, collector.Note{Field: "url", Reason: why})
	}
	return e, c.about(&e, w)
}

// about says whom the event is about. It needs somebody.
func (c *call) about(e *collector.Event, w *serverEvent) (why collector.Reason) {
	if w.Customer != nil {
		if w.Customer.ID != "" {
			if why := checkCustomer(w.Customer.ID); why != "" {
				return why
			}
			e.Customer = w.Customer.ID
		}
		found, notes := c.site.contact(w.Customer.contact(), "customer")
		e.Identifiers = identifiers(found, e.Name, e.OccurredAt, c.receipt)
		e.Notes = append(e.Notes, notes...)
	}
	switch {
	case isToken(w.Visitor):
		e.Visitor = w.Visitor
	case w.Visitor != "":
		e.Notes = append(e.Notes, collector.Note{Field: "visitor", Reason: collector.ReasonMalformed})
	}
	if e.Customer == "" && e.Visitor == "" && len(e.Identifiers) == 0 {
		return collector.ReasonNoSubject
	}
	return ""
}

// occurredAt reads an event's time: at most maxAge ago, and ahead of us no more
// than clocks differ, which counts as now.
func (c *call) occurredAt(text string, maxAge time.Duration) (time.Time, collector.Reason) {
	if text == "" {
		return c.at, ""
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, collector.ReasonEventTime
	}
	switch age := c.at.Sub(at); {
	case age > maxAge:
		return time.Time{}, collector.ReasonEventTooOld
	case age < -maxClockAhead:
		return time.Time{}, collector.ReasonEventInFuture
	case age < 0:
		return c.at, ""
	}
	return at.UTC().Truncate(time.Millisecond), ""
}

// malformed says why bytes are no JSON.
func malformed(raw []byte) collector.Reason {
	if !utf8.Valid(raw) {
		return collector.ReasonInvalidUTF8
	}
	return collector.ReasonMalformedJSON
}

// whyNotDecoded turns a decoder's error into a reason and the field it is about,
// as the sender wrote it: it goes back to the sender only.
func whyNotDecoded(err error, raw []byte) (why collector.Reason, where string) {
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) {
		return malformed(raw), ""
	}
	where = cut(strings.ReplaceAll(strings.TrimPrefix(string(semantic.JSONPointer), "/"), "/", "."), maxToken)
	if errors.Is(err, json.ErrUnknownName) {
		return collector.ReasonUnknownField, where
	}
	switch where {
	case "id":
		return collector.ReasonEventID, where
	case "name":
		return collector.ReasonEventName, where
	case "at":
		return collector.ReasonEventTime, where
	case "channel":
		return collector.ReasonChannel, where
	}
	return collector.ReasonMalformedJSON, where
}
