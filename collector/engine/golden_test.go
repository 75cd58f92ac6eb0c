package engine_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/internal/keyspace"
)

var update = flag.Bool("update", false, "remake the golden data folder of the current format; those of older formats are never remade")

// golden is the folder of a format.
func golden(format int) string { return fmt.Sprintf("testdata/format%d", format) }

// TestRemakeGoldenFolder makes the golden data folder of the current format,
// with -update: a delivery in every state, named for it, and a frame that cannot
// be read. The clock of its bubble stands at the beginning of the year 2000, as
// that of the tests that read it.
func TestRemakeGoldenFolder(t *testing.T) {
	if !*update {
		t.Skip("makes a folder, with -update only")
	}
	var disk *vfs.MemFS
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.close()
		db, err := keyspace.Open(keyspace.Options{FS: w.fs, Dir: "data"})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Set(keyspace.In(keyspace.Journal).U64(1), []byte("\x01\x00\x00\x00\x00{}"), pebble.Sync); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		w.open()
		w.everyState()
		disk = w.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))})
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		if err := w.engine.Close(gone); err != nil {
			t.Error(err)
		}
		w.engine = nil
	})
	db, err := keyspace.Open(keyspace.Options{FS: disk, Dir: "data"})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Compact(context.Background(), []byte{0}, []byte{0xFF}, false); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.FromSlash(golden(keyspace.Current))
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := vfs.Clone(disk, vfs.Default, "data", dir, vfs.CloneSkip(func(path string) bool { return filepath.Base(path) == "LOCK" })); err != nil {
		t.Fatal(err)
	}
}

// everyState brings a delivery into every state, the leased one last.
func (w *world) everyState() {
	w.meta.Script(func(p collector.Parcel) collector.Verdict {
		switch p.Key {
		case key("dead"):
			return collector.Verdict{Ruling: collector.Rejected, Reason: "refused_event"}
		case key("pending"):
			return collector.Verdict{Ruling: collector.Retry, Reason: "unavailable"}
		case key("in_doubt"):
			return collector.Verdict{Ruling: collector.InDoubt, Reason: "no_answer"}
		case key("leased"):
			return collector.Verdict{} // hangs
		}
		return collector.Verdict{Ruling: collector.Accepted}
	})
	w.append(browsed("v1", "c42"), answered(collector.ConsentReject, "v2", "c43"), bought("held", "c44"), answered(collector.ConsentAccept, "", "c45"))
	w.eventually("held", collector.StateHeld)
	w.append(bought("withheld", "c43"))
	w.eventually("withheld", collector.StateWithheld)
	late := bought("expired", "c42")
	late.OccurredAt = late.OccurredAt.AddDate(0, 0, -8)
	w.append(late)
	w.eventually("expired", collector.StateExpired)
	w.wait = time.Hour
	w.append(bought("waiting", "c45"))
	w.eventually("waiting", collector.StateWaiting)
	w.wait = 0
	for _, state := range []collector.State{
		collector.StateDelivered, collector.StateDead, collector.StatePending, collector.StateInDoubt, collector.StateLeased,
	} {
		w.append(bought(string(state), "c42"))
		w.sent(string(state), state)
	}
}

// sent waits until a delivery has been sent and has a state.
func (w *world) sent(order string, state collector.State) {
	w.Helper()
	w.until("order "+order+" was sent and is "+string(state), func() bool {
		d, _, err := w.engine.Reader().Delivery(w.Context(), key(order))
		return err == nil && d.State == state && len(d.Attempts) > 0
	})
}
