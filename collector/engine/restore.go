package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector/internal/keyspace"
)

// A Restoration says which backup comes where.
type Restoration struct {
	// Backup is the backup, or a data folder that no process uses; Data the data
	// folder that it comes into, which is made when it is missing.
	Backup, Data string
	// Replace allows that there is data in Data; it is moved aside, not deleted.
	Replace bool
	// CarryFrom is the data folder that knows what must not be undone: who was
	// erased since the backup, and what is paused (keyspace.Carried). Empty means
	// the one that is replaced.
	CarryFrom string
	// CarryNothing goes on without, for when that folder cannot be read.
	CarryNothing bool
	Now          time.Time
}

// Restored says what a restore did.
type Restored struct {
	Verified
	// Aside is where the data that was there is now; empty when there was none.
	Aside string
	// Carried is how many rows were taken over, CarriedFrom from where; empty
	// when there was nowhere to take them from.
	Carried     int
	CarriedFrom string
}

// Restore puts a backup in the place of a data folder's store. The backup is
// verified first and stays as it is. At every instant, also of a power cut, the
// data folder has the old store or the new one, complete; after a cut call
// [Settle]. The restored store keeps its format: the next start migrates it.
func Restore(ctx context.Context, fs vfs.FS, r Restoration) (done Restored, err error) {
	backup, err := lockStore(fs, r.Backup)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, backup.Close()) }()
	if done.Verified, err = verify(ctx, fs, r.Backup, backup); err != nil {
		return done, fmt.Errorf("the backup cannot be used, and nothing was changed: %w", err)
	}
	if len(done.Faults) > 0 {
		return done, fmt.Errorf("the backup has faults, and nothing was changed; the first is: %s", done.Faults[0])
	}
	data := folder{fs, r.Data}
	if err := makeDir(fs, data.dir); err != nil {
		return done, fmt.Errorf("couldn't make the data folder: %w", err)
	}
	if err := Settle(fs, data.dir); err != nil {
		return done, err
	}
	there, err := data.holds(StoreName)
	if err != nil {
		return done, err
	}
	if there && !r.Replace {
		return done, fmt.Errorf("there is data in %s; --replace moves it aside, and deletes nothing", data.path(StoreName))
	}
	if !there {
		return r.place(ctx, data, nil, done)
	}
	// Whoever still uses the folder would go on writing to what is moved aside.
	lock, err := lockStore(fs, r.Data)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if r.CarryFrom == "" {
		r.CarryFrom = data.dir
	}
	return r.place(ctx, data, lock, done)
}

// place stages the new store beside the old one, then changes places. lock is
// of the store that is there, nil when there is none.
func (r Restoration) place(ctx context.Context, data folder, lock *keyspace.Lock, done Restored) (Restored, error) {
	for _, name := range []string{restoringName, restoredName} {
		if err := data.fs.RemoveAll(data.path(name)); err != nil {
			return done, fmt.Errorf("couldn't clear what an earlier restore left: %w", err)
		}
	}
	staged := data.path(restoringName)
	err := copyStore(ctx, data.fs, folder{data.fs, r.Backup}.path(StoreName), staged)
	if err == nil && r.CarryFrom != "" && !r.CarryNothing {
		done.CarriedFrom = r.CarryFrom
		if r.CarryFrom != data.dir {
			lock = nil
		}
		done.Carried, err = carry(data.fs, folder{data.fs, r.CarryFrom}.path(StoreName), lock, staged)
	}
	if err != nil {
		return done, errors.Join(fmt.Errorf("couldn't restore, and nothing was changed: %w", err), data.fs.RemoveAll(staged))
	}
	if err := data.move(restoringName, restoredName); err != nil {
		return done, err
	}
	if there, err := data.holds(StoreName); err != nil {
		return done, err
	} else if there {
		aside, err := data.freeName(replacedName + stamp(r.Now))
		if err != nil {
			return done, err
		}
		if err := data.move(StoreName, aside); err != nil {
			return done, fmt.Errorf("couldn't move the data aside, and nothing was changed: %w", err)
		}
		done.Aside = data.path(aside)
	}
	return done, Settle(data.fs, data.dir)
}

// carry takes over into a staged store what must not be undone.
func carry(fs vfs.FS, from string, lock *keyspace.Lock, staged string) (rows int, err error) {
	source, err := keyspace.Open(keyspace.Options{FS: fs, Dir: from, ReadOnly: true, Lock: lock})
	if err != nil {
		return 0, fmt.Errorf("who was erased since the backup stands in %s, which couldn't be read: %w; "+
			"--forget-erasures goes on without, and then who was erased since is known again", from, err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := keyspace.Open(keyspace.Options{FS: fs, Dir: staged})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	return keyspace.Carry(source, target)
}
