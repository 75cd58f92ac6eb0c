package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2"

	"matchkey/collector"
	"matchkey/collector/internal/codec"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/keyspace"
)

// The second half of a replay: the store is compared with what the journal
// alone gave, and made equal to it where the journal knows.
//
// What the journal does not know is kept and not compared: that a delivery was
// attempted, how it ended, what is left of it when its person was erased, and what
// a person decided (D, B); the ledger of consent, which is only ever appended to, and
// which still has what an erasure took out of the journal (8 9 a b); and who was erased, with the keyed hashes by which
// entries are found (2 3 4 G U Y). The rows that find deliveries follow from the
// deliveries (Q T K X M N V Z c). Consent records, links and owners are only ever
// added to (C O L R H), because refusals stand on them, and so are accounts (A).
// All else (E I P 1 S) is as the journal says; where its old part has expired, what
// that part told is kept (rebuild_retain.go). What falls due (6) is not compared, and
// made anew; when what was forgotten (7) is what the replay goes by. Of an event from
// which an erasure took another person's copy it says what there would be had that
// copy never come. The erasure did the same by what was known then, which may be more:
// those rows are found by what it left in the journal, put as the journal says, and no
// difference. Profiles to which such an event had given something are one.

// A policy says what becomes of a row that differs.
type policy int

const (
	exactly policy = iota // it is as rebuilt
	addOnly               // a row that is missing is added, no other is touched
	atLeast               // as rebuilt, and none is taken away
)

// tables are what a replay compares, in this order.
var tables = []struct {
	letter byte
	name   string
	policy policy
}{
	{keyspace.Record, "consent records", addOnly},
	{keyspace.Owner, "owners of browsers", atLeast},
	{keyspace.Link, "links", atLeast},
	{keyspace.LinkBack, "links, from the browser", atLeast},
	{keyspace.Sharer, "persons by e-mail hash, to link", addOnly},
	{keyspace.Profile, "profiles", exactly},
	{keyspace.Holder, "profiles by e-mail or phone", exactly},
	{keyspace.Event, "events", exactly},
	{keyspace.EventID, "events by id", exactly},
	{keyspace.SetAside, "events set aside", exactly},
	{keyspace.Due, "deliveries to be sent", exactly},
	{keyspace.Look, "deliveries to be decided", exactly},
	{keyspace.Leased, "deliveries leased", exactly},
	{keyspace.Person, "deliveries by person", exactly},
	{keyspace.Waiting, "deliveries waiting, by person", exactly},
	{keyspace.ByState, "deliveries dead or in doubt", exactly},
	{keyspace.Counted, "deliveries that count to a limit", exactly},
	{keyspace.Matched, "deliveries by match", exactly},
	{keyspace.ByEvent, "deliveries by event", exactly},
	{keyspace.Account, "accounts", addOnly},
}

// A TableDifference counts what a replay found in one table.
type TableDifference struct {
	Name string
	// Rows are those that the journal gives, Added were missing, Changed had
	// another value, Removed the journal does not give. Kept differ and stay. Parted
	// are events that differ because an erasure took a copy out of them.
	Rows, Added, Changed, Removed, Kept, Parted int
}

// Same reports whether nothing has to be changed.
func (d TableDifference) Same() bool { return d.Added+d.Changed+d.Removed == 0 }

// A Rebuild compares a store with what was rebuilt from the journal beside it.
type Rebuild struct {
	// Live is the store, Scratch the rebuilt one; it is written to.
	Live, Scratch *pebble.DB
	// Thin reports whether the store knows more of an event than the journal.
	Thin func(collector.EventKey) bool
	// Parted reports whether an erasure took a copy of an event out of the journal.
	Parted func(collector.EventKey) bool
	// Write says that the store is made equal; otherwise nothing is written.
	Write bool
	// AddDeliveries says that deliveries which the journal gives and the store
	// does not have are added, in their first state: they will be sent.
	AddDeliveries bool
	// Random gives the ids of consent records that the ledger does not have yet.
	Random io.Reader
}

// Run compares, and with Write changes, all tables. unknown is how many
// deliveries the journal gives that the store does not have. A run that was cut
// off leaves a mark with which only another run opens the data folder.
func (r *Rebuild) Run(ctx context.Context) (all []TableDifference, unknown int, err error) {
	if err := r.check(); err != nil {
		return nil, 0, err
	}
	if err := r.keepOld(ctx); err != nil {
		return nil, 0, fmt.Errorf("couldn't keep what the journal does not tell any more: %w", err)
	}
	lost, err := r.lostDeliveries(ctx)
	if err != nil {
		return nil, 0, err
	}
	if r.Write {
		if err := r.Live.Set([]byte{keyspace.Replaying}, nil, pebble.Sync); err != nil {
			return nil, 0, fmt.Errorf("couldn't begin to write; nothing was changed: %w", err)
		}
		if r.AddDeliveries {
			if err := r.add(lost); err != nil {
				return nil, 0, err
			}
		}
	}
	if err := r.deriveIndexes(); err != nil {
		return nil, 0, err
	}
	for _, t := range tables {
		d, err := r.table(ctx, t.letter, t.policy)
		if err != nil {
			return nil, 0, fmt.Errorf("couldn't bring the %s in order: %w", t.name, err)
		}
		d.Name = t.name
		all = append(all, d)
	}
	if r.Write {
		// What falls due follows from what was written; the next start makes its index.
		if err := r.Live.Delete(retentionKey('i'), pebble.NoSync); err != nil {
			return nil, 0, err
		}
		if err := r.Live.Delete([]byte{keyspace.Replaying}, pebble.Sync); err != nil {
			return nil, 0, fmt.Errorf("couldn't end the replay: %w", err)
		}
	}
	return all, len(lost), nil
}

// check refuses what would lose data: an entry that the rebuilding set aside
// and the store did not.
func (r *Rebuild) check() error {
	live, scratch := reader{r: r.Live}, reader{r: r.Scratch}
	prefix := keyspace.In(keyspace.SetAside)
	return scratch.scan(prefix, prefix.End(), func(key, value []byte) (bool, error) {
		var s, known collector.SetAside
		if err := unmarshal(value, &s); err != nil {
			return false, err
		}
		if ok, err := live.get(keyspace.Key(key), &known); ok || err != nil {
			return true, err
		}
		return false, fmt.Errorf("journal entry %d cannot be applied now (%s: %s) and the store still has what came of it, which a replay would lose; "+
			"nothing was changed. Give back what is missing (the site in the configuration, the data folder from a backup) and call again", s.Offset, s.Reason, s.Detail)
	})
}

// lostDeliveries are those that the journal gives and the store does not have.
func (r *Rebuild) lostDeliveries(ctx context.Context) (lost []collector.Delivery, err error) {
	live, table := reader{r: r.Live}, keyspace.In(keyspace.Delivery)
	err = reader{r: r.Scratch}.scan(table, table.End(), func(_, value []byte) (bool, error) {
		var d collector.Delivery
		if err := unmarshal(value, &d); err != nil {
			return false, err
		}
		_, known, err := live.Delivery(ctx, d.Key)
		if err == nil && !known {
			lost = append(lost, d)
		}
		return true, err
	})
	return lost, err
}

// add adds deliveries as the pipeline does.
func (r *Rebuild) add(lost []collector.Delivery) error {
	live := r.live()
	for _, d := range lost {
		err := live.change(false, func(t *tx) error {
			_, err := t.AddDelivery(d)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// live is the store, to change it as the pipeline does.
func (r *Rebuild) live() *Pebble {
	return &Pebble{reader: reader{r: r.Live}, db: r.Live, random: r.Random}
}

// deriveIndexes writes to the scratch store, in place of its own, the rows that
// follow from the live store's deliveries.
func (r *Rebuild) deriveIndexes() error {
	for _, letter := range []byte{keyspace.Due, keyspace.Look, keyspace.Leased, keyspace.Person, keyspace.Matched, keyspace.ByEvent, keyspace.Waiting, keyspace.ByState, keyspace.Counted, keyspace.Account} {
		table := keyspace.In(letter)
		if err := r.Scratch.DeleteRange(table, table.End(), pebble.NoSync); err != nil {
			return err
		}
	}
	accounts := map[accountKey]*collector.Account{}
	out := writer{db: r.Scratch}
	table := keyspace.In(keyspace.Delivery)
	err := reader{r: r.Live}.scan(table, table.End(), func(_, value []byte) (bool, error) {
		var d collector.Delivery
		if err := unmarshal(value, &d); err != nil {
			return false, err
		}
		for _, key := range append(indexKeys(&d), fixedKeys(&d)...) {
			if err := out.set(key, nil); err != nil {
				return false, err
			}
		}
		k := accountOf(&d)
		if accounts[k] == nil {
			empty := k.empty()
			accounts[k] = &empty
		}
		count(accounts[k], nil, &d)
		return true, nil
	})
	if err != nil {
		return errors.Join(err, out.close())
	}
	for k, a := range accounts {
		row, err := marshal(a)
		if err == nil {
			err = out.set(k.row(), row)
		}
		if err != nil {
			return errors.Join(err, out.close())
		}
	}
	return out.close()
}

// table walks one table of both stores in step.
func (r *Rebuild) table(ctx context.Context, letter byte, p policy) (d TableDifference, err error) {
	bounds := &pebble.IterOptions{LowerBound: []byte{letter}, UpperBound: keyspace.In(letter).End()}
	live, err := r.Live.NewIter(bounds)
	if err != nil {
		return d, err
	}
	defer live.Close()
	rebuilt, err := r.Scratch.NewIter(bounds)
	if err != nil {
		return d, err
	}
	defer rebuilt.Close()
	out := writer{db: r.Live, dry: !r.Write}
	defer func() { err = errors.Join(err, out.close()) }()

	haveLive, have := live.First(), rebuilt.First()
	for haveLive || have {
		if ctx.Err() != nil {
			return d, ctx.Err()
		}
		order := 0
		switch {
		case !have:
			order = -1
		case !haveLive:
			order = 1
		default:
			order = bytes.Compare(live.Key(), rebuilt.Key())
		}
		switch {
		case order < 0 && p != exactly:
			d.Kept++
		case order < 0:
			d.Removed++
			err = out.delete(live.Key())
		case order > 0:
			d.Rows++
			d.Added++
			err = r.put(&out, letter, rebuilt.Key(), rebuilt.Value())
		case same(letter, live.Value(), rebuilt.Value()):
			d.Rows++
		case p == addOnly || r.knowsMore(letter, live.Value(), rebuilt.Value()):
			d.Rows++
			d.Kept++
		case r.isParted(letter, rebuilt.Value()):
			d.Rows++
			d.Parted++
			err = r.put(&out, letter, rebuilt.Key(), rebuilt.Value())
		default:
			d.Rows++
			d.Changed++
			err = r.put(&out, letter, rebuilt.Key(), rebuilt.Value())
		}
		if err != nil {
			return d, err
		}
		if order <= 0 {
			haveLive = live.Next()
		}
		if order >= 0 {
			have = rebuilt.Next()
		}
	}
	return d, errors.Join(live.Error(), rebuilt.Error())
}

// same reports whether two rows of a table hold the same. The live one may have been
// written by an older version, in another form.
func same(letter byte, live, rebuilt []byte) bool {
	if bytes.Equal(live, rebuilt) {
		return true
	}
	v := valueOf(letter)
	if v == nil || codec.IsBinary(live) || unmarshal(live, v) != nil {
		return false
	}
	again, err := marshal(v)
	return err == nil && bytes.Equal(again, rebuilt)
}

// knowsMore reports whether a row is of an event of which the store knows more, or
// of a browser of which it knows a later generation: an erasure began that one.
func (r *Rebuild) knowsMore(letter byte, live, rebuilt []byte) bool {
	switch letter {
	case keyspace.Event:
		var rec collector.EventRecord
		return unmarshal(rebuilt, &rec) == nil && r.Thin(rec.Event.Key())
	case keyspace.Owner:
		var was, is collector.Owner
		return unmarshal(live, &was) == nil && unmarshal(rebuilt, &is) == nil && was.Generation > is.Generation
	}
	return false
}

// isParted reports whether a row is of an event from which an erasure took a copy.
func (r *Rebuild) isParted(letter byte, rebuilt []byte) bool {
	var rec collector.EventRecord
	return letter == keyspace.Event && unmarshal(rebuilt, &rec) == nil && r.Parted(rec.Event.Key())
}

// put writes a rebuilt row. An event that is withheld now goes out of the
// journal with the same commit. A consent record is appended to the ledger first,
// unless that has it.
func (r *Rebuild) put(out *writer, letter byte, key, value []byte) error {
	if letter == keyspace.Record && !out.dry {
		var rec collector.ConsentRecord
		if err := unmarshal(value, &rec); err != nil {
			return err
		}
		err := r.live().change(false, func(t *tx) error {
			_, err := appendRecord(t, rec)
			return err
		})
		if err != nil {
			return err
		}
	}
	if letter == keyspace.Event && !out.dry {
		var rec collector.EventRecord
		if err := unmarshal(value, &rec); err != nil {
			return err
		}
		if len(rec.Event.Withheld) > 0 {
			for _, e := range journalEntries(rec) {
				if err := journal.Redact(r.Live, out.pending(), e); err != nil {
					return err
				}
			}
		}
	}
	return out.set(key, value)
}

// writer writes rows in commits of bounded size; dry, it writes nothing.
type writer struct {
	db    *pebble.DB
	dry   bool
	batch *pebble.Batch
}

func (w *writer) pending() *pebble.Batch {
	if w.batch == nil {
		w.batch = w.db.NewBatch()
	}
	return w.batch
}

func (w *writer) set(key, value []byte) error {
	if w.dry {
		return nil
	}
	return errors.Join(w.pending().Set(key, value, nil), w.commit(migrateBytes))
}

func (w *writer) delete(key []byte) error {
	if w.dry {
		return nil
	}
	return errors.Join(w.pending().Delete(key, nil), w.commit(migrateBytes))
}

// commit commits what is pending when it has reached a size.
func (w *writer) commit(size int) error {
	if w.batch == nil || w.batch.Len() < size {
		return nil
	}
	err := w.batch.Commit(pebble.NoSync)
	err = errors.Join(err, w.batch.Close())
	w.batch = nil
	return err
}

func (w *writer) close() error { return w.commit(0) }
