package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/engine"
	"matchkey/collector/internal/faultfs"
)

const mb = 1 << 20

// newSmallWorld opens a world on a disk of so many bytes.
func newSmallWorld(t *testing.T, disk int64, reserve uint64, keys ...engine.SealKey) *world {
	w := newWorld(t)
	w.close()
	w.fs = vfs.NewCrashableMem()
	w.over = faultfs.Over(w.fs)
	w.over.Budget(disk)
	w.config.DiskReserve, w.keys = reserve, keys
	w.open()
	return w
}

// large is a purchase of some 64 KB.
func large(order string) collector.Event {
	ev := bought(order, "c42")
	ev.Properties["padding"] = strings.Repeat(order, 64<<10/len(order))
	return ev
}

// TestDiskFillsUp: a disk fills with events. They are refused before it is full,
// the store never meets a full disk, what was acknowledged is delivered, and when
// there is space events are accepted again without a restart.
func TestDiskFillsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newSmallWorld(t, 64*mb, 24*mb)
		w.append(browsed("v1", "c42"))
		var acked []string
		fill := func() (refusal error) {
			for range 2000 {
				order := fmt.Sprintf("%04d", len(acked))
				if _, err := w.engine.Journal().Append(t.Context(), []collector.Event{large(order)}); err != nil {
					return err
				}
				acked = append(acked, order)
				time.Sleep(50 * time.Millisecond)
			}
			return nil
		}
		if err := fill(); !errors.Is(err, collector.ErrFull) || !strings.Contains(err.Error(), "disk_reserve_mb") {
			t.Fatalf("after %d events: %v; want a refusal that says what to do", len(acked), err)
		}
		if err := w.engine.Journal().Healthy(); !errors.Is(err, collector.ErrFull) {
			t.Errorf("ready in spite of a full disk: %v", err)
		}
		time.Sleep(time.Hour) // nothing gets worse by itself
		for _, order := range acked {
			w.eventually(order, collector.StateDelivered)
		}
		first := len(acked)

		w.over.Budget(128 * mb)
		time.Sleep(3 * time.Second)
		if err := w.engine.Journal().Healthy(); err != nil {
			t.Fatalf("there is space again, and it is not ready: %v", err)
		}
		if err := fill(); !errors.Is(err, collector.ErrFull) || len(acked) < first+100 {
			t.Fatalf("the second time: %d more events, %v", len(acked)-first, err)
		}
		if n := w.over.MetFull(); n != 0 {
			t.Errorf("the store met a full disk %d times, at first at %q", n, w.over.Struck())
		}
		w.close()
		w.over.Budget(1 << 40)
		w.open()
		for _, order := range acked {
			w.eventually(order, collector.StateDelivered)
		}
		w.close()
	})
}

// TestOthersFillTheDisk: something else takes nearly all there is. Nothing is
// applied or sent, nothing is lost, and it goes on by itself. At the bound it
// does not flap.
func TestOthersFillTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.config.DiskReserve = 100 * mb
		w.append(browsed("v1", "c42"))
		free := func(n uint64) {
			w.fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: n, TotalBytes: 1 << 40})
			time.Sleep(2 * time.Second)
		}
		w.close()
		free(200 * mb)
		w.open()
		refused := func() bool { return w.engine.Journal().Healthy() != nil }

		w.meta.Script(func(collector.Parcel) collector.Verdict { return unavailable })
		w.append(bought("A-1", "c42"))
		time.Sleep(time.Minute)
		free(20 * mb)
		asked := len(w.meta.Sends())
		w.meta.Script(nil)
		time.Sleep(time.Hour)
		if n := len(w.meta.Sends()); n != asked {
			t.Errorf("%d requests left although no attempt could be kept safely", n-asked)
		}
		for _, step := range []struct {
			free    uint64
			refused bool
		}{{110 * mb, true}, {124 * mb, true}, {126 * mb, false}, {101 * mb, false}, {99 * mb, true}} {
			if free(step.free); refused() != step.refused {
				t.Errorf("at %d MB free it refuses events: %t", step.free/mb, refused())
			}
		}
		time.Sleep(time.Hour)
		w.eventually("A-1", collector.StateDelivered)
		w.close()

		free(20 * mb)
		if _, err := engine.Open(t.Context(), w.fs, w.settings(), w.meta); !errors.Is(err, collector.ErrFull) || !strings.Contains(err.Error(), "make space") {
			t.Errorf("started without space: %v", err)
		}
	})
}

// TestDiskFullAtOnce: all that was free is gone between two looks, and the log meets
// a full disk. What is under way waits, events are refused, and it goes on by itself.
func TestDiskFullAtOnce(t *testing.T) {
	t.Run("plain", func(t *testing.T) { synctest.Test(t, func(t *testing.T) { diskFullAtOnce(t) }) })
	t.Run("sealed", func(t *testing.T) { synctest.Test(t, func(t *testing.T) { diskFullAtOnce(t, sealKey(t, 'a')) }) })
}

func diskFullAtOnce(t *testing.T, keys ...engine.SealKey) {
	w := newSmallWorld(t, 64*mb, 8*mb, keys...)
	w.append(browsed("v1", "c42"), bought("A-1", "c42"))
	w.eventually("A-1", collector.StateDelivered)
	w.over.Budget(1)
	hurry, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := w.engine.Journal().Append(hurry, []collector.Event{bought("A-2", "c42")}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("appended to a full disk: %v", err)
	}
	if _, err := w.engine.Journal().Append(t.Context(), []collector.Event{bought("A-3", "c42")}); !errors.Is(err, collector.ErrFull) {
		t.Errorf("the next one is told %v", err)
	}
	time.Sleep(time.Hour)
	if w.over.MetFull() == 0 && w.engine.Journal().Healthy() == nil {
		t.Error("it is ready in spite of a full disk")
	}
	w.over.Budget(64 * mb)
	time.Sleep(5 * time.Second)
	if err := w.engine.Journal().Healthy(); err != nil {
		t.Errorf("there is space again, and it is not ready: %v", err)
	}
	w.append(bought("A-4", "c42"))
	w.eventually("A-2", collector.StateDelivered) // perhaps, said the answer, and so it is
	w.eventually("A-4", collector.StateDelivered)
	w.close()
	w.open()
	w.eventually("A-2", collector.StateDelivered)
	w.close()
}

// TestBrokenDiskEndsTheProcess: when the journal's sync fails, the sender gets
// an error, nothing more is accepted, and the process is ended with a sentence.
func TestBrokenDiskEndsTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.close()
		w.over = faultfs.Over(w.fs)
		ended := make(chan string, 1)
		w.config.Fatal = func(message string) { ended <- message }
		w.open()
		w.append(browsed("v1", "c42"))
		time.Sleep(time.Second)
		w.over.Strike(1, faultfs.Nothing)
		_, err := w.engine.Journal().Append(t.Context(), []collector.Event{browsed("v2", "")})
		if err == nil || errors.Is(err, collector.ErrBusy) || errors.Is(err, collector.ErrFull) {
			t.Errorf("an append that failed says %v", err)
		}
		if message := <-ended; !strings.Contains(message, "what was acknowledged is safe") {
			t.Errorf("the process ends with %q", message)
		}
		if _, err := w.engine.Journal().Append(t.Context(), []collector.Event{browsed("v3", "")}); err == nil {
			t.Error("something was accepted after the disk failed")
		}
		if w.engine.Journal().Healthy() == nil {
			t.Error("ready after the disk failed")
		}
		cut, cancel := context.WithCancel(t.Context())
		cancel()
		_ = w.engine.Close(cut) // its log cannot be closed any more
		w.engine, w.over, w.config.Fatal = nil, nil, nil
		w.open()
		if n := w.engine.Lag(); n != 0 {
			t.Errorf("after the restart %d events wait", n)
		}
		w.close()
	})
}
