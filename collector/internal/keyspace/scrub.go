package keyspace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Taking bytes off the disk. A row that was deleted or replaced is gone for
// every reader at once; its bytes stay in four kinds of file: the write-ahead
// log, tables, the deletion's own row in later tables, and the manifest, which
// names the first and last key of each table.

// cleaner deletes files that are not used any more. Pebble would rather keep its
// old logs and write over them, which leaves what was longer than the new; it
// does not where the cleaner says that it needs the contents. Only a method that
// Pebble does not export says so: it comes from below, and what is done from
// above.
type cleaner struct {
	pebble.DeleteCleaner
	needsContents
}

type needsContents struct{ pebble.ArchiveCleaner }

// A Disk is where a database's files are.
type Disk struct {
	FS  vfs.FS
	Dir string
}

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
func Scrub(ctx context.Context, db *pebble.DB, disk Disk, rows [][]byte, wait func(context.Context, time.Duration)) error {
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
		left, manifest, err := disk.left(db, before)
		switch {
		case err != nil:
			return err
		case left == 0:
			return nil
		case manifest:
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

// stir makes Pebble begin a new manifest some time soon: a flush changes the
// list of tables.
func stir(db *pebble.DB) error {
	if err := db.Set([]byte{First}, nil, pebble.NoSync); err != nil {
		return err
	}
	return db.Flush()
}

// list gives the names of all files that hold rows or keys.
func (d Disk) list() (names []string, err error) {
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
// was written to, and every manifest.
func (d Disk) left(db *pebble.DB, before []string) (n int, manifest bool, err error) {
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
			manifest = manifest || isManifest(name)
		}
	}
	return n, manifest, nil
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
