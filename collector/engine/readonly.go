package engine

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/internal/keyspace"
	"matchkey/collector/internal/store"
)

// OpenReader opens a data folder that no process uses, to look at it only:
// nothing is written, recovered or sent. What has expired by the clock, and by the
// retention that was last in force on the folder, is not shown. Close it when done.
func OpenReader(fs vfs.FS, dir string, now func() time.Time) (collector.Reader, io.Closer, error) {
	db, err := keyspace.Open(keyspace.Options{FS: fs, Dir: dir, ReadOnly: true})
	if err != nil {
		return nil, nil, err
	}
	r, err := store.OpenReader(db)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	status, err := r.Retention(context.Background())
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return store.Unexpired(r, status.Retention, now), db, nil
}
