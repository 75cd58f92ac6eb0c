package pipeline

import (
	"context"
	"time"

	"matchkey/collector"
)

// suppress keeps an erased person erased. It reports whether the event was taken
// out; ev is the entry's event with the visitor's effective name.
func (p *Pipeline) suppress(ctx context.Context, tx collector.Tx, e collector.Entry, ev collector.Event) (erased bool, err error) {
	since, err := tx.Suppressed(ctx, ev)
	if since.IsZero() || err != nil {
		return false, err
	}
	if comesBack(ev, since) {
		return false, tx.Lift(ev)
	}
	return true, p.forget(tx, e)
}

// comesBack reports whether an event carries a new yes: the person acted, and
// after the erasure. A tag repeats the standing answer with every beacon, and
// that one is older. A yes that a privacy signal stands against is none.
func comesBack(ev collector.Event, since time.Time) bool {
	return ev.Consent != nil && ev.Consent.Action == collector.ConsentAccept && ev.Consent.Explicit &&
		ev.Consent.At.After(since) && len(ev.Withheld) == 0
}

// forget takes an entry out of the journal and counts its conversions as
// withheld, once however often it comes.
func (p *Pipeline) forget(tx collector.Tx, e collector.Entry) error {
	id, err := tx.Forget(e)
	if err != nil {
		return err
	}
	site, ok := p.site(e.Event.Site)
	if !ok {
		return nil
	}
	conversions, _ := site.Matcher.Match(e.Event, collector.Profile{})
	now := e.Event.ReceivedAt
	for _, c := range conversions {
		for _, destination := range c.Destinations {
			d := collector.Delivery{
				Key:      collector.DeliveryKey{Site: e.Event.Site, Destination: destination, Send: c.Send, EventID: id},
				Scenario: c.Scenario, EventName: e.Event.Name,
				OccurredAt: now.Truncate(time.Hour), MatchedAt: now.Truncate(time.Hour),
			}
			if err := d.Move(collector.StateWithheld, now, collector.ReasonErased); err != nil {
				return err
			}
			if _, err := tx.AddDelivery(d); err != nil {
				return err
			}
		}
	}
	return nil
}
