package engine_test

import (
	"context"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
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

// backedUp is a world's disk with a backup, and data that went on behind it:
// the backup has order A-1, the data has A-2 as well and a pause.
func backedUp(t *testing.T) (w *world, backup string) {
	t.Helper()
	w = newWorld(t)
	w.close()
	rename(t, w.fs, "data", "store")
	w.dir = "store"
	w.open()
	w.append(browsed("v1", "c42"), bought("A-1", "c42"))
	w.eventually("A-1", collector.StateDelivered)
	b, err := w.engine.Backup(t.Context(), "")
	must(t, err)
	if ok, err := w.engine.Pause(t.Context(), "main", "looking"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	w.append(bought("A-2", "c42"))
	w.eventually("A-2", collector.StatePending)
	w.close()
	return w, b.Path
}

// orders are which of the orders a store has, and what is paused.
func orders(t *testing.T, fs vfs.FS, dir string) (has string) {
	t.Helper()
	r, closer, err := engine.OpenReader(fs, fs.PathJoin(dir, engine.StoreName), time.Now)
	must(t, err)
	defer closer.Close()
	for _, order := range []string{"A-1", "A-2"} {
		if _, ok, err := r.Delivery(t.Context(), key(order)); err != nil {
			t.Fatal(err)
		} else if ok {
			has += order + " "
		}
	}
	pauses, err := r.(interface {
		Pauses(context.Context) (map[string]collector.Pause, error)
	}).Pauses(t.Context())
	must(t, err)
	for name, p := range pauses {
		has += name + " paused: " + p.Detail
	}
	return strings.TrimSpace(has)
}

const before, after = "A-1 A-2 main paused: looking", "A-1 main paused: looking"

func TestRestore(t *testing.T) {
	w, backup := backedUp(t)
	restore := func(r engine.Restoration) (engine.Restored, error) {
		r.Backup, r.Now = backup, noon
		return engine.Restore(t.Context(), w.fs, r)
	}

	done, err := restore(engine.Restoration{Data: "new/data"})
	if err != nil || done.Aside != "" || done.CarriedFrom != "" {
		t.Errorf("into a new folder: %+v, %v", done, err)
	}
	if got := orders(t, w.fs, "new/data"); got != "A-1" {
		t.Errorf("the new folder has %q", got)
	}
	done, err = restore(engine.Restoration{Data: "another", CarryFrom: w.fs.PathDir("store")})
	if err != nil || done.Carried != 1 || orders(t, w.fs, "another") != after {
		t.Errorf("with what another folder knows: %+v, %v; it has %q", done, err, orders(t, w.fs, "another"))
	}
	if _, err = restore(engine.Restoration{Data: "."}); err == nil || !strings.Contains(err.Error(), "--replace") {
		t.Errorf("over data, without being told to: %v", err)
	}
	if got := orders(t, w.fs, "."); got != before {
		t.Errorf("the restore that was refused left %q", got)
	}
	w.open()
	if _, err = restore(engine.Restoration{Data: ".", Replace: true}); err == nil || !strings.Contains(err.Error(), "stop that one") {
		t.Errorf("under a matchkey that runs: %v", err)
	}
	w.close()
	for range 2 { // a second one at the same time of day finds a name of its own
		done, err = restore(engine.Restoration{Data: ".", Replace: true})
		if err != nil || done.Carried != 1 || orders(t, w.fs, ".") != after {
			t.Errorf("over data: %+v, %v; it has %q", done, err, orders(t, w.fs, "."))
		}
	}
	names, err := w.fs.List("")
	must(t, err)
	for _, name := range []string{"store.replaced-20261125T120000.000Z", "store.replaced-20261125T120000.000Z.2"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not there: %v", name, names)
		}
	}

	// It goes on from there.
	w.open()
	w.append(bought("A-3", "c42"))
	if ok, err := w.engine.Resume(t.Context(), "main"); !ok || err != nil {
		t.Error(ok, err)
	}
	w.eventually("A-3", collector.StateDelivered)
	w.close()
	sound(t, w.fs, ".")
}

// TestRestoreKeepsErased: who was erased since the backup is in it, and gone when
// the restored folder was opened; who was not is there. Who came back since stays
// back, without what was before. A replay in between changes nothing of that.
func TestRestoreKeepsErased(t *testing.T) {
	for name, between := range map[string]func(*world){
		"and is started":              func(*world) {},
		"and is replayed and started": replayRestored,
	} {
		t.Run(name, func(t *testing.T) { restoreKeepsErased(t, between) })
	}
}

// replayRestored replays a folder in which somebody waits to be erased again, over
// what a replay that was cut off left.
func replayRestored(w *world) {
	waiting := w.rows("4")
	leave(w, "store.replay")
	done := w.replay(engine.ReplayOptions{Write: true})
	if !done.Same() || len(waiting) == 0 || !maps.Equal(waiting, w.rows("4")) {
		w.Errorf("the replay found %+v, and of %d names that wait to be erased it left %d", done, len(waiting), len(w.rows("4")))
	}
	if names, err := w.fs.List(""); err != nil || slices.Contains(names, "store.replay") {
		w.Errorf("what a replay leaves is there still: %v, %v", names, err)
	}
}

// leave makes a folder as one that was cut off leaves it.
func leave(w *world, dir string) {
	w.Helper()
	must(w.TB, w.fs.MkdirAll(dir, 0o700))
	f, err := w.fs.Create(w.fs.PathJoin(dir, "000004.log"), vfs.WriteCategoryUnspecified)
	must(w.TB, err)
	must(w.TB, f.Close())
}

func restoreKeepsErased(t *testing.T, between func(*world)) {
	w := newWorld(t)
	w.close()
	rename(t, w.fs, "data", "store")
	w.dir, w.linkByEmail = "store", true
	w.open()
	gone, back, stays := lifeOf("gone"), lifeOf("back"), lifeOf("stays")
	for _, l := range []life{gone, back, stays} {
		w.live(l)
		w.eventually(l.orders[1], collector.StateDelivered)
	}
	b, err := w.engine.Backup(t.Context(), "")
	must(t, err)
	var receipts []string
	for _, l := range []life{gone, back} {
		r, err := w.engine.Erase(t.Context(), collector.Customer("shop", l.customer))
		must(t, err)
		receipts = append(receipts, r.ID)
	}
	w.append(answered(collector.ConsentAccept, back.visitor, back.customer))
	w.close()
	_, err = engine.Restore(t.Context(), w.fs, engine.Restoration{Backup: b.Path, Data: ".", Replace: true, Now: noon})
	must(t, err)
	must(t, w.fs.RemoveAll("backups"))
	sound(t, w.fs, ".")

	r, closer, err := engine.OpenReader(w.fs, "store", time.Now)
	must(t, err)
	if _, err := r.Record(t.Context(), collector.Customer("shop", gone.customer)); err == nil || !strings.Contains(err.Error(), "once") {
		t.Errorf("before it was opened, the record of who was erased: %v", err)
	}
	must(t, closer.Close())
	between(w)
	w.open()
	for l, want := range map[*life]bool{&gone: false, &back: false, &stays: true} {
		rec, err := w.engine.Reader().Record(t.Context(), collector.Customer("shop", l.customer))
		must(t, err)
		if got := len(rec.Profiles)+len(rec.Events)+len(rec.Consent)+len(rec.Links)+len(rec.Deliveries) > 0; got != want {
			t.Errorf("of %s is kept %+v; want anything: %t", l.customer, rec, want)
		}
		since, err := w.engine.Reader().Suppressed(t.Context(), collector.Event{Site: "shop", Customer: l.customer})
		must(t, err)
		if since.IsZero() == (l == &gone) {
			t.Errorf("%s is suppressed since %v", l.customer, since)
		}
	}
	for _, id := range receipts {
		w.until("the bytes are gone, and the receipt of the erasure says so", func() bool {
			r, ok, err := w.engine.Reader().Receipt(t.Context(), id)
			return ok && err == nil && !r.BytesGoneAt.IsZero()
		})
	}
	w.until("all is scrubbed", func() bool { return !w.engine.Unscrubbed() })
	found := grepDir(t, w.fs, "store")
	for _, word := range slices.Concat(gone.words(), back.words()) {
		for _, place := range found.places(word) {
			t.Errorf("%q is still in %s", word, place)
		}
	}
	w.close()
	sound(t, w.fs, ".")
}

// TestRestoreOfAnOlderFormatKeepsErased: the older format knows of no tombstones;
// they come along, and count once it is migrated.
func TestRestoreOfAnOlderFormatKeepsErased(t *testing.T) {
	w, _ := backedUp(t)
	old := openGolden(t, 1)
	_, err := vfs.Clone(old.fs, w.fs, old.dir, w.fs.PathJoin("old", engine.StoreName), vfs.CloneSync)
	must(t, err)
	w.open()
	_, err = w.engine.Erase(t.Context(), collector.Customer("shop", "c42"))
	must(t, err)
	w.close()
	_, err = engine.Restore(t.Context(), w.fs, engine.Restoration{Backup: "old", Data: ".", Replace: true, Now: noon})
	must(t, err)
	w.open()
	for customer, want := range map[string]bool{"c42": false, "c45": true} {
		rec, err := w.engine.Reader().Record(t.Context(), collector.Customer("shop", customer))
		must(t, err)
		if got := len(rec.Profiles)+len(rec.Events)+len(rec.Consent) > 0; got != want {
			t.Errorf("of %s is kept %+v; want anything: %t", customer, rec, want)
		}
	}
	w.close()
	sound(t, w.fs, ".")
}

// TestRestoreOfAnotherFolder: tombstones are of one folder's key, and are not lost
// without a word when the backup is of another.
func TestRestoreOfAnotherFolder(t *testing.T) {
	w, backup := backedUp(t)
	w.open()
	_, err := w.engine.Erase(t.Context(), collector.Customer("shop", "c42"))
	must(t, err)
	w.close()
	db, err := keyspace.Open(keyspace.Options{FS: w.fs, Dir: "store"})
	must(t, err)
	must(t, db.Set(keyspace.In(keyspace.Salt), make([]byte, 32), pebble.Sync))
	must(t, db.Close())
	r := engine.Restoration{Backup: backup, Data: ".", Replace: true, Now: noon}
	if _, err := engine.Restore(t.Context(), w.fs, r); err == nil || !strings.Contains(err.Error(), "--forget-erasures") {
		t.Errorf("over a folder with another key: %v", err)
	}
	r.CarryNothing = true
	if _, err := engine.Restore(t.Context(), w.fs, r); err != nil || orders(t, w.fs, ".") != "A-1" {
		t.Errorf("told to go on: %v", err)
	}
}

// TestRestoreOfADamagedFolder: who was erased must not come back unnoticed.
func TestRestoreOfADamagedFolder(t *testing.T) {
	w, backup := backedUp(t)
	each(t, w.fs, "store", "", func(path string) {
		if strings.Contains(path, "MANIFEST") {
			rewrite(t, w.fs, path, func([]byte) []byte { return []byte("rubbish") })
		}
	})
	r := engine.Restoration{Backup: backup, Data: ".", Replace: true, Now: noon}
	if _, err := engine.Restore(t.Context(), w.fs, r); err == nil || !strings.Contains(err.Error(), "--forget-erasures") {
		t.Errorf("over a folder that cannot be read: %v", err)
	}
	if names, _ := w.fs.List(""); slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "store.") }) {
		t.Errorf("the restore that was refused left %v", names)
	}
	r.CarryNothing = true
	if done, err := engine.Restore(t.Context(), w.fs, r); err != nil || done.Aside == "" || orders(t, w.fs, ".") != "A-1" {
		t.Errorf("told to go on: %+v, %v", done, err)
	}
}

// powerCut is a disk whose power is cut before its nth change: from then on
// nothing reaches it.
type powerCut struct {
	vfs.FS
	mem  *vfs.MemFS
	rng  *rand.Rand
	mu   sync.Mutex
	left int
	disk *vfs.MemFS // as it was at the cut
}

func (p *powerCut) step() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left--; p.left == 0 {
		p.disk = p.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: p.rng.IntN(101), RNG: p.rng})
	}
}

func (p *powerCut) Rename(from, to string) error { p.step(); return p.FS.Rename(from, to) }
func (p *powerCut) Remove(name string) error     { p.step(); return p.FS.Remove(name) }
func (p *powerCut) RemoveAll(name string) error  { p.step(); return p.FS.RemoveAll(name) }
func (p *powerCut) Lock(name string) (io.Closer, error) {
	p.step()
	return p.FS.Lock(name)
}
func (p *powerCut) OpenDir(name string) (vfs.File, error) { p.step(); return p.FS.OpenDir(name) }
func (p *powerCut) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	p.step()
	return p.FS.Create(name, c)
}

// TestPowerIsCutDuringARestore: whenever it happens, the folder has the old data
// or the new, whole, and the erasures are not lost.
func TestPowerIsCutDuringARestore(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	w, backup := backedUp(t)
	var found []string
	for n := 1; ; n++ {
		rng := rand.New(rand.NewPCG(seed, uint64(n)))
		mem := w.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rng})
		cut := &powerCut{FS: mem, mem: mem, rng: rng, left: n}
		r := engine.Restoration{Backup: backup, Data: ".", Replace: true, Now: noon}
		_, err := engine.Restore(t.Context(), cut, r)
		must(t, err)
		if cut.disk == nil {
			t.Logf("cut at each of %d changes", n-1)
			break
		}
		must(t, engine.Settle(cut.disk, "."))
		got := orders(t, cut.disk, ".")
		if got != before && got != after {
			t.Fatalf("cut at change %d the folder has %q", n, got)
		}
		if !slices.Contains(found, got) {
			found = append(found, got)
		}
		// And once more, to the end.
		if _, err := engine.Restore(t.Context(), cut.disk, r); err != nil || orders(t, cut.disk, ".") != after {
			t.Fatalf("cut at change %d, the next restore: %v", n, err)
		}
	}
	if !slices.Equal(found, []string{before, after}) {
		t.Errorf("found %q; want the old data first and then the new", found)
	}
}
