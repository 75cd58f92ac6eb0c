package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/engine"
	"matchkey/collector/internal/keyspace"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// sound verifies a folder and says how far its journal reaches.
func sound(t *testing.T, fs vfs.FS, dir string) collector.Offset {
	t.Helper()
	v, err := engine.Verify(t.Context(), fs, dir)
	if err != nil || len(v.Faults) > 0 {
		t.Fatalf("%s: %v, faults %v", dir, err, v.Faults)
	}
	return v.Journal
}

// TestBackupWhileEventsCome: each backup is complete and of one moment, and what
// was acknowledged before it began is in it, whatever becomes of the power.
func TestBackupWhileEventsCome(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	w := newWorld(t)
	w.append(browsed("v1", "c42"))
	stop := make(chan struct{})
	var writing sync.WaitGroup
	for n := range 2 {
		writing.Go(func() {
			for i := range 500 {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := w.engine.Journal().Append(context.Background(), []collector.Event{bought(fmt.Sprintf("%d-%d", n, i), "c42")}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range 5 {
		acknowledged, err := w.engine.Journal().Append(t.Context(), []collector.Event{bought(fmt.Sprint("last-", i), "c42")})
		if err != nil {
			t.Fatal(err)
		}
		b, err := w.engine.Backup(t.Context(), fmt.Sprint("b", i))
		if err != nil {
			t.Fatal(err)
		}
		if b.Offset < acknowledged || b.Files == 0 || b.Bytes == 0 || b.Format != keyspace.Current {
			t.Errorf("the backup is %+v; offset %d was acknowledged before", b, acknowledged)
		}
		// All that was not synced is gone.
		cut := w.fs.CrashClone(vfs.CrashCloneCfg{RNG: rand.New(rand.NewPCG(seed, uint64(i)))})
		if reached := sound(t, cut, b.Path); reached < b.Offset {
			t.Errorf("after a power cut the backup reaches to %d, and %d was promised", reached, b.Offset)
		}
	}
	close(stop)
	writing.Wait()
}

// TestCopiesAreDurable: the power is cut as soon as a copy is said to be
// complete, and nothing that was not synced survives.
func TestCopiesAreDurable(t *testing.T) {
	w, backup := backedUp(t)
	nothing := vfs.CrashCloneCfg{RNG: rand.New(rand.NewPCG(1, 2))}
	copied, err := engine.CopyBackup(t.Context(), w.fs, backup, "copied")
	must(t, err)
	sound(t, w.fs.CrashClone(nothing), copied.Path)
	stopped, err := engine.BackupStopped(t.Context(), w.fs, ".", "stopped", noon)
	must(t, err)
	if reached := sound(t, w.fs.CrashClone(nothing), stopped.Path); reached != stopped.Offset || reached <= copied.Offset {
		t.Errorf("it reaches to %d; it was said to be %d, and the backup before it %d", reached, stopped.Offset, copied.Offset)
	}
	_, err = engine.Restore(t.Context(), w.fs, engine.Restoration{Backup: backup, Data: "deep/new", CarryNothing: true, Now: noon})
	must(t, err)
	sound(t, w.fs.CrashClone(nothing), "deep/new")
}

func TestBackupRefuses(t *testing.T) {
	w := newWorld(t)
	w.append(browsed("v1", "c42"))
	if _, err := w.engine.Backup(t.Context(), "mine"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"mine", "..", ".hidden", "a/b", `a\b`, "/etc/x", "a b", "x\x00", "ü", strings.Repeat("x", 65)} {
		if b, err := w.engine.Backup(t.Context(), name); !errors.Is(err, collector.ErrRefused) {
			t.Errorf("a backup named %q: %+v, %v", name, b, err)
		}
	}
	if names, err := w.fs.List("backups"); err != nil || len(names) != 1 {
		t.Errorf("there are %v (%v), want one backup and nothing else", names, err)
	}
	e := w.engine
	w.close()
	if _, err := e.Backup(t.Context(), "late"); !errors.Is(err, collector.ErrClosed) {
		t.Errorf("a backup of an engine that is closed: %v", err)
	}
}

// fullDisk is a disk that says that it is full, or that becomes full.
type fullDisk struct {
	vfs.FS
	left uint64 // bytes, as it says
	into string // writing files below it fails
}

func (d fullDisk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: d.left}, nil
}

func (d fullDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.Create(name, c)
	if d.into != "" && strings.HasPrefix(name, d.into) && strings.HasSuffix(name, ".log") {
		return noSpace{f}, err
	}
	return f, err
}

type noSpace struct{ vfs.File }

func (noSpace) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestBackupOnAFullDisk says so, leaves nothing, and changes nothing.
func TestBackupOnAFullDisk(t *testing.T) {
	w := newWorld(t)
	w.append(browsed("v1", "c42"))
	w.close()
	for want, disk := range map[string]fullDisk{
		"MiB left":        {w.fs, 1 << 20, ""},
		"no space left":   {w.fs, 1 << 40, "copy"},
		"no space left o": {w.fs, 1 << 40, "copy.partial"},
	} {
		rename(t, w.fs, "data", "store")
		_, err := engine.BackupStopped(t.Context(), disk, "", "copy", noon)
		rename(t, w.fs, "store", "data")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one about %q", err, want)
		}
		if names, _ := w.fs.List(""); strings.Contains(strings.Join(names, " "), "copy") {
			t.Errorf("it left %v", names)
		}
	}
}

func rename(t *testing.T, fs vfs.FS, from, to string) {
	t.Helper()
	if err := fs.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// TestVerifyFindsDamage: a copy that lost or changed something is not sound, and
// is not restored.
func TestVerifyFindsDamage(t *testing.T) {
	w := newWorld(t)
	w.append(browsed("v1", "c42"), bought("A-1", "c42"))
	w.eventually("A-1", collector.StateDelivered)
	b, err := w.engine.Backup(t.Context(), "good")
	if err != nil {
		t.Fatal(err)
	}
	w.close()
	// What was changed by way of the store has to be found by what it says.
	within := func(fn func(*pebble.DB) error) func(vfs.FS) {
		return func(fs vfs.FS) {
			db, err := keyspace.Open(keyspace.Options{FS: fs, Dir: b.Path + "/store"})
			must(t, err)
			must(t, errors.Join(fn(db), db.Close(), fs.Remove(b.Path+"/backup.json")))
		}
	}
	for _, c := range []struct {
		name, want string
		damage     func(fs vfs.FS)
	}{
		{"the log is gone", "", func(fs vfs.FS) {
			each(t, fs, b.Path+"/store", ".log", func(name string) { must(t, fs.Remove(name)) })
		}},
		{"the log is cut", "not whole", func(fs vfs.FS) {
			each(t, fs, b.Path+"/store", ".log", func(name string) { rewrite(t, fs, name, func(b []byte) []byte { return b[:len(b)/3] }) })
		}},
		{"an account is open", "not closed", within(func(db *pebble.DB) error {
			return db.Set(keyspace.In(keyspace.Account).U64(1), []byte(`{"matched":2,"states":{"delivered":1}}`), pebble.Sync)
		})},
		{"a row is no row", "table P", within(func(db *pebble.DB) error {
			return db.Set(keyspace.In(keyspace.Profile).Str("x"), []byte(`{`), pebble.Sync)
		})},
		{"a frame is changed", "checksum", within(func(db *pebble.DB) error {
			return db.Set(keyspace.In(keyspace.Journal).U64(2), []byte("\x01\x00\x00\x00\x00{}"), pebble.Sync)
		})},
		{"the journal is shorter than what is applied", "watermark", within(func(db *pebble.DB) error {
			j := keyspace.In(keyspace.Journal)
			return db.DeleteRange(j, j.End(), pebble.Sync)
		})},
		{"the format is of tomorrow", "restore a backup", within(func(db *pebble.DB) error {
			return db.Set([]byte{keyspace.Format}, []byte("99"), pebble.Sync)
		})},
		{"there is no store", "no matchkey data", func(fs vfs.FS) { must(t, fs.RemoveAll(b.Path+"/store")) }},
		{"a table is changed", "", func(fs vfs.FS) {
			within(func(db *pebble.DB) error { return db.Flush() })(fs)
			each(t, fs, b.Path+"/store", ".sst", func(name string) {
				rewrite(t, fs, name, func(b []byte) []byte { b[len(b)/4] ^= 1; return b })
			})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fs := w.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 2))})
			c.damage(fs)
			v, err := engine.Verify(t.Context(), fs, b.Path)
			if err == nil && len(v.Faults) == 0 || !strings.Contains(fmt.Sprint(v.Faults, err), c.want) {
				t.Errorf("found %q (%v), want something about %q", v.Faults, err, c.want)
			}
			if _, err := engine.Restore(t.Context(), fs, engine.Restoration{Backup: b.Path, Data: "new", Now: noon}); err == nil {
				t.Error("it is restored")
			}
			if names, err := fs.List("new"); err == nil {
				t.Errorf("the restore that was refused left %v", names)
			}
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// each calls fn with the paths of a folder's files that end so.
func each(t *testing.T, fs vfs.FS, dir, end string, fn func(path string)) {
	t.Helper()
	names, err := fs.List(dir)
	must(t, err)
	for _, name := range names {
		if strings.HasSuffix(name, end) {
			fn(fs.PathJoin(dir, name))
		}
	}
}

func rewrite(t *testing.T, fs vfs.FS, path string, fn func([]byte) []byte) {
	t.Helper()
	f, err := fs.Open(path)
	must(t, err)
	text, err := io.ReadAll(f)
	must(t, errors.Join(err, f.Close()))
	f, err = fs.Create(path, vfs.WriteCategoryUnspecified)
	must(t, err)
	_, err = f.Write(fn(text))
	must(t, errors.Join(err, f.Sync(), f.Close()))
}
