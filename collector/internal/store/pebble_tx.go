package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"matchkey/collector"
	"matchkey/collector/internal/identity"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/keyspace"
	"matchkey/collector/internal/ledger"
)

// tx is one change: reads see its writes, and they are committed together.
type tx struct {
	reader
	batch *changes
	// accounts are those that were changed. A batch's deliveries are mostly of
	// one account, which is written once, at the end.
	accounts map[accountKey]*collector.Account
	// chains are the ledger's that were read or appended to; ids are those that
	// subjects were given in this change; random makes them.
	chains map[string]*ledger.Chain
	ids    map[collector.Subject]string
	random io.Reader
	// keep is the retention in force.
	keep collector.Keeping
	row  []byte // where the next row is encoded
}

func (t *tx) set(key keyspace.Key, value []byte) error { return t.batch.Set(key, value, nil) }

func (t *tx) put(key keyspace.Key, v any) error {
	b, err := appendRow(t.row[:0], v)
	if err != nil {
		return err
	}
	t.row = b // the batch keeps a copy
	return t.set(key, b)
}

// asWritten writes a row and returns its word read back: the texts of v may be parts
// of whole journal frames, which a memo would keep in memory with it.
func asWritten[T any](t *tx, key keyspace.Key, v *T) (*T, error) {
	if err := t.put(key, v); err != nil || t.memo == nil {
		return v, err
	}
	is := new(T)
	return is, unmarshal(t.row, is)
}

// noted is asWritten, and notes the word.
func noted[T any](t *tx, key keyspace.Key, v *T) error {
	is, err := asWritten(t, key, v)
	if err == nil {
		t.memo.put(key, is)
	}
	return err
}

// PutEvent implements collector.Tx.
func (t *tx) PutEvent(rec collector.EventRecord) error {
	k := rec.Event.Key()
	for _, key := range eventIDKeys(k) {
		if err := t.set(key, nil); err != nil {
			return err
		}
	}
	return t.put(eventKey(k), &rec)
}

// eventIDKeys are the rows that find an event by its ID, or its own id.
func eventIDKeys(k collector.EventKey) (keys []keyspace.Key) {
	for _, id := range []string{k.ID, ownID(k)} {
		if id != "" {
			keys = append(keys, keyspace.In(keyspace.EventID).Str(id).Str(k.Site).Str(k.Name).Str(k.ID))
		}
	}
	return keys
}

// MergeProfile implements collector.Tx.
func (t *tx) MergeProfile(p collector.Profile) error {
	was, err := t.own(p.Subject)
	if err != nil {
		return err
	}
	merged := identity.Merge(t.retain(was), t.retain(p))
	if merged.LastAt.IsZero() && was.LastAt.IsZero() && len(merged.Identifiers) == 0 {
		return nil // it came when all of it had expired
	}
	return t.putProfile(was, merged)
}

// retain is what of a profile has not expired by the day in force.
func (t *tx) retain(p collector.Profile) collector.Profile {
	return identity.Retain(p, t.keep.Retention, t.keep.Day)
}

// SetOwner implements collector.Tx.
func (t *tx) SetOwner(site, visitor string, o collector.Owner) error {
	if err := noted(t, ownerKey(site, visitor), &o); err != nil {
		return err
	}
	if o.Customer == "" {
		return nil
	}
	return t.putLink(linkOf(site, identity.Effective(visitor, o.Generation), o))
}

// AddSharer implements collector.Tx.
func (t *tx) AddSharer(site, hash string, s collector.Subject) error {
	sharers, err := t.Sharers(site, hash)
	if err != nil || len(sharers) >= collector.MaxSharers {
		return err
	}
	s.Site = site
	return t.set(sharerRow(hash, s), nil)
}

func sharerRow(hash string, s collector.Subject) keyspace.Key {
	return keyspace.In(keyspace.Sharer).Str(s.Site).Str(hash).Str(string(s.Kind)).Str(s.ID)
}

// Sharers implements collector.Tx.
func (t *tx) Sharers(site, hash string) (sharers []collector.Subject, err error) {
	prefix := keyspace.In(keyspace.Sharer).Str(site).Str(hash)
	err = t.scan(prefix, prefix.End(), func(key, _ []byte) (bool, error) {
		s, ok := keyspace.CutSubject(site, key[len(prefix):])
		if !ok {
			return false, fmt.Errorf("BUG: index key %x names no subject", key)
		}
		sharers = append(sharers, s)
		return true, nil
	})
	return sharers, err
}

// AddRecord implements collector.Tx.
func (t *tx) AddRecord(rec collector.ConsentRecord) (bool, error) {
	known, err := t.recordsOf(rec.Subject)
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(known, func(k collector.ConsentRecord) bool { return k.ID == rec.ID }) {
		return false, nil // as the ledger would say, for which it has to be read
	}
	if added, err := appendRecord(t, rec); !added || err != nil {
		return false, err
	}
	kept, err := asWritten(t, recordRow(rec), &rec)
	if err := errors.Join(err, redue(t, nil, recordDue(rec, t.keep))); err != nil {
		return false, err
	}
	known = append(slices.Clone(known), *kept)
	slices.SortFunc(known, func(a, b collector.ConsentRecord) int { return strings.Compare(a.ID, b.ID) })
	for _, old := range overruled(known, rec.Purpose) {
		if err := t.dropRecord(old); err != nil {
			return false, err
		}
		known = slices.DeleteFunc(known, func(k collector.ConsentRecord) bool { return k.ID == old.ID })
	}
	t.memo.put(keyspace.In(keyspace.Record).Subject(rec.Subject), known)
	return true, nil
}

func recordRow(r collector.ConsentRecord) keyspace.Key {
	return keyspace.In(keyspace.Record).Subject(r.Subject).Str(r.ID)
}

// AddDelivery implements collector.Tx.
func (t *tx) AddDelivery(d collector.Delivery) (bool, error) {
	_, known, err := t.Delivery(context.Background(), d.Key)
	if err != nil {
		return false, err
	}
	if known {
		_, err := t.update(d.Key, func(was *collector.Delivery) (bool, error) { return improve(was, d), nil })
		return false, err
	}
	for _, key := range fixedKeys(&d) {
		if err := t.set(key, nil); err != nil {
			return false, err
		}
	}
	return true, t.write(nil, &d)
}

// update reads a delivery, changes it and writes it back with its indexes and
// account. It returns nil when fn says that it does not apply.
func (t *tx) update(key collector.DeliveryKey, fn func(*collector.Delivery) (bool, error)) (*collector.Delivery, error) {
	before, ok, err := t.Delivery(context.Background(), key)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("delivery %s: %w", key, errMissing)
	}
	after := before
	after.Attempts = append([]collector.Attempt(nil), before.Attempts...)
	if ok, err := fn(&after); !ok || err != nil {
		return nil, err
	}
	return &after, t.write(&before, &after)
}

// write stores a delivery, moves its index rows and its weight in its account.
func (t *tx) write(before, after *collector.Delivery) error {
	if err := t.index(before, after); err != nil {
		return err
	}
	if err := t.account(before, after); err != nil {
		return err
	}
	if err := t.put(deliveryKey(after.Key), after); err != nil {
		return err
	}
	if after.State != collector.StateWithheld {
		return nil
	}
	siblings, err := t.Deliveries(context.Background(),
		collector.DeliveryQuery{Site: after.Key.Site, EventID: after.Key.EventID})
	if err != nil || !allWithheld(siblings, after.EventName) {
		return err
	}
	return t.Redact(collector.EventKey{Site: after.Key.Site, Name: after.EventName, ID: after.Key.EventID}, after.Reasons...)
}

// index moves the rows of a delivery that change; most stay where they are.
func (t *tx) index(before, after *collector.Delivery) error {
	var was []keyspace.Key
	if before != nil {
		was = t.indexKeys(before)
	}
	is := t.indexKeys(after)
	for _, key := range was {
		if !has(is, key) {
			if err := t.batch.Delete(key, nil); err != nil {
				return err
			}
		}
	}
	for _, key := range is {
		if !has(was, key) {
			if err := t.set(key, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func has(keys []keyspace.Key, key keyspace.Key) bool {
	return slices.ContainsFunc(keys, func(k keyspace.Key) bool { return bytes.Equal(k, key) })
}

// Redact implements collector.Tx.
func (t *tx) Redact(key collector.EventKey, reasons ...collector.Reason) error {
	rec, ok, err := t.Event(context.Background(), key)
	if !ok || err != nil {
		return err
	}
	rec = redactedRecord(rec, reasons)
	for _, e := range journalEntries(rec) {
		if err := journal.Redact(t.batch, t.batch, e); err != nil {
			return err
		}
	}
	return t.put(eventKey(key), &rec)
}

// fixedKeys are the rows that find a delivery by what never changes.
func fixedKeys(d *collector.Delivery) []keyspace.Key {
	return []keyspace.Key{
		keyspace.In(keyspace.Matched).TimeDown(d.MatchedAt).Delivery(d.Key),
		keyspace.In(keyspace.ByEvent).Str(d.Key.Site).Str(d.Key.EventID).Delivery(d.Key),
	}
}

// indexKeys are the rows that find a delivery by what changes in its life, and
// when it falls due to be deleted.
func (t *tx) indexKeys(d *collector.Delivery) []keyspace.Key {
	keys := indexKeys(d)
	for _, due := range deliveryDue(d, t.keep) {
		keys = append(keys, due.row())
	}
	return keys
}

// indexKeys are the rows that find a delivery by what changes in its life.
func indexKeys(d *collector.Delivery) (keys []keyspace.Key) {
	if at := sendAt(d); !at.IsZero() {
		keys = append(keys, keyspace.In(keyspace.Due).Str(d.Key.Destination).Time(at).Delivery(d.Key))
	}
	if at := lookAt(d); !at.IsZero() {
		keys = append(keys, keyspace.In(keyspace.Look).Str(d.Key.Destination).Time(at).Delivery(d.Key))
	}
	if d.State == collector.StateLeased {
		keys = append(keys, keyspace.In(keyspace.Leased).Time(d.Lease.Until).Delivery(d.Key))
	}
	if d.State.Open() && !d.Person.IsZero() {
		keys = append(keys, keyspace.In(keyspace.Person).Subject(d.Person).Delivery(d.Key))
	}
	if d.State == collector.StateWaiting && !d.Person.IsZero() {
		keys = append(keys, keyspace.In(keyspace.Waiting).Subject(d.Person).Delivery(d.Key))
	}
	if d.Counts && !d.Person.IsZero() {
		keys = append(keys, countedPrefix(d.Person, d.Scenario).Time(d.OccurredAt).Delivery(d.Key))
	}
	if sought(d.State) {
		keys = append(keys, keyspace.In(keyspace.ByState).Str(string(d.State)).TimeDown(d.MatchedAt).Delivery(d.Key))
	}
	return keys
}

// sought are the states that a person looks for and acts on: few, and perhaps far
// behind the newest matches.
func sought(s collector.State) bool {
	return s == collector.StateDead || s == collector.StateInDoubt
}

// account moves a delivery's weight in its account.
func (t *tx) account(before, after *collector.Delivery) error {
	k := accountOf(after)
	a := t.accounts[k]
	if a == nil {
		empty := k.empty()
		a = &empty
		if _, err := t.get(k.row(), a); err != nil {
			return err
		}
		t.accounts[k] = a
	}
	count(a, before, after)
	return nil
}

// Accounts implements collector.Reader, with what this change counted.
func (t *tx) Accounts(ctx context.Context, from, to time.Time) ([]collector.Account, error) {
	if err := t.writeAccounts(); err != nil {
		return nil, err
	}
	return t.reader.Accounts(ctx, from, to)
}

// writeAccounts puts the accounts into the change; they may change again.
func (t *tx) writeAccounts() error {
	for k, a := range t.accounts {
		if err := t.put(k.row(), a); err != nil {
			return err
		}
	}
	return nil
}

func (k accountKey) row() keyspace.Key {
	return keyspace.In(keyspace.Account).U64(hour(k.hour)).Str(k.site).Str(k.destination).Str(k.send)
}

// OpenDeliveries implements collector.Tx.
func (t *tx) OpenDeliveries(s collector.Subject) ([]collector.DeliveryKey, error) {
	return t.ofPerson(keyspace.Person, s)
}

// WaitingDeliveries implements collector.Tx.
func (t *tx) WaitingDeliveries(s collector.Subject) ([]collector.DeliveryKey, error) {
	return t.ofPerson(keyspace.Waiting, s)
}

// ofPerson lists what one of the tables by person has under all subjects of one.
func (t *tx) ofPerson(table byte, s collector.Subject) (all []collector.DeliveryKey, err error) {
	others, err := t.Linked(context.Background(), s)
	if err != nil {
		return nil, err
	}
	for _, person := range append(others, s) {
		prefix := keyspace.In(table).Subject(person)
		keys, err := t.deliveryKeys(prefix, prefix.End(), len(prefix), maxScan)
		if err != nil {
			return nil, err
		}
		all = append(all, keys...)
	}
	return all, nil
}

func countedPrefix(s collector.Subject, scenario string) keyspace.Key {
	return keyspace.In(keyspace.Counted).Subject(s).Str(scenario)
}

// Wake implements collector.Tx.
func (t *tx) Wake(key collector.DeliveryKey, at time.Time) error {
	_, err := t.update(key, func(d *collector.Delivery) (bool, error) { return wake(d, at) })
	return err
}

// RedactCopy implements collector.Tx.
func (t *tx) RedactCopy(e collector.Entry, reasons ...collector.Reason) error {
	return journal.Redact(t.batch, t.batch, collector.Entry{Offset: e.Offset, Event: e.Event.Redacted(reasons...)})
}

// SetAside implements collector.Tx.
func (t *tx) SetAside(s collector.SetAside) error {
	return t.put(keyspace.In(keyspace.SetAside).U64(^uint64(s.Offset)), s)
}

var _ collector.Tx = (*tx)(nil)
