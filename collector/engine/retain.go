package engine

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"matchkey/collector"
	"matchkey/collector/internal/journal"
)

// Deleting what has expired. What may not be used any more is used by nobody at
// once, by the clock (store.Unexpired, store.Using, and an entry's own time in the
// pipeline); this is about the bytes, and it goes by days: with each midnight that
// is believed, what had expired by then is deleted.
//
// # Which clock is believed
//
// Deleting cannot be undone, so a clock that is wrong must not do it. The day in
// force is durable and never goes back. A clock that says that the next day has
// begun is believed at once: what expires by an hour's jump expires an hour early.
// One that is further ahead, after a jump or after a stop of days, is believed when
// it has said so for a day of running, a restart counting as no time at all; till
// then expired data is used by nobody and lies where it lies. The first day of a
// data folder is that of its newest journal entry, where there is one that is
// behind the clock.

const (
	// retainEvery is how often the day is asked for.
	retainEvery = time.Hour
	// patience is how many times in a row the clock has to be ahead by more than a
	// day before it is believed.
	patience = 24
)

// sweptGauge is what the metrics tell beside the store's own status.
type sweptGauge struct {
	rows   atomic.Int64 // read by sweeps since the start
	behind atomic.Int64 // days that the clock is ahead of the day in force
}

// retain deletes what has expired, until ctx ends.
func (e *Engine) retain(ctx context.Context) {
	if e.config.Retention == (collector.Retention{}) {
		return
	}
	for waited := false; ctx.Err() == nil; waited = true {
		if err := e.sweep(ctx, waited); err != nil && ctx.Err() == nil {
			e.config.Log.Error("engine: couldn't delete what has expired; trying again", "in", retainEvery.String(), "error", err)
		}
		after(ctx, retainEvery)
	}
}

// sweep puts the retention and the day in force, and deletes what is due, in steps
// between which everybody else gets on. waited says that retainEvery has passed
// since the last time.
func (e *Engine) sweep(ctx context.Context, waited bool) error {
	today, err := e.today(ctx, waited)
	if err != nil {
		return err
	}
	if err := e.store.Keep(ctx, collector.Keeping{Day: today, Retention: e.config.Retention}); err != nil {
		return err
	}
	var all collector.Swept
	for ctx.Err() == nil {
		step, err := e.store.Sweep(ctx)
		if err != nil {
			return err
		}
		e.swept.rows.Add(int64(step.Rows))
		all.Add(step.Swept)
		if !step.More {
			break
		}
	}
	if all != (collector.Swept{}) {
		e.config.Log.Info("engine: deleted what had expired", "day", today.Format(time.DateOnly), "values", all.Values, "profiles", all.Profiles,
			"links", all.Links, "consent_records", all.Records, "events", all.Events, "journal_frames", all.Frames,
			"set_asides", all.SetAsides, "deliveries", all.Deliveries)
	}
	return nil
}

const day = 24 * time.Hour

// today is the day that is believed: the midnight by which what has expired may be
// deleted.
func (e *Engine) today(ctx context.Context, passed bool) (time.Time, error) {
	clock := e.config.Now().UTC().Truncate(day)
	status, err := e.store.Retention(ctx)
	if err != nil {
		return clock, err
	}
	if status.Day.IsZero() {
		return e.firstDay(ctx, clock)
	}
	waited, err := e.store.Patience()
	if err != nil {
		return clock, err
	}
	behind := int(clock.Sub(status.Day) / day)
	e.swept.behind.Store(int64(max(behind, 0)))
	switch {
	case behind > 1 && waited < patience:
		if waited == 0 {
			e.config.Log.Warn("engine: the clock is days ahead of what was known; nothing is deleted by it until it has said so for a day",
				"known", status.Day.Format(time.DateOnly), "clock", clock.Format(time.DateOnly))
		}
		if passed {
			waited++
		}
		return status.Day, e.store.SetPatience(waited)
	case waited > 0:
		if err := e.store.SetPatience(0); err != nil {
			return clock, err
		}
	}
	e.swept.behind.Store(0)
	return collector.Later(status.Day, clock), nil
}

// firstDay is the day with which deleting begins.
func (e *Engine) firstDay(ctx context.Context, clock time.Time) (time.Time, error) {
	last := e.journal.Durable()
	if last == 0 {
		return clock, nil
	}
	entries, err := e.journal.Read(ctx, last-1, 1)
	if _, unreadable := errors.AsType[*journal.FrameError](err); unreadable {
		return clock, nil // set aside; it says nothing against the clock
	}
	if err != nil {
		return clock, err
	}
	return collector.Earlier(clock, entries[0].Event.ReceivedAt.UTC().Truncate(day)), nil
}

// Retention implements collector.Operations.
func (e *Engine) Retention(ctx context.Context) (collector.RetentionStatus, error) {
	status, err := e.store.Retention(ctx)
	status.Behind = int(e.swept.behind.Load())
	return status, err
}
