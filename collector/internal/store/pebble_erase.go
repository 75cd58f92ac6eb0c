package store

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"matchkey/collector"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/keyspace"
)

// Erasure in Pebble: how what is about a person is found and dropped. Taking
// the bytes off the disk is in scrub.go.

// Erase implements collector.Store.
func (p *Pebble) Erase(ctx context.Context, s collector.Subject, at time.Time) (collector.Receipt, error) {
	s, err := present(ctx, p, s)
	if err != nil {
		return collector.Receipt{}, err
	}
	return p.erase(ctx, s, at, false)
}

// erase erases the person of exactly this subject; again is as in [erasure].
func (p *Pebble) erase(ctx context.Context, s collector.Subject, at time.Time, again bool) (collector.Receipt, error) {
	p.mu.Lock()
	receipt := collector.Receipt{ID: "er_" + strconv.FormatInt(at.UnixNano(), 36) + "." + p.leases.new(), Site: s.Site, At: at}
	p.mu.Unlock()
	names := map[string]bool{}
	for more := true; more; {
		var err error
		if more, err = p.eraseSome(ctx, s, &receipt, names, again); err != nil {
			return collector.Receipt{}, fmt.Errorf("the erasure was cut off, and the person is suppressed at most; ask again, which goes on where it ended: %w", err)
		}
	}
	return receipt, nil
}

// eraseSome does one commit of an erasure and remembers which rows it touched.
func (p *Pebble) eraseSome(ctx context.Context, s collector.Subject, receipt *collector.Receipt, names map[string]bool, again bool) (more bool, err error) {
	counted := receipt.Clone()
	err = p.change(true, func(t *tx) error {
		if more, err = erase(ctx, t, s, &counted, names, again); err != nil {
			return err
		}
		// Under the lock of the commit, so that no scrub comes between.
		p.touched.add(keysOf(t.batch.Batch))
		return nil
	})
	if err == nil {
		*receipt = counted
	}
	return more, err
}

// keysOf lists the keys that a batch writes.
func keysOf(b *pebble.Batch) (keys [][]byte) {
	for r := b.Reader(); ; {
		_, key, _, ok, err := r.Next()
		if !ok || err != nil {
			return keys
		}
		keys = append(keys, slices.Clone(key))
	}
}

// Record implements collector.Reader.
func (r reader) Record(ctx context.Context, s collector.Subject) (collector.PersonRecord, error) {
	if len(r.key) == 0 {
		return collector.PersonRecord{}, errors.New("an older matchkey wrote this data folder, and it does not say yet which events are whose; start this one on it once")
	}
	if left, err := r.hasAny(keyspace.Unapplied); left || err != nil {
		return collector.PersonRecord{}, errors.Join(err, errors.New("a restore brought back who was erased since; start matchkey on this data folder once, which erases them again"))
	}
	return personRecord(ctx, r, s)
}

// Holders implements collector.Reader.
func (r reader) Holders(_ context.Context, site string, kind collector.Kind, hash string) (holders []collector.Subject, err error) {
	prefix := keyspace.In(keyspace.Holder).Str(site).Str(string(kind)).Str(hash)
	err = r.scan(prefix, prefix.End(), func(key, _ []byte) (bool, error) {
		of, rest, ok := keyspace.CutStr(key[len(prefix):])
		id, _, ok2 := keyspace.CutStr(rest)
		if !ok || !ok2 {
			return false, fmt.Errorf("BUG: index key %x names no subject", key)
		}
		holders = append(holders, collector.Subject{Site: site, Kind: collector.SubjectKind(of), ID: id})
		return len(holders) < maxListed, nil
	})
	return holders, err
}

func holderKey(s collector.Subject, id collector.Identifier) keyspace.Key {
	return keyspace.In(keyspace.Holder).Str(s.Site).Str(string(id.Kind)).Str(id.Value).Str(string(s.Kind)).Str(s.ID)
}

// hold moves the rows by which a profile is found from what it had to what it has.
func (t *tx) hold(was, is collector.Profile) error {
	for _, kind := range []collector.Kind{collector.KindEmail, collector.KindPhone} {
		had, has := was.Of(kind), is.Of(kind)
		for _, id := range had {
			if !hasValue(has, id.Value) {
				if err := t.batch.Delete(holderKey(was.Subject, id), nil); err != nil {
					return err
				}
			}
		}
		for _, id := range has {
			if !hasValue(had, id.Value) {
				if err := t.set(holderKey(is.Subject, id), nil); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func hasValue(ids []collector.Identifier, value string) bool {
	return slices.ContainsFunc(ids, func(id collector.Identifier) bool { return id.Value == value })
}

func (r reader) tombstoneKey(name string) keyspace.Key {
	return append(keyspace.In(keyspace.Tombstone), r.key.hash("tombstone", name)...)
}

// Suppressed implements collector.Reader.
func (r reader) Suppressed(_ context.Context, ev collector.Event) (since time.Time, err error) {
	if any, err := r.hasAny(keyspace.Tombstone); !any || err != nil {
		return since, err // nobody was ever erased
	}
	return suppressedSince(ev, r.tombstone)
}

// tombstone is the one of a name; zero when there is none.
func (r reader) tombstone(name string) (t tombstone, err error) {
	_, err = r.get(r.tombstoneKey(name), &t)
	return t, err
}

// hasAny reports whether a table has a row.
func (r reader) hasAny(table byte) (any bool, err error) {
	if r.memo != nil {
		if any, known := r.memo.filled[table]; known {
			return any, nil
		}
	}
	prefix := keyspace.In(table)
	err = r.scan(prefix, prefix.End(), func(_, _ []byte) (bool, error) {
		any = true
		return false, nil
	})
	if r.memo != nil && err == nil {
		r.memo.filled[table] = any
	}
	return any, err
}

func receiptKey(id string) keyspace.Key { return keyspace.In(keyspace.Receipt).Str(id) }

// Receipt implements collector.Reader.
func (r reader) Receipt(_ context.Context, id string) (receipt collector.Receipt, ok bool, err error) {
	ok, err = r.get(receiptKey(id), &receipt)
	return receipt, ok, err
}

func (r reader) concernPrefix(s collector.Subject) keyspace.Key {
	return append(keyspace.In(keyspace.Concern), r.key.hash("concern", s.Site, string(s.Kind), s.ID)...)
}

// Concerns implements collector.Tx.
func (t *tx) Concerns(e collector.Entry, subjects ...collector.Subject) error {
	k := e.Event.Key()
	for _, s := range subjects {
		value := keyspace.Key{}.Str(k.Site).Str(k.Name).Str(k.ID)
		prefix := t.concernPrefix(s)
		if err := redue(t, nil, concernsDue(string(prefix[1:]), t.keep)); err != nil {
			return err
		}
		if err := t.set(prefix.U64(uint64(e.Offset)), value); err != nil {
			return err
		}
	}
	return nil
}

func (r reader) concerns(s collector.Subject, max int) (list []concern, err error) {
	return r.concernsAt(r.concernPrefix(s), s, max)
}

// concernsAt lists the first journal entries that are named under a prefix.
func (r reader) concernsAt(prefix keyspace.Key, s collector.Subject, max int) (list []concern, err error) {
	err = r.scan(prefix, prefix.End(), func(key, value []byte) (bool, error) {
		event, ok := concernedEvent(value)
		if !ok {
			return false, fmt.Errorf("BUG: index row %x names no event", key)
		}
		list = append(list, concern{s, collector.Offset(binary.BigEndian.Uint64(key[len(prefix):])), event})
		return len(list) < max, nil
	})
	return list, err
}

// concernedEvent is the event that a row about a journal entry names.
func concernedEvent(value []byte) (k collector.EventKey, ok bool) {
	for _, part := range []*string{&k.Site, &k.Name, &k.ID} {
		if *part, value, ok = keyspace.CutStr(value); !ok {
			return k, false
		}
	}
	return k, len(value) == 0
}

// Lift implements collector.Tx.
func (t *tx) Lift(ev collector.Event) error {
	for _, name := range liftedNames(ev) {
		if err := t.put(t.tombstoneKey(name), tombstone{BackAt: ev.ReceivedAt}); err != nil {
			return err
		}
	}
	return nil
}

// Forget implements collector.Tx.
func (t *tx) Forget(e collector.Entry) (string, error) {
	id := collector.ForgottenID(t.pseudonym(e.Event.Key()))
	_, err := t.forget(e.Offset, id)
	return id, err
}

func (r reader) pseudonym(k collector.EventKey) string {
	return hex.EncodeToString(r.key.hash("event", k.Site, k.Name, k.ID)[:12])
}

// ForgottenIDs returns what gives the ID under which a database keeps what an
// erasure left of an event.
func ForgottenIDs(db *pebble.DB) (func(collector.EventKey) string, error) {
	key, err := readHashKey(db)
	r := reader{r: db, key: key}
	return func(k collector.EventKey) string { return collector.ForgottenID(r.pseudonym(k)) }, err
}

func (t *tx) suppress(name string, stone tombstone) error {
	return t.put(t.tombstoneKey(name), stone)
}

func (t *tx) forget(o collector.Offset, id string) (bool, error) {
	return journal.Forget(t.batch, t.batch, o, id)
}

func (t *tx) entryAt(o collector.Offset) (collector.Event, bool, error) {
	return journal.At(t.batch, o)
}

func (t *tx) dropConcern(c concern) error {
	return t.batch.Delete(t.concernPrefix(c.subject).U64(uint64(c.offset)), nil)
}

func (t *tx) dropSetAside(o collector.Offset) (bool, error) {
	key := keyspace.In(keyspace.SetAside).U64(^uint64(o))
	var was collector.SetAside
	if ok, err := t.get(key, &was); !ok || err != nil {
		return false, err
	}
	return true, t.batch.Delete(key, nil)
}

func (t *tx) dropEvent(k collector.EventKey) error {
	for _, key := range append(eventIDKeys(k), eventKey(k)) {
		if err := t.batch.Delete(key, nil); err != nil {
			return err
		}
	}
	return t.dropHeld(k)
}

func (t *tx) dropProfile(p collector.Profile) error {
	none := collector.Profile{Subject: p.Subject}
	if err := errors.Join(t.hold(p, none), redue(t, profileDue(p, t.keep), nil)); err != nil {
		return err
	}
	return t.batch.Delete(profileKey(p.Subject), nil)
}

func (t *tx) dropRecords(s collector.Subject) (n int, err error) {
	list, err := t.Records(context.Background(), s)
	for _, rec := range list {
		err = errors.Join(err, t.dropRecord(rec))
	}
	return len(list), err
}

func linkKeys(l collector.Link) [2]keyspace.Key {
	return [2]keyspace.Key{
		keyspace.In(keyspace.Link).Str(l.Site).Str(l.Customer).Str(l.Visitor),
		linkBackKey(l.Site, l.Visitor),
	}
}

func (t *tx) dropLink(l collector.Link) error {
	keys := linkKeys(l)
	return errors.Join(t.batch.Delete(keys[0], nil), t.batch.Delete(keys[1], nil))
}

func (t *tx) putLink(l collector.Link) error {
	keys := linkKeys(l)
	return errors.Join(t.put(keys[0], &l), t.put(keys[1], &l.Customer))
}

func (t *tx) dropSharer(hash string, s collector.Subject) error {
	return t.batch.Delete(sharerRow(hash, s), nil)
}

func (t *tx) dropOwner(site, visitor string) error {
	return t.batch.Delete(ownerKey(site, visitor), nil)
}

func (t *tx) replace(before, after *collector.Delivery) error {
	if err := t.dropDelivery(before); err != nil {
		return err
	}
	for _, key := range append(t.indexKeys(after), fixedKeys(after)...) {
		if err := t.set(key, nil); err != nil {
			return err
		}
	}
	return errors.Join(t.account(before, after), t.put(deliveryKey(after.Key), after))
}

func (t *tx) putReceipt(r collector.Receipt) error {
	if r.BytesGoneAt.IsZero() {
		if err := t.set(unscrubbedKey(r.ID), nil); err != nil {
			return err
		}
	}
	return t.put(receiptKey(r.ID), r)
}

var _ eraser = (*tx)(nil)
