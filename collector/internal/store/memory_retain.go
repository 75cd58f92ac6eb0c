package store

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"matchkey/collector"
	"matchkey/collector/internal/identity"
	"matchkey/collector/internal/journal"
)

// Retention in memory. Names stand in the clear: nothing here outlives the
// process.

// memoryRetention are the retention's own tables.
type memoryRetention struct {
	keep   collector.Keeping
	kept   []kept // what was in force, eldest first
	begins journal.Beginning
	trim   bool // the change under way trims the journal
	swept  collector.Swept
}

// Keep implements collector.Store.
func (m *Memory) Keep(_ context.Context, k collector.Keeping) error {
	return m.change(func(r *memoryRows) error { return r.Keep(r.watermark, k) })
}

// Keep implements collector.Tx. The index of what falls due is made anew at once.
func (r *memoryRows) Keep(after collector.Offset, k collector.Keeping) error {
	k.Day = midnight(dayOf(k.Day))
	if k == r.retention.keep {
		return nil
	}
	r.retention.keep = k
	later := func(o kept) bool { return o.Day.After(k.Day) }
	r.retention.kept = append(slices.DeleteFunc(slices.Clone(r.retention.kept), later), kept{k, after})
	for d := range r.dues {
		if d.sort == dueSubject || d.sort == dueRecord || d.sort == dueDelivery {
			delete(r.dues, d)
		}
	}
	for s := range r.profiles {
		p, err := r.own(s)
		if err != nil {
			return err
		}
		_ = redue(r, nil, profileDue(p, k)) // a map takes everything
	}
	for key := range r.records {
		recs, err := r.Records(context.Background(), key.subject)
		if err != nil {
			return err
		}
		for _, rec := range recs {
			_ = redue(r, nil, recordDue(rec, k))
		}
	}
	_, err := r.all(func(d *collector.Delivery) bool {
		_ = redue(r, nil, deliveryDue(d, k))
		return false
	})
	for s := range r.concerned {
		_ = redue(r, nil, concernsDue(subjectName(s), k))
	}
	return err
}

// Sweep implements collector.Store.
func (m *Memory) Sweep(ctx context.Context) (step collector.SweepStep, err error) {
	err = m.change(func(r *memoryRows) error {
		if step.Swept, step.More, err = sweep(ctx, r); err != nil {
			return err
		}
		r.retention.swept.Add(step.Swept)
		return nil
	})
	return step, err
}

// Retention implements collector.Reader.
func (r *memoryRows) Retention(context.Context) (collector.RetentionStatus, error) {
	return collector.RetentionStatus{Keeping: r.retention.keep, JournalFrom: r.retention.begins.From, Swept: r.retention.swept}, nil
}

// Retention implements collector.Reader.
func (m *Memory) Retention(ctx context.Context) (collector.RetentionStatus, error) {
	return m.view().Retention(ctx)
}

// Spent implements collector.Tx.
func (r *memoryRows) Spent(k collector.EventKey) (bool, error) { return r.spent[eventName(k)], nil }

func (r *memoryRows) keeping() collector.Keeping { return r.retention.keep }

func (r *memoryRows) retain(p collector.Profile) collector.Profile {
	return identity.Retain(p, r.retention.keep.Retention, r.retention.keep.Day)
}

func (r *memoryRows) setDue(d due) error {
	r.dues[d] = true
	return nil
}

func (r *memoryRows) dropDue(d due) error {
	delete(r.dues, d)
	return nil
}

func (r *memoryRows) dueBy(day, most int) (list []due, err error) {
	for d := range r.dues {
		if d.day <= day {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b due) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.sort, b.sort), strings.Compare(a.name, b.name))
	})
	return list[:min(len(list), most)], nil
}

func (r *memoryRows) beginning() (journal.Beginning, error) { return r.retention.begins, nil }

func (r *memoryRows) begin(b journal.Beginning, trim bool) error {
	r.retention.begins, r.retention.trim = b, trim
	return nil
}

func (r *memoryRows) known(day int) (o collector.Offset, err error) {
	last := -1
	for _, k := range r.retention.kept {
		if d := dayOf(k.Day); d <= day && d > last {
			o, last = k.after, d
		}
	}
	return o, nil
}

func (r *memoryRows) knownOn(o collector.Offset, from int) (day int, ok bool, err error) {
	for _, k := range r.retention.kept {
		if dayOf(k.Day) >= from && k.after >= o {
			return dayOf(k.Day), true, nil
		}
	}
	return 0, false, nil
}

func (r *memoryRows) frames(from, to collector.Offset, most int) ([]journal.Framed, error) {
	if r.journal == nil {
		return nil, nil
	}
	return r.journal.Frames(from, to, most), nil
}

func (r *memoryRows) setAsidesBefore(o collector.Offset, most int) (list []collector.Offset, err error) {
	for _, s := range r.setAsides {
		if s.Offset < o && len(list) < most {
			list = append(list, s.Offset)
		}
	}
	return list, nil
}

func (r *memoryRows) putProfile(was, is collector.Profile) (err error) {
	_ = redue(r, profileDue(was, r.retention.keep), profileDue(is, r.retention.keep))
	r.profiles[is.Subject], err = marshal(&is)
	return err
}

func (r *memoryRows) dropDelivery(d *collector.Delivery) error {
	delete(r.deliveries, d.Key)
	return redue(r, deliveryDue(d, r.retention.keep), nil)
}

func (r *memoryRows) dropRecord(rec collector.ConsentRecord) error {
	delete(r.records, recordKey{rec.Subject, rec.ID})
	return redue(r, recordDue(rec, r.retention.keep), nil)
}

func (r *memoryRows) concernsUnder(name string, most int) ([]concern, error) {
	s, _ := cutSubject(name)
	return r.concerns(s, most)
}

func (r *memoryRows) dropConcernUnder(name string, o collector.Offset) error {
	s, _ := cutSubject(name)
	r.concerned[s] = slices.DeleteFunc(slices.Clone(r.concerned[s]), func(c concern) bool { return c.offset == o })
	return nil
}

func (r *memoryRows) spend(k collector.EventKey, until int) error {
	r.spent[eventName(k)] = true
	return r.setDue(due{until, dueSpent, eventName(k)})
}

func (r *memoryRows) unspend(name string) error {
	delete(r.spent, name)
	return nil
}

var _ forgetter = (*memoryRows)(nil)
