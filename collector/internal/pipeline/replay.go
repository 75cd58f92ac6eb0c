package pipeline

import (
	"context"

	"matchkey/collector"
	"matchkey/collector/internal/identity"
)

// A Replay is what a replay knows beside the journal. An entry that was redacted
// or forgotten after it had been applied no longer tells whose browser a visitor
// became by it, nor what the person answered; but later entries were applied under
// both. So what the store has of either, which names the entry it came from, is set
// anew in the entry's place. A Replay belongs to one pipeline's goroutine.
type Replay struct {
	// From returns the tenures and the consent records that came from an entry.
	From func(collector.Offset) ([]identity.Recalled, []collector.ConsentRecord, error)
	// Kept are the retentions that came into force, by the entry behind which they did.
	Kept map[collector.Offset]collector.Keeping

	thin   map[collector.EventKey]bool
	parted map[string]bool
}

// Thin reports whether copies of an event, but not the event, were taken out of
// the journal: the store may know more of it than the journal still does.
func (r *Replay) Thin(key collector.EventKey) bool { return r.thin[key] }

// Parted reports whether an erasure left an entry in the journal under an ID
// ([collector.ForgottenID]): a copy of the event whose pseudonym it is.
func (r *Replay) Parted(id string) bool { return r.parted[id] }

func (r *Replay) forgotten(id string) {
	if r == nil {
		return
	}
	if r.parted == nil {
		r.parted = map[string]bool{}
	}
	r.parted[id] = true
}

func (r *Replay) thinned(key collector.EventKey) {
	if r == nil {
		return
	}
	if r.thin == nil {
		r.thin = map[collector.EventKey]bool{}
	}
	r.thin[key] = true
}

// recall sets what an entry left behind that does not tell it any more.
func (r *Replay) recall(ctx context.Context, tx collector.Tx, e collector.Entry) error {
	if r == nil {
		return nil
	}
	if k, ok := r.Kept[e.Offset-1]; ok {
		if err := tx.Keep(e.Offset-1, k); err != nil {
			return err
		}
	}
	return r.set(ctx, tx, e.Offset, len(e.Event.Withheld) > 0 || e.Event.IsForgotten())
}

// Expired sets what came of an entry that has expired.
func (r *Replay) Expired(ctx context.Context, tx collector.Tx, entry collector.Offset) error {
	return r.set(ctx, tx, entry, true)
}

// set sets what the store has of an entry; silent says that it tells nothing itself.
func (r *Replay) set(ctx context.Context, tx collector.Tx, entry collector.Offset, silent bool) error {
	tenures, records, err := r.From(entry)
	if err != nil {
		return err
	}
	for _, t := range tenures {
		if !silent && !t.Erased {
			continue
		}
		o, err := tx.Owner(ctx, t.Site, t.Browser)
		if err != nil {
			return err
		}
		if err := tx.SetOwner(t.Site, t.Browser, identity.Recall(o, t.Tenure, entry)); err != nil {
			return err
		}
	}
	if !silent {
		return nil
	}
	for _, rec := range records {
		if _, err := tx.AddRecord(rec); err != nil {
			return err
		}
	}
	return nil
}
