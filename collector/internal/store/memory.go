package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"matchkey/collector"
	"matchkey/collector/internal/identity"
	"matchkey/collector/internal/journal"
)

// Memory is a store in memory, for tests and as an oracle: plain maps, looked
// through from end to end. It is fast enough for a few thousand deliveries.
// Rows are kept encoded, so that a caller never shares memory with it.
type Memory struct {
	mu      sync.Mutex
	rows    *memoryRows
	leases  leaseIDs
	journal *journal.Memory // may be nil
}

type (
	visitorKey struct{ site, visitor string }
	recordKey  struct {
		subject collector.Subject
		id      string
	}
)

type sharerKey struct {
	hash    string
	subject collector.Subject
}

// memoryRows are the tables. A change works on a copy of them, which replaces
// them when it succeeds.
type memoryRows struct {
	watermark  collector.Offset
	events     map[collector.EventKey][]byte
	profiles   map[collector.Subject][]byte
	owners     map[visitorKey]collector.Owner
	links      map[visitorKey]collector.Link // by the visitor's effective name
	records    map[recordKey][]byte
	deliveries map[collector.DeliveryKey][]byte
	accounts   map[accountKey][]byte
	setAsides  []collector.SetAside
	pauses     map[string]collector.Pause
	sharers    map[sharerKey]bool
	concerned  map[collector.Subject][]concern
	tombstones map[string]tombstone
	receipts   map[string]collector.Receipt
	dues       map[due]bool
	spent      map[string]bool
	retention  memoryRetention
	journal    *journal.Memory // may be nil
	// forgets and redactions are what the change under way takes out of the journal.
	forgets    map[collector.Offset]string
	redactions []collector.Entry
}

// NewMemory returns an empty store. It redacts in j, which may be nil.
func NewMemory(j *journal.Memory) *Memory {
	return &Memory{
		rows: &memoryRows{
			events: map[collector.EventKey][]byte{}, profiles: map[collector.Subject][]byte{},
			owners: map[visitorKey]collector.Owner{}, links: map[visitorKey]collector.Link{},
			records: map[recordKey][]byte{}, deliveries: map[collector.DeliveryKey][]byte{},
			accounts: map[accountKey][]byte{}, pauses: map[string]collector.Pause{},
			sharers:   map[sharerKey]bool{},
			concerned: map[collector.Subject][]concern{}, tombstones: map[string]tombstone{}, receipts: map[string]collector.Receipt{},
			dues: map[due]bool{}, spent: map[string]bool{},
			journal: j,
		},
		leases: leaseIDs{run: "memory"}, journal: j,
	}
}

func (r *memoryRows) clone() *memoryRows {
	return &memoryRows{
		watermark: r.watermark, events: maps.Clone(r.events), profiles: maps.Clone(r.profiles), owners: maps.Clone(r.owners),
		links: maps.Clone(r.links), records: maps.Clone(r.records), deliveries: maps.Clone(r.deliveries),
		accounts: maps.Clone(r.accounts), setAsides: slices.Clone(r.setAsides), pauses: maps.Clone(r.pauses),
		sharers: maps.Clone(r.sharers), concerned: maps.Clone(r.concerned), tombstones: maps.Clone(r.tombstones), receipts: maps.Clone(r.receipts),
		dues: maps.Clone(r.dues), spent: maps.Clone(r.spent), retention: r.retention,
		journal: r.journal, forgets: map[collector.Offset]string{},
	}
}

// change runs fn on a copy of the tables and keeps it when fn succeeds.
func (m *Memory) change(fn func(*memoryRows) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.rows.clone()
	if err := fn(c); err != nil {
		return err
	}
	for _, e := range c.redactions {
		if m.journal != nil {
			if err := m.journal.Redact(e); err != nil {
				return err
			}
		}
	}
	for o, id := range c.forgets {
		if err := m.journal.Forget(o, id); err != nil {
			return err
		}
	}
	if c.retention.trim && m.journal != nil {
		m.journal.Trim(c.retention.begins.From)
	}
	c.retention.trim = false
	m.rows = c
	return nil
}

// view returns the present tables, which are never written again.
func (m *Memory) view() *memoryRows {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rows
}

// Apply implements collector.Store.
func (m *Memory) Apply(_ context.Context, after, upTo collector.Offset, fn func(collector.Tx) error) error {
	return m.change(func(r *memoryRows) error {
		if r.watermark != after {
			return fmt.Errorf("%w: they follow %d and it stands at %d", collector.ErrStale, after, r.watermark)
		}
		r.watermark = upTo
		return fn(r)
	})
}

// LeaseDue implements collector.Store.
func (m *Memory) LeaseDue(_ context.Context, q collector.LeaseQuery) (leased []collector.Delivery, err error) {
	err = m.change(func(r *memoryRows) error {
		looks, err := r.timed(q.Destination, lookAt)
		if err != nil {
			return err
		}
		due := dueKeys(nil, looks, lookAt, q)
		if q.Sends {
			sends, err := r.timed(q.Destination, sendAt)
			if err != nil {
				return err
			}
			due = dueKeys(due, sends, sendAt, q)
		}
		leased, err = leaseAll(r, due, q.Now, m.leases.new(), q.Length)
		return err
	})
	return leased, err
}

// dueKeys adds the keys of what is due to those that are leased already.
func dueKeys(due []collector.DeliveryKey, timed []collector.Delivery, at func(*collector.Delivery) time.Time, q collector.LeaseQuery) []collector.DeliveryKey {
	for i := range timed {
		if !at(&timed[i]).After(q.Now) && len(due) < q.Max && !slices.Contains(due, timed[i].Key) {
			due = append(due, timed[i].Key)
		}
	}
	return due
}

// timed lists a destination's deliveries for which at gives a time, first first.
func (r *memoryRows) timed(destination string, at func(*collector.Delivery) time.Time) ([]collector.Delivery, error) {
	due, err := r.all(func(d *collector.Delivery) bool {
		return d.Key.Destination == destination && !at(d).IsZero()
	})
	slices.SortFunc(due, func(a, b collector.Delivery) int {
		return cmp.Or(at(&a).Compare(at(&b)), strings.Compare(a.Key.String(), b.Key.String()))
	})
	return due, err
}

// all lists the deliveries that want says yes to, in no order.
func (r *memoryRows) all(want func(*collector.Delivery) bool) (list []collector.Delivery, err error) {
	for _, b := range r.deliveries {
		var d collector.Delivery
		if err := unmarshal(b, &d); err != nil {
			return nil, err
		}
		if want(&d) {
			list = append(list, d)
		}
	}
	return list, nil
}

// Backlog implements collector.Store.
func (m *Memory) Backlog(_ context.Context, destination string, now time.Time, max int) (b collector.Backlog, err error) {
	rows := m.view()
	looks, err := rows.timed(destination, lookAt)
	if err != nil {
		return b, err
	}
	sends, err := rows.timed(destination, sendAt)
	if err != nil {
		return b, err
	}
	if len(looks) > 0 {
		b.LookAt = lookAt(&looks[0])
	}
	if len(sends) > 0 {
		b.SendAt = sends[0].DueAt
	}
	b.Ready = len(dueKeys(nil, sends, sendAt, collector.LeaseQuery{Now: now, Max: max}))
	return b, nil
}

// BeginAttempts implements collector.Store.
func (m *Memory) BeginAttempts(_ context.Context, begun []collector.Delivery, at time.Time, length time.Duration) (good []collector.Delivery, err error) {
	err = m.change(func(r *memoryRows) error {
		good, err = beginAll(r, begun, at, length)
		return err
	})
	return good, err
}

// SettleIfLeased implements collector.Store.
func (m *Memory) SettleIfLeased(_ context.Context, settlements []collector.Settlement) (settled int, err error) {
	err = m.change(func(r *memoryRows) error {
		settled, err = settleAll(r, settlements)
		return err
	})
	return settled, err
}

// Rescue implements collector.Store.
func (m *Memory) Rescue(_ context.Context, destination string, now time.Time, all bool, doubtDueAt time.Time) (pending, inDoubt int, err error) {
	err = m.change(func(r *memoryRows) error {
		lapsed, err := r.all(func(d *collector.Delivery) bool {
			return d.State == collector.StateLeased && (destination == "" || d.Key.Destination == destination) && (all || d.Lease.Until.Before(now))
		})
		if err != nil {
			return err
		}
		keys := make([]collector.DeliveryKey, len(lapsed))
		for i := range lapsed {
			keys[i] = lapsed[i].Key
		}
		pending, inDoubt, err = rescueAll(r, keys, now, doubtDueAt)
		return err
	})
	return pending, inDoubt, err
}

// Pauses implements collector.Store.
func (m *Memory) Pauses(context.Context) (map[string]collector.Pause, error) {
	return maps.Clone(m.view().pauses), nil
}

// Redrive implements collector.Store.
func (m *Memory) Redrive(ctx context.Context, q collector.DeliveryQuery, now time.Time) (int, error) {
	return m.act(ctx, q, collector.StateDead, func(d *collector.Delivery) (bool, error) { return redrive(d, now) })
}

// Resolve implements collector.Store.
func (m *Memory) Resolve(ctx context.Context, q collector.DeliveryQuery, to collector.State, now time.Time) (int, error) {
	return m.act(ctx, q, collector.StateInDoubt, func(d *collector.Delivery) (bool, error) { return resolve(d, to, now) })
}

// act does a person's act to the selected deliveries of one state.
func (m *Memory) act(ctx context.Context, q collector.DeliveryQuery, in collector.State, act func(*collector.Delivery) (bool, error)) (n int, err error) {
	q.States = []collector.State{in}
	err = m.change(func(r *memoryRows) error {
		list, err := r.Deliveries(ctx, q)
		if err != nil {
			return err
		}
		n, err = changeAll(r, list, act)
		return err
	})
	return n, err
}

// Erase implements collector.Store. Nothing of it is on a disk, so the bytes are
// gone at once.
func (m *Memory) Erase(ctx context.Context, s collector.Subject, at time.Time) (collector.Receipt, error) {
	s, err := present(ctx, m, s)
	if err != nil {
		return collector.Receipt{}, err
	}
	receipt := collector.Receipt{ID: "er_" + m.leases.new(), Site: s.Site, At: at, BytesGoneAt: at}
	names := map[string]bool{}
	for more := true; more; {
		err := m.change(func(r *memoryRows) (err error) {
			more, err = erase(ctx, r, s, &receipt, names, false)
			return err
		})
		if err != nil {
			return collector.Receipt{}, err
		}
	}
	return receipt, nil
}

// SetPause implements collector.Store.
func (m *Memory) SetPause(_ context.Context, destination string, p collector.Pause) error {
	return m.change(func(r *memoryRows) error {
		if p == (collector.Pause{}) {
			delete(r.pauses, destination)
		} else {
			r.pauses[destination] = p
		}
		return nil
	})
}

// Close implements collector.Store.
func (m *Memory) Close() error { return nil }

// PutEvent implements collector.Tx.
func (r *memoryRows) PutEvent(rec collector.EventRecord) (err error) {
	r.events[rec.Event.Key()], err = marshal(rec)
	return err
}

// MergeProfile implements collector.Tx.
func (r *memoryRows) MergeProfile(p collector.Profile) error {
	was, err := r.own(p.Subject)
	if err != nil {
		return err
	}
	merged := identity.Merge(r.retain(was), r.retain(p))
	if merged.LastAt.IsZero() && was.LastAt.IsZero() && len(merged.Identifiers) == 0 {
		return nil // it came when all of it had expired
	}
	return r.putProfile(was, merged)
}

// SetOwner implements collector.Tx.
func (r *memoryRows) SetOwner(site, visitor string, o collector.Owner) error {
	r.owners[visitorKey{site, visitor}] = o
	if o.Customer != "" {
		name := identity.Effective(visitor, o.Generation)
		r.links[visitorKey{site, name}] = linkOf(site, name, o)
	}
	return nil
}

// AddSharer implements collector.Tx.
func (r *memoryRows) AddSharer(site, hash string, s collector.Subject) error {
	sharers, err := r.Sharers(site, hash)
	if err != nil || len(sharers) >= collector.MaxSharers {
		return err
	}
	s.Site = site
	r.sharers[sharerKey{hash, s}] = true
	return nil
}

// Sharers implements collector.Tx.
func (r *memoryRows) Sharers(site, hash string) (sharers []collector.Subject, err error) {
	for k := range r.sharers {
		if k.hash == hash && k.subject.Site == site {
			sharers = append(sharers, k.subject)
		}
	}
	slices.SortFunc(sharers, func(a, b collector.Subject) int {
		return cmp.Or(strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.ID, b.ID))
	})
	return sharers, nil
}

// AddRecord implements collector.Tx.
func (r *memoryRows) AddRecord(rec collector.ConsentRecord) (bool, error) {
	k := recordKey{rec.Subject, rec.ID}
	if _, known := r.records[k]; known {
		return false, nil
	}
	known, err := r.Records(context.Background(), rec.Subject)
	if err != nil {
		return false, err
	}
	if r.records[k], err = marshal(rec); err != nil {
		return false, err
	}
	_ = redue(r, nil, recordDue(rec, r.retention.keep))
	for _, old := range overruled(append(known, rec), rec.Purpose) {
		_ = r.dropRecord(old)
	}
	return true, nil
}

// AddDelivery implements collector.Tx.
func (r *memoryRows) AddDelivery(d collector.Delivery) (bool, error) {
	if _, known := r.deliveries[d.Key]; known {
		_, err := r.update(d.Key, func(was *collector.Delivery) (bool, error) { return improve(was, d), nil })
		return false, err
	}
	return true, r.write(nil, &d)
}

func (r *memoryRows) update(key collector.DeliveryKey, fn func(*collector.Delivery) (bool, error)) (*collector.Delivery, error) {
	var before, after collector.Delivery
	b, ok := r.deliveries[key]
	if !ok {
		return nil, fmt.Errorf("delivery %s: %w", key, errMissing)
	}
	if err := unmarshal(b, &before); err != nil {
		return nil, err
	}
	if err := unmarshal(b, &after); err != nil {
		return nil, err
	}
	if ok, err := fn(&after); !ok || err != nil {
		return nil, err
	}
	return &after, r.write(&before, &after)
}

func (r *memoryRows) write(before, after *collector.Delivery) error {
	err := r.account(before, after)
	if err != nil {
		return err
	}
	var was []due
	if before != nil {
		was = deliveryDue(before, r.retention.keep)
	}
	_ = redue(r, was, deliveryDue(after, r.retention.keep))
	if r.deliveries[after.Key], err = marshal(after); err != nil || after.State != collector.StateWithheld {
		return err
	}
	siblings, err := r.all(func(d *collector.Delivery) bool {
		return d.Key.Site == after.Key.Site && d.Key.EventID == after.Key.EventID
	})
	if err != nil || !allWithheld(siblings, after.EventName) {
		return err
	}
	return r.Redact(collector.EventKey{Site: after.Key.Site, Name: after.EventName, ID: after.Key.EventID}, after.Reasons...)
}

func (r *memoryRows) account(before, after *collector.Delivery) (err error) {
	k := accountOf(after)
	a := k.empty()
	if b, ok := r.accounts[k]; ok {
		if err := unmarshal(b, &a); err != nil {
			return err
		}
	}
	count(&a, before, after)
	r.accounts[k], err = marshal(a)
	return err
}

// Redact implements collector.Tx.
func (r *memoryRows) Redact(key collector.EventKey, reasons ...collector.Reason) error {
	rec, ok, err := r.Event(context.Background(), key)
	if !ok || err != nil {
		return err
	}
	rec = redactedRecord(rec, reasons)
	r.redactions = append(r.redactions, journalEntries(rec)...)
	return r.PutEvent(rec)
}

// OpenDeliveries implements collector.Tx.
func (r *memoryRows) OpenDeliveries(s collector.Subject) ([]collector.DeliveryKey, error) {
	return r.ofPerson(s, collector.State.Open)
}

// WaitingDeliveries implements collector.Tx.
func (r *memoryRows) WaitingDeliveries(s collector.Subject) ([]collector.DeliveryKey, error) {
	return r.ofPerson(s, func(in collector.State) bool { return in == collector.StateWaiting })
}

func (r *memoryRows) ofPerson(s collector.Subject, in func(collector.State) bool) (keys []collector.DeliveryKey, err error) {
	person, err := r.Linked(context.Background(), s)
	if err != nil {
		return nil, err
	}
	person = append(person, s)
	all, err := r.all(func(d *collector.Delivery) bool { return in(d.State) && slices.Contains(person, d.Person) })
	for _, d := range all {
		keys = append(keys, d.Key)
	}
	return keys, err
}

// Wake implements collector.Tx.
func (r *memoryRows) Wake(key collector.DeliveryKey, at time.Time) error {
	_, err := r.update(key, func(d *collector.Delivery) (bool, error) { return wake(d, at) })
	return err
}

// RedactCopy implements collector.Tx.
func (r *memoryRows) RedactCopy(e collector.Entry, reasons ...collector.Reason) error {
	r.redactions = append(r.redactions, collector.Entry{Offset: e.Offset, Event: e.Event.Redacted(reasons...)})
	return nil
}

// SetAside implements collector.Tx.
func (r *memoryRows) SetAside(s collector.SetAside) error {
	r.setAsides = append(r.setAsides, s)
	return nil
}

var (
	_ collector.Store = (*Memory)(nil)
	_ collector.Tx    = (*memoryRows)(nil)
)
