package collectortest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"matchkey/collector"
)

// A MemoryDestination is a [collector.Destination] that lives in memory and
// does as it is told. It is for tests of whatever delivers: it says what it
// received, duplicates included, and its script says what it answers.
//
// Without a script it accepts everything. All methods are safe for concurrent
// use.
type MemoryDestination struct {
	name string

	mu       sync.Mutex
	script   func(collector.Parcel) collector.Verdict
	spoil    func([]collector.Parcel) *collector.Verdict
	refuse   func(collector.Composition) *collector.Refusal
	window   time.Duration
	twin     time.Duration // from the first attempt; zero: none
	limits   collector.Limits
	check    collector.Check
	received []collector.Parcel
	sends    []int // parcels of each
}

// MemoryWindow is how long after it happened a new MemoryDestination takes an
// event.
const MemoryWindow = 7 * 24 * time.Hour

// NewMemoryDestination returns a destination that accepts everything.
func NewMemoryDestination(name string) *MemoryDestination {
	return &MemoryDestination{
		name: name, window: MemoryWindow, limits: collector.Limits{Batch: 200, Concurrency: 1, Resends: 2},
		check: collector.Check{Verdict: collector.Verdict{Ruling: collector.Accepted}},
	}
}

// Script sets what is answered to each parcel from now on; nil accepts
// everything. What the answer means for [MemoryDestination.Received]:
//
//   - Accepted: received.
//   - InDoubt: received, and the answer was lost; the worst case of a cut connection.
//   - the zero Verdict: it hangs. Send waits for its context's end, nothing is
//     received, and the parcel is InDoubt.
//   - anything else: not received.
//
// The function runs without a lock held, once per parcel per Send, and must be
// safe for concurrent use when Send is called concurrently.
func (d *MemoryDestination) Script(answer func(collector.Parcel) collector.Verdict) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.script = answer
}

// Spoil sets what fails whole requests from now on: when the function returns a
// verdict, every parcel of the Send gets it and none is received. nil spoils none.
func (d *MemoryDestination) Spoil(spoil func([]collector.Parcel) *collector.Verdict) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.spoil = spoil
}

// Refuse sets which compositions are refused from now on; nil refuses none.
// Like Compose itself the function must be pure.
func (d *MemoryDestination) Refuse(refuse func(collector.Composition) *collector.Refusal) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refuse = refuse
}

// SetWindow sets how long after it happened an event may still be sent.
func (d *MemoryDestination) SetWindow(window time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.window = window
}

// Received returns copies of the parcels that were received so far, in order,
// duplicates included.
func (d *MemoryDestination) Received() []collector.Parcel {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.received)
}

// Sends returns how many parcels each Send was given, in order.
func (d *MemoryDestination) Sends() []int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.sends)
}

// Name returns the name given to [NewMemoryDestination].
func (d *MemoryDestination) Name() string { return d.name }

// SetTwin sets how long after its first attempt an event may still be sent; zero
// does not shorten the window.
func (d *MemoryDestination) SetTwin(window time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.twin = window
}

// SetLimits sets the portions; before it is handed to anybody.
func (d *MemoryDestination) SetLimits(l collector.Limits) { d.limits = l }

// Limits returns the portions: 200 parcels, one Send at a time, no lingering, two
// resends, unless SetLimits said otherwise.
func (d *MemoryDestination) Limits() collector.Limits { return d.limits }

// SetCheck sets what Check returns from now on.
func (d *MemoryDestination) SetCheck(c collector.Check) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.check = c
}

// Check returns what SetCheck said, or that all is well.
func (d *MemoryDestination) Check(context.Context) collector.Check {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.check
}

// Window returns the event's time plus the window, or what SetTwin allows from the
// first attempt on.
func (d *MemoryDestination) Window(e collector.Event, firstAttempt time.Time) (time.Time, collector.Reason) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if end := firstAttempt.Add(d.twin); d.twin > 0 && !firstAttempt.IsZero() && end.Before(e.OccurredAt.Add(d.window)) {
		return end, "twin"
	}
	return e.OccurredAt.Add(d.window), collector.ReasonWindowPassed
}

// A MemoryBody is what a [MemoryDestination] composes, as JSON, so that a test
// can look at what would have been sent.
type MemoryBody struct {
	EventID string `json:"event_id"`
	Send    string `json:"send"`
	// Kinds are the kinds of identifier that event and profile hold and the
	// decision does not strip, sorted, each once.
	Kinds           []collector.Kind `json:"kinds,omitempty"`
	Properties      map[string]any   `json:"properties,omitempty"`
	AttributionOnly bool             `json:"attribution_only,omitempty"`
}

// ReadMemoryBody reads a body that a [MemoryDestination] composed.
func ReadMemoryBody(body []byte) (MemoryBody, error) {
	var b MemoryBody
	err := json.Unmarshal(body, &b)
	return b, err
}

// Compose puts a [MemoryBody] together. Its lineage has one field per kind:
// sent, or dropped with the decision's last reason.
func (d *MemoryDestination) Compose(c collector.Composition) (collector.Payload, *collector.Refusal) {
	d.mu.Lock()
	refuse := d.refuse
	d.mu.Unlock()

	body := MemoryBody{
		EventID:         c.Event.ID,
		Send:            c.Delivery.Send,
		Properties:      c.Properties,
		AttributionOnly: c.Decision.AttributionOnly,
	}
	var payload collector.Payload
	for _, id := range kindsOf(c) {
		field := collector.Field{
			Path: string(id.Kind), Kind: id.Kind, Shown: "…",
			Receipt: id.Receipt, Event: id.Event, At: id.FirstAt, How: id.How,
		}
		if c.Decision.Strips(id.Kind) {
			field.Dropped, field.Shown = lastReason(c.Decision), ""
		} else {
			body.Kinds = append(body.Kinds, id.Kind)
		}
		payload.Fields = append(payload.Fields, field)
	}
	if refuse != nil {
		if r := refuse(c); r != nil {
			return payload, r
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return payload, &collector.Refusal{
			Reason: collector.ReasonNotComposable, Path: "properties",
			Detail: "The properties are not JSON values.",
		}
	}
	payload.Body = text
	return payload, nil
}

// kindsOf returns one identifier per kind, the event's own before the
// profile's, sorted by kind.
func kindsOf(c collector.Composition) []collector.Identifier {
	var first []collector.Identifier
	for _, id := range slices.Concat(c.Event.Identifiers, c.Profile.Identifiers) {
		known := slices.ContainsFunc(first, func(f collector.Identifier) bool { return f.Kind == id.Kind })
		if !known {
			first = append(first, id)
		}
	}
	slices.SortStableFunc(first, func(a, b collector.Identifier) int {
		switch {
		case a.Kind < b.Kind:
			return -1
		case a.Kind > b.Kind:
			return 1
		}
		return 0
	})
	return first
}

func lastReason(d collector.Decision) collector.Reason {
	if len(d.Reasons) == 0 {
		return collector.ReasonConsentAbsent
	}
	return d.Reasons[len(d.Reasons)-1]
}

// Send asks the script about each parcel; see [MemoryDestination.Script]. What
// is left when the context is over was not sent, and so is Retry.
func (d *MemoryDestination) Send(ctx context.Context, parcels []collector.Parcel) []collector.Verdict {
	d.mu.Lock()
	d.sends = append(d.sends, len(parcels))
	script, spoil := d.script, d.spoil
	d.mu.Unlock()

	verdicts := make([]collector.Verdict, len(parcels))
	if spoil != nil {
		if v := spoil(parcels); v != nil {
			for i := range verdicts {
				verdicts[i] = *v
			}
			return verdicts
		}
	}
	for i, p := range parcels {
		if ctx.Err() != nil {
			verdicts[i] = collector.Verdict{Ruling: collector.Retry, Detail: "The time was up before it was sent."}
			continue
		}
		verdicts[i] = collector.Verdict{Ruling: collector.Accepted}
		if script != nil {
			verdicts[i] = script(p)
		}
		switch verdicts[i].Ruling {
		case collector.Accepted, collector.InDoubt:
			d.receive(p)
		case "":
			<-ctx.Done()
			verdicts[i] = collector.Verdict{
				Ruling: collector.InDoubt, Reason: collector.ReasonNoAnswer,
				Detail: fmt.Sprintf("%s did not answer in time.", d.name),
			}
		}
	}
	return verdicts
}

func (d *MemoryDestination) receive(p collector.Parcel) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.received = append(d.received, collector.Parcel{Key: p.Key, Body: slices.Clone(p.Body)})
}
