package dispatch

import (
	"context"
	"slices"
	"strings"
	"time"

	"matchkey/collector"
	"matchkey/collector/internal/identity"
)

// A candidate is a leased delivery on its way to an attempt.
type candidate struct {
	collector.Delivery
	// attempted is the window from this attempt on; the delivery's own is what
	// counts as long as nothing of it may have been counted.
	attempted window
}

// A window is until when a delivery may be sent, and why not after.
type window struct {
	until time.Time
	why   collector.Reason
}

// prepare joins, decides and composes. What is to be sent comes back with
// decision and payload, at most sends of them; for all others there is a
// settlement. One whose next attempt is not due yet, or for which there is no
// room, goes back to its place in the queue.
func (d *Dispatcher) prepare(ctx context.Context, leased []collector.Delivery, sends int, now time.Time) (outgoing []candidate, settled []collector.Settlement, err error) {
	for _, dl := range leased {
		c := candidate{Delivery: dl}
		s, err := d.ready(ctx, &c, now)
		if err != nil {
			return nil, nil, err
		}
		if s != nil {
			settled = append(settled, *s)
			continue
		}
		if c.NotBefore.After(now) { // what it waited or was held for came before
			settled = append(settled, back(c.Delivery, now, collector.StatePending, collector.Later(c.DueAt, c.NotBefore), collector.ReasonDelayed))
			continue
		}
		room := min(sends, portion(d.limits.Batch, c.Tries))
		if c.DueAt.After(now) || len(outgoing) >= room {
			settled = append(settled, rest(c.Delivery, now))
			continue
		}
		sends = room
		outgoing = append(outgoing, c)
	}
	return outgoing, settled, nil
}

// rest puts a delivery back to its place in the queue.
func rest(dl collector.Delivery, now time.Time) collector.Settlement {
	to := collector.StatePending
	if dl.Doubted() {
		to = collector.StateInDoubt
	}
	return back(dl, now, to, dl.DueAt, dl.Reasons...)
}

// back is the settlement of a delivery that is not attempted.
func back(dl collector.Delivery, now time.Time, to collector.State, due time.Time, reasons ...collector.Reason) collector.Settlement {
	return collector.Settlement{
		Key: dl.Key, Lease: dl.Lease.ID, At: now, To: to, DueAt: due, Reasons: reasons, Detail: dl.Detail,
		ExpiresAt: dl.ExpiresAt, ExpiresWhy: dl.ExpiresWhy,
	}
}

// ready puts decision and payload into c, or says how it is settled unsent.
func (d *Dispatcher) ready(ctx context.Context, c *candidate, now time.Time) (*collector.Settlement, error) {
	rec, ok, err := d.Store.Event(ctx, collector.EventKey{Site: c.Key.Site, Name: c.EventName, ID: c.Key.EventID})
	if err != nil {
		return nil, err
	}
	decider, known := d.Deciders[c.Key.Site]
	switch {
	case !ok:
		return unsent(c, now, collector.ReasonEventMissing), nil
	case !known:
		return unsent(c, now, collector.ReasonSiteGone), nil
	}
	d.setWindows(c, rec.Event, now)
	profile, decision, err := d.decide(ctx, decider, rec.Event, c.Delivery, now)
	if err != nil {
		return nil, err
	}
	if s := withoutConsent(c.Delivery, decision, now); s != nil {
		return s, nil
	}
	if s := d.overdue(c.Delivery, now); s != nil {
		return s, nil
	}
	return d.compose(&c.Delivery, rec.Event, profile, decision, now), nil
}

// unsent settles what cannot even be composed: dead, or left in doubt.
func unsent(c *candidate, now time.Time, why collector.Reason) *collector.Settlement {
	s := back(c.Delivery, now, collector.StateDead, time.Time{}, why)
	if c.Doubts > 0 {
		s.To, s.DueAt = collector.StateInDoubt, never
	}
	return &s
}

// setWindows sets until when the delivery may be sent. As long as no attempt may
// have been counted, its window is the event's own, and from this attempt on
// perhaps a shorter one; from then on it stays as it is.
func (d *Dispatcher) setWindows(c *candidate, ev collector.Event, now time.Time) {
	if c.Doubts > 0 {
		c.attempted = window{c.ExpiresAt, c.ExpiresWhy}
		return
	}
	c.ExpiresAt, c.ExpiresWhy = d.Destination.Window(ev, time.Time{})
	c.attempted.until, c.attempted.why = d.Destination.Window(ev, now)
}

// overdue settles what is past its window, and what is left to a person; nil
// when it may be sent. What may have been counted is never said to have expired,
// and after the window nothing of it is kept to send again.
func (d *Dispatcher) overdue(dl collector.Delivery, now time.Time) *collector.Settlement {
	expired := !now.Before(dl.ExpiresAt)
	var s collector.Settlement
	switch {
	case expired && dl.Doubts > 0:
		why := collector.ReasonNoAnswer
		if n := len(dl.Reasons); dl.Doubted() && n > 0 {
			why = dl.Reasons[n-1]
		}
		s = back(dl, now, collector.StateInDoubt, never, why)
		s.Payload = &collector.Payload{Fields: dl.Payload.Fields}
	case expired:
		s = back(dl, now, collector.StateExpired, time.Time{}, whyExpired(dl))
	case d.limits.Resends == 0 && dl.Doubted():
		s = back(dl, now, collector.StateInDoubt, never, dl.Reasons...)
	default:
		return nil
	}
	return &s
}

func whyExpired(dl collector.Delivery) collector.Reason {
	if dl.ExpiresWhy == "" {
		return collector.ReasonWindowPassed
	}
	return dl.ExpiresWhy
}

func (d *Dispatcher) decide(ctx context.Context, decider collector.Decider, ev collector.Event, dl collector.Delivery, now time.Time) (collector.Profile, collector.Decision, error) {
	person, err := identity.PersonOf(ctx, d.Store, ev)
	if err != nil {
		return collector.Profile{}, collector.Decision{}, err
	}
	profile, err := d.Store.Profile(ctx, person.Joined)
	if err != nil {
		return collector.Profile{}, collector.Decision{}, err
	}
	q, err := identity.Ask(ctx, d.Store, ev, person, profile, dl.Purposes, now)
	if err != nil {
		return collector.Profile{}, collector.Decision{}, err
	}
	q.Has = dl.Mapping.Has(q.Has)
	return profile, decider.Decide(q), nil
}

// withoutConsent settles what may not be sent now; nil when it may. Who had not
// answered by the end of the window never agreed: that is withheld, and nothing
// of the person is kept. What is in doubt, and not to be withheld, stays so.
func withoutConsent(dl collector.Delivery, decision collector.Decision, now time.Time) *collector.Settlement {
	expired := !now.Before(dl.ExpiresAt)
	var s collector.Settlement
	switch {
	case decision.Outcome.Sends(), decision.Outcome == collector.Hold && expired && len(dl.Attempts) > 0:
		return nil
	case decision.Outcome == collector.Hold && dl.Doubted():
		s = back(dl, now, collector.StateInDoubt, collector.Later(dl.DueAt, now.Add(lookAgain)), dl.Reasons...)
	case decision.Outcome == collector.Hold && expired:
		s = back(dl, now, collector.StateWithheld, time.Time{}, append(decision.Reasons, whyExpired(dl))...)
	case decision.Outcome == collector.Hold:
		s = back(dl, now, collector.StateHeld, collector.Earlier(decision.RetryAt, dl.ExpiresAt), decision.Reasons...)
		if !s.DueAt.After(now) {
			s.DueAt = now.Add(base) // a hold that ends now must not spin
		}
	default:
		s = back(dl, now, collector.StateWithheld, time.Time{}, decision.Reasons...)
	}
	s.Decision = &decision
	return &s
}

// compose fills dl's decision and payload. A later try repeats the body of the
// first to the letter, as long as the body is good and the decision lets the
// same through.
func (d *Dispatcher) compose(dl *collector.Delivery, ev collector.Event, profile collector.Profile, decision collector.Decision, now time.Time) *collector.Settlement {
	if len(dl.Payload.Body) > 0 && stillGood(dl.Payload, now) && sameScope(dl.Decision, decision) {
		dl.Decision = decision
		return nil
	}
	payload, refusal := d.Destination.Compose(collector.Composition{
		Now: now, Delivery: dl.Key, Event: ev, Properties: dl.Properties, Profile: profile, Decision: decision,
		Scenario: dl.Scenario, Mapping: dl.Mapping,
	})
	if refusal != nil {
		s := back(*dl, now, collector.StateDead, time.Time{}, collector.ReasonNotComposable, refusal.Reason)
		s.Detail = strings.TrimPrefix(refusal.Path+": "+refusal.Detail, ": ")
		s.Decision, s.Payload = &decision, &payload
		return &s
	}
	dl.Decision, dl.Payload = decision, payload
	return nil
}

// stillGood reports whether a body may still be sent as it is.
func stillGood(p collector.Payload, now time.Time) bool {
	return p.GoodUntil.IsZero() || now.Before(p.GoodUntil)
}

// sameScope reports whether two decisions let the same through.
func sameScope(a, b collector.Decision) bool {
	limited := a.LimitedUse == b.LimitedUse ||
		a.LimitedUse != nil && b.LimitedUse != nil && *a.LimitedUse == *b.LimitedUse
	return a.Outcome == b.Outcome && a.AttributionOnly == b.AttributionOnly && limited && slices.Equal(a.Strip, b.Strip)
}
