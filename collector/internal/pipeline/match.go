package pipeline

import (
	"context"
	"slices"
	"time"

	"matchkey/collector"
	"matchkey/collector/internal/identity"
)

// match adds a delivery for every destination of every scenario that the event
// matches, each in the state that the first decision gives it.
func (p *Pipeline) match(ctx context.Context, tx collector.Tx, site Site, rec collector.EventRecord, who person) (matched bool, err error) {
	profile, err := p.profile(ctx, tx, who, rec.Event.ReceivedAt)
	if err != nil {
		return false, err
	}
	conversions, notes := site.Matcher.Match(rec.Event, profile)
	if len(conversions) > 0 {
		spent, err := tx.Spent(rec.Event.Key())
		if err != nil {
			return false, err
		}
		if spent {
			// It was counted once, and nothing is left of that to know the copy by.
			conversions, notes = nil, append(notes, collector.Note{Field: "event", Reason: collector.ReasonSpent})
		}
	}
	if len(notes) > 0 {
		for _, n := range notes {
			identity.AddNote(&rec.Event, n)
		}
		if err := tx.PutEvent(rec); err != nil {
			return false, err
		}
	}
	for _, c := range conversions {
		decision, err := decide(ctx, tx, site, rec.Event, who, profile, c.Purposes)
		if err != nil {
			return false, err
		}
		for _, destination := range c.Destinations {
			d, err := p.newDelivery(rec.Event, c, destination, who, profile, decision)
			if err != nil {
				return false, err
			}
			added, err := tx.AddDelivery(d)
			if err != nil {
				return false, err
			}
			if !added {
				if err := releaseComplete(ctx, tx, d); err != nil {
					return false, err
				}
			}
			matched = true
		}
	}
	return matched, nil
}

// newDelivery is a conversion's delivery in its first state.
func (p *Pipeline) newDelivery(ev collector.Event, c collector.Conversion, destination string, who person, profile collector.Profile, decision collector.Decision) (collector.Delivery, error) {
	now := ev.ReceivedAt
	d := collector.Delivery{
		Key:       collector.DeliveryKey{Site: ev.Site, Destination: destination, Send: c.Send, EventID: ev.ID},
		Scenario:  c.Scenario,
		EventName: ev.Name, OccurredAt: ev.OccurredAt, MatchedAt: now,
		Person: who.Joined, Category: c.Category, Purposes: c.Purposes, Properties: c.Properties,
		Decision: decision,
	}
	d.ExpiresAt, d.ExpiresWhy = p.Window(destination, ev)
	switch {
	case decision.Outcome == collector.Hold:
		d.DueAt = collector.Earlier(decision.RetryAt, d.ExpiresAt)
		return d, d.Move(collector.StateHeld, now, decision.Reasons...)
	case !decision.Outcome.Sends():
		return d, d.Move(collector.StateWithheld, now, decision.Reasons...)
	case c.Wait > 0 && !complete(ev, profile):
		d.WaitUntil = collector.Earlier(now.Add(c.Wait), d.ExpiresAt)
		d.DueAt = d.WaitUntil
		return d, d.Move(collector.StateWaiting, now, collector.ReasonWaiting)
	default:
		d.DueAt = now
		return d, d.Move(collector.StatePending, now)
	}
}

// complete reports whether waiting longer could add nothing that matters: a
// browser is known, and something by which it is recognised, be it by the event
// itself.
func complete(ev collector.Event, p collector.Profile) bool {
	recognised := func(id collector.Identifier) bool {
		return id.Kind == collector.KindClick || id.Kind == collector.KindBrowser
	}
	return (ev.Client.UserAgent != "" || len(p.Sessions) > 0) &&
		(slices.ContainsFunc(ev.Identifiers, recognised) || slices.ContainsFunc(p.Identifiers, recognised))
}

// releaseComplete releases a waiting delivery when a further copy of its event
// brought what it waited for. better is what it would be if the copies had come
// together.
func releaseComplete(ctx context.Context, tx collector.Tx, better collector.Delivery) error {
	if better.State != collector.StatePending {
		return nil
	}
	d, _, err := tx.Delivery(ctx, better.Key)
	if err != nil || d.State != collector.StateWaiting {
		return err
	}
	return tx.Wake(d.Key, better.MatchedAt)
}

// mayWait reports whether deliveries of a person can be waiting, by the profile
// before an event: what waits was sent by an event that left a profile behind, and
// is released by the one that completes it. It spares most events a look.
func mayWait(before collector.Profile) bool {
	return !before.FirstAt.IsZero() && !complete(collector.Event{}, before)
}

// wakeComplete releases a person's waiting deliveries as soon as the profile
// has what they wait for. Most people have none, so that is looked at first.
func (p *Pipeline) wakeComplete(ctx context.Context, tx collector.Tx, who person, at time.Time) error {
	if who.Joined.IsZero() {
		return nil
	}
	waiting, err := tx.WaitingDeliveries(who.Joined)
	if err != nil || len(waiting) == 0 {
		return err
	}
	profile, err := p.profile(ctx, tx, who, at)
	if err != nil || !complete(collector.Event{}, profile) {
		return err
	}
	for _, key := range waiting {
		if err := tx.Wake(key, at); err != nil {
			return err
		}
	}
	return nil
}
