package engine_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"matchkey/collector"
)

// TestWithdrawalReachesAllThatIsQueued: of a person with many deliveries queued
// none leaves once the withdrawal is acknowledged, be there a restart in between;
// what is queued of others leaves.
func TestWithdrawalReachesAllThatIsQueued(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprintf("restart %t", restart), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				defer w.close()
				if ok, err := w.engine.Pause(t.Context(), "main", ""); !ok || err != nil {
					t.Fatal(ok, err)
				}
				const each = 150
				w.append(browsed("v1", "c42"), browsed("v2", "c43"))
				for i := range each {
					w.append(bought(fmt.Sprint("A-", i), "c42"), bought(fmt.Sprint("B-", i), "c43"))
				}
				w.eventually(fmt.Sprint("B-", each-1), collector.StatePending)
				time.Sleep(time.Minute)
				w.append(answered(collector.ConsentWithdraw, "v1", "c42"))
				if restart {
					w.close()
					w.open()
				}
				if ok, err := w.engine.Resume(t.Context(), "main"); !ok || err != nil {
					t.Fatal(ok, err)
				}
				for i := range each {
					w.eventually(fmt.Sprint("A-", i), collector.StateWithheld)
					w.eventually(fmt.Sprint("B-", i), collector.StateDelivered)
				}
				for _, p := range w.meta.Received() {
					if p.Key.EventID[:len("purchase.A")] == "purchase.A" {
						t.Fatalf("%s was sent after the withdrawal", p.Key.EventID)
					}
				}
			})
		})
	}
}

// TestHeldOutlastsARestart: what is held for an answer is held by the next process,
// released by a record, and dropped when its time is over.
func TestHeldOutlastsARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		w.append(bought("A-1", "c42"), bought("A-2", "c43"), bought("A-3", "c44"))
		for _, order := range []string{"A-1", "A-2", "A-3"} {
			w.eventually(order, collector.StateHeld)
		}
		w.close()
		time.Sleep(30 * time.Minute)
		w.open()
		if d := w.eventually("A-1", collector.StateHeld); d.DueAt.After(time.Now().Add(30 * time.Minute)) {
			t.Errorf("it is held until %s: the restart began its time anew", d.DueAt)
		}
		w.append(answered(collector.ConsentAccept, "", "c42"), answered(collector.ConsentReject, "", "c43"))
		w.eventually("A-1", collector.StateDelivered)
		w.eventually("A-2", collector.StateWithheld)
		w.eventually("A-3", collector.StateHeld)
		w.close()
		time.Sleep(time.Hour)
		w.open()
		w.eventually("A-3", collector.StateWithheld)
		if n := len(w.meta.Received()); n != 1 {
			t.Errorf("%d were sent, want the one whose person agreed", n)
		}
	})
}

// TestSignalIsOverruledByWhoWasTold: a yes that was given after a word about the
// browser's signal stands, however often the signal comes; another one does not.
func TestSignalIsOverruledByWhoWasTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		signal := func(visitor string) collector.Event {
			ev := answered(collector.ConsentReject, visitor, "")
			ev.ID += fmt.Sprint(".gpc", time.Now().Unix())
			ev.Consent.Source = collector.SourceGPC
			ev.Withheld = []collector.Reason{collector.ReasonGPC}
			return ev
		}
		told, not := answered(collector.ConsentAccept, "v1", "c42"), answered(collector.ConsentAccept, "v2", "c43")
		told.Consent.InformedOfGPC = true
		w.append(told, not)
		time.Sleep(time.Minute)
		w.append(signal("v1"), signal("v2"))
		for visitor, want := range map[string]int{"v1": 1, "v2": 2} {
			w.until("the answers are applied", func() bool {
				recs, err := w.engine.Reader().Records(t.Context(), collector.Visitor("shop", visitor))
				return err == nil && len(recs) >= 1
			})
			time.Sleep(time.Minute)
			recs, err := w.engine.Reader().Records(t.Context(), collector.Visitor("shop", visitor))
			if err != nil || len(recs) != want {
				t.Errorf("%s has %d records (%v), want %d", visitor, len(recs), err, want)
			}
		}
	})
}

// TestUnprovenYesIsRecorded, of whom it names, when it lacks nothing but the token of
// its notice.
func TestUnprovenYesIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		yes := func(customer, proof string, why ...collector.Reason) {
			ev := answered(collector.ConsentAccept, "", customer)
			ev.Consent.Proof, ev.Withheld = proof, why
			w.append(ev)
		}
		yes("c1", collector.ProofMissing, collector.ReasonConsentUnproven)
		yes("c2", "", collector.ReasonConsentUnproven)
		yes("c3", collector.ProofMissing, collector.ReasonConsentUnproven, collector.ReasonGPC)
		time.Sleep(time.Minute)
		for customer, want := range map[string]int{"c1": 1, "c2": 0, "c3": 0} {
			recs, err := w.engine.Reader().Records(t.Context(), collector.Customer("shop", customer))
			if err != nil || len(recs) != want {
				t.Errorf("%s has %d records (%v), want %d", customer, len(recs), err, want)
			}
		}
	})
}
