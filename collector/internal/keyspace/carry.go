package keyspace

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Carried are the tables whose rows a restore takes over from the folder that
// is replaced, because what they say must not be undone by looking back: what a
// person did since the backup, and who is not to be known any more.
var Carried = []byte{Pause}

// Carry copies the rows of the [Carried] tables from one database to another,
// over those with the same keys, durably and all or nothing. It returns how
// many.
func Carry(from pebble.Reader, to *pebble.DB) (rows int, err error) {
	batch := to.NewBatch()
	defer batch.Close()
	for _, table := range Carried {
		n, err := carryTable(from, batch, table)
		if err != nil {
			return 0, fmt.Errorf("couldn't carry over table %c: %w", table, err)
		}
		rows += n
	}
	return rows, batch.Commit(pebble.Sync)
}

func carryTable(from pebble.Reader, batch *pebble.Batch, table byte) (rows int, err error) {
	prefix := In(table)
	it, err := from.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: prefix.End()})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		if err := batch.Set(it.Key(), it.Value(), nil); err != nil {
			return rows, err
		}
		rows++
	}
	return rows, it.Error()
}

// A Lock keeps every other process from a data folder until it is closed.
type Lock = pebble.Lock

// LockFolder locks a data folder that no process uses. [Open] is handed the
// lock where the folder is opened meanwhile.
func LockFolder(fs vfs.FS, dir string) (*Lock, error) {
	lock, err := pebble.LockDirectory(dir, fs)
	if err != nil {
		return nil, fmt.Errorf("couldn't lock the data folder %s: %w; if a matchkey runs on it, stop that one first, or ask its console", dir, err)
	}
	return lock, nil
}
