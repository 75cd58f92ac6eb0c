package console

// Why did this order look like that? The explanation of one event as a page.

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"matchkey/collector"
)

type eventView struct {
	// Asked is false when no id was given yet; Found when nothing has it.
	Asked, Found bool
	ID           string
	Sorry        string
	JSON, Text   string // addresses of the same answer
	Events       []eventPart
	More         int
}

type eventPart struct {
	E           EventExplanation
	OwnID       string
	OccurredAt  moment
	Told        []toldView
	WithheldWhy []why
	Carried     string
	Properties  string
	Notes       []noteView
	Deliveries  []deliveryPart
}

type toldView struct {
	Origin, Receipt string
	At              moment
	Offset          collector.Offset
}

type noteView struct {
	Field string
	Is    why
}

type deliveryPart struct {
	D         DeliveryExplanation
	State     stateView
	Withheld  bool
	Reasons   []why
	MovedAt   moment
	MatchedAt moment
	DueAt     moment
	// LeftToPerson: it is in doubt, and sent again only when a person says so.
	LeftToPerson bool
	DueSays      string     // what happens then
	Stops        []stopView // why not even then, or not yet
	ExpiresAt    moment
	Expires      *why // what ends the window
	Outcome      string
	Decided      []why
	Needs        string
	Strip        string
	Records      []recordView
	SentWord     string // heads Sent
	Sent         []fieldView
	Dropped      []fieldView
	Attempts     []attemptView
	NoAttempt    string // said when there is none
	KeptSome     bool   // more attempts were made than are kept
	Redrive      string // address of the confirm page, for dead ones
	Resolve      string // the same, for those in doubt
}

type recordView struct {
	ID, Words string
	At, Until moment
}

type fieldView struct {
	Path, Shown, How string
	From             source
	At               moment
	Is               why
}

type attemptView struct {
	N                           int
	At, EndedAt                 moment
	Class, Ruling, Answer, Took string
	Used                        string // of the rate limit
	Is                          *why
	Detail                      string
}

func (c *console) event(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	site, id := q.Get("site"), strings.TrimSpace(q.Get("id"))
	if len(site) > maxParam || len(id) > maxParam {
		c.sorry(w, r, http.StatusBadRequest, "The id or the site is longer than any that could have been taken.")
		return
	}
	v := eventView{Asked: id != "", ID: id}
	if !v.Asked {
		c.render(w, r, http.StatusOK, "event", "Event", v)
		return
	}
	x, err := Explain(r.Context(), c.Reader, site, id)
	switch {
	case errors.Is(err, ErrNotFound):
		v.Sorry = sentence(err)
		c.render(w, r, http.StatusNotFound, "event", "Event not found", v)
		return
	case err != nil:
		c.broken(w, r, err)
		return
	}
	v.Found, v.More = true, x.More
	same := url.Values{"id": {id}}
	if site != "" {
		same.Set("site", site)
	}
	v.JSON = "/api/explain?" + same.Encode()
	same.Set("format", "text")
	v.Text = "/api/explain?" + same.Encode()
	for _, e := range x.Events {
		v.Events = append(v.Events, c.eventPart(e))
	}
	c.render(w, r, http.StatusOK, "event", "Event "+printable(shortened(id, 60)), v)
}

func (c *console) eventPart(e EventExplanation) eventPart {
	now := c.Now()
	p := eventPart{
		E: e, OwnID: ownID(e.Name, e.ID), OccurredAt: at(e.OccurredAt, now),
		WithheldWhy: c.whys(e.WithheldWhy), Carried: joined(e.Carried),
		Properties: strings.Join(e.Properties, ", "),
	}
	for _, t := range e.Told {
		p.Told = append(p.Told, toldView{string(t.Origin), t.Receipt, at(t.ReceivedAt, now), t.Offset})
	}
	for _, n := range e.Notes {
		p.Notes = append(p.Notes, noteView{n.Field, c.why(n.Reason)})
	}
	for _, d := range e.Deliveries {
		p.Deliveries = append(p.Deliveries, c.deliveryPart(e, d))
	}
	return p
}

func (c *console) deliveryPart(e EventExplanation, d DeliveryExplanation) deliveryPart {
	now := c.Now()
	p := deliveryPart{
		D: d, State: stateOf(d.State), Withheld: d.State == collector.StateWithheld, Reasons: c.whys(d.Reasons),
		MovedAt: at(d.MovedAt, now), MatchedAt: at(d.MatchedAt, now), DueAt: at(d.DueAt, now), DueSays: dueSays(d.State), NoAttempt: noAttempt(d.State),
		Outcome: outcomeSays(d.Decision.Outcome), Decided: c.whys(d.Decision.Reasons),
		SentWord: sentWord(d.State), Needs: strings.Join(d.Decision.Purposes, ", "), Strip: joined(d.Decision.Strip),
	}
	if d.State == collector.StateInDoubt && !d.DueAt.Before(collector.Never) {
		p.DueAt, p.LeftToPerson = moment{}, true
	} else if windowMatters(d.State) {
		p.ExpiresAt = at(d.ExpiresAt, now)
		if d.ExpiresWhy != "" {
			p.Expires = c.is(d.ExpiresWhy)
		}
	}
	if !p.LeftToPerson && !d.DueAt.IsZero() && (d.State == collector.StatePending || d.State == collector.StateInDoubt) {
		if s, ok := c.standing(d.Destination); ok {
			p.Stops = c.stops(s)
		}
	}
	for _, rec := range d.Decision.Records {
		p.Records = append(p.Records, recordView{rec.ID, rec.summary(), at(rec.At, now), at(rec.Until, now)})
	}
	for _, f := range d.Sent {
		p.Sent = append(p.Sent, fieldView{Path: f.Path, Shown: f.Shown, From: sourceOf(f), How: f.How, At: at(f.At, now)})
	}
	for _, f := range d.Dropped {
		p.Dropped = append(p.Dropped, fieldView{Path: f.Path, From: sourceOf(f), At: at(f.At, now), Is: c.why(f.Dropped)})
	}
	for i, a := range d.Attempts {
		p.Attempts = append(p.Attempts, c.attemptView(i+1, a))
	}
	p.KeptSome = len(d.Attempts) >= collector.MaxAttemptsKept
	one := filter{Site: e.Site, Destination: d.Destination, Event: e.ID}
	switch d.State {
	case collector.StateDead:
		p.Redrive = one.address("/redrive")
	case collector.StateInDoubt:
		p.Resolve = one.address("/resolve")
	}
	return p
}

func (c *console) attemptView(n int, a Attempt) attemptView {
	v := attemptView{
		N: n, At: at(a.At, c.Now()), EndedAt: at(a.EndedAt, c.Now()), Used: used(a.Usage), Class: "open", Ruling: rulingSays(a.Ruling),
		Answer: a.answer(), Took: a.took(), Detail: a.Detail,
	}
	switch a.Ruling {
	case collector.Accepted:
		v.Class = "good"
	case collector.Rejected, collector.Blocked:
		v.Class = "bad"
	case collector.InDoubt:
		v.Class = "doubt"
	}
	if a.Reason != "" {
		is := c.why(a.Reason)
		v.Is = &is
	}
	return v
}

// A source says where a field came from: in full for the tooltip, and with its
// receipt cut to what tells two apart.
type source struct{ Short, Full string }

// receiptID is a beacon's or a call's receipt; its head is the time, its tail chance.
var receiptID = regexp.MustCompile(`\b([bc]_)[0-9a-z]{6,}([0-9a-z]{5})\b`)

func sourceOf(f collector.Field) source {
	full := fieldFrom(f)
	return source{Short: receiptID.ReplaceAllString(full, "$1…$2"), Full: full}
}
