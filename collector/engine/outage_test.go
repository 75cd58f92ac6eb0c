package engine_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"matchkey/collector"
)

// The tests of this file run in a bubble of time: hours pass at once.

func inBubble(t *testing.T, test func(*testing.T, *world), others ...string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, others...)
		test(t, w)
		w.close()
	})
}

var (
	unavailable = collector.Verdict{Ruling: collector.Retry, Reason: "unavailable"}
	accepted1   = collector.Verdict{Ruling: collector.Accepted}
	tokenGone   = collector.Verdict{Ruling: collector.Blocked, Reason: "token"}
)

// TestOutageOfHours: the destination is down for hours while conversions come
// in. Nothing is lost, little is asked of it meanwhile, and what waited goes out
// oldest first and by degrees.
func TestOutageOfHours(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var down atomic.Bool
		var asked atomic.Int64
		w.meta.Script(func(collector.Parcel) collector.Verdict {
			asked.Add(1)
			if down.Load() {
				return unavailable
			}
			return accepted1
		})
		down.Store(true)
		w.append(browsed("v1", "c42"))
		const orders = 600
		for i := range orders {
			w.append(bought(fmt.Sprintf("%04d", i), "c42"))
			time.Sleep(30 * time.Second)
		}
		const hours = orders * 30 / 3600
		if n := asked.Load(); n > hours*60*2+10 {
			t.Errorf("a destination that is down was asked %d times in %d hours; want at most two a minute", n, hours)
		}
		if s := w.engine.Destinations()[0]; s.Breaker.OpenSince.IsZero() || s.Breaker.Reason != "unavailable" {
			t.Errorf("the breaker is %+v", s.Breaker)
		}
		tried, before := len(w.meta.Sends()), map[string]bool{}
		for i := range orders {
			d, _, err := w.engine.Reader().Delivery(t.Context(), key(fmt.Sprintf("%04d", i)))
			if err != nil || d.State != collector.StatePending {
				t.Fatalf("order %d is %s (%v)", i, d.State, err)
			}
			before[d.Key.EventID] = len(d.Attempts) > 0
		}
		down.Store(false)
		time.Sleep(20 * time.Minute)
		var fresh []string
		received := w.meta.Received()
		for _, p := range received {
			if !before[p.Key.EventID] {
				fresh = append(fresh, p.Key.EventID)
			}
		}
		if len(received) != orders || !slices.IsSorted(fresh) {
			t.Errorf("%d of %d were received, those that had not been tried in order: %v", len(received), orders, slices.IsSorted(fresh))
		}
		sends := w.meta.Sends()[tried:]
		if len(sends) < 4 || sends[0] != 1 || sends[1] != 2 || sends[2] != 4 {
			t.Errorf("what waited went out in portions of %v; want 1, 2, 4 and so on", sends)
		}
	})
}

// TestOneOutageDelaysNoOther: one destination hangs, another takes everything
// at once.
func TestOneOutageDelaysNoOther(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.meta.Script(func(collector.Parcel) collector.Verdict { return collector.Verdict{} }) // hangs
		w.append(browsed("v1", "c42"))
		for i := range 50 {
			w.append(bought(fmt.Sprint(i), "c42"))
			time.Sleep(time.Second)
			if n := len(w.others[0].Received()); n != i+1 {
				t.Fatalf("a second after order %d the other destination has %d", i, n)
			}
		}
		if n := len(w.meta.Received()); n != 0 {
			t.Errorf("%d were received by one that hangs", n)
		}
	}, "second")
}

// TestPauseOfAPerson outlasts restarts, lets withdrawals and windows through,
// and ends when the person says so.
func TestPauseOfAPerson(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.meta.SetWindow(24 * time.Hour)
		w.append(browsed("v1", "c42"), browsed("v2", "c43"))
		if ok, err := w.engine.Pause(t.Context(), "main", "checking the amounts"); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if ok, err := w.engine.Pause(t.Context(), "nowhere", ""); ok || err != nil {
			t.Errorf("a destination that is not there was paused: %v, %v", ok, err)
		}
		w.append(bought("A-1", "c42"), bought("A-2", "c43"))
		time.Sleep(time.Hour)
		w.close()
		w.open()
		time.Sleep(time.Hour)
		s := w.engine.Destinations()[0]
		if s.Paused != collector.ReasonPaused || s.PausedBy != collector.PausedByPerson || s.Detail != "checking the amounts" || len(w.meta.Sends()) != 0 {
			t.Fatalf("after a restart the destination is %+v, with the requests %v", s, w.meta.Sends())
		}
		w.append(answered(collector.ConsentWithdraw, "v1", "c42"))
		time.Sleep(time.Minute)
		w.eventually("A-1", collector.StateWithheld)
		time.Sleep(25 * time.Hour)
		w.eventually("A-2", collector.StateExpired)
		w.append(bought("A-3", "c43"))
		if ok, err := w.engine.Resume(t.Context(), "main"); !ok || err != nil {
			t.Fatal(ok, err)
		}
		time.Sleep(time.Minute)
		w.eventually("A-3", collector.StateDelivered)
		if n := len(w.meta.Received()); n != 1 {
			t.Errorf("%d were received, want A-3 alone", n)
		}
	})
}

// TestBlockedForDays: the token is gone for two days. No attempt is spent, it is
// tried now and then, and a good check ends the pause.
func TestBlockedForDays(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.meta.Script(func(collector.Parcel) collector.Verdict { return tokenGone })
		w.append(browsed("v1", "c42"))
		for i := range 20 {
			w.append(bought(fmt.Sprint(i), "c42"))
		}
		time.Sleep(48 * time.Hour)
		for i := range 20 {
			if d := w.eventually(fmt.Sprint(i), collector.StatePending); d.Tries != 0 {
				t.Errorf("order %d spent %d tries", i, d.Tries)
			}
		}
		if n := len(w.meta.Sends()); n > 48*12+10 {
			t.Errorf("a destination that blocks was asked %d times in two days", n)
		}
		w.meta.Script(nil)
		time.Sleep(10 * time.Minute)
		if n := len(w.meta.Received()); n != 20 {
			t.Errorf("%d of 20 were received", n)
		}
	})
}

// TestCheckPausesBeforeAnythingIsSent: the destination says at the start that it
// takes nothing, so no delivery is tried on it.
func TestCheckPausesBeforeAnythingIsSent(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.meta.SetCheck(collector.Check{Verdict: tokenGone, Deadlines: []collector.Deadline{
			{Reason: "soon", WarnFrom: time.Now().Add(-time.Hour), At: time.Now().Add(time.Hour)},
			{Reason: "later", WarnFrom: time.Now().Add(time.Hour), At: time.Now().Add(2 * time.Hour)},
		}})
		w.engine.Recheck()
		time.Sleep(time.Second)
		w.append(browsed("v1", "c42"), bought("A-1", "c42"))
		time.Sleep(time.Minute)
		s := w.engine.Destinations()[0]
		if s.Paused != "token" || s.PausedBy != collector.PausedByDestination || len(w.meta.Sends()) != 0 {
			t.Errorf("the destination is %+v, with the requests %v", s, w.meta.Sends())
		}
		if len(s.Alarms) != 1 || s.Alarms[0].Reason != "soon" {
			t.Errorf("the alarms are %+v, want the one that is soon", s.Alarms)
		}
		w.meta.SetCheck(collector.Check{Verdict: accepted1})
		w.engine.Recheck()
		time.Sleep(time.Second)
		w.eventually("A-1", collector.StateDelivered)
	})
}

// TestPoisonWithoutAWord: one delivery makes every request fail that it is in,
// and nothing says which. The others get through all the same.
func TestPoisonWithoutAWord(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var poisoned atomic.Bool
		poisoned.Store(true)
		w.meta.Spoil(func(parcels []collector.Parcel) *collector.Verdict {
			spoils := func(p collector.Parcel) bool { return p.Key == key("7") }
			if poisoned.Load() && slices.ContainsFunc(parcels, spoils) {
				return &unavailable
			}
			return nil
		})
		w.append(browsed("v1", "c42"))
		for i := range 100 {
			w.append(bought(fmt.Sprint(i), "c42"))
		}
		time.Sleep(time.Hour)
		if n := len(w.meta.Received()); n != 99 {
			t.Errorf("%d of 99 good ones were received in an hour", n)
		}
		if d := w.eventually("7", collector.StatePending); d.Tries < 4 {
			t.Errorf("the poisoned one was tried %d times", d.Tries)
		}
		poisoned.Store(false)
		time.Sleep(time.Hour)
		w.eventually("7", collector.StateDelivered)
	})
}

// TestInDoubtIsLeftToAPerson after the resends that the destination allows; the
// person then says what became of it.
func TestInDoubtIsLeftToAPerson(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.meta.SetWindow(24 * time.Hour)
		w.meta.Script(func(collector.Parcel) collector.Verdict {
			return collector.Verdict{Ruling: collector.InDoubt, Reason: collector.ReasonNoAnswer}
		})
		w.append(browsed("v1", "c42"), bought("A-1", "c42"), bought("A-2", "c42"), bought("A-3", "c42"))
		time.Sleep(25 * time.Hour)
		for _, order := range []string{"A-1", "A-2", "A-3"} {
			if d := w.eventually(order, collector.StateInDoubt); d.Doubts != 3 {
				t.Errorf("%s is in doubt %d times; want the first and two resends", order, d.Doubts)
			}
		}
		for order, to := range map[string]collector.State{"A-1": collector.StateDelivered, "A-2": collector.StateDead} {
			n, err := w.engine.Resolve(t.Context(), collector.DeliveryQuery{Site: "shop", EventID: "purchase." + order}, to)
			if n != 1 || err != nil {
				t.Errorf("resolving %s: %d, %v", order, n, err)
			}
			w.eventually(order, to)
		}
	})
}

// TestResendsNothingInDoubt: the policy may be to ask a person at once, also
// about what a crash cut off.
func TestResendsNothingInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.close()
		w.meta.SetLimits(collector.Limits{Batch: 10, Concurrency: 2})
		w.open()
		w.meta.Script(func(collector.Parcel) collector.Verdict { return collector.Verdict{} }) // hangs
		w.append(browsed("v1", "c42"), bought("A-1", "c42"))
		time.Sleep(time.Second)
		cut, cancel := context.WithCancel(t.Context())
		cancel()
		if err := w.engine.Close(cut); err != nil {
			t.Fatal(err)
		}
		w.meta.Script(nil)
		w.open()
		time.Sleep(time.Hour)
		w.eventually("A-1", collector.StateInDoubt)
		n, err := w.engine.Resolve(t.Context(), collector.DeliveryQuery{}, collector.StatePending)
		if n != 1 || err != nil {
			t.Errorf("resolve: %d, %v", n, err)
		}
		time.Sleep(time.Minute)
		w.eventually("A-1", collector.StateDelivered)
		w.close()
	})
}

// TestBatchesBySizeAndAge: a full batch goes at once, a part of one when its
// oldest has waited long enough.
func TestBatchesBySizeAndAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.close()
		w.meta.SetLimits(collector.Limits{Batch: 10, Concurrency: 1, Linger: time.Minute})
		w.open()
		w.append(browsed("v1", "c42"))
		for i := range 25 {
			w.append(bought(fmt.Sprint(i), "c42"))
		}
		time.Sleep(time.Second)
		if got := w.meta.Sends(); !slices.Equal(got, []int{10, 10}) {
			t.Errorf("a second later requests of %v; want two full ones", got)
		}
		time.Sleep(time.Minute)
		if got := w.meta.Sends(); !slices.Equal(got, []int{10, 10, 5}) {
			t.Errorf("a minute later requests of %v; want the rest as well", got)
		}
		w.close()
	})
}

// TestWithdrawalReachesWhatIsInDoubt: what a person is to judge keeps nothing to
// send of somebody who takes the consent back.
func TestWithdrawalReachesWhatIsInDoubt(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.meta.Script(func(collector.Parcel) collector.Verdict {
			return collector.Verdict{Ruling: collector.InDoubt, Reason: collector.ReasonNoAnswer}
		})
		w.append(browsed("v1", "c42"), browsed("v2", "c43"), bought("A-1", "c42"), bought("A-2", "c43"))
		time.Sleep(time.Hour)
		w.eventually("A-1", collector.StateInDoubt)
		w.append(answered(collector.ConsentWithdraw, "v1", "c42"), answered(collector.ConsentAccept, "v2", "c43"))
		time.Sleep(time.Second)
		if d := w.eventually("A-1", collector.StateWithheld); d.Doubts != 3 || len(d.Payload.Body) > 0 || !d.Person.IsZero() {
			t.Errorf("withheld, it keeps %+v", d)
		}
		if d := w.eventually("A-2", collector.StateInDoubt); len(d.Payload.Body) == 0 || len(d.Attempts) != 3 {
			t.Errorf("a new yes changed what is in doubt: %+v", d)
		}
		time.Sleep(7 * 24 * time.Hour)
		if d := w.eventually("A-2", collector.StateInDoubt); len(d.Payload.Body) > 0 {
			t.Error("after its window it still keeps what would be sent")
		}
	})
}

// TestTwinWindowBeginsWithWhatMayCount: an attempt that cannot have been counted
// starts no clock.
func TestTwinWindowBeginsWithWhatMayCount(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.meta.SetTwin(2 * time.Hour)
		var verdict atomic.Pointer[collector.Verdict]
		w.meta.Script(func(collector.Parcel) collector.Verdict { return *verdict.Load() })
		verdict.Store(&tokenGone)
		w.append(browsed("v1", "c42"), bought("A-1", "c42"))
		time.Sleep(3 * time.Hour)
		if d := w.eventually("A-1", collector.StatePending); d.ExpiresWhy != collector.ReasonWindowPassed {
			t.Errorf("a block of three hours leaves it until %s (%s)", d.ExpiresAt, d.ExpiresWhy)
		}
		doubtful := unavailable
		doubtful.Doubtful = true
		verdict.Store(&doubtful)
		time.Sleep(time.Hour)
		if d := w.eventually("A-1", collector.StatePending); d.ExpiresWhy != "twin" || d.Doubts == 0 {
			t.Errorf("after a failure that may have counted it is left until %s (%s), %d doubts", d.ExpiresAt, d.ExpiresWhy, d.Doubts)
		}
		time.Sleep(3 * time.Hour)
		w.eventually("A-1", collector.StateInDoubt) // it is never said to have expired
	})
}
