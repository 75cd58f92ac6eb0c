package console

// Lineage of one event: what was told, by whom, what became of it, and why.
// Everything that the page, the JSON and the command line show of an event is
// decided here, so that the three cannot differ and what is masked is masked
// in one place.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"matchkey/collector"
)

// ErrNotFound is returned by Explain when nothing of the id is known.
var ErrNotFound = errors.New("no event of this id is known: give the order's own id (like A-1001) " +
	"or the whole event id (like purchase.A-1001); an event that the edge refused was never taken")

// Bounds of an explanation. More than these is counted, not shown.
const (
	maxEvents     = 20
	maxDeliveries = 50
	maxProperties = 32
)

// An Explanation is the lineage of all events that have an id.
type Explanation struct {
	// ID is what was asked for: an order's own id, or an event id.
	ID     string             `json:"id"`
	Events []EventExplanation `json:"events"`
	More   int                `json:"more,omitempty"` // events left out by the bound
}

// An EventExplanation is one event, its copies and what it owed.
type EventExplanation struct {
	Site string `json:"site"`
	Name string `json:"name"`
	ID   string `json:"id"`
	// Known is false when only the deliveries are still kept, not the event.
	Known      bool      `json:"known"`
	OccurredAt time.Time `json:"occurred_at,omitzero"`
	// Told lists who told us of the event, first copy first.
	Told []collector.Copy `json:"told,omitempty"`
	// Withheld is true when consent let nothing of the event out, or kept
	// something of it from being stored. Then all of the following is empty.
	Withheld bool `json:"withheld,omitempty"`
	// WithheldWhy are the reasons given at the edge.
	WithheldWhy []collector.Reason `json:"withheld_why,omitempty"`

	URL      string `json:"url,omitempty"`
	Referrer string `json:"referrer,omitempty"`
	Visitor  string `json:"visitor,omitempty"`  // masked
	Customer string `json:"customer,omitempty"` // masked
	Place    string `json:"place,omitempty"`    // country, region and who said so
	// Carried are the kinds of identifier, Properties the names of the site's
	// own words, that came with the event. The values that went out stand in
	// the deliveries' fields.
	Carried    []collector.Kind `json:"carried,omitempty"`
	Properties []string         `json:"properties,omitempty"`
	// Notes are faults that cost a field and not the event.
	Notes []collector.Note `json:"notes,omitempty"`

	Deliveries []DeliveryExplanation `json:"deliveries"`
}

// A DeliveryExplanation is the lineage of one delivery.
type DeliveryExplanation struct {
	Destination string             `json:"destination"`
	Send        string             `json:"send"`
	Scenario    string             `json:"scenario,omitempty"`
	State       collector.State    `json:"state"`
	Reasons     []collector.Reason `json:"reasons,omitempty"`
	Detail      string             `json:"detail,omitempty"`
	OccurredAt  time.Time          `json:"occurred_at"`
	MatchedAt   time.Time          `json:"matched_at"`
	MovedAt     time.Time          `json:"moved_at"`
	DueAt       time.Time          `json:"due_at,omitzero"`
	WaitUntil   time.Time          `json:"wait_until,omitzero"`
	// ExpiresAt is the end of the destination's window, ExpiresWhy what ends it.
	ExpiresAt  time.Time        `json:"expires_at,omitzero"`
	ExpiresWhy collector.Reason `json:"expires_why,omitempty"`

	Decision DecisionExplanation `json:"decision"`
	// Sent are the fields the destination gets, Dropped those it does not get.
	// Of a withheld delivery neither is shown.
	Sent     []collector.Field `json:"sent,omitempty"`
	Dropped  []collector.Field `json:"dropped,omitempty"`
	Attempts []Attempt         `json:"attempts,omitempty"`
	Doubts   int               `json:"doubts,omitempty"`
}

// A DecisionExplanation is the consent decision last taken, and what it stood on.
type DecisionExplanation struct {
	Outcome         collector.Outcome     `json:"outcome,omitempty"`
	Reasons         []collector.Reason    `json:"reasons,omitempty"`
	Regime          string                `json:"regime,omitempty"`
	Policy          string                `json:"policy,omitempty"`
	Strip           []collector.Kind      `json:"strip,omitempty"`
	AttributionOnly bool                  `json:"attribution_only,omitempty"`
	LimitedUse      *collector.LimitedUse `json:"limited_use,omitempty"`
	RetryAt         time.Time             `json:"retry_at,omitzero"`
	Purposes        []string              `json:"purposes,omitempty"`
	Records         []Record              `json:"records,omitempty"`
}

// A Record is a consent record without the id of the person. Only ID is set
// when the record may not be shown (withheld) or is no longer kept.
type Record struct {
	ID          string                `json:"id"`
	About       collector.SubjectKind `json:"about,omitempty"`
	Purpose     string                `json:"purpose,omitempty"`
	Action      string                `json:"action,omitempty"`
	At          time.Time             `json:"at,omitzero"`
	Until       time.Time             `json:"until,omitzero"`
	Explicit    bool                  `json:"explicit,omitempty"`
	Source      string                `json:"source,omitempty"`
	Notice      string                `json:"notice,omitempty"`
	NoticeEpoch int                   `json:"notice_epoch,omitempty"`
	Language    string                `json:"language,omitempty"`
	Receipt     string                `json:"receipt,omitempty"`
}

// An Attempt is one try and what the destination answered.
type Attempt struct {
	At      time.Time        `json:"at"`
	EndedAt time.Time        `json:"ended_at,omitzero"` // zero while the request is out
	Ruling  collector.Ruling `json:"ruling,omitempty"`
	Reason  collector.Reason `json:"reason,omitempty"`
	Detail  string           `json:"detail,omitempty"`
	Status  int              `json:"status,omitempty"`
	Code    int              `json:"code,omitempty"`
	Subcode int              `json:"subcode,omitempty"`
	Trace   string           `json:"trace,omitempty"`
	// RetryAfterSeconds is how long the destination asked to wait.
	RetryAfterSeconds float64 `json:"retry_after_seconds,omitempty"`
	// Usage is what the answer said of the destination's rate limit.
	Usage collector.Usage `json:"usage,omitzero"`
}

// Explain gathers the lineage of the events of a site (empty: of all sites)
// whose event id, or whose own id (an order's), is the given one. It returns
// ErrNotFound when there is none.
func Explain(ctx context.Context, r collector.Reader, site, id string) (Explanation, error) {
	id = strings.TrimSpace(id)
	if id == "" {
		return Explanation{}, ErrNotFound
	}
	x := Explanation{ID: id}
	recs, err := r.EventsByID(ctx, site, id)
	if err != nil {
		return x, fmt.Errorf("look up events by id: %w", err)
	}
	if len(recs) > maxEvents {
		x.More, recs = len(recs)-maxEvents, recs[:maxEvents]
	}
	for _, rec := range recs {
		e, err := explainEvent(ctx, r, rec)
		if err != nil {
			return x, err
		}
		x.Events = append(x.Events, e)
	}
	if len(x.Events) == 0 {
		if x.Events, err = explainLeftovers(ctx, r, site, id); err != nil {
			return x, err
		}
	}
	if len(x.Events) == 0 {
		return x, ErrNotFound
	}
	return x, nil
}

func explainEvent(ctx context.Context, r collector.Reader, rec collector.EventRecord) (EventExplanation, error) {
	ev := &rec.Event
	e := EventExplanation{
		Site: ev.Site, Name: ev.Name, ID: ev.ID, Known: true,
		OccurredAt: ev.OccurredAt, Told: told(rec), WithheldWhy: ev.Withheld,
	}
	owed, err := r.Deliveries(ctx, collector.DeliveryQuery{Site: ev.Site, EventID: ev.ID, Max: maxDeliveries})
	if err != nil {
		return e, fmt.Errorf("look up the deliveries of an event: %w", err)
	}
	anythingOut := false
	for _, d := range owed {
		if d.EventName != ev.Name {
			continue // another event of the same id
		}
		anythingOut = anythingOut || d.State != collector.StateWithheld
		de, err := explainDelivery(ctx, r, d)
		if err != nil {
			return e, err
		}
		e.Deliveries = append(e.Deliveries, de)
	}
	e.Withheld = !anythingOut && (len(e.Deliveries) > 0 || len(ev.Withheld) > 0)
	if !e.Withheld {
		e.describe(ev)
	}
	return e, nil
}

// describe adds what is shown of an event only when it was not withheld.
func (e *EventExplanation) describe(ev *collector.Event) {
	e.URL, e.Referrer, e.Notes = ev.URL, ev.Referrer, ev.Notes
	e.Visitor, e.Customer = masked(ev.Visitor), masked(ev.Customer)
	e.Place = place(ev.Client.Geo)
	for _, i := range ev.Identifiers {
		if !slices.Contains(e.Carried, i.Kind) {
			e.Carried = append(e.Carried, i.Kind)
		}
	}
	for name := range ev.Properties {
		e.Properties = append(e.Properties, name)
	}
	slices.Sort(e.Properties)
	e.Properties = e.Properties[:min(maxProperties, len(e.Properties))]
}

// explainLeftovers finds deliveries whose event is no longer kept. They are
// found by the whole event id only.
func explainLeftovers(ctx context.Context, r collector.Reader, site, id string) ([]EventExplanation, error) {
	owed, err := r.Deliveries(ctx, collector.DeliveryQuery{Site: site, EventID: id, Max: maxDeliveries})
	if err != nil {
		return nil, fmt.Errorf("look up deliveries by event id: %w", err)
	}
	var events []EventExplanation
	for _, d := range owed {
		i := slices.IndexFunc(events, func(e EventExplanation) bool {
			return e.Site == d.Key.Site && e.Name == d.EventName
		})
		if i < 0 {
			i = len(events)
			events = append(events, EventExplanation{
				Site: d.Key.Site, Name: d.EventName, ID: id, OccurredAt: d.OccurredAt, Withheld: true,
			})
		}
		de, err := explainDelivery(ctx, r, d)
		if err != nil {
			return nil, err
		}
		events[i].Withheld = events[i].Withheld && d.State == collector.StateWithheld
		events[i].Deliveries = append(events[i].Deliveries, de)
	}
	return events, nil
}

func explainDelivery(ctx context.Context, r collector.Reader, d collector.Delivery) (DeliveryExplanation, error) {
	x := DeliveryExplanation{
		Destination: d.Key.Destination, Send: d.Key.Send, Scenario: d.Scenario,
		State: d.State, Reasons: d.Reasons, Detail: d.Detail,
		OccurredAt: d.OccurredAt, MatchedAt: d.MatchedAt, MovedAt: d.MovedAt,
		DueAt: d.DueAt, WaitUntil: d.WaitUntil, ExpiresAt: d.ExpiresAt, ExpiresWhy: d.ExpiresWhy, Doubts: d.Doubts,
		Decision: DecisionExplanation{
			Outcome: d.Decision.Outcome, Reasons: d.Decision.Reasons, Regime: d.Decision.Regime,
			Policy: d.Decision.Policy, Strip: d.Decision.Strip, AttributionOnly: d.Decision.AttributionOnly,
			LimitedUse: d.Decision.LimitedUse, RetryAt: d.Decision.RetryAt, Purposes: d.Purposes,
		},
	}
	for _, a := range d.Attempts {
		x.Attempts = append(x.Attempts, attempt(a))
	}
	person := d.Person
	if d.State == collector.StateWithheld {
		person = collector.Subject{} // nothing personal of what was withheld
	} else {
		for _, f := range d.Payload.Fields {
			if f.Dropped == "" {
				x.Sent = append(x.Sent, f)
			} else {
				f.Shown = "" // what is not sent is named, not shown
				x.Dropped = append(x.Dropped, f)
			}
		}
	}
	records, err := recordsOf(ctx, r, person, d.Decision.Records)
	if err != nil {
		return x, err
	}
	x.Decision.Records = records
	return x, nil
}

// recordsOf returns the consent records of a person that have the given ids,
// in the order of the ids.
func recordsOf(ctx context.Context, r collector.Reader, person collector.Subject, ids []string) ([]Record, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	kept := map[string]Record{}
	if !person.IsZero() {
		linked, err := r.Linked(ctx, person)
		if err != nil {
			return nil, fmt.Errorf("look up linked subjects: %w", err)
		}
		records, err := r.Records(ctx, append([]collector.Subject{person}, linked...)...)
		if err != nil {
			return nil, fmt.Errorf("look up consent records: %w", err)
		}
		for _, c := range records {
			kept[c.ID] = Record{
				ID: c.ID, About: c.Subject.Kind, Purpose: c.Purpose, Action: c.Action, At: c.At,
				Until: c.Until, Explicit: c.Explicit, Source: c.Source, Notice: c.Notice,
				NoticeEpoch: c.NoticeEpoch, Language: c.Language, Receipt: c.Receipt,
			}
		}
	}
	shown := make([]Record, len(ids))
	for i, id := range ids {
		shown[i] = kept[id]
		shown[i].ID = id
	}
	return shown, nil
}

func attempt(a collector.Attempt) Attempt {
	v := a.Verdict
	return Attempt{
		At: a.At, EndedAt: a.EndedAt, Ruling: v.Ruling, Reason: v.Reason, Detail: v.Detail,
		Status: v.Status, Code: v.Code, Subcode: v.Subcode, Trace: v.Trace,
		RetryAfterSeconds: v.After.Seconds(), Usage: v.Usage,
	}
}

// told lists the first copy, which is the event itself, and the others.
func told(rec collector.EventRecord) []collector.Copy {
	first := collector.Copy{
		Origin: rec.Event.Origin, Receipt: rec.Event.Receipt,
		ReceivedAt: rec.Event.ReceivedAt, Offset: rec.Offset,
	}
	all := []collector.Copy{first}
	for _, c := range rec.Copies {
		if c.Offset != first.Offset {
			all = append(all, c)
		}
	}
	return all
}

// place says where an address is said to be, and who said so.
func place(g collector.Geo) string {
	if g.Country == "" {
		return ""
	}
	s := g.Country
	if g.Region != "" {
		s += "-" + g.Region
	}
	if g.Source != "" {
		s += " (" + g.Source + ")"
	}
	if g.Conflict {
		s += ", sources disagree"
	}
	return s
}
