package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector/internal/keyspace"
	"matchkey/collector/internal/sealedfs"
)

// A data folder, and a backup of one, holds:
//
//	store/             the database
//	store.restoring/   a restore under way: nothing that counts
//	store.restored/    a restore that is complete and not yet in its place
//	store.replaced-…/  what a restore took the place of; never deleted by us
//	backups/           backups that were given no other place
//	backup.json        of a backup: what it was when it was made
const (
	// StoreName and BackupsName are the parts that others name.
	StoreName   = "store"
	BackupsName = "backups"

	restoringName = "store.restoring"
	restoredName  = "store.restored"
	replacedName  = "store.replaced-"
	noteName      = "backup.json"
	partial       = ".partial" // ends the name of a backup that is not complete
	lockName      = "LOCK"
)

// A folder is a data folder or a backup on a file system.
type folder struct {
	fs  vfs.FS
	dir string
}

func (f folder) path(name string) string { return f.fs.PathJoin(f.dir, name) }

// has reports whether there is something of that name.
func (f folder) has(name string) (bool, error) {
	_, err := f.fs.Stat(f.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// holds reports whether there is a folder of that name with anything in it.
func (f folder) holds(name string) (bool, error) {
	list, err := f.fs.List(f.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return len(list) > 0, err
}

// move renames within the folder, durably.
func (f folder) move(from, to string) error {
	if err := f.fs.Rename(f.path(from), f.path(to)); err != nil {
		return err
	}
	return syncDir(f.fs, f.dir)
}

// must checks that the folder holds a store.
func (f folder) must() error {
	ok, err := f.holds(StoreName)
	if err != nil {
		return fmt.Errorf("couldn't look into %s: %w", f.dir, err)
	}
	if !ok {
		return fmt.Errorf("there is no matchkey data in %s: a data folder and a backup have a folder %q in them", f.dir, StoreName)
	}
	return nil
}

// lockStore keeps every other process from the store of a data folder or a
// backup until the lock is closed.
func lockStore(fs vfs.FS, dir string) (*keyspace.Lock, error) {
	f := folder{fs, dir}
	if err := f.must(); err != nil {
		return nil, err
	}
	return keyspace.LockFolder(fs, f.path(StoreName))
}

// makeDir makes a folder, closed to others, and those above it that are
// missing, durably.
func makeDir(fs vfs.FS, dir string) error {
	if _, err := fs.Stat(dir); err == nil {
		return nil
	}
	parent := fs.PathDir(dir)
	if parent != dir {
		if err := makeDir(fs, parent); err != nil {
			return err
		}
	}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncDir(fs, parent)
}

func syncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// measure counts the files of a store and their bytes.
func measure(fs vfs.FS, dir string) (files int, bytes int64, err error) {
	names, err := fs.List(dir)
	if err != nil {
		return 0, 0, err
	}
	for _, name := range names {
		info, err := fs.Stat(fs.PathJoin(dir, name))
		if err != nil {
			return 0, 0, err
		}
		if name != lockName && name != sealedfs.KeyFile { // which a rotation of keys changes
			files, bytes = files+1, bytes+info.Size()
		}
	}
	return files, bytes, nil
}

// spare is what a copy leaves free on a disk: the journal may live there.
const spare = 256 << 20

// roomFor refuses what would not fit. A file system that does not say how full
// it is is tried.
func roomFor(fs vfs.FS, dir string, bytes int64) error {
	usage, err := fs.GetDiskUsage(dir)
	if errors.Is(err, vfs.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("couldn't ask how full the disk of %s is: %w", dir, err)
	}
	if need := uint64(bytes) + spare; usage.AvailBytes < need {
		return fmt.Errorf("the disk of %s has %d MiB left and this takes %d, with 256 that stay free; nothing was written: make room, or name another disk",
			dir, usage.AvailBytes>>20, need>>20)
	}
	return nil
}

// copyStore copies the files of a store that nobody writes to into a new
// folder, which only its owner may read, and syncs all of it.
func copyStore(ctx context.Context, fs vfs.FS, from, to string) error {
	_, bytes, err := measure(fs, from)
	if err != nil {
		return fmt.Errorf("couldn't look into %s: %w", from, err)
	}
	if err := roomFor(fs, fs.PathDir(to), bytes); err != nil {
		return err
	}
	if err := fs.MkdirAll(to, 0o700); err != nil {
		return fmt.Errorf("couldn't make %s: %w", to, err)
	}
	names, err := fs.List(from)
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		if name == lockName {
			continue
		}
		if err := vfs.Copy(fs, fs.PathJoin(from, name), fs.PathJoin(to, name)); err != nil {
			return fmt.Errorf("couldn't copy %s to %s: %w", fs.PathJoin(from, name), to, err)
		}
	}
	return syncDir(fs, to)
}

// Settle finishes a restore that was cut off between taking the old store away
// and putting the new one in its place. Call it before a data folder is opened;
// where there is nothing to do it does nothing.
func Settle(fs vfs.FS, data string) error {
	f := folder{fs, data}
	here, err := f.holds(StoreName)
	if err != nil || here {
		return err
	}
	ready, err := f.has(restoredName)
	if err != nil || !ready {
		return err
	}
	if err := f.clear(StoreName); err != nil {
		return err
	}
	if err := f.move(restoredName, StoreName); err != nil {
		return fmt.Errorf("couldn't finish the restore that was cut off in %s: %w", data, err)
	}
	return nil
}

// clear removes an empty folder, if there is one.
func (f folder) clear(name string) error {
	err := f.fs.Remove(f.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// freeName is a name with the beginning that nothing has yet.
func (f folder) freeName(begin string) (string, error) {
	name := begin
	for n := 2; ; n++ {
		taken, err := f.has(name)
		if err != nil || !taken {
			return name, err
		}
		name = fmt.Sprintf("%s.%d", begin, n)
	}
}
