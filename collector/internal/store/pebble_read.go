package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"matchkey/collector"
	"matchkey/collector/internal/identity"
	"matchkey/collector/internal/keyspace"
)

// Bounds of what one call reads.
const (
	maxListed  = 1000    // deliveries, when the query names no smaller number
	maxScan    = 100_000 // rows looked at for one query
	maxRecords = 10_000  // consent records of one subject
	maxAccount = 100_000
	maxLinks   = 10_000 // browsers of one customer
)

// reader reads from the database, or from a transaction that sees its own
// writes. Only the latter has a memo, which outlasts it.
type reader struct {
	r    pebble.Reader
	memo *memo
	key  hashKey // of the folder; empty in one that an older version wrote
	// reads counts the rows that are read; nil counts nothing.
	reads *int
}

// get decodes the row under key into v; ok is false when there is none.
func (r reader) get(key keyspace.Key, v any) (ok bool, err error) {
	r.count()
	b, closer, err := r.r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("couldn't read the store: %w", err)
	}
	defer closer.Close()
	return true, unmarshal(b, v)
}

func (r reader) count() {
	if r.reads != nil {
		*r.reads++
	}
}

// scan calls fn with the rows of [from, to) in order until it returns false or
// fails. Key and value are valid within fn only.
func (r reader) scan(from, to []byte, fn func(key, value []byte) (bool, error)) error {
	it, err := r.r.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return fmt.Errorf("couldn't scan the store: %w", err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		r.count()
		more, err := fn(it.Key(), it.Value())
		if err != nil || !more {
			return err
		}
	}
	return it.Error()
}

// deliveryKeys lists the delivery keys that end the keys of [from, to), each
// after skip bytes.
func (r reader) deliveryKeys(from, to []byte, skip, max int) (keys []collector.DeliveryKey, err error) {
	err = r.scan(from, to, func(key, _ []byte) (bool, error) {
		d, ok := keyspace.CutDelivery(key[skip:])
		if !ok {
			return false, fmt.Errorf("BUG: index key %x names no delivery", key)
		}
		keys = append(keys, d)
		return len(keys) < max, nil
	})
	return keys, err
}

// Watermark implements collector.Reader.
func (r reader) Watermark(context.Context) (collector.Offset, error) {
	b, closer, err := r.r.Get(keyspace.In(keyspace.Watermark))
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("couldn't read the watermark: %w", err)
	}
	defer closer.Close()
	if len(b) != 8 {
		return 0, fmt.Errorf("the watermark is %d bytes long, want 8", len(b))
	}
	return collector.Offset(binary.BigEndian.Uint64(b)), nil
}

func eventKey(k collector.EventKey) keyspace.Key {
	return keyspace.In(keyspace.Event).Str(k.Site).Str(k.Name).Str(k.ID)
}

// Event implements collector.Reader.
func (r reader) Event(_ context.Context, key collector.EventKey) (rec collector.EventRecord, ok bool, err error) {
	ok, err = r.get(eventKey(key), &rec)
	return rec, ok, err
}

// EventsByID implements collector.Reader.
func (r reader) EventsByID(ctx context.Context, site, id string) (recs []collector.EventRecord, err error) {
	found, err := r.eventKeys(site, id)
	if err != nil {
		return nil, err
	}
	for _, k := range found {
		rec, ok, err := r.Event(ctx, k)
		if err != nil {
			return nil, err
		}
		if ok {
			recs = append(recs, rec)
		}
	}
	return recs, nil
}

// eventKeys finds events by their ID or their own id; an empty site means all.
func (r reader) eventKeys(site, id string) (found []collector.EventKey, err error) {
	prefix := keyspace.In(keyspace.EventID).Str(id)
	skip := len(prefix)
	if site != "" {
		prefix = prefix.Str(site)
	}
	err = r.scan(prefix, prefix.End(), func(key, _ []byte) (bool, error) {
		rest, ok := key[skip:], false
		var k collector.EventKey
		for _, part := range []*string{&k.Site, &k.Name, &k.ID} {
			if *part, rest, ok = keyspace.CutStr(rest); !ok {
				return false, fmt.Errorf("BUG: index key %x names no event", key)
			}
		}
		found = append(found, k)
		return len(found) < maxListed, nil
	})
	return found, err
}

// ownID is the id a deterministic event ID was made of, or "".
func ownID(k collector.EventKey) string {
	if own, ok := strings.CutPrefix(k.ID, k.Name+"."); ok {
		return own
	}
	return ""
}

// Owner implements collector.Reader.
func (r reader) Owner(_ context.Context, site, visitor string) (collector.Owner, error) {
	o, err := memoised[collector.Owner](r, ownerKey(site, visitor))
	if err != nil {
		return collector.Owner{}, err
	}
	return *o, nil
}

func ownerKey(site, visitor string) keyspace.Key {
	return keyspace.In(keyspace.Owner).Str(site).Str(visitor)
}

// customerOf returns the customer a subject is or is linked to; ok is false
// for a visitor without one.
func (r reader) customerOf(s collector.Subject) (id string, ok bool, err error) {
	if s.Kind == collector.SubjectCustomer {
		return s.ID, true, nil
	}
	name, err := memoised[string](r, linkBackKey(s.Site, s.ID))
	if err != nil {
		return "", false, err
	}
	return *name, *name != "", nil
}

func linkBackKey(site, visitor string) keyspace.Key {
	return keyspace.In(keyspace.LinkBack).Str(site).Str(visitor)
}

// linksOf returns a customer's links, latest first. The profile is joined over
// the first few; a refusal is looked for behind all. The list is shared with the memo.
func (r reader) linksOf(site, customer string) (links []collector.Link, err error) {
	prefix := keyspace.In(keyspace.Link).Str(site).Str(customer)
	if known, ok := r.memo.get(prefix); ok {
		return known.([]collector.Link), nil
	}
	err = r.scan(prefix, prefix.End(), func(_, value []byte) (bool, error) {
		var l collector.Link
		if err := unmarshal(value, &l); err != nil {
			return false, err
		}
		links = append(links, l)
		return len(links) < maxLinks, nil
	})
	slices.SortFunc(links, compareLinks)
	if err == nil {
		r.memo.put(prefix, links)
	}
	return links, err
}

func compareLinks(a, b collector.Link) int {
	if c := b.Since.Compare(a.Since); c != 0 {
		return c
	}
	return strings.Compare(a.Visitor, b.Visitor)
}

func profileKey(s collector.Subject) keyspace.Key { return keyspace.In(keyspace.Profile).Subject(s) }

// own returns the profile of exactly this subject. It is shared with the memo:
// nobody writes into a profile's lists.
func (r reader) own(s collector.Subject) (collector.Profile, error) {
	p, err := memoised[collector.Profile](r, profileKey(s))
	if err != nil {
		return collector.Profile{}, err
	}
	own := *p
	own.Subject = s
	return own, nil
}

// Profile implements collector.Reader.
func (r reader) Profile(_ context.Context, s collector.Subject) (collector.Profile, error) {
	if s.IsZero() {
		return collector.Profile{}, nil
	}
	customer, ok, err := r.customerOf(s)
	if err != nil {
		return collector.Profile{}, err
	}
	if !ok {
		return r.own(s)
	}
	joined, err := r.own(collector.Customer(s.Site, customer))
	if err != nil {
		return collector.Profile{}, err
	}
	links, err := r.linksOf(s.Site, customer)
	if err != nil {
		return collector.Profile{}, err
	}
	for _, l := range links[:min(len(links), identity.MaxVisitors)] {
		visitor, err := r.own(collector.Visitor(s.Site, l.Visitor))
		if err != nil {
			return collector.Profile{}, err
		}
		joined = identity.Join(joined, visitor)
	}
	return joined, nil
}

// Linked implements collector.Reader.
func (r reader) Linked(_ context.Context, s collector.Subject) (others []collector.Subject, err error) {
	if s.IsZero() {
		return nil, nil
	}
	customer, ok, err := r.customerOf(s)
	if err != nil || !ok {
		return nil, err
	}
	links, err := r.linksOf(s.Site, customer)
	if err != nil {
		return nil, err
	}
	for _, o := range personOf(s.Site, customer, links) {
		if o != s {
			others = append(others, o)
		}
	}
	return others, nil
}

// personOf lists all subjects of a person.
func personOf(site, customer string, links []collector.Link) []collector.Subject {
	all := []collector.Subject{collector.Customer(site, customer)}
	for _, l := range links {
		all = append(all, collector.Visitor(site, l.Visitor))
	}
	return all
}

// Records implements collector.Reader.
func (r reader) Records(_ context.Context, subjects ...collector.Subject) (recs []collector.ConsentRecord, err error) {
	for _, s := range subjects {
		of, err := r.recordsOf(s)
		if err != nil {
			return nil, err
		}
		recs = append(recs, of...)
	}
	slices.SortStableFunc(recs, compareRecords)
	return recs, nil
}

// recordsOf lists the records of one subject by ID. The list is shared with the memo.
func (r reader) recordsOf(s collector.Subject) (recs []collector.ConsentRecord, err error) {
	prefix := keyspace.In(keyspace.Record).Subject(s)
	if known, ok := r.memo.get(prefix); ok {
		return known.([]collector.ConsentRecord), nil
	}
	err = r.scan(prefix, prefix.End(), func(_, value []byte) (bool, error) {
		var rec collector.ConsentRecord
		if err := unmarshal(value, &rec); err != nil {
			return false, err
		}
		recs = append(recs, rec)
		return len(recs) < maxRecords, nil
	})
	if err == nil {
		r.memo.put(prefix, recs)
	}
	return recs, err
}

func compareRecords(a, b collector.ConsentRecord) int {
	if c := a.At.Compare(b.At); c != 0 {
		return c
	}
	if a.Seq != b.Seq {
		return cmp.Compare(a.Seq, b.Seq)
	}
	return strings.Compare(a.ID, b.ID)
}

func deliveryKey(k collector.DeliveryKey) keyspace.Key {
	return keyspace.In(keyspace.Delivery).Delivery(k)
}

// Delivery implements collector.Reader.
func (r reader) Delivery(_ context.Context, key collector.DeliveryKey) (d collector.Delivery, ok bool, err error) {
	ok, err = r.get(deliveryKey(key), &d)
	return d, ok, err
}

// Deliveries implements collector.Reader.
func (r reader) Deliveries(ctx context.Context, q collector.DeliveryQuery) ([]collector.Delivery, error) {
	if q.EventID != "" {
		return r.deliveriesOfEvent(ctx, q)
	}
	prefix := keyspace.In(keyspace.Matched)
	if len(q.States) == 1 && sought(q.States[0]) {
		prefix = keyspace.In(keyspace.ByState).Str(string(q.States[0]))
	}
	skip := len(prefix) + 8
	from, to := []byte(prefix), prefix.End()
	if !q.MatchedFrom.IsZero() {
		to = slices.Clone(prefix).TimeDown(q.MatchedFrom.Add(-1))
	}
	if !q.MatchedBefore.IsZero() {
		from = slices.Clone(prefix).TimeDown(q.MatchedBefore.Add(-1))
	}
	return r.selected(ctx, q, nil, from, to, skip)
}

// deliveriesOfEvent finds them by the event's ID, in one site or in all.
func (r reader) deliveriesOfEvent(ctx context.Context, q collector.DeliveryQuery) (found []collector.Delivery, err error) {
	events := []collector.EventKey{{Site: q.Site, ID: q.EventID}}
	known, err := r.eventKeys(q.Site, q.EventID)
	if err != nil {
		return nil, err
	}
	for _, k := range known {
		k.Name = ""
		if !slices.Contains(events, k) {
			events = append(events, k)
		}
	}
	for _, k := range events {
		prefix := keyspace.In(keyspace.ByEvent).Str(k.Site).Str(k.ID)
		if found, err = r.selected(ctx, q, found, prefix, prefix.End(), len(prefix)); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// selected adds to found what the query selects of the deliveries that end the
// keys of [from, to), each after skip bytes; newest match first.
func (r reader) selected(ctx context.Context, q collector.DeliveryQuery, found []collector.Delivery, from, to []byte, skip int) ([]collector.Delivery, error) {
	max, looked := bound(q.Max), 0
	err := r.scan(from, to, func(key, _ []byte) (bool, error) {
		if len(found) >= max {
			return false, nil
		}
		k, ok := keyspace.CutDelivery(key[skip:])
		if !ok {
			return false, fmt.Errorf("BUG: index key %x names no delivery", key)
		}
		d, ok, err := r.Delivery(ctx, k)
		if err != nil {
			return false, err
		}
		if ok && q.Selects(&d) {
			found = append(found, d)
		}
		looked++
		return looked < maxScan, nil
	})
	slices.SortStableFunc(found, func(a, b collector.Delivery) int { return b.MatchedAt.Compare(a.MatchedAt) })
	return found, err
}

func bound(max int) int {
	if max <= 0 || max > maxListed {
		return maxListed
	}
	return max
}

// Accounts implements collector.Reader.
func (r reader) Accounts(_ context.Context, from, to time.Time) (accounts []collector.Account, err error) {
	lo := keyspace.In(keyspace.Account).U64(hour(from))
	hi := keyspace.In(keyspace.Account).U64(hour(to.Add(time.Hour - 1)))
	err = r.scan(lo, hi, func(_, value []byte) (bool, error) {
		var a collector.Account
		if err := unmarshal(value, &a); err != nil {
			return false, err
		}
		accounts = append(accounts, a)
		return len(accounts) < maxAccount, nil
	})
	return accounts, err
}

// hour is the key of the hour a time lies in.
func hour(t time.Time) uint64 { return uint64(max(0, t.UTC().Truncate(time.Hour).Unix())) }

// SetAsides implements collector.Reader.
func (r reader) SetAsides(_ context.Context, max int) (list []collector.SetAside, err error) {
	prefix := keyspace.In(keyspace.SetAside)
	err = r.scan(prefix, prefix.End(), func(_, value []byte) (bool, error) {
		var s collector.SetAside
		if err := unmarshal(value, &s); err != nil {
			return false, err
		}
		list = append(list, s)
		return len(list) < bound(max), nil
	})
	return list, err
}

// Pauses implements collector.Store.
func (r reader) Pauses(context.Context) (map[string]collector.Pause, error) {
	all := map[string]collector.Pause{}
	prefix := keyspace.In(keyspace.Pause)
	err := r.scan(prefix, prefix.End(), func(key, value []byte) (bool, error) {
		name, _, ok := keyspace.CutStr(key[len(prefix):])
		if !ok {
			return false, fmt.Errorf("BUG: pause key %x names no destination", key)
		}
		var p collector.Pause
		err := unmarshal(value, &p)
		all[name] = p
		return true, err
	})
	return all, err
}

// dueKeys lists what of one of the two queues of a destination is due.
func (r reader) dueKeys(table byte, destination string, now time.Time, max int) ([]collector.DeliveryKey, error) {
	prefix := keyspace.In(table).Str(destination)
	return r.deliveryKeys(prefix, keyspace.In(table).Str(destination).Time(now.Add(1)), len(prefix)+8, max)
}

// firstDue is the time of the first row of a queue, zero when it is empty.
func (r reader) firstDue(table byte, destination string) (due time.Time, err error) {
	prefix := keyspace.In(table).Str(destination)
	err = r.scan(prefix, prefix.End(), func(key, _ []byte) (bool, error) {
		due = time.Unix(0, int64(binary.BigEndian.Uint64(key[len(prefix):]))).UTC()
		return false, nil
	})
	return due, err
}

// Backlog implements collector.Store.
func (r reader) Backlog(_ context.Context, destination string, now time.Time, max int) (b collector.Backlog, err error) {
	if b.LookAt, err = r.firstDue(keyspace.Look, destination); err != nil {
		return b, err
	}
	if b.SendAt, err = r.firstDue(keyspace.Due, destination); err != nil || b.SendAt.After(now) || max == 0 {
		return b, err
	}
	ready, err := r.dueKeys(keyspace.Due, destination, now, max)
	b.Ready = len(ready)
	return b, err
}
