package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"matchkey/collector"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/keyspace"
)

// migrateBytes bounds one commit of a migration.
const migrateBytes = 4 << 20

// migrate brings a database of an older format up to the current one. It may be
// cut off at any point and then begins again, because the format is written
// last and every step writes the same again.
func migrate(db *pebble.DB, key hashKey, random io.Reader) error {
	format, err := keyspace.FormatOf(db)
	if err != nil || format == keyspace.Current {
		return err
	}
	m := &migration{db: db, tx: newTx(reader{key: key}, db.NewBatch(), random)}
	m.tx.r = db
	defer func() { m.tx.batch.Close() }()
	for _, step := range m.steps(format) {
		if err = step(); err != nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("couldn't migrate the store from format %d; what is in it is as it was, and the next start tries again: %w", format, err)
	}
	if err := keyspace.SetFormat(m.tx.batch); err != nil {
		return err
	}
	if err := m.tx.batch.Commit(pebble.Sync); err != nil {
		return fmt.Errorf("couldn't end the migration of the store from format %d: %w", format, err)
	}
	return nil
}

// A migration writes in batches of a bounded size. Its tx reads the database and
// not its own writes.
type migration struct {
	db *pebble.DB
	tx *tx
}

// steps are what leads from a format to the current one, in order.
func (m *migration) steps(from int) (steps []func() error) {
	if from < 2 {
		steps = append(steps, m.splitQueues, m.indexPersons)
	}
	if from < 3 {
		steps = append(steps, m.beginLedger)
	}
	return steps
}

// each calls fn with the rows of a table, and commits what was written so far.
func (m *migration) each(table byte, fn func(key, value []byte) error) error {
	prefix := keyspace.In(table)
	return m.tx.scan(prefix, prefix.End(), func(key, value []byte) (bool, error) {
		if err := fn(key, value); err != nil {
			return false, err
		}
		return true, m.flush()
	})
}

// flush commits what was written so far, when it is enough for a commit.
func (m *migration) flush() error {
	if m.tx.batch.Len() < migrateBytes {
		return nil
	}
	err := m.tx.batch.Commit(pebble.NoSync)
	m.tx.batch = &changes{Batch: m.db.NewBatch()}
	return err
}

// splitQueues is a part of the way from format 1 to 2: deliveries that have to be decided leave
// the queue of those to be sent for one of their own.
func (m *migration) splitQueues() error {
	queue := keyspace.In(keyspace.Due)
	if err := m.db.DeleteRange(queue, queue.End(), pebble.NoSync); err != nil {
		return err
	}
	return m.each(keyspace.Delivery, func(_, value []byte) error {
		var d collector.Delivery
		if err := unmarshal(value, &d); err != nil {
			return err
		}
		for _, key := range indexKeys(&d) {
			if err := m.tx.set(key, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// indexPersons is the other part of it: profiles are found by e-mail and phone,
// and journal entries by whom they are about. What was redacted before names
// nobody any more and stays unfound.
func (m *migration) indexPersons() error {
	err := m.each(keyspace.Profile, func(_, value []byte) error {
		var p collector.Profile
		if err := unmarshal(value, &p); err != nil {
			return err
		}
		return m.tx.hold(collector.Profile{}, p)
	})
	if err != nil {
		return err
	}
	applied, err := m.tx.Watermark(context.Background())
	if err != nil {
		return err
	}
	return m.each(keyspace.Journal, func(key, frame []byte) error {
		e, err := journal.EntryOf(key, frame)
		var unreadable *journal.FrameError
		if errors.As(err, &unreadable) || err == nil && e.Offset > applied {
			return nil // set aside; or yet to be applied, and found from then on
		}
		if err != nil {
			return err
		}
		subjects, err := m.subjectsOf(e.Event)
		if err != nil {
			return err
		}
		return m.tx.Concerns(e, subjects...)
	})
}

// subjectsOf are whom an applied event was about: those of its record, where it
// has one, and what the entry itself names.
func (m *migration) subjectsOf(ev collector.Event) (subjects []collector.Subject, err error) {
	add := func(s collector.Subject) {
		if s.ID != "" && !slices.Contains(subjects, s) {
			subjects = append(subjects, s)
		}
	}
	add(collector.Customer(ev.Site, ev.Customer))
	rec, known, err := m.tx.Event(context.Background(), ev.Key())
	if err != nil {
		return nil, err
	}
	if known {
		add(collector.Visitor(ev.Site, rec.Event.Visitor))
		add(collector.Customer(ev.Site, rec.Event.Customer))
	} else {
		add(collector.Visitor(ev.Site, ev.Visitor)) // an answer: of its first generation, as far as is known
	}
	return subjects, nil
}

// beginLedger is the way to format 3: the consent records that there are become
// the first of the ledger, in the order in which they came. What was pruned before
// is not among them. Begun again, it passes over what has been appended; and over
// what a restore carried over.
func (m *migration) beginLedger() error {
	type place struct {
		seq collector.Offset
		key []byte
	}
	var order []place // 100 bytes for each record there is
	err := m.each(keyspace.Record, func(key, value []byte) error {
		var rec collector.ConsentRecord
		err := unmarshal(value, &rec)
		order = append(order, place{rec.Seq, slices.Clone(key)})
		return err
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(order, func(a, b place) int { return cmp.Compare(a.seq, b.seq) })
	for _, p := range order {
		var rec collector.ConsentRecord
		if _, err := m.tx.get(p.key, &rec); err != nil {
			return err
		}
		if _, err := appendRecord(m.tx, rec); err != nil {
			return err
		}
		if err := m.flush(); err != nil {
			return err
		}
	}
	return nil
}
