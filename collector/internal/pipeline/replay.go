package pipeline

import (
	"reflect"
	"strconv"
	"strings"

	"matchkey/collector"
)

// A Replay is what a replay knows beside the journal. An entry that was redacted
// after it had been applied no longer tells whose browser a visitor became by it,
// nor what the person answered; but later entries were applied under both. So what
// the store has of either, which names the entry it came from, is set anew in the
// entry's place. A Replay belongs to one pipeline's goroutine.
type Replay struct {
	// From returns the links and the consent records that came from an entry.
	From func(collector.Offset) ([]collector.Link, []collector.ConsentRecord, error)

	thin map[collector.EventKey]bool
}

// Thin reports whether copies of an event, but not the event, were taken out of
// the journal: the store may know more of it than the journal still does.
func (r *Replay) Thin(key collector.EventKey) bool { return r.thin[key] }

func (r *Replay) thinned(key collector.EventKey) {
	if r == nil {
		return
	}
	if r.thin == nil {
		r.thin = map[collector.EventKey]bool{}
	}
	r.thin[key] = true
}

// recall sets what a redacted entry left behind when it was whole.
func (r *Replay) recall(tx collector.Tx, e collector.Entry) error {
	if r == nil || len(e.Event.Withheld) == 0 {
		return nil
	}
	links, records, err := r.From(e.Offset)
	if err != nil {
		return err
	}
	for _, rec := range records {
		if _, err := tx.AddRecord(rec); err != nil {
			return err
		}
	}
	for _, l := range links {
		visitor := l.Visitor
		if l.Generation > 0 {
			visitor = strings.TrimSuffix(visitor, "~"+strconv.Itoa(l.Generation))
		}
		owner := collector.Owner{Customer: l.Customer, Generation: l.Generation, Since: l.Since, Offset: l.Offset}
		if err := tx.SetOwner(l.Site, visitor, owner); err != nil {
			return err
		}
	}
	return nil
}

// isRedacted reports whether nothing is left of an event but that it happened.
func isRedacted(ev collector.Event) bool {
	return len(ev.Withheld) > 0 && reflect.DeepEqual(ev, ev.Redacted(ev.Withheld...))
}
