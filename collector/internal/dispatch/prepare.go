package dispatch

import (
	"context"
	"slices"
	"strings"
	"time"

	"matchkey/collector"
	"matchkey/collector/internal/identity"
)

// prepare joins, decides and composes. What is to be sent comes back as
// deliveries with decision and payload, at most sends of them; for all others
// there is a settlement. One whose next attempt is not due yet, or for which
// there is no room, goes back to its place in the queue.
func (d *Dispatcher) prepare(ctx context.Context, leased []collector.Delivery, sends int, now time.Time) (outgoing []collector.Delivery, settled []collector.Settlement, err error) {
	for _, dl := range leased {
		s, err := d.ready(ctx, &dl, now)
		if err != nil {
			return nil, nil, err
		}
		if s != nil {
			settled = append(settled, *s)
			continue
		}
		room := min(sends, portion(d.limits.Batch, dl.Tries))
		if dl.DueAt.After(now) || len(outgoing) >= room {
			settled = append(settled, back(dl, now, collector.StatePending, dl.DueAt, dl.Reasons...))
			continue
		}
		sends = room
		outgoing = append(outgoing, dl)
	}
	return outgoing, settled, nil
}

// back is the settlement of a delivery that is not attempted.
func back(dl collector.Delivery, now time.Time, to collector.State, due time.Time, reasons ...collector.Reason) collector.Settlement {
	return collector.Settlement{
		Key: dl.Key, Lease: dl.Lease.ID, At: now, To: to, DueAt: due, Reasons: reasons, Detail: dl.Detail,
	}
}

// ready puts decision and payload into dl, or says how it is settled unsent.
func (d *Dispatcher) ready(ctx context.Context, dl *collector.Delivery, now time.Time) (*collector.Settlement, error) {
	expired := !now.Before(dl.ExpiresAt)
	switch {
	case expired && dl.Doubts > 0:
		s := back(*dl, now, collector.StateInDoubt, never, collector.ReasonNoAnswer)
		return &s, nil
	case d.limits.Resends == 0 && crashed(*dl):
		s := back(*dl, now, collector.StateInDoubt, never, collector.ReasonCrashed)
		return &s, nil
	case expired && len(dl.Attempts) > 0:
		s := back(*dl, now, collector.StateExpired, time.Time{}, whyExpired(*dl))
		return &s, nil
	}
	rec, ok, err := d.Store.Event(ctx, collector.EventKey{Site: dl.Key.Site, Name: dl.EventName, ID: dl.Key.EventID})
	if err != nil {
		return nil, err
	}
	if !ok {
		s := back(*dl, now, collector.StateDead, time.Time{}, collector.ReasonEventMissing)
		return &s, nil
	}
	decider, ok := d.Deciders[dl.Key.Site]
	if !ok {
		s := back(*dl, now, collector.StateDead, time.Time{}, collector.ReasonSiteGone)
		return &s, nil
	}
	profile, decision, err := d.decide(ctx, decider, rec.Event, *dl, now)
	if err != nil {
		return nil, err
	}
	if s := withoutConsent(*dl, decision, now, expired); s != nil {
		return s, nil
	}
	if expired {
		s := back(*dl, now, collector.StateExpired, time.Time{}, whyExpired(*dl))
		return &s, nil
	}
	if len(dl.Attempts) == 0 {
		// From its first attempt on the window may be a shorter one.
		if until, why := d.Destination.Window(rec.Event, now); until.Before(dl.ExpiresAt) {
			dl.ExpiresAt, dl.ExpiresWhy = until, why
		}
	}
	return d.compose(dl, rec.Event, profile, decision, now), nil
}

// crashed reports whether the last attempt was cut off by the end of a process,
// and nobody has said since what became of it. Such doubts end in another
// attempt, however many there were, unless no doubt may.
func crashed(dl collector.Delivery) bool {
	n := len(dl.Attempts)
	return n > 0 && dl.Attempts[n-1].Verdict.Reason == collector.ReasonCrashed && !slices.Contains(dl.Reasons, collector.ReasonResolved)
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
	return profile, decider.Decide(q), nil
}

// withoutConsent settles what may not be sent now; nil when it may. Who had not
// answered by the end of the window never agreed: that is withheld, and nothing
// of the person is kept.
func withoutConsent(dl collector.Delivery, decision collector.Decision, now time.Time, expired bool) *collector.Settlement {
	var s collector.Settlement
	switch {
	case decision.Outcome.Sends():
		return nil
	case decision.Outcome == collector.Hold && expired:
		s = back(dl, now, collector.StateWithheld, time.Time{}, append(decision.Reasons, whyExpired(dl))...)
	case decision.Outcome == collector.Hold:
		s = back(dl, now, collector.StateHeld, earlier(decision.RetryAt, dl.ExpiresAt), decision.Reasons...)
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
