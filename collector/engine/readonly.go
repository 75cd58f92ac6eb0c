package engine

import (
	"errors"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/internal/keyspace"
	"matchkey/collector/internal/store"
)

// OpenReader opens a data folder that no process uses, to look at it only:
// nothing is written, recovered or sent. Close it when done.
func OpenReader(fs vfs.FS, dir string) (collector.Reader, io.Closer, error) {
	db, err := keyspace.Open(keyspace.Options{FS: fs, Dir: dir, ReadOnly: true})
	if err != nil {
		return nil, nil, err
	}
	r, err := store.OpenReader(db)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return r, db, nil
}
