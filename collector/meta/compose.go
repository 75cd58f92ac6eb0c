package meta

// Compose joins conversion, profile and decision into one event of Meta's, and
// writes down for every field where it comes from, or why it is missing. It is
// pure: no clock, no randomness, no network. What is chosen when there are
// several candidates stands in pick_*.go, what happened in custom_data.go, and
// what is refused as a whole in preflight.go.

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"matchkey/collector"
)

// Compose makes the payload of a delivery: a body that is one event in JSON, to
// be sent to the letter on every try, and its lineage, personal values masked.
// When Meta would refuse the event as a whole, the refusal names the first
// fault, the lineage all of them, and the payload has no body. Equal
// compositions give equal payloads; c is not changed.
func Compose(c collector.Composition) (collector.Payload, *collector.Refusal) {
	d := drafts.Get().(*draft)
	defer d.putBack()
	d.c = c
	d.fields = make([]collector.Field, 0, fieldsOf(&c)) // growing it was half of all that was allocated
	d.ownWords = sourceWords(c.Event.Receipt, c.Event.Name)
	d.fact()
	d.page()
	d.referrer()
	d.source()
	d.contact()
	d.customer()
	d.click()
	d.browser()
	d.client()
	d.privacy()
	d.custom()
	d.integration()

	refusal := d.preflight()
	payload := collector.Payload{Fields: d.fields}
	if refusal != nil {
		return payload, refusal
	}
	body, err := d.event.encode(d.room[:0])
	if err != nil {
		return payload, &collector.Refusal{
			Reason: collector.ReasonNotComposable, Path: "custom_data",
			Detail: "The properties cannot be written as JSON; correct what the site or the scenario sends.",
		}
	}
	payload.Body, payload.GoodUntil = body, d.goodUntil
	return payload, nil
}

// fieldsOf guesses how many fields lineage will have: one for each property and
// kind of identifier, and the dozen that nearly every event has.
func fieldsOf(c *collector.Composition) int {
	n := 12 + len(c.Properties) + len(c.Event.Identifiers)
	for i, id := range c.Profile.Identifiers {
		if i == 0 || id.Kind != c.Profile.Identifiers[i-1].Kind {
			n++
		}
	}
	return n
}

// A draft is a payload in the making.
type draft struct {
	c      collector.Composition
	event  ServerEvent
	fields []collector.Field
	// ownWords are the event's own source in words, and last is what from said
	// last: fields of one call or beacon come in a row, and share the words.
	ownWords string
	last     struct{ receipt, event, words string }
	// goodUntil is when something in the event gets too old; zero means never.
	goodUntil time.Time
	// refusal is the first fault that costs the whole event.
	refusal *collector.Refusal
	// room is where the event is written, before its body gets its own size.
	room [2 << 10]byte
}

// drafts are used again: with its rules in tables a draft cannot live on the
// stack, and was a sixth of what an event allocates. They are empty here.
var drafts = sync.Pool{New: func() any { return new(draft) }}

// putBack forgets what the draft knows of a person; payload and refusal are not
// part of it.
func (d *draft) putBack() {
	*d = draft{}
	drafts.Put(d)
}

// sent notes that a field goes along.
func (d *draft) sent(f collector.Field) { d.fields = append(d.fields, f) }

// dropped notes that a field does not go along, and why.
func (d *draft) dropped(path string, kind collector.Kind, why collector.Reason) {
	d.fields = append(d.fields, collector.Field{Path: path, Kind: kind, Dropped: why})
}

// whyDropped returns why the field at a path does not go along; empty when it
// does or was not looked at.
func (d *draft) whyDropped(path string) collector.Reason {
	for _, f := range d.fields {
		if f.Path == path && f.Dropped != "" {
			return f.Dropped
		}
	}
	return ""
}

// own is a field whose source is the event itself.
func (d *draft) own(path string, kind collector.Kind, shown, how string) collector.Field {
	e := &d.c.Event
	return collector.Field{
		Path: path, Kind: kind, Shown: shown, How: how,
		Receipt: e.Receipt, Event: e.Name, From: d.ownWords, At: e.OccurredAt,
	}
}

// from says in words where something comes from: "beacon b_… · page_view".
func (d *draft) from(receipt, event string) string {
	if receipt != d.last.receipt || event != d.last.event {
		d.last.receipt, d.last.event, d.last.words = receipt, event, sourceWords(receipt, event)
	}
	return d.last.words
}

func sourceWords(receipt, event string) string {
	what := ""
	switch {
	case strings.HasPrefix(receipt, "b_"):
		what = "beacon "
	case strings.HasPrefix(receipt, "c_"):
		what = "call "
	case receipt == "":
		return event
	}
	if event == "" {
		return what + receipt
	}
	return what + receipt + " · " + event
}

// fact sets name, time and ID.
func (d *draft) fact() {
	e := &d.c.Event
	d.event.EventName = d.c.Delivery.Send
	d.sent(d.own("event_name", "", d.event.EventName, "the scenario's name for "+e.Name))

	at, how := e.OccurredAt, "whole seconds, rounded down"
	if ahead := at.Sub(d.c.Now); ahead > 0 && ahead <= clockSlack {
		at, how = d.c.Now, "whole seconds; was ahead of our clock, so it is now"
	}
	d.event.EventTime = at.Unix()
	d.sent(d.own("event_time", "", strconv.FormatInt(d.event.EventTime, 10), how))

	d.event.EventID = e.ID
	d.sent(d.own("event_id", "", e.ID, "as it is; the browser's copy has the same"))
}

// privacy sets what the decision asks of Meta.
func (d *draft) privacy() {
	if d.c.Decision.AttributionOnly {
		d.event.OptOut = true
		d.sent(d.own("opt_out", "", "true", "consent covers attribution only"))
	}
	limited := d.c.Decision.LimitedUse
	if limited == nil {
		return
	}
	d.event.Options = []string{}
	if !limited.Applies {
		d.sent(d.own("data_processing_options", "", "[]", "limited data use does not apply"))
		return
	}
	country, state := limited.Country, limited.State
	d.event.Options, d.event.Country, d.event.State = []string{"LDU"}, &country, &state
	d.sent(d.own("data_processing_options", "", "LDU", "limited data use applies"))
	d.sent(d.own("data_processing_options_country", "", strconv.Itoa(country), ""))
	d.sent(d.own("data_processing_options_state", "", strconv.Itoa(state), ""))
}

// stripReason says why the decision takes out a kind, from its own reasons:
// the one that is about kinds of this sort, else the deciding (last) one. The
// codes are package consent's (consent.md § 5.4).
func stripReason(dec collector.Decision, kind collector.Kind) collector.Reason {
	const contactStripped, limitedUse = "contact_data_stripped", "ldu_applied"
	preferred := []collector.Reason{contactStripped, limitedUse}
	switch kind {
	case collector.KindIP, collector.KindUserAgent, collector.KindURL,
		collector.KindClick, collector.KindBrowser:
		preferred = []collector.Reason{limitedUse}
	}
	for _, p := range preferred {
		for _, r := range dec.Reasons {
			if r == p {
				return r
			}
		}
	}
	if n := len(dec.Reasons); n > 0 {
		return dec.Reasons[n-1]
	}
	return collector.ReasonConsentAbsent
}

// missing says why nothing of a kind is known: because a value came and was
// faulty, because it was not kept for want of consent, or because it never came.
func (d *draft) missing(kind collector.Kind, names ...string) collector.Reason {
	if why := d.noted(kind, names...); why != "" {
		return why
	}
	if n := len(d.c.Event.Withheld); n > 0 {
		return d.c.Event.Withheld[n-1]
	}
	return collector.ReasonNeverSeen
}

// noted returns the reason of the event's note about a field, which carries the
// kind's name or one of names, perhaps behind a path ("customer.email").
func (d *draft) noted(kind collector.Kind, names ...string) collector.Reason {
	for _, note := range d.c.Event.Notes {
		field := note.Field[strings.LastIndexByte(note.Field, '.')+1:]
		if field == string(kind) {
			return note.Reason
		}
		for _, name := range names {
			if field == name {
				return note.Reason
			}
		}
	}
	return ""
}

// leftOut notes that the scenario lets nothing of a kind go along, and reports
// whether it does. Consent's reason comes before the scenario's.
func (d *draft) leftOut(path string, kind collector.Kind) bool {
	mapped := d.c.Mapping.Of(kind)
	if mapped == nil || mapped.Why == "" {
		return false
	}
	if d.c.Decision.Strips(kind) {
		d.dropped(path, kind, stripReason(d.c.Decision, kind))
		return true
	}
	d.fields = append(d.fields, collector.Field{Path: path, Kind: kind, Dropped: mapped.Why, From: d.scenario()})
	return true
}

// scenario is the scenario in words, as the source of a field.
func (d *draft) scenario() string { return "scenario " + d.c.Scenario }

// candidates returns the identifiers of a kind, the event's own first, then the
// profile's newest first; ownCount is how many are the event's. What the scenario
// gives stands in place of both. They are only read: without own ones they are the
// profile's, not a copy.
func (d *draft) candidates(kind collector.Kind) (ids []collector.Identifier, ownCount int) {
	if mapped := d.c.Mapping.Of(kind); mapped != nil {
		return mapped.Values, len(mapped.Values)
	}
	known := d.c.Profile.Of(kind)
	for i := range d.c.Event.Identifiers {
		if id := &d.c.Event.Identifiers[i]; id.Kind == kind {
			ids = append(ids, *id)
		}
	}
	if len(ids) == 0 {
		return known, 0
	}
	return append(ids, known...), len(ids)
}

// identified is a field whose source is an identifier.
func (d *draft) identified(path string, id *collector.Identifier, shown, how string) collector.Field {
	return collector.Field{
		Path: path, Kind: id.Kind, Shown: shown, How: how,
		Receipt: id.Receipt, Event: id.Event, From: d.from(id.Receipt, id.Event), At: id.FirstAt,
	}
}
