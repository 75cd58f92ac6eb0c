package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/internal/keyspace"
	"matchkey/collector/internal/store"
)

// Verified is what was found in a data folder or a backup.
type Verified struct {
	Format             int
	Frames, Rows       int // of the journal, and of all other tables
	Journal, Watermark collector.Offset
	Files              int
	Bytes              int64
	// Faults are sentences, the first hundred, and none when all is well; More
	// counts the others.
	Faults []string
	More   int
	// Seal says how far it is sealed. Torn are sentences about sealed files that end
	// within a write: no fault of a data folder after a power cut; in a backup they
	// are among the faults.
	Seal SealState
	Torn []string
}

// Verify reads a data folder that no process uses, or a backup, from end to end
// and changes nothing in it. An error says that it cannot be opened or read; what
// can be read and is wrong is among the faults.
func Verify(ctx context.Context, fs vfs.FS, dir string) (v Verified, err error) {
	lock, err := lockStore(fs, dir)
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	return verify(ctx, fs, dir, lock)
}

// verify is Verify under a lock that the caller holds.
func verify(ctx context.Context, fs vfs.FS, dir string, lock *keyspace.Lock) (v Verified, err error) {
	f := folder{fs, dir}
	note, made, err := readNote(f)
	if err != nil {
		return v, err
	}
	if v.Files, v.Bytes, err = measure(fs, f.path(StoreName)); err != nil {
		return v, err
	}
	if err := v.checkSeal(ctx, fs, f.path(StoreName), lock); err != nil {
		return v, err
	}
	if made {
		v.Faults, v.Torn = append(v.Faults, v.Torn...), nil
	}
	if len(v.Faults) > 0 {
		return v, nil // what is damaged there cannot be read as rows
	}
	db, err := keyspace.Open(keyspace.Options{FS: fs, Dir: f.path(StoreName), ReadOnly: true, Lock: lock})
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if v.Format, err = keyspace.FormatOf(db); err != nil {
		return v, err
	}
	c, err := store.CheckAll(ctx, db)
	if err != nil {
		return v, fmt.Errorf("%s cannot be read to its end: %w", dir, err)
	}
	v.Frames, v.Rows, v.Journal, v.Watermark, v.Faults, v.More = c.Frames, c.Rows, c.Offset, c.Watermark, c.Faults, c.More
	if made && v.Journal < note.Offset {
		v.Faults = append(v.Faults, fmt.Sprintf("its journal ends at %d and reached to %d when it was made", v.Journal, note.Offset))
	}
	if made && (v.Files != note.Files || v.Bytes != note.Bytes) {
		// A log that is cut reads like one that was never longer.
		v.Faults = append(v.Faults, fmt.Sprintf("it has %d bytes in %d files and had %d in %d when it was made: it was changed, or is not whole", v.Bytes, v.Files, note.Bytes, note.Files))
	}
	return v, nil
}
