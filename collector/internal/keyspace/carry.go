package keyspace

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Carried are the tables whose rows a restore takes over from the folder that
// is replaced, because what they say must not be undone by looking back: what a
// person did since the backup, and who is not to be known any more.
var Carried = []byte{Pause, Tombstone, Receipt, Unscrubbed, Unapplied}

// Carry copies the rows of the [Carried] tables from one database to another,
// over those with the same keys, and what people answered since (carryAnswers),
// durably and all or nothing. It returns how many. Tombstones are keyed hashes, so the key comes along with them. Those that
// the other database does not have as they are are marked: the store erases again
// whom they name (store.Pebble.EraseAgain).
func Carry(from pebble.Reader, to *pebble.DB) (rows int, err error) {
	batch := to.NewBatch()
	defer batch.Close()
	if err := carrySalt(from, to, batch); err != nil {
		return 0, err
	}
	for _, table := range Carried {
		n, err := carryTable(from, to, batch, table)
		if err != nil {
			return 0, fmt.Errorf("couldn't carry over table %c: %w", table, err)
		}
		rows += n
	}
	n, err := carryAnswers(from, to, batch)
	if err != nil {
		return 0, fmt.Errorf("couldn't carry over what people answered since: %w", err)
	}
	rows += n
	return rows, batch.Commit(pebble.Sync)
}

// carrySalt carries the key of the tombstones, where there are any. Two folders of
// different origin have two keys, and tombstones of the one say nothing in the other.
func carrySalt(from, to pebble.Reader, batch *pebble.Batch) error {
	erased, err := hasAny(from, Tombstone)
	if err != nil || !erased {
		return err
	}
	salt, err := valueOf(from, []byte{Salt})
	if err != nil {
		return err
	}
	other, err := valueOf(to, []byte{Salt})
	if err != nil {
		return err
	}
	if other != nil && !bytes.Equal(salt, other) {
		return errors.New("the backup is not of the folder that knows who was erased, but of one with another key, and the erasures cannot be carried over; " +
			"--forget-erasures goes on without: then erase again, by your own list, who was erased")
	}
	return batch.Set([]byte{Salt}, salt, nil)
}

func hasAny(r pebble.Reader, table byte) (any bool, err error) {
	prefix := In(table)
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: prefix.End()})
	if err != nil {
		return false, err
	}
	any = it.First()
	return any, errors.Join(it.Error(), it.Close())
}

// valueOf is a row's value, nil when there is none.
func valueOf(r pebble.Reader, key []byte) ([]byte, error) {
	v, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	return append([]byte{}, v...), nil
}

func carryTable(from, to pebble.Reader, batch *pebble.Batch, table byte) (rows int, err error) {
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
		if table == Tombstone {
			if err := markNews(to, batch, it.Key(), it.Value()); err != nil {
				return rows, err
			}
		}
		rows++
	}
	return rows, it.Error()
}

// markNews marks a tombstone that says what the other database does not know.
func markNews(to pebble.Reader, batch *pebble.Batch, key, value []byte) error {
	known, err := valueOf(to, key)
	if err != nil || known != nil && bytes.Equal(known, value) {
		return err
	}
	return batch.Set(append(In(Unapplied), key[1:]...), nil, nil)
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
