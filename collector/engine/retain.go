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
// force is durable. A clock that says that the next day has begun is believed at
// once: what expires by an hour's jump expires an hour early. One that is further
// ahead, after a jump or after a stop of days, is believed when it has said so for a
// day of running, a restart counting as no time at all; till then expired data is
// used by nobody and lies where it lies.
//
// One that is behind by more than a day shows that the day in force was wrong, or is
// wrong itself. Nothing is deleted meanwhile. When the newest journal entry is of
// the clock's time, the day goes back to it; without a witness it stays, because
// there are machines whose clock begins in 1970 whenever they do.
//
// The first day of a data folder that is empty is the clock's. One that has entries
// comes from a version that deleted nothing: its operator is told, and has a day of
// running to set longer retentions. Then its first day is that of its newest entry,
// where that is behind the clock.

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
	if err != nil || today.IsZero() {
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
// deleted; zero when nothing may be.
func (e *Engine) today(ctx context.Context, passed bool) (today time.Time, err error) {
	clock := e.config.Now().UTC().Truncate(day)
	status, err := e.store.Retention(ctx)
	if err != nil {
		return today, err
	}
	if status.Day.IsZero() {
		return e.firstDay(ctx, clock, passed)
	}
	behind := int(clock.Sub(status.Day) / day)
	e.swept.behind.Store(int64(behind))
	switch {
	case behind < -1:
		return e.dayBack(ctx, clock, status.Day)
	case behind > 1:
		long, err := e.patient(passed, "engine: the clock is days ahead of what was known; nothing is deleted by it until it has said so for a day",
			"known", status.Day.Format(time.DateOnly), "clock", clock.Format(time.DateOnly))
		if !long || err != nil {
			return status.Day, err
		}
	default:
		if err := e.patientAnew(); err != nil {
			return today, err
		}
	}
	e.swept.behind.Store(0)
	return collector.Later(status.Day, clock), nil
}

// patient reports whether something was so for a day of running, counted hour by
// hour; when that begins it is said.
func (e *Engine) patient(passed bool, what string, args ...any) (long bool, err error) {
	waited, err := e.store.Patience()
	if err != nil {
		return false, err
	}
	if waited >= patience {
		return true, e.patientAnew()
	}
	if waited == 0 {
		e.config.Log.Warn(what, args...)
	}
	if passed {
		waited++
	}
	return false, e.store.SetPatience(waited)
}

// patientAnew has the hours count from none.
func (e *Engine) patientAnew() error {
	waited, err := e.store.Patience()
	if waited == 0 || err != nil {
		return err
	}
	return e.store.SetPatience(0)
}

// firstDay is the day with which deleting begins; zero when it does not yet.
func (e *Engine) firstDay(ctx context.Context, clock time.Time, passed bool) (first time.Time, err error) {
	if e.found == 0 {
		return clock, nil
	}
	long, err := e.patient(passed, "engine: what is older than the configuration's retention is used no more, and is deleted for good "+
		"after a day of running; to keep more of it, set longer retentions before")
	if !long || err != nil {
		return first, err
	}
	newest, _, err := e.newest(ctx)
	return collector.Earlier(clock, newest), err
}

// dayBack is the day of a clock that is days behind the one in force; zero when
// nothing bears it out.
func (e *Engine) dayBack(ctx context.Context, clock, known time.Time) (back time.Time, err error) {
	newest, ok, err := e.newest(ctx)
	if err != nil {
		return back, err
	}
	args := []any{"known", known.Format(time.DateOnly), "clock", clock.Format(time.DateOnly)}
	if !ok || newest.After(clock) || newest.Before(clock.Add(-day)) {
		e.config.Log.Warn("engine: the clock is days behind what was known; nothing is deleted until it is not, or until an event has come", args...)
		return back, nil
	}
	e.config.Log.Warn("engine: the clock was days ahead when it was believed, and what had expired by it is deleted; from now on the right day counts", args...)
	e.swept.behind.Store(0)
	return clock, e.patientAnew()
}

// newest is the day on which the newest journal entry came; ok is false when there
// is none, or none that can be read: that says nothing against any clock.
func (e *Engine) newest(ctx context.Context) (on time.Time, ok bool, err error) {
	last := e.journal.Durable()
	if last == 0 {
		return on, false, nil
	}
	entries, err := e.journal.Read(ctx, last-1, 1)
	if _, unreadable := errors.AsType[*journal.FrameError](err); unreadable {
		return on, false, nil
	}
	if err != nil || len(entries) == 0 { // it has expired
		return on, false, err
	}
	return entries[0].Event.ReceivedAt.UTC().Truncate(day), true, nil
}

// Retention implements collector.Operations.
func (e *Engine) Retention(ctx context.Context) (collector.RetentionStatus, error) {
	status, err := e.store.Retention(ctx)
	status.Behind = int(e.swept.behind.Load())
	return status, err
}
