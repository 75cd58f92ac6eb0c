package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"matchkey/collector"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/keyspace"
	"matchkey/collector/internal/sealedfs"
)

// stamp is how a time stands in a name.
func stamp(t time.Time) string { return t.UTC().Format("20060102T150405.000Z") }

// Backup implements collector.Operations: a checkpoint of the database in the
// folder Config.Backups, durable on return. Where the file system can, its
// tables are the store's own files under a second name, so that it takes
// moments and no room; they take room once the store has replaced them. ctx
// does not cut it off.
func (e *Engine) Backup(_ context.Context, name string) (collector.Backup, error) {
	if !e.backing.TryLock() {
		return collector.Backup{}, fmt.Errorf("%w: another backup is being made", collector.ErrRefused)
	}
	defer e.backing.Unlock()
	now := e.config.Now()
	if name == "" {
		name = stamp(now)
	}
	switch {
	case e.closed:
		return collector.Backup{}, collector.ErrClosed
	case e.config.Backups == "":
		return collector.Backup{}, fmt.Errorf("%w: this matchkey has no folder for backups", collector.ErrRefused)
	case !collector.BackupName(name):
		return collector.Backup{}, fmt.Errorf("%w: a backup's name has up to 64 letters, digits, '-', '_' and '.', and begins with a letter or digit", collector.ErrRefused)
	}
	if err := e.tidyBackups(); err != nil {
		return collector.Backup{}, err
	}
	b := collector.Backup{MadeAt: now.UTC(), Offset: e.journal.Durable()}
	m, err := makeBackup(e.fs, e.fs.PathJoin(e.config.Backups, name), b, func(dir string) error {
		// Only the log is copied; the tables are linked.
		if err := roomFor(e.fs, e.config.Backups, int64(e.db.Metrics().WAL.PhysicalSize)); err != nil {
			return fmt.Errorf("%w: %w", collector.ErrRefused, err)
		}
		if err := e.db.Checkpoint(dir, pebble.WithFlushedWAL()); err != nil {
			return err
		}
		return sealedfs.CopyKeys(e.fs, e.config.Dir, dir)
	})
	if err == nil {
		e.config.Log.Info("engine: made a backup", "path", m.Path, "journal_offset", uint64(m.Offset), "bytes", m.Bytes,
			"seconds", e.config.Now().Sub(now).Seconds())
	}
	return m, err
}

// tidyBackups makes the folder for backups, closed to others, and removes what
// a crash left of one: nobody else writes there while the store is open.
func (e *Engine) tidyBackups() error {
	if err := makeDir(e.fs, e.config.Backups); err != nil {
		return fmt.Errorf("couldn't make the folder for backups: %w", err)
	}
	names, err := e.fs.List(e.config.Backups)
	if err != nil {
		return fmt.Errorf("couldn't look into the folder for backups: %w", err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, partial) {
			err = errors.Join(err, e.fs.RemoveAll(e.fs.PathJoin(e.config.Backups, name)))
		}
	}
	return err
}

// makeBackup has fill write a store, notes beside it what it is, and only then
// gives the whole its name. So what has the name is complete, and what fails
// leaves nothing.
func makeBackup(fs vfs.FS, path string, b collector.Backup, fill func(dir string) error) (_ collector.Backup, err error) {
	if err := unused(fs, path); err != nil {
		return b, err
	}
	stage := folder{fs, path + partial}
	if err := unused(fs, stage.dir); err != nil {
		return b, fmt.Errorf("%w; another backup of this name is being made, or one was cut off: then delete it", err)
	}
	if err := fs.MkdirAll(stage.dir, 0o700); err != nil {
		return b, fmt.Errorf("couldn't make %s: %w", stage.dir, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, fs.RemoveAll(stage.dir))
		}
	}()
	if err := fill(stage.path(StoreName)); err != nil {
		return b, fmt.Errorf("couldn't make the backup %s, of which nothing stays: %w", path, err)
	}
	if b.Files, b.Bytes, err = measure(fs, stage.path(StoreName)); err != nil {
		return b, err
	}
	b.Path = path
	if b.Format == 0 {
		b.Format = keyspace.Current
	}
	if err := writeNote(stage, b); err != nil {
		return b, fmt.Errorf("couldn't write what the backup is: %w", err)
	}
	if err := fs.Rename(stage.dir, path); err != nil {
		return b, err
	}
	return b, syncDir(fs, fs.PathDir(path))
}

// unused refuses a path at which there is anything.
func unused(fs vfs.FS, path string) error {
	if _, err := fs.Stat(path); err == nil {
		return fmt.Errorf("%w: %s exists, and a backup never overwrites", collector.ErrRefused, path)
	}
	return nil
}

// writeNote writes beside a store what it was when it was copied. A copy whose
// journal is shorter lost something on its way.
func writeNote(f folder, b collector.Backup) error {
	text, err := json.Marshal(b, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	file, err := f.fs.Create(f.path(noteName), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return syncDir(f.fs, f.dir)
}

// readNote reads what a backup was when it was made; ok is false for a data
// folder, which has no note.
func readNote(f folder) (b collector.Backup, ok bool, err error) {
	if ok, err = f.has(noteName); !ok || err != nil {
		return b, false, err
	}
	file, err := f.fs.Open(f.path(noteName))
	if err != nil {
		return b, false, err
	}
	text, err := io.ReadAll(io.LimitReader(file, 1<<16))
	if err := errors.Join(err, file.Close()); err != nil {
		return b, false, err
	}
	if err := json.Unmarshal(text, &b); err != nil {
		return b, false, fmt.Errorf("%s cannot be read: %w", f.path(noteName), err)
	}
	return b, true, nil
}

// CopyBackup copies a backup to a path where nothing is, on any disk, with
// files of its own and durably.
func CopyBackup(ctx context.Context, fs vfs.FS, from, to string) (collector.Backup, error) {
	f := folder{fs, from}
	if err := f.must(); err != nil {
		return collector.Backup{}, err
	}
	b, ok, err := readNote(f)
	if err != nil || !ok {
		return b, errors.Join(err, fmt.Errorf("%s is not a backup: it has no %s", from, noteName))
	}
	return makeBackup(fs, to, b, func(dir string) error { return copyStore(ctx, fs, f.path(StoreName), dir) })
}

// BackupStopped makes a backup of a data folder that no process uses. The
// folder's format stays as it is, whatever this program's is.
func BackupStopped(ctx context.Context, fs vfs.FS, data, to string, now time.Time) (b collector.Backup, err error) {
	if err := Settle(fs, data); err != nil {
		return b, err
	}
	f := folder{fs, data}
	lock, err := lockStore(fs, data)
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	b.MadeAt = now.UTC()
	if b.Format, b.Offset, err = look(fs, f.path(StoreName), lock); err != nil {
		return b, err
	}
	return makeBackup(fs, to, b, func(dir string) error { return copyStore(ctx, fs, f.path(StoreName), dir) })
}

// look reads a store's format and the end of its journal.
func look(fs vfs.FS, dir string, lock *keyspace.Lock) (format int, end collector.Offset, err error) {
	db, err := keyspace.Open(keyspace.Options{FS: fs, Dir: dir, ReadOnly: true, Lock: lock})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if format, err = keyspace.FormatOf(db); err != nil {
		return 0, 0, err
	}
	end, err = journal.End(db)
	return format, end, err
}
