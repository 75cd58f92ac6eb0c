package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"matchkey/collector"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/keyspace"
)

// Retention in Pebble: how what has expired is found and dropped.

// The rows of the retention's own table; see package keyspace.
func retentionKey(sort byte) keyspace.Key { return append(keyspace.In(keyspace.Retention), sort) }

func keepingKey(day int) keyspace.Key { return retentionKey('d').U16(day) }

func (d due) row() keyspace.Key {
	return append(append(keyspace.In(keyspace.Expiry).U16(d.day), d.sort), d.name...)
}

// Keep implements collector.Store.
func (p *Pebble) Keep(ctx context.Context, k collector.Keeping) error {
	return p.change(false, func(t *tx) error {
		at, err := t.Watermark(ctx)
		if err != nil {
			return err
		}
		return t.Keep(at, k)
	})
}

// Keep implements collector.Tx.
func (t *tx) Keep(after collector.Offset, k collector.Keeping) error {
	k.Day = midnight(dayOf(k.Day))
	if k == t.keep {
		return nil
	}
	back := k.Day.Before(t.keep.Day)
	if back {
		if err := t.batch.DeleteRange(keepingKey(dayOf(k.Day)+1), retentionKey('d').End(), nil); err != nil {
			return err
		}
	}
	if err := t.put(keepingKey(dayOf(k.Day)).U64(uint64(after)), secondsOf(k.Retention)); err != nil {
		return err
	}
	was := t.keep
	t.keep = k
	if k.Retention == was.Retention && !was.Day.IsZero() && !back {
		return nil
	}
	// What falls due, and when, is another.
	index := keyspace.In(keyspace.Expiry)
	return errors.Join(t.batch.DeleteRange(index, index.End(), nil),
		t.put(retentionKey('i'), indexing{First: was.Day.IsZero(), Tables: indexed}))
}

// Sweep implements collector.Store.
func (p *Pebble) Sweep(ctx context.Context) (step collector.SweepStep, err error) {
	err = p.change(false, func(t *tx) error {
		step = collector.SweepStep{}
		t.reads = &step.Rows
		if more, err := t.indexSome(); more || err != nil {
			step.More = more
			return err
		}
		if step.Swept, step.More, err = sweep(ctx, t); err != nil || step.Swept == (collector.Swept{}) {
			return err
		}
		total, err := t.swept()
		if err != nil {
			return err
		}
		total.Add(step.Swept)
		return t.put(retentionKey('t'), total)
	})
	if err != nil {
		return collector.SweepStep{}, fmt.Errorf("couldn't delete what expired; it is used by nobody, and is tried again: %w", err)
	}
	return step, nil
}

// Retention implements collector.Reader.
func (r reader) Retention(context.Context) (s collector.RetentionStatus, err error) {
	if s.Keeping, err = r.lastKeeping(); err != nil {
		return s, err
	}
	b, err := r.beginning()
	if err != nil {
		return s, err
	}
	s.JournalFrom = b.From
	s.Swept, err = r.swept()
	return s, err
}

func (r reader) swept() (total collector.Swept, err error) {
	_, err = r.get(retentionKey('t'), &total)
	return total, err
}

// Patience is how many hours the clock was ahead of the day in force; it outlasts
// a restart. SetPatience keeps it, not durably at once.
func (p *Pebble) Patience() (hours int, err error) {
	_, err = p.get(retentionKey('w'), &hours)
	return hours, err
}

// SetPatience implements what Patience says.
func (p *Pebble) SetPatience(hours int) error {
	return p.change(false, func(t *tx) error { return t.put(retentionKey('w'), hours) })
}

// A kept is the retention that was in force behind a journal entry.
type kept struct {
	collector.Keeping
	after collector.Offset
}

// keepings calls fn with what was in force from a day on, in order.
func (r reader) keepings(from, to keyspace.Key, fn func(kept) bool) error {
	return r.scan(from, to, func(key, value []byte) (bool, error) {
		if len(key) != 12 {
			return false, fmt.Errorf("BUG: key %x names no day and offset", key)
		}
		k := kept{after: collector.Offset(binary.BigEndian.Uint64(key[4:]))}
		k.Day = midnight(int(binary.BigEndian.Uint16(key[2:])))
		var seconds []int64
		if err := unmarshal(value, &seconds); err != nil {
			return false, err
		}
		for i, part := range parts(&k.Retention) {
			if i < len(seconds) {
				*part = time.Duration(seconds[i]) * time.Second
			}
		}
		return fn(k), nil
	})
}

// parts are the parts of a retention in the order of its row, which is a list of
// seconds. This cannot change; append to it.
func parts(r *collector.Retention) []*time.Duration {
	return []*time.Duration{&r.Click, &r.Browser, &r.Address, &r.Sessions, &r.Contact, &r.External, &r.Events, &r.Deliveries, &r.Proof}
}

func secondsOf(r collector.Retention) (seconds []int64) {
	for _, part := range parts(&r) {
		seconds = append(seconds, int64(*part/time.Second))
	}
	return seconds
}

// lastKeeping is the retention in force; zero when there never was one.
func (r reader) lastKeeping() (collector.Keeping, error) {
	last, err := r.lastBefore(retentionKey('d').End())
	return last.Keeping, err
}

// lastBefore is the last that is under a key before another; zero when none is.
func (r reader) lastBefore(end []byte) (last kept, err error) {
	prefix := retentionKey('d')
	it, err := r.r.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: end})
	if err != nil {
		return last, fmt.Errorf("couldn't read which retention is in force: %w", err)
	}
	if !it.Last() {
		return last, errors.Join(it.Error(), it.Close())
	}
	key := keyspace.Key(slices.Clone(it.Key()))
	if err := it.Close(); err != nil {
		return last, err
	}
	err = r.keepings(key, append(slices.Clone(key), 0), func(k kept) bool {
		last = k
		return true
	})
	return last, err
}

func (r reader) beginning() (journal.Beginning, error) { return journal.BeginningOf(r.r) }

// Spent implements collector.Tx.
func (t *tx) Spent(k collector.EventKey) (bool, error) {
	_, closer, err := t.r.Get(t.spentKey(k))
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("couldn't read the store: %w", err)
	}
	return true, closer.Close()
}

func (t *tx) spentKey(k collector.EventKey) keyspace.Key {
	return append(retentionKey('k'), t.key.hash("spent", k.Site, k.Name, k.ID)...)
}

func (t *tx) keeping() collector.Keeping { return t.keep }

func (t *tx) setDue(d due) error { return t.set(d.row(), nil) }

func (t *tx) dropDue(d due) error { return t.batch.Delete(d.row(), nil) }

func (t *tx) dueBy(day, most int) (list []due, err error) {
	table := keyspace.In(keyspace.Expiry)
	err = t.scan(table, keyspace.In(keyspace.Expiry).U16(day+1), func(key, _ []byte) (bool, error) {
		if len(key) < 4 {
			return false, fmt.Errorf("BUG: key %x names nothing that falls due", key)
		}
		list = append(list, due{int(binary.BigEndian.Uint16(key[1:])), key[3], string(key[4:])})
		return len(list) < most, nil
	})
	return list, err
}

// dropHeld drops that an event, which outlasted its journal entries, is looked at
// again: it stands under tomorrow, or under a day that was not swept yet.
func (t *tx) dropHeld(k collector.EventKey) error {
	if t.keep.Day.IsZero() {
		return nil
	}
	first, err := t.dueBy(dayOf(t.keep.Day)+1, 1)
	if err != nil || len(first) == 0 {
		return err
	}
	for day := first[0].day; day <= dayOf(t.keep.Day)+1; day++ {
		if err := t.dropDue(due{day, dueEvent, eventName(k)}); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) begin(b journal.Beginning, trim bool) error {
	if err := journal.Begin(t.batch, b); err != nil || !trim {
		return err
	}
	// Of the days before nothing is asked any more.
	first, err := t.lastBefore(keepingKey(dayOf(t.keep.Day) - days(t.keep.Retention.Events) + 1))
	if err != nil {
		return err
	}
	return errors.Join(journal.Trim(t.batch, b.From),
		t.batch.DeleteRange(retentionKey('d'), keepingKey(dayOf(first.Day)), nil))
}

func (t *tx) known(day int) (o collector.Offset, err error) {
	if day < 0 {
		return 0, nil
	}
	last, err := t.lastBefore(keepingKey(day + 1))
	if err != nil || last.Day.IsZero() {
		return 0, err
	}
	// The day's first: the others of it may know entries of the day itself.
	from := keepingKey(dayOf(last.Day))
	err = t.keepings(from, from.End(), func(k kept) bool {
		o = k.after
		return false
	})
	return o, err
}

func (t *tx) knownOn(o collector.Offset, from int) (day int, ok bool, err error) {
	err = t.keepings(keepingKey(from), retentionKey('d').End(), func(k kept) bool {
		day, ok = dayOf(k.Day), k.after >= o
		return !ok
	})
	return day, ok, err
}

func (t *tx) frames(from, to collector.Offset, most int) ([]journal.Framed, error) {
	list, err := journal.Frames(t.r, from, to, most)
	if t.reads != nil {
		*t.reads += len(list)
	}
	return list, err
}

func (t *tx) setAsidesBefore(o collector.Offset, most int) (list []collector.Offset, err error) {
	table := keyspace.In(keyspace.SetAside)
	err = t.scan(keyspace.In(keyspace.SetAside).U64(^uint64(o-1)), table.End(), func(key, _ []byte) (bool, error) {
		list = append(list, collector.Offset(^binary.BigEndian.Uint64(key[1:])))
		return len(list) < most, nil
	})
	return list, err
}

// putProfile replaces a profile, with the rows by which it is found.
func (t *tx) putProfile(was, is collector.Profile) error {
	if err := errors.Join(t.hold(was, is), redue(t, profileDue(was, t.keep), profileDue(is, t.keep))); err != nil {
		return err
	}
	return noted(t, profileKey(is.Subject), &is)
}

func (t *tx) dropDelivery(d *collector.Delivery) error {
	for _, key := range slices.Concat(t.indexKeys(d), fixedKeys(d), []keyspace.Key{deliveryKey(d.Key)}) {
		if err := t.batch.Delete(key, nil); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) dropRecord(r collector.ConsentRecord) error {
	return errors.Join(redue(t, recordDue(r, t.keep), nil),
		t.batch.Delete(recordRow(r), nil))
}

func (t *tx) concernsUnder(name string, most int) ([]concern, error) {
	return t.concernsAt(append(keyspace.In(keyspace.Concern), name...), collector.Subject{}, most)
}

func (t *tx) dropConcernUnder(name string, o collector.Offset) error {
	return t.batch.Delete(append(keyspace.In(keyspace.Concern), name...).U64(uint64(o)), nil)
}

func (t *tx) spend(k collector.EventKey, until int) error {
	key := t.spentKey(k)
	return errors.Join(t.set(key, keyspace.Key{}.U16(until)), t.setDue(due{until, dueSpent, string(key[2:])}))
}

func (t *tx) unspend(name string) error {
	return t.batch.Delete(append(retentionKey('k'), name...), nil)
}

var _ forgetter = (*tx)(nil)

// indexing is how far the index of what falls due was made. It is made anew when
// another retention comes into force, in steps: the one time that a sweep reads
// everything.
type indexing struct {
	// First is true when no retention was in force before: then it is not known on
	// which day which journal entry came, and the entries say it.
	First bool `json:"first,omitzero"`
	// Tables are those still to be read, After is the last key that was.
	Tables string `json:"tables"`
	After  []byte `json:"after,omitempty"`
	Day    int    `json:"day,omitzero"` // of the last entry that was dated
}

// indexed are the tables of which something falls due: J, P, C, D, G and the
// retention's own.
const indexed = "JPCDG7"

// indexSome does one step; more is true when another is needed.
func (t *tx) indexSome() (more bool, err error) {
	var state indexing
	if ok, err := t.get(retentionKey('i'), &state); !ok || err != nil || state.Tables == "" {
		if err == nil && !ok && !t.keep.Day.IsZero() {
			// A replay, or somebody, took the row away: all anew.
			index := keyspace.In(keyspace.Expiry)
			return true, errors.Join(t.batch.DeleteRange(index, index.End(), nil), t.put(retentionKey('i'), indexing{Tables: indexed}))
		}
		return false, err
	}
	table := keyspace.In(state.Tables[0])
	from := slices.Clone([]byte(table))
	if state.Tables[0] == keyspace.Retention {
		table, from = retentionKey('k'), retentionKey('k')
	}
	if len(state.After) > 0 {
		from = append(slices.Clone(state.After), 0)
	}
	n := 0
	if state.Tables[0] != keyspace.Journal || state.First {
		err = t.scan(from, table.End(), func(key, value []byte) (bool, error) {
			n++
			state.After = slices.Clone(key)
			return n < maxSwept, t.indexRow(&state, key, value)
		})
	}
	if err != nil {
		return false, err
	}
	if n < maxSwept {
		state.Tables, state.After = state.Tables[1:], nil
	}
	return state.Tables != "", t.put(retentionKey('i'), state)
}

// indexRow writes when something of one row falls due.
func (t *tx) indexRow(state *indexing, key, value []byte) error {
	switch key[0] {
	case keyspace.Journal:
		return t.dateEntry(state, key, value)
	case keyspace.Profile:
		return decoded(value, func(p collector.Profile) error { return redue(t, nil, profileDue(p, t.keep)) })
	case keyspace.Record:
		return decoded(value, func(r collector.ConsentRecord) error { return redue(t, nil, recordDue(r, t.keep)) })
	case keyspace.Delivery:
		return decoded(value, t.indexDelivery)
	case keyspace.Concern:
		return redue(t, nil, concernsDue(string(key[1:len(key)-8]), t.keep))
	case keyspace.Retention:
		if len(value) == 2 {
			return t.setDue(due{int(binary.BigEndian.Uint16(value)), dueSpent, string(key[2:])})
		}
	}
	return nil
}

// indexDelivery writes when a delivery falls due, and its event, if that outlasted
// its journal entries.
func (t *tx) indexDelivery(d collector.Delivery) error {
	if err := redue(t, nil, deliveryDue(&d, t.keep)); err != nil {
		return err
	}
	b, err := t.beginning()
	if err != nil || b.From <= 1 {
		return err
	}
	k := collector.EventKey{Site: d.Key.Site, Name: d.EventName, ID: d.Key.EventID}
	rec, known, err := t.Event(context.Background(), k)
	if !known || err != nil || lastOffset(rec) >= b.From {
		return err
	}
	return t.setDue(due{dayOf(t.keep.Day) + 1, dueEvent, eventName(k)})
}

// dateEntry writes down behind which journal entry a day began, when an entry is the
// first of it, and the one behind the last that had entries.
func (t *tx) dateEntry(state *indexing, key, frame []byte) error {
	e, err := journal.EntryOf(key, frame)
	if _, unreadable := errors.AsType[*journal.FrameError](err); unreadable {
		return nil
	}
	if err != nil {
		return err
	}
	day := dayOf(e.Event.ReceivedAt)
	if day <= state.Day || day > dayOf(t.keep.Day) {
		return nil
	}
	if last, err := t.lastBefore(retentionKey('d').End()); e.Offset > last.after || err != nil {
		return err // applied since the retention is in force, whose days tell it
	}
	began := []int{day}
	if state.Day > 0 && state.Day+1 < day {
		began = append(began, state.Day+1) // days without an entry come between
	}
	state.Day = day
	for _, day := range began {
		if err := t.put(keepingKey(day).U64(uint64(e.Offset-1)), secondsOf(collector.Retention{})); err != nil {
			return err
		}
	}
	return nil
}

// decoded gives a row's value to fn.
func decoded[T any](value []byte, fn func(T) error) error {
	var v T
	if err := unmarshal(value, &v); err != nil {
		return err
	}
	return fn(v)
}
