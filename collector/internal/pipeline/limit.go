package pipeline

import (
	"context"

	"matchkey/collector"
)

// Limits are kept by the deliveries themselves: one that counts is found by its
// person, in the commit that adds it, moves with the person, and counts no longer
// when it is withheld or the person erased. So a second application of an entry
// finds its own delivery, and counts nothing twice.

// withinLimits leaves out the conversions that a scenario's limit forbids, each
// with a note. Whom nothing names, nobody can count.
func withinLimits(ctx context.Context, tx collector.Tx, ev collector.Event, who person, conversions []collector.Conversion) (within []collector.Conversion, notes []collector.Note, err error) {
	for _, c := range conversions {
		over, err := overLimit(ctx, tx, ev, who, c)
		if err != nil {
			return nil, nil, err
		}
		if over {
			notes = append(notes, collector.Note{Field: "scenario." + c.Scenario + ".limit", Reason: collector.ReasonLimitReached})
			continue
		}
		within = append(within, c)
	}
	return within, notes, nil
}

func overLimit(ctx context.Context, tx collector.Tx, ev collector.Event, who person, c collector.Conversion) (bool, error) {
	if c.Limit.IsZero() || who.Joined.IsZero() {
		return false, nil
	}
	for _, destination := range c.Destinations {
		// A further copy of what is a conversion already.
		_, known, err := tx.Delivery(ctx, collector.DeliveryKey{Site: ev.Site, Destination: destination, Send: c.Send, EventID: ev.ID})
		if known || err != nil {
			return false, err
		}
	}
	counted, err := tx.Counted(who.Joined, c.Scenario, ev.OccurredAt.Add(-c.Limit.Per), ev.OccurredAt.Add(c.Limit.Per))
	if err != nil {
		return false, err
	}
	return c.Limit.ReachedBeside(ev.ID, ev.OccurredAt, counted), nil
}
