package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/go-json-experiment/json"

	"matchkey/collector"
	"matchkey/collector/engine"
)

func TestJoinsServerConversionWithBrowser(t *testing.T) {
	w := newWorld(t)
	w.append(browsed("v1", ""), browsed("v1", "c42"))
	w.append(bought("A-1", "c42"))
	d := w.eventually("A-1", collector.StateDelivered)
	if got := w.kinds("A-1"); !slices.Equal(got, []collector.Kind{collector.KindClick, collector.KindEmail}) {
		t.Errorf("the destination got %v; want the browser's click and the shop's e-mail", got)
	}
	if len(d.Attempts) != 1 || d.Decision.Outcome != collector.SendFull {
		t.Errorf("attempts %+v, decision %+v", d.Attempts, d.Decision)
	}
}

func TestWaitsForLateIdentifiers(t *testing.T) {
	w := newWorld(t)
	w.wait = time.Hour
	w.append(answered(collector.ConsentAccept, "", "c42"))
	w.append(bought("A-1", "c42"))
	w.eventually("A-1", collector.StateWaiting)
	w.append(browsed("v1", "c42"))
	w.eventually("A-1", collector.StateDelivered)
	if got := w.kinds("A-1"); !slices.Contains(got, collector.KindClick) {
		t.Errorf("the destination got %v; the click came while it waited", got)
	}
}

func TestCopiesOfOneEventAreOneDelivery(t *testing.T) {
	w := newWorld(t)
	w.append(browsed("v1", "c42"))
	browser := bought("A-1", "")
	browser.Origin, browser.Receipt, browser.Visitor, browser.Consent = collector.OriginBrowser, "b_twin", "v1", accepted(time.Now())
	w.append(browser, bought("A-1", "c42"), bought("A-1", "c42"))
	w.eventually("A-1", collector.StateDelivered)
	w.append(bought("A-1", "c42"), bought("A-2", "c42"))
	w.eventually("A-2", collector.StateDelivered)
	w.kinds("A-1") // once
	recs, err := w.engine.Reader().EventsByID(t.Context(), "shop", "A-1")
	if err != nil || len(recs) != 1 || len(recs[0].Copies) != 4 {
		t.Errorf("records %+v, %v; want one with four copies", recs, err)
	}
}

func TestWithoutAnswerIsHeldThenReleased(t *testing.T) {
	w := newWorld(t)
	w.append(bought("A-1", "c42"))
	d := w.eventually("A-1", collector.StateHeld)
	if !slices.Contains(d.Reasons, "pending") {
		t.Errorf("reasons are %v", d.Reasons)
	}
	w.append(answered(collector.ConsentAccept, "", "c42"))
	w.eventually("A-1", collector.StateDelivered)
}

func TestRefusalLeavesNothing(t *testing.T) {
	w := newWorld(t)
	w.append(answered(collector.ConsentReject, "", "c42"))
	w.append(bought("A-1", "c42"))
	w.eventually("A-1", collector.StateWithheld)
	if n := len(w.meta.Received()); n != 0 {
		t.Fatalf("%d parcels left in spite of a refusal", n)
	}
	rec, _, err := w.engine.Reader().Event(t.Context(), collector.EventKey{Site: "shop", Name: "purchase", ID: "purchase.A-1"})
	if err != nil {
		t.Fatal(err)
	}
	kept, _ := json.Marshal(rec)
	for _, trace := range []string{"c42", "hash of", "59.9"} {
		if strings.Contains(string(kept), trace) {
			t.Errorf("the event keeps %q after a refusal: %s", trace, kept)
		}
	}
	profile, err := w.engine.Reader().Profile(t.Context(), collector.Customer("shop", "c42"))
	if err != nil || len(profile.Identifiers) != 0 || !profile.FirstAt.IsZero() {
		t.Errorf("the profile keeps %+v, %v", profile, err)
	}
}

func TestRefusalDropsWhatIsHeld(t *testing.T) {
	w := newWorld(t)
	w.append(bought("A-1", "c42"))
	w.eventually("A-1", collector.StateHeld)
	w.append(answered(collector.ConsentReject, "", "c42"))
	w.eventually("A-1", collector.StateWithheld)
}

func TestRefusalFollowsLinks(t *testing.T) {
	w := newWorld(t)
	w.append(browsed("v1", "c42"), browsed("v2", "c42"))
	w.append(answered(collector.ConsentWithdraw, "v1", ""))
	w.append(bought("A-1", "c42"))
	w.eventually("A-1", collector.StateWithheld)
}

func TestWithdrawalReachesWhatIsQueued(t *testing.T) {
	w := newWorld(t)
	w.meta.Script(func(collector.Parcel) collector.Verdict {
		return collector.Verdict{Ruling: collector.Blocked, Reason: "token_invalid"}
	})
	w.append(browsed("v1", "c42"), bought("A-1", "c42"))
	w.until("the destination is paused", func() bool { return w.engine.Destinations()[0].Paused != "" })
	if d := w.eventually("A-1", collector.StatePending); d.Tries != 0 {
		t.Errorf("being blocked spent %d tries", d.Tries)
	}
	// From the acknowledgement on nothing may leave, however fast we resume.
	w.append(answered(collector.ConsentWithdraw, "v1", "c42"))
	w.meta.Script(nil)
	if ok, err := w.engine.Resume(t.Context(), "main"); !ok || err != nil {
		t.Errorf("the destination was not paused: %v", err)
	}
	w.eventually("A-1", collector.StateWithheld)
	if n := len(w.meta.Received()); n != 0 {
		t.Errorf("%d parcels left after the withdrawal", n)
	}
}

func TestTwoCustomersOnOneBrowser(t *testing.T) {
	w := newWorld(t)
	first := browsed("v1", "c1")
	w.append(first)
	second := browsed("v1", "c2")
	second.Identifiers = append(slices.Clone(first.Identifiers), second.Identifiers...)
	second.Identifiers = second.Identifiers[:1] // the browser still carries the first one's click
	second.Consent.At = second.OccurredAt
	w.append(second)
	w.append(bought("A-2", "c2"), bought("A-1", "c1"))
	w.eventually("A-1", collector.StateDelivered)
	w.eventually("A-2", collector.StateDelivered)
	if got := w.kinds("A-1"); !slices.Contains(got, collector.KindClick) {
		t.Errorf("the first customer has %v; the click is hers", got)
	}
	if got := w.kinds("A-2"); slices.Contains(got, collector.KindClick) {
		t.Errorf("the second customer has %v; the click is the first one's", got)
	}
}

func TestInDoubtIsSentAgainWithTheSameBody(t *testing.T) {
	w := newWorld(t)
	var tries int
	w.meta.Script(func(collector.Parcel) collector.Verdict {
		if tries++; tries == 1 {
			return collector.Verdict{Ruling: collector.InDoubt, Reason: collector.ReasonNoAnswer}
		}
		return collector.Verdict{Ruling: collector.Accepted}
	})
	w.append(browsed("v1", "c42"), bought("A-1", "c42"))
	d := w.eventually("A-1", collector.StateDelivered)
	received := w.meta.Received()
	if d.Doubts != 1 || len(received) != 2 || string(received[0].Body) != string(received[1].Body) {
		t.Errorf("%d doubts, %d received; want one doubt and the same body twice", d.Doubts, len(received))
	}
}

func TestRejectedIsDeadAndRedriven(t *testing.T) {
	w := newWorld(t)
	w.meta.Script(func(collector.Parcel) collector.Verdict {
		return collector.Verdict{Ruling: collector.Rejected, Reason: "payload", Code: 100, Subcode: 2804009}
	})
	w.append(browsed("v1", "c42"), bought("A-1", "c42"))
	d := w.eventually("A-1", collector.StateDead)
	if d.Attempts[0].Verdict.Subcode != 2804009 {
		t.Errorf("the attempt keeps %+v", d.Attempts[0].Verdict)
	}
	w.meta.Script(nil)
	if n, err := w.engine.Redrive(t.Context(), collector.DeliveryQuery{}); n != 1 || err != nil {
		t.Fatalf("redrive: %d, %v", n, err)
	}
	w.eventually("A-1", collector.StateDelivered)
}

func TestUnknownSiteIsSetAside(t *testing.T) {
	w := newWorld(t)
	lost := bought("A-1", "c42")
	lost.Site = "gone"
	w.append(lost, browsed("v1", "c42"), bought("A-2", "c42"))
	w.eventually("A-2", collector.StateDelivered)
	list, err := w.engine.Reader().SetAsides(t.Context(), 10)
	if err != nil || len(list) != 1 || list[0].Offset != 1 {
		t.Errorf("set aside: %+v, %v; want the first entry", list, err)
	}
}

// TestSurvivesPowerCuts cuts the power again and again while conversions come
// in. Every acknowledged conversion is delivered in the end; none is delivered
// that was never sent; and each further copy was announced by a doubt.
func TestSurvivesPowerCuts(t *testing.T) {
	for range 8 {
		survivePowerCuts(t, rand.Uint64())
	}
}

// TestSealedPowerCuts does it on a folder that is sealed.
func TestSealedPowerCuts(t *testing.T) {
	for range 4 {
		survivePowerCuts(t, rand.Uint64(), sealKey(t, 'a'))
	}
}

func survivePowerCuts(t *testing.T, seed uint64, keys ...engine.SealKey) {
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	w := newSealedWorld(t, keys...)
	w.append(browsed("v1", "c42"))
	var orders []string
	for round := range 5 {
		for i := range 1 + rng.IntN(30) {
			order := fmt.Sprintf("%d-%d", round, i)
			w.append(bought(order, "c42"))
			orders = append(orders, order)
		}
		w.cutPower(rng)
	}
	doubts := map[collector.DeliveryKey]int{}
	for _, order := range orders {
		doubts[key(order)] = w.eventually(order, collector.StateDelivered).Doubts
	}
	times := map[collector.DeliveryKey]int{}
	for _, p := range w.meta.Received() {
		times[p.Key]++
	}
	if len(times) != len(orders) {
		t.Errorf("seed %d: %d orders were received, %d were sent", seed, len(times), len(orders))
	}
	for k, n := range times {
		if n > 1+doubts[k] {
			t.Errorf("seed %d: %s was received %d times and was in doubt %d times", seed, k, n, doubts[k])
		}
	}
}

func TestOpenRefusesTwoOfOneName(t *testing.T) {
	w := newWorld(t)
	_, err := engine.Open(context.Background(), vfs.NewMem(), engine.Config{Dir: "d", Now: time.Now, Random: rand.NewChaCha8([32]byte{}), Log: quiet()}, w.meta, w.meta)
	if err == nil || !strings.Contains(err.Error(), `"main"`) {
		t.Errorf("got %v; want an error that names the destination", err)
	}
}
