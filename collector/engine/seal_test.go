package engine_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/collectortest"
	"matchkey/collector/engine"
	"matchkey/collector/internal/keyspace"
	"matchkey/collector/internal/sealedfs"
)

func sealKey(t testing.TB, name byte) engine.SealKey {
	t.Helper()
	k, err := engine.NewSealKey(keyBytes(name), "the test's key "+string(name))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func keyBytes(name byte) []byte { return bytes.Repeat([]byte{name, 'k', 'e', 'y'}, 8) }

// newSealedWorld is a world that seals with the first of the keys; without keys it
// is as any. Its data folder is the root.
func newSealedWorld(t testing.TB, keys ...engine.SealKey) *world {
	t.Helper()
	w := &world{TB: t, fs: vfs.NewCrashableMem(), dir: engine.StoreName, meta: collectortest.NewMemoryDestination("main"), keys: keys}
	w.open()
	t.Cleanup(w.close)
	return w
}

// disk is the world's with its keys.
func (w *world) disk() vfs.FS { return engine.WithSealKeys(w.fs, w.keys...) }

// raw is all that stands in the files of a folder, one after the other.
func raw(t *testing.T, fs vfs.FS, dir string) (all []byte) {
	t.Helper()
	names, err := fs.List(dir)
	must(t, err)
	slices.Sort(names)
	for _, name := range names {
		f, err := fs.Open(fs.PathJoin(dir, name))
		must(t, err)
		text, err := io.ReadAll(f)
		must(t, errors.Join(err, f.Close()))
		all = append(append(all, name...), text...)
	}
	return all
}

// named are words which a folder full of browsed("v1", "c42") and bought("A-1",
// "c42") is full of; and the keys.
var named = []string{
	"c42", "v1", "shop", "click of", "hash of", "203.0.113.7", "purchase", "page_view", "A-1", "EUR", "main", "Purchase",
	"pebble.internal", "leveldb", "comparer", string(keyBytes('a')), string(keyBytes('b')),
}

func noneOf(t *testing.T, what string, text []byte) {
	t.Helper()
	for _, word := range named {
		if len(word) < 4 {
			// Short words turn up by chance; as rows have them they end in 0x00 0x01 or in a quote.
			for _, end := range []string{"\x00\x01", `"`} {
				if bytes.Contains(text, []byte(word+end)) && bytes.Count(text, []byte(word+end)) > 2 {
					t.Errorf("%s holds %q", what, word+end)
				}
			}
			continue
		}
		if bytes.Contains(text, []byte(word)) {
			t.Errorf("%s holds %q", what, word)
		}
	}
}

// TestSealedFolder: nothing of what is kept can be read in the files of the folder
// or of its backup; both open with the key, for every use, and with no other.
func TestSealedFolder(t *testing.T) {
	w := newSealedWorld(t, sealKey(t, 'a'))
	w.append(browsed("v1", "c42"), bought("A-1", "c42"))
	w.eventually("A-1", collector.StateDelivered)
	b, err := w.engine.Backup(t.Context(), "mine")
	must(t, err)
	w.cutPower(rand.New(rand.NewPCG(1, 1)))
	w.append(bought("A-2", "c42"))
	w.eventually("A-2", collector.StateDelivered)
	w.close()
	noneOf(t, "the folder", raw(t, w.fs, engine.StoreName))
	noneOf(t, "the backup", raw(t, w.fs, b.Path+"/store"))

	for _, dir := range []string{".", b.Path} {
		v, err := engine.Verify(t.Context(), w.disk(), dir)
		if err != nil || len(v.Faults)+len(v.Torn) > 0 || !v.Seal.Sealed || v.Seal.PlainFiles > 0 || v.Rows == 0 {
			t.Errorf("%s: %+v, %v", dir, v, err)
		}
		for _, fs := range []vfs.FS{w.fs, engine.WithSealKeys(w.fs, sealKey(t, 'b'))} {
			if _, err := engine.Verify(t.Context(), fs, dir); !errors.Is(err, sealedfs.ErrLocked) || !strings.Contains(err.Error(), sealKey(t, 'a').ID()) {
				t.Errorf("%s opens with the wrong key or with none: %v", dir, err)
			}
			if _, err := engine.Open(t.Context(), fs, w.settings(), w.meta); dir == "." && !errors.Is(err, sealedfs.ErrLocked) {
				t.Errorf("the engine starts on it: %v", err)
			}
		}
	}
	// An older matchkey, which opens the folder without sealing, changes nothing.
	older := w.fs.CrashClone(vfs.CrashCloneCfg{})
	before := raw(t, older, engine.StoreName)
	if db, err := pebble.Open(engine.StoreName, &pebble.Options{FS: older, FormatMajorVersion: pebble.FormatValueSeparation}); err == nil {
		t.Error("a program that knows nothing of sealing opens it", db.Close())
	}
	if !bytes.Equal(before, raw(t, older, engine.StoreName)) {
		t.Error("such a program changes something")
	}
	reader, done, err := engine.OpenReader(engine.OpenWithSealKeys(w.fs, w.keys...), engine.StoreName, time.Now)
	must(t, err)
	if d, ok, err := reader.Delivery(t.Context(), key("A-2")); !ok || err != nil || d.State != collector.StateDelivered {
		t.Errorf("read with the key: %+v, %t, %v", d, ok, err)
	}
	must(t, done.Close())
	replayed, err := engine.Replay(t.Context(), w.disk(), w.settings(), engine.ReplayOptions{Write: true}, w.meta)
	if err != nil || !replayed.Same() {
		t.Errorf("replay: %+v, %v", replayed, err)
	}
	copied, err := engine.BackupStopped(t.Context(), w.disk(), ".", "copy", noon)
	must(t, err)
	_, err = engine.EraseFolder(t.Context(), w.disk(), engine.StoreName, collector.Customer("shop", "c42"), time.Now, rand.NewChaCha8([32]byte{}))
	must(t, err)
	// The restore carries the erasure over from one sealed folder to another's data.
	restored, err := engine.Restore(t.Context(), w.disk(), engine.Restoration{Backup: copied.Path, Data: ".", Replace: true, Now: noon})
	if err != nil || restored.Carried == 0 {
		t.Fatalf("restore: %+v, %v", restored, err)
	}
	w.open()
	if d, ok, err := w.engine.Reader().Delivery(t.Context(), key("A-2")); ok || err != nil {
		t.Errorf("who was erased is back: %+v, %v", d, err)
	}
	w.close()
	noneOf(t, "the restored folder", raw(t, w.fs, engine.StoreName))
}

// TestFolderIsSealedLater: a folder of every format there was is sealed from a start
// on, all of it by one command, gets another key, and is plain again by another.
func TestFolderIsSealedLater(t *testing.T) {
	for format := 1; format <= keyspace.Current; format++ {
		synctest.Test(t, func(t *testing.T) {
			w := openGolden(t, format)
			var log bytes.Buffer
			a, b := sealKey(t, 'a'), sealKey(t, 'b')
			before, err := engine.Sealed(w.fs, ".")
			if err != nil || before.Sealed || before.PlainBytes == 0 {
				t.Fatalf("the golden folder: %+v, %v", before, err)
			}
			w.keys = []engine.SealKey{a}
			e, err := engine.Open(t.Context(), w.disk(), func() engine.Config {
				c := w.settings()
				c.Log = slog.New(slog.NewTextHandler(&log, nil))
				return c
			}(), w.meta)
			must(t, err)
			w.engine = e
			w.append(browsed("v9", "c9"), bought("A-9", "c9"))
			w.close()
			if !strings.Contains(log.String(), "plain_bytes=") || strings.Contains(log.String(), string(keyBytes('a'))) {
				t.Errorf("the start does not say what is plain:\n%s", &log)
			}
			_, err = engine.Seal(t.Context(), w.disk(), ".")
			must(t, err)
			if is, err := engine.Sealed(w.fs, "."); err != nil || !is.Sealed || is.PlainFiles > 0 {
				t.Errorf("sealed: %+v, %v", is, err)
			}
			noneOf(t, "the folder", raw(t, w.fs, engine.StoreName))
			w.keys = []engine.SealKey{b, a}
			_, err = engine.Rekey(w.disk(), ".")
			must(t, err)
			w.keys = []engine.SealKey{b}
			w.open()
			w.close()
			if _, err := engine.Verify(t.Context(), engine.OpenWithSealKeys(w.fs, a), "."); !errors.Is(err, sealedfs.ErrLocked) {
				t.Errorf("the old key opens it still: %v", err)
			}
			_, err = engine.Unseal(t.Context(), w.disk(), ".")
			must(t, err)
			w.keys = nil
			w.open()
			w.close()
			if v, err := engine.Verify(t.Context(), w.fs, "."); err != nil || len(v.Faults) > 0 || v.Seal.Sealed {
				t.Errorf("plain again: %+v, %v", v, err)
			}
		})
	}
}

// TestFlippedBitsAreFound, wherever in a folder that was closed in order.
func TestFlippedBitsAreFound(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	w := newSealedWorld(t, sealKey(t, 'a'))
	w.append(browsed("v1", "c42"), bought("A-1", "c42"))
	w.eventually("A-1", collector.StateDelivered)
	w.close()
	w.open() // so that there is a table
	w.append(bought("A-2", "c42"))
	w.eventually("A-2", collector.StateDelivered)
	w.close()
	names, err := w.fs.List(engine.StoreName)
	must(t, err)
	flipped := 0
	for _, name := range names {
		path := engine.StoreName + "/" + name
		i, err := w.fs.Stat(path)
		must(t, err)
		for range min(25, i.Size()) {
			at := rng.Int64N(i.Size())
			fs := w.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rng})
			rewrite(t, fs, path, func(b []byte) []byte { b[at] ^= 1 << rng.IntN(8); return b })
			v, err := engine.Verify(t.Context(), engine.WithSealKeys(fs, w.keys...), ".")
			if err == nil && len(v.Faults)+len(v.Torn) == 0 {
				t.Errorf("seed %d: byte %d of %s is flipped, and nobody says it", seed, at, name)
			}
			flipped++
		}
	}
	if flipped < 100 {
		t.Errorf("only %d bits were flipped, in %v", flipped, names)
	}
}

// TestBackupIsNotRewritten: its note says what it was when it was made. Its keys may
// change.
func TestBackupIsNotRewritten(t *testing.T) {
	a, b := sealKey(t, 'a'), sealKey(t, 'b')
	w := newSealedWorld(t, a)
	w.append(browsed("v1", "c42"))
	made, err := w.engine.Backup(t.Context(), "mine")
	must(t, err)
	for what, fn := range map[string]func() error{
		"seal":   func() error { _, err := engine.Seal(t.Context(), w.disk(), made.Path); return err },
		"unseal": func() error { _, err := engine.Unseal(t.Context(), w.disk(), made.Path); return err },
	} {
		if err := fn(); err == nil || !strings.Contains(err.Error(), "backup") {
			t.Errorf("%s: %v", what, err)
		}
	}
	w.keys = []engine.SealKey{b, a}
	ids, err := engine.Rekey(w.disk(), made.Path)
	if err != nil || fmt.Sprint(ids) != fmt.Sprint([]string{b.ID(), a.ID()}) {
		t.Errorf("rekey: %v, %v", ids, err)
	}
	sound(t, engine.OpenWithSealKeys(w.fs, b), made.Path)
	sound(t, engine.OpenWithSealKeys(w.fs, a), made.Path)
}
