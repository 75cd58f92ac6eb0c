package journal

import (
	"errors"
	"testing"

	"matchkey/collector"
)

// idle is a journal whose committer does not run, as when the disk hangs.
func idle() *Pebble { return &Pebble{wake: make(chan struct{}, 1), grown: make(chan struct{})} }

// TestQueueIsBounded: what the disk does not take is refused before memory grows.
func TestQueueIsBounded(t *testing.T) {
	j := idle()
	for n := range maxQueued {
		if _, _, err := j.join([][]byte{{1}}); err != nil {
			t.Fatalf("append %d: %v", n, err)
		}
	}
	if _, _, err := j.join([][]byte{{1}}); !errors.Is(err, collector.ErrBusy) {
		t.Errorf("one append too many: %v", err)
	}

	j = idle()
	frame := make([]byte, 1<<20)
	for n := range maxQueuedBytes >> 20 {
		if _, _, err := j.join([][]byte{frame}); err != nil {
			t.Fatalf("MiB %d: %v", n, err)
		}
	}
	if _, _, err := j.join([][]byte{{1}}); !errors.Is(err, collector.ErrBusy) {
		t.Errorf("one byte too many: %v", err)
	}
	for n, g := range j.queue {
		if g.size > maxGroupBytes {
			t.Errorf("group %d has %d bytes", n, g.size)
		}
	}
}

// TestPlaces: groups keep the order of the calls, and a call's frames together.
func TestPlaces(t *testing.T) {
	j := idle()
	for _, c := range []struct{ frames, place int }{{1, 1}, {3, 4}, {2, 6}} {
		g, place, err := j.join(make([][]byte, c.frames))
		if err != nil || g != j.queue[0] || place != c.place {
			t.Errorf("%d frames end at %d (%v), want %d", c.frames, place, err, c.place)
		}
	}
	g := j.take()
	if len(g.frames) != 6 || g.appends != 3 || len(j.queue) != 0 {
		t.Errorf("the group has %d frames of %d appends", len(g.frames), g.appends)
	}
	if next, place, _ := j.join(make([][]byte, 1)); next == g || place != 1 {
		t.Errorf("a group that was taken grows")
	}
	if got := j.Crowd(); got != 4 {
		t.Errorf("a crowd of %d, want 4", got)
	}
	j.answer(g, 6, nil)
	if j.Crowd() != 4 || j.Crowd() != 1 { // the most since it was asked, then what is left
		t.Error("the crowd does not dissolve")
	}
	if g.err != nil || j.Durable() != 6 {
		t.Errorf("durable up to %d, %v", j.Durable(), g.err)
	}
	<-g.done
}
