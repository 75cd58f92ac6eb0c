package engine_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"matchkey/collector"
)

// The clock of the machine jumps: an hour back, an hour forward, and to 1970 for
// a start without a network. Nothing may be lost, sent twice, overtaken or expired
// because of it. The world's clock is virtual time and what it is set off by.

func withClock(t *testing.T, test func(t *testing.T, w *world, jump func(time.Duration))) {
	synctest.Test(t, func(t *testing.T) {
		var off atomic.Int64
		w := newWorld(t)
		w.close()
		w.clock = func() time.Time { return time.Now().Add(time.Duration(off.Load())).UTC() }
		w.meta.SetWindow(24 * time.Hour)
		w.open()
		test(t, w, func(d time.Duration) { off.Add(int64(d)) })
		w.close()
	})
}

// at dates an event by the world's clock, as an edge on this machine would.
func (w *world) at(ev collector.Event) collector.Event {
	now := w.now()
	ev.OccurredAt, ev.ReceivedAt = now, now
	ev.Identifiers = slices.Clone(ev.Identifiers)
	for i := range ev.Identifiers {
		ev.Identifiers[i].FirstAt, ev.Identifiers[i].LastAt = now, now
	}
	if ev.Consent != nil {
		c := *ev.Consent
		c.At = now
		ev.Consent = &c
	}
	return ev
}

var jumps = map[string]time.Duration{"an hour back": -time.Hour, "an hour forward": time.Hour}

// TestClockJumpsWhileSending: what waits for its next attempt is sent, once, and
// in a time that has to do with its schedule and not with the jump.
func TestClockJumpsWhileSending(t *testing.T) {
	for name, by := range jumps {
		t.Run(name, func(t *testing.T) {
			withClock(t, func(t *testing.T, w *world, jump func(time.Duration)) {
				var down atomic.Bool
				down.Store(true)
				w.meta.Script(func(collector.Parcel) collector.Verdict {
					if down.Load() {
						return unavailable
					}
					return accepted1
				})
				w.append(w.at(browsed("v1", "c42")), w.at(bought("A-1", "c42")))
				time.Sleep(time.Minute)
				jump(by)
				w.append(w.at(bought("A-2", "c42")))
				down.Store(false)
				time.Sleep(90 * time.Minute)
				for _, order := range []string{"A-1", "A-2"} {
					w.eventually(order, collector.StateDelivered)
					w.kinds(order) // once
				}
			})
		})
	}
}

// TestClockJumpsUnderALease: a request is out while the clock jumps; its answer
// counts, and nobody sends it again meanwhile.
func TestClockJumpsUnderALease(t *testing.T) {
	for name, by := range jumps {
		t.Run(name, func(t *testing.T) {
			withClock(t, func(t *testing.T, w *world, jump func(time.Duration)) {
				w.meta.Script(func(collector.Parcel) collector.Verdict {
					time.Sleep(20 * time.Second)
					return accepted1
				})
				w.append(w.at(browsed("v1", "c42")), w.at(bought("A-1", "c42")))
				time.Sleep(5 * time.Second)
				jump(by)
				time.Sleep(3 * time.Hour)
				d := w.eventually("A-1", collector.StateDelivered)
				if n := len(w.meta.Sends()); n != 1 || d.Doubts != 0 {
					t.Errorf("it was sent %d times, with %d doubts", n, d.Doubts)
				}
			})
		})
	}
}

// TestWithdrawalAfterTheClockWentBack: whoever withdraws after the jump withdrew,
// although the clock then says that it was before the grant.
func TestWithdrawalAfterTheClockWentBack(t *testing.T) {
	withClock(t, func(t *testing.T, w *world, jump func(time.Duration)) {
		if ok, err := w.engine.Pause(t.Context(), "main", ""); !ok || err != nil {
			t.Fatal(ok, err)
		}
		w.append(w.at(answered(collector.ConsentAccept, "v1", "c42")), w.at(bought("A-1", "c42")))
		time.Sleep(time.Minute)
		jump(-time.Hour)
		w.append(w.at(answered(collector.ConsentWithdraw, "v1", "c42")))
		if _, err := w.engine.Resume(t.Context(), "main"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		w.eventually("A-1", collector.StateWithheld)
		if n := len(w.meta.Received()); n != 0 {
			t.Errorf("%d were sent after the withdrawal", n)
		}
	})
}

// TestStartIn1970: a machine without a clock starts with what it has, and gets
// its time later. Nothing expires, and what was due is sent when the time is right.
func TestStartIn1970(t *testing.T) {
	withClock(t, func(t *testing.T, w *world, jump func(time.Duration)) {
		w.meta.Script(func(collector.Parcel) collector.Verdict { return unavailable })
		w.append(w.at(browsed("v1", "c42")), w.at(bought("A-1", "c42")))
		time.Sleep(time.Minute)
		cut, cancel := context.WithCancel(t.Context())
		cancel()
		if err := w.engine.Close(cut); err != nil {
			t.Fatal(err)
		}
		age := w.now().Sub(time.Unix(0, 0))
		jump(-age)
		w.meta.Script(nil)
		w.open()
		time.Sleep(10 * time.Minute)
		jump(age)
		time.Sleep(10 * time.Minute)
		w.append(w.at(bought("A-2", "c42")))
		time.Sleep(10 * time.Minute)
		for _, order := range []string{"A-1", "A-2"} {
			w.eventually(order, collector.StateDelivered)
			w.kinds(order)
		}
		accounts, err := w.engine.Reader().Accounts(t.Context(), time.Unix(0, 0), w.now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		matched := 0
		for _, a := range accounts {
			matched += a.Matched
			if r := a.Remainder(); r != 0 {
				t.Errorf("the account of %s does not add up by %d", a.Hour, r)
			}
		}
		if matched != 2 {
			t.Errorf("%d conversions are accounted for, want 2", matched)
		}
	})
}
