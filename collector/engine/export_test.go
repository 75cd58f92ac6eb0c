package engine

import (
	"context"
	"errors"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/keyspace"
	"matchkey/collector/internal/store"
)

// AppendOnly appends to the journal of a data folder that nobody uses, and leaves
// the event to be applied, as a crash would.
func AppendOnly(fs vfs.FS, dir string, ev collector.Event) error {
	db, err := keyspace.Open(keyspace.Options{FS: fs, Dir: dir})
	if err != nil {
		return err
	}
	j, err := journal.OpenPebble(db)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	_, err = j.Append(context.Background(), []collector.Event{ev})
	return errors.Join(err, j.Close(), db.Close())
}

// ReadJournal reads the journal of a data folder that nobody uses, for tests of
// what it keeps.
func ReadJournal(fs vfs.FS, dir string) (entries []collector.Entry, err error) {
	db, err := keyspace.Open(keyspace.Options{FS: fs, Dir: dir})
	if err != nil {
		return nil, err
	}
	j, err := journal.OpenPebble(db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	entries, err = j.Read(context.Background(), 0, 1<<20)
	return entries, errors.Join(err, j.Close(), db.Close())
}

// Unscrubbed reports whether bytes of an erasure may still be on the disk.
func (e *Engine) Unscrubbed() bool {
	left, err := e.store.Unscrubbed()
	return left || err != nil
}

// Rows are the rows of some tables of a data folder that nobody uses.
func Rows(fs vfs.FS, dir, tables string) (rows map[string]string, err error) {
	db, err := keyspace.Open(keyspace.Options{FS: fs, Dir: dir, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	rows = map[string]string{}
	for _, table := range []byte(tables) {
		it, openErr := db.NewIter(&pebble.IterOptions{LowerBound: []byte{table}, UpperBound: []byte{table + 1}})
		if openErr != nil {
			return nil, errors.Join(openErr, db.Close())
		}
		for ok := it.First(); ok; ok = it.Next() {
			rows[string(it.Key())] = string(it.Value())
		}
		err = errors.Join(err, it.Close())
	}
	return rows, errors.Join(err, db.Close())
}

// SetRows writes rows, and deletes those that are Gone.
func SetRows(fs vfs.FS, dir string, rows map[string]string) error {
	db, err := keyspace.Open(keyspace.Options{FS: fs, Dir: dir, Replay: true})
	if err != nil {
		return err
	}
	for key, value := range rows {
		if value == Gone {
			err = errors.Join(err, db.Delete([]byte(key), pebble.Sync))
			continue
		}
		err = errors.Join(err, db.Set([]byte(key), []byte(value), pebble.Sync))
	}
	return errors.Join(err, db.Close())
}

// Gone in SetRows deletes a row.
const Gone = "\x00gone"

// Rows are the rows of some tables of the running engine.
func (e *Engine) Rows(t interface{ Fatal(...any) }, tables string) map[string]string {
	rows := map[string]string{}
	for _, table := range []byte(tables) {
		it, err := e.db.NewIter(&pebble.IterOptions{LowerBound: []byte{table}, UpperBound: []byte{table + 1}})
		if err != nil {
			t.Fatal(err)
		}
		for ok := it.First(); ok; ok = it.Next() {
			rows[string(it.Key())] = string(it.Value())
		}
		if err := it.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return rows
}

// Compact rewrites all tables and lets go of old logs, as time does.
func (e *Engine) Compact(ctx context.Context) error {
	return keyspace.Scrub(ctx, e.db, e.disk, nil, after)
}

// CheckFolder reads a data folder that nobody uses from end to end.
func CheckFolder(fs vfs.FS, dir string) (faults []string, err error) {
	db, err := keyspace.Open(keyspace.Options{FS: fs, Dir: dir, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	c, err := store.CheckAll(context.Background(), db)
	return c.Faults, errors.Join(err, db.Close())
}
