package engine_test

import (
	"math/rand/v2"
	"path/filepath"
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
)

// The golden data folders were written by the versions of matchkey whose format
// they have, and are never changed: format 1 by commit fec319d. What they hold
// is told by everyState.

// openGolden is a world, not yet opened, on a copy of a golden folder.
func openGolden(t *testing.T, format int) *world {
	t.Helper()
	w := &world{TB: t, fs: vfs.NewCrashableMem(), dir: engine.StoreName, meta: collectortest.NewMemoryDestination("main")}
	if ok, err := vfs.Clone(vfs.Default, w.fs, filepath.FromSlash(golden(format)), w.dir, vfs.CloneSync); !ok || err != nil {
		t.Fatalf("no golden folder of format %d: %v; make it with -update", format, err)
	}
	return w
}

// TestUpgrade opens a folder of every format there has been. Everything is
// there, the deliveries go on where they stood, and the accounts stay closed.
func TestUpgrade(t *testing.T) {
	for format := 1; format <= keyspace.Current; format++ {
		t.Run(golden(format), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := openGolden(t, format)
				time.Sleep(time.Minute) // behind what is in the folder
				w.asItWas(format)
				w.open()
				defer w.close()
				w.goesOn()
				w.close()
				v, err := engine.Verify(t.Context(), w.fs, ".")
				if err != nil || len(v.Faults) > 0 || v.Format != keyspace.Current {
					t.Errorf("afterwards: %+v, %v", v, err)
				}
			})
		})
	}
}

// asItWas checks a folder before it is opened to be used.
func (w *world) asItWas(format int) {
	w.Helper()
	if v, err := engine.Verify(w.Context(), w.fs, "."); err != nil || len(v.Faults) > 0 || v.Format != format {
		w.Errorf("the golden folder: %+v, %v", v, err)
	}
	r, closer, err := engine.OpenReader(w.fs, w.dir, time.Now)
	if err != nil {
		w.Fatal(err)
	}
	defer closer.Close()
	for _, state := range collector.States() {
		d, ok, err := r.Delivery(w.Context(), key(string(state)))
		if !ok || err != nil || d.State != state {
			w.Errorf("order %s is %q (%v)", state, d.State, err)
		}
	}
}

// goesOn checks an engine on the folder.
func (w *world) goesOn() {
	w.Helper()
	r := w.engine.Reader()
	if list, err := r.SetAsides(w.Context(), 10); err != nil || len(list) != 1 || list[0].Offset != 1 {
		w.Errorf("set aside are %+v (%v), want frame 1", list, err)
	}
	visitor, customer := collector.Visitor("shop", "v1"), collector.Customer("shop", "c42")
	if p, err := r.Profile(w.Context(), customer); err != nil || len(p.Identifiers) != 2 || len(p.Sessions) != 1 {
		w.Errorf("the customer's profile is %+v (%v), want a click, an e-mail and a session", p, err)
	}
	if others, err := r.Linked(w.Context(), visitor); err != nil || len(others) != 1 || others[0] != customer {
		w.Errorf("the browser is linked to %v (%v), want %v", others, err, customer)
	}
	for subject, action := range map[collector.Subject]string{
		visitor: collector.ConsentAccept, collector.Visitor("shop", "v2"): collector.ConsentReject,
	} {
		if recs, err := r.Records(w.Context(), subject); err != nil || len(recs) != 1 || recs[0].Action != action {
			w.Errorf("%v answered %+v (%v), want %s", subject, recs, err, action)
		}
	}
	if found, err := r.EventsByID(w.Context(), "", "withheld"); err != nil || len(found) != 1 || len(found[0].Event.Identifiers) != 0 {
		w.Errorf("the event of who refused is %+v (%v), want it redacted", found, err)
	}

	// An answer comes, a wait ends, and what was out or to be tried again goes out.
	w.append(answered(collector.ConsentAccept, "", "c44"))
	if n, err := w.engine.Redrive(w.Context(), collector.DeliveryQuery{}); n != 1 || err != nil {
		w.Errorf("%d were redriven (%v), want one", n, err)
	}
	time.Sleep(3 * time.Hour)
	for _, state := range collector.States() {
		want, times := collector.StateDelivered, 1
		switch state {
		case collector.StateWithheld, collector.StateExpired:
			want, times = state, 0
		case collector.StateDelivered:
			times = 0 // not again
		}
		w.eventually(string(state), want)
		n := 0
		for _, p := range w.meta.Received() {
			if p.Key == key(string(state)) {
				n++
			}
		}
		if n != times {
			w.Errorf("order %s was received %d times since, want %d", state, n, times)
		}
	}
	accounts, err := r.Accounts(w.Context(), time.Time{}, time.Now())
	if err != nil || len(accounts) != 1 {
		w.Fatalf("the accounts are %+v (%v), want one", accounts, err)
	}
	a := accounts[0]
	if a.Matched != 9 || a.Remainder() != 0 || a.States[collector.StateDelivered] != 7 {
		w.Errorf("the account is %+v", a)
	}
}

// TestFormatOfTomorrow is refused with the way out, and left alone.
func TestFormatOfTomorrow(t *testing.T) {
	w := openGolden(t, keyspace.Current)
	db, err := keyspace.Open(keyspace.Options{FS: w.fs, Dir: w.dir})
	must(t, err)
	must(t, db.Set([]byte{keyspace.Format}, []byte("99"), pebble.Sync))
	must(t, db.Close())
	_, err = engine.Open(t.Context(), w.fs, engine.Config{Dir: w.dir, Now: time.Now, Random: rand.NewChaCha8([32]byte{}), Log: quiet()})
	for _, part := range []string{"its format is 99", "only those up to", "use the version of matchkey that wrote it", "restore a backup"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("the error is %v, want %q in it", err, part)
		}
	}
	if _, err := engine.BackupStopped(t.Context(), w.fs, ".", "b", noon); err == nil {
		t.Error("a backup of what is not known was made")
	}
}
