package engine_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"matchkey/collector"
	"matchkey/collector/engine"
)

// limited are the orders that a note says the limit forbade.
func (w *world) limited(orders ...string) (over []string) {
	w.Helper()
	for _, order := range orders {
		rec, _, err := w.engine.Reader().Event(w.Context(), collector.EventKey{Site: "shop", Name: "purchase", ID: "purchase." + order})
		if err != nil {
			w.Fatal(err)
		}
		if slices.Contains(rec.Event.Notes, collector.Note{Field: "scenario.purchase.limit", Reason: collector.ReasonLimitReached}) {
			over = append(over, order)
		}
	}
	return over
}

// TestLimitCountsAcrossPowerCuts: one conversion a customer and two hours, to two
// destinations, whatever the power does in between; a further copy of the one that
// counts changes nothing, and a replay says the same.
func TestLimitCountsAcrossPowerCuts(t *testing.T) {
	for cut := range 5 { // 4: never
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				rng := rand.New(rand.NewPCG(uint64(cut), 5))
				w.limit = collector.Limit{Times: 1, Per: 2 * time.Hour}
				w.append(answered(collector.ConsentAccept, "", "c42"), answered(collector.ConsentAccept, "", "c43"))
				first := bought("A-1", "c42")
				for i, ev := range []collector.Event{first, bought("A-2", "c42"), first, bought("B-1", "c43")} {
					if i == cut {
						w.cutPower(rng)
					}
					w.append(ev)
					time.Sleep(time.Minute)
				}
				if got := w.limited("A-1", "A-2", "B-1"); !slices.Equal(got, []string{"A-2"}) {
					t.Errorf("the limit forbade %v, want A-2 alone", got)
				}
				for _, d := range []string{"main", "second"} {
					list, err := w.engine.Reader().Deliveries(t.Context(), collector.DeliveryQuery{Destination: d})
					if err != nil || len(list) != 2 {
						t.Errorf("%s has %d deliveries, want those of A-1 and B-1, %v", d, len(list), err)
					}
				}
				time.Sleep(2 * time.Hour)
				w.append(answered(collector.ConsentAccept, "", "c42"), bought("A-3", "c42"))
				time.Sleep(time.Minute)
				if got := w.limited("A-3"); got != nil {
					t.Errorf("after the period the limit still forbids %v", got)
				}
				w.close()
				done, err := engine.Replay(t.Context(), w.fs, w.settings(), engine.ReplayOptions{}, w.meta, w.others[0])
				if err != nil || !done.Same() {
					t.Errorf("a replay says otherwise: %+v, %v", done, err)
				}
				w.open()
			}, "second")
		})
	}
}

// TestLimitOutlastsTheJournal: what counts goes on counting when its event has expired,
// and a replay of what is left of the journal says the same.
func TestLimitOutlastsTheJournal(t *testing.T) {
	retaining(t, collector.Retention{Events: 5 * day, Deliveries: 30 * day, Proof: 90 * day}, func(t *testing.T, w *world) {
		w.limit = collector.Limit{Times: 1, Per: 20 * day}
		w.append(answered(collector.ConsentAccept, "", "c42"), bought("A-1", "c42"))
		time.Sleep(time.Minute)
		w.pass(8 * day)
		w.append(bought("A-2", "c42"))
		time.Sleep(time.Minute)
		if got := w.limited("A-2"); len(got) != 1 {
			t.Errorf("the limit forbade %v, want A-2", got)
		}
		w.close()
		if done := w.replay(engine.ReplayOptions{}); done.From == 0 || !done.Same() {
			t.Errorf("a replay says otherwise: %+v", done)
		}
		w.open()
	})
}

// TestLimitFollowsThePerson: what a browser did before its person was known counts
// for the customer, and what was withheld does not count.
func TestLimitFollowsThePerson(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.limit = collector.Limit{Times: 1, Per: 30 * 24 * time.Hour}
		anonymous := browsed("v1", "")
		anonymous.ID, anonymous.Name = "purchase.A-1", collector.EventPurchase
		w.append(answered(collector.ConsentAccept, "v1", ""), anonymous)
		time.Sleep(time.Minute)
		w.append(told("v1", "c42"), answered(collector.ConsentAccept, "", "c42"), bought("A-2", "c42"))
		time.Sleep(time.Minute)
		if got := w.limited("A-1", "A-2"); !slices.Equal(got, []string{"A-2"}) {
			t.Errorf("the limit forbade %v, want what the customer bought after the browser did", got)
		}

		w.append(answered(collector.ConsentReject, "", "c50"), bought("B-1", "c50"))
		time.Sleep(time.Minute)
		w.append(answered(collector.ConsentAccept, "", "c50"), bought("B-2", "c50"), bought("B-3", "c50"))
		time.Sleep(time.Minute)
		if got := w.limited("B-1", "B-2", "B-3"); !slices.Equal(got, []string{"B-3"}) {
			t.Errorf("the limit forbade %v, want B-3: what was withheld counts for nothing", got)
		}
	})
}

// TestDelay: it goes when the delay is over, not before, whatever it waited for
// meanwhile and whatever the power did; and is not overtaken by its window.
func TestDelay(t *testing.T) {
	for _, cut := range []bool{false, true} {
		for _, wait := range []time.Duration{0, time.Hour} {
			inBubble(t, func(t *testing.T, w *world) {
				w.delay, w.wait = 3*time.Hour, wait
				w.append(answered(collector.ConsentAccept, "", "c42"), bought("A-1", "c42"))
				time.Sleep(2*time.Hour + 59*time.Minute)
				if cut {
					w.cutPower(rand.New(rand.NewPCG(1, 5)))
					time.Sleep(time.Second)
				}
				d, _, err := w.engine.Reader().Delivery(t.Context(), key("A-1"))
				if err != nil || d.State != collector.StatePending || !slices.Equal(d.Reasons, []collector.Reason{collector.ReasonDelayed}) || len(w.meta.Received()) > 0 {
					t.Fatalf("a minute before the delay ends it is %s (%v), %v", d.State, d.Reasons, err)
				}
				time.Sleep(2 * time.Minute)
				if d, _, err = w.engine.Reader().Delivery(t.Context(), key("A-1")); err != nil || d.State != collector.StateDelivered {
					t.Errorf("after the delay it is %s (%v), %v", d.State, d.Reasons, err)
				}
			})
		}
	}
}

// TestDelayKeepsConsent: a withdrawal reaches what is delayed.
func TestDelayKeepsConsent(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.delay = 3 * time.Hour
		w.append(answered(collector.ConsentAccept, "", "c42"), bought("A-1", "c42"))
		time.Sleep(time.Hour)
		w.append(answered(collector.ConsentWithdraw, "", "c42"))
		time.Sleep(time.Minute)
		if d, _, err := w.engine.Reader().Delivery(t.Context(), key("A-1")); err != nil || d.State != collector.StateWithheld {
			t.Errorf("a minute after the withdrawal it is %s (%v), %v", d.State, d.Reasons, err)
		}
	})
}
