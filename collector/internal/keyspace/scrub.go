package keyspace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Taking bytes off the disk. A row that was deleted or replaced is gone for
// every reader at once; its bytes stay in four kinds of file: the write-ahead
// log, tables, the deletion's own row in later tables, and the manifest, which
// names the first and last key of each table.

// A Disk is where a database's files are; the database is opened on it, so that
// a scrub can have it write to new files only. Pebble keeps a few old logs and
// writes over them, which is faster and leaves what was longer than the new.
type Disk struct {
	vfs.FS
	Dir string

	anew atomic.Bool // a scrub is under way
}

// NewDisk returns the files of the database in a folder.
func NewDisk(fs vfs.FS, dir string) *Disk { return &Disk{FS: fs, Dir: dir} }

// ReuseForWrite implements vfs.FS. Its contract allows what is done during a
// scrub: the old file goes, and a new one is made.
func (d *Disk) ReuseForWrite(old, new string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if !d.anew.Load() {
		return d.FS.ReuseForWrite(old, new, category)
	}
	if err := d.Remove(old); err != nil {
		return nil, err
	}
	return d.Create(new, category)
}

// Unwrap implements vfs.FS.
func (d *Disk) Unwrap() vfs.FS { return d.FS }

// Bounds of a scrub.
const (
	scrubLooks = 3000                   // at the disk, for files to go
	scrubPause = 100 * time.Millisecond // between two looks
)

// Scrub returns when no file holds what the rows had before their last change,
// nor the keys of those that were deleted. rows are their keys in order; nil
// means all of the database. It rewrites the tables in which the rows are and no
// others, and may run beside everything else. wait pauses between looks at the
// disk.
func Scrub(ctx context.Context, db *pebble.DB, disk *Disk, rows [][]byte, wait func(context.Context, time.Duration)) error {
	disk.anew.Store(true)
	defer disk.anew.Store(false)
	if err := db.Flush(); err != nil {
		return err
	}
	if err := rewrite(ctx, db, rows); err != nil {
		return err
	}
	before, err := disk.list()
	if err != nil {
		return err
	}
	for range scrubLooks {
		if err := ctx.Err(); err != nil {
			return err
		}
		left, inUse, err := disk.left(db, before)
		switch {
		case err != nil:
			return err
		case left == 0:
			return nil
		case inUse:
			if err := stir(db); err != nil {
				return err
			}
		}
		wait(ctx, scrubPause)
	}
	return errors.New("files that are not used any more are still there; is something copying or reading them?")
}

// rewrite has the tables of rows written anew.
func rewrite(ctx context.Context, db *pebble.DB, rows [][]byte) error {
	if rows == nil {
		// A table over everything, so that none is moved down as it is.
		if err := errors.Join(db.Set([]byte{First}, nil, pebble.NoSync), db.Set([]byte{Last}, nil, pebble.NoSync), db.Flush()); err != nil {
			return err
		}
		return db.Compact(ctx, []byte{0}, []byte{0xFF}, false)
	}
	// The deletions once more, in a table of their own: a single new table over
	// nothing would be moved down as it is, with the deleted keys in it.
	again := db.NewBatch()
	defer again.Close()
	for _, key := range rows {
		_, closer, err := db.Get(key)
		switch {
		case errors.Is(err, pebble.ErrNotFound):
			err = again.Delete(key, nil)
		case err == nil:
			err = closer.Close()
		}
		if err != nil {
			return err
		}
	}
	if err := again.Commit(pebble.NoSync); err != nil {
		return err
	}
	if err := db.Flush(); err != nil {
		return err
	}
	for _, key := range rows {
		if err := db.Compact(ctx, key, append(slices.Clone(key), 0), false); err != nil {
			return fmt.Errorf("couldn't rewrite a table: %w", err)
		}
	}
	return nil
}

// stir has Pebble take its next log, and begin a new manifest some time soon: a
// flush changes the list of tables.
func stir(db *pebble.DB) error {
	if err := db.Set([]byte{First}, nil, pebble.NoSync); err != nil {
		return err
	}
	return db.Flush()
}

// list gives the names of all files that hold rows or keys.
func (d *Disk) list() (names []string, err error) {
	all, err := d.FS.List(d.Dir)
	for _, name := range all {
		if isTable(name) || isLog(name) || isManifest(name) {
			names = append(names, name)
		}
	}
	return names, err
}

func isTable(name string) bool    { return strings.HasSuffix(name, ".sst") }
func isLog(name string) bool      { return strings.HasSuffix(name, ".log") }
func isManifest(name string) bool { return strings.HasPrefix(name, "MANIFEST-") }

// left counts files of a list that are still there and may hold what has to go:
// tables that are no part of the database any more, every log but the one that
// was written to, and every manifest. inUse says that there are some that Pebble
// keeps until it is stirred.
func (d *Disk) left(db *pebble.DB, before []string) (n int, inUse bool, err error) {
	live, err := tables(db)
	if err != nil {
		return 0, false, err
	}
	names, err := d.list()
	if err != nil {
		return 0, false, err
	}
	there := map[string]bool{}
	for _, name := range names {
		there[name] = true
	}
	written := ""
	for _, name := range before {
		if isLog(name) && (len(name) > len(written) || len(name) == len(written) && name > written) {
			written = name
		}
	}
	for _, name := range before {
		if there[name] && name != written && !live[name] {
			n++
			inUse = inUse || !isTable(name)
		}
	}
	return n, inUse, nil
}

// tables are the names of the files that are part of the database.
func tables(db *pebble.DB) (map[string]bool, error) {
	levels, err := db.SSTables()
	if err != nil {
		return nil, err
	}
	live := map[string]bool{}
	for _, level := range levels {
		for _, t := range level {
			live[t.BackingSSTNum.String()+".sst"] = true
		}
	}
	return live, nil
}
