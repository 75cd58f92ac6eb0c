package engine_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"matchkey/collector"
)

// told is what a back end says that knows both browser and customer, and
// nothing else of them.
func told(visitor, customer string) collector.Event {
	now := time.Now().UTC()
	return collector.Event{
		ID: "login." + visitor, Site: "shop", Name: "login", Origin: collector.OriginServer, Receipt: "c_login",
		OccurredAt: now, ReceivedAt: now, Visitor: visitor, Customer: customer,
	}
}

// TestConversionIsJoinedWhateverComesFirst: the beacon, the link and the
// conversion arrive in every order, minutes apart, with a power cut before any
// of them or after the last. The conversion goes as soon as all three are here,
// once, with the browser's click.
func TestConversionIsJoinedWhateverComesFirst(t *testing.T) {
	arrivals := map[string]func() collector.Event{
		"beacon":     func() collector.Event { return browsed("v1", "") },
		"link":       func() collector.Event { return told("v1", "c42") },
		"conversion": func() collector.Event { return bought("A-1", "c42") },
	}
	for _, order := range []string{
		"beacon link conversion", "beacon conversion link", "link beacon conversion",
		"link conversion beacon", "conversion beacon link", "conversion link beacon",
	} {
		for cut := range 5 { // 4: never
			t.Run(fmt.Sprintf("%s, cut %d", order, cut), func(t *testing.T) {
				inBubble(t, func(t *testing.T, w *world) {
					rng := rand.New(rand.NewPCG(uint64(cut), 4))
					w.wait = time.Hour
					w.append(answered(collector.ConsentAccept, "", "c42"))
					for i, what := range strings.Fields(order) {
						if i == cut {
							w.cutPower(rng)
						}
						w.append(arrivals[what]())
						time.Sleep(2 * time.Minute)
						if n := len(w.meta.Received()); i < 2 && n > 0 && strings.Contains(order, "conversion ") {
							t.Fatalf("after %s, %d parcels left already", what, n)
						}
					}
					if cut == 3 {
						w.cutPower(rng)
						time.Sleep(2 * time.Minute)
					}
					d, _, err := w.engine.Reader().Delivery(t.Context(), key("A-1"))
					if err != nil || d.State != collector.StateDelivered {
						t.Fatalf("two minutes after all was there the delivery is %s (%v), %v", d.State, d.Reasons, err)
					}
					if got := w.kinds("A-1"); !slices.Contains(got, collector.KindClick) {
						t.Errorf("it went with %v, without the click", got)
					}
				})
			})
		}
	}
}

// TestWaitingIsBounded: what it waits for never comes. It goes with what there
// is when the wait ends, also when the power was cut meanwhile.
func TestWaitingIsBounded(t *testing.T) {
	for _, cut := range []bool{false, true} {
		inBubble(t, func(t *testing.T, w *world) {
			w.wait = time.Hour
			w.append(answered(collector.ConsentAccept, "", "c42"), bought("A-1", "c42"))
			time.Sleep(30 * time.Minute)
			if cut {
				w.cutPower(rand.New(rand.NewPCG(1, 4)))
			}
			time.Sleep(29 * time.Minute)
			if d, _, err := w.engine.Reader().Delivery(t.Context(), key("A-1")); err != nil || d.State != collector.StateWaiting {
				t.Fatalf("after 59 minutes of an hour it is %s, %v", d.State, err)
			}
			time.Sleep(2 * time.Minute)
			if got := w.kinds("A-1"); !slices.Equal(got, []collector.Kind{collector.KindEmail}) {
				t.Errorf("it went with %v, want the shop's e-mail alone", got)
			}
		})
	}
}

// TestLateCopyReleases: the browser's copy of an order brings what the shop's
// copy waits for, although nobody may link the two by an order id.
func TestLateCopyReleases(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.wait = time.Hour
		w.append(answered(collector.ConsentAccept, "", "c42"), bought("A-1", "c42"))
		time.Sleep(5 * time.Minute)
		twin := browsed("v1", "")
		twin.ID, twin.Name, twin.Properties = "purchase.A-1", collector.EventPurchase, map[string]any{"value": 1.0}
		w.append(twin)
		time.Sleep(time.Minute)
		if got := w.kinds("A-1"); !slices.Contains(got, collector.KindClick) {
			t.Errorf("it went with %v, without the click of the browser's copy", got)
		}
		if got := w.linked(collector.Customer("shop", "c42")); got != nil {
			t.Errorf("an order id linked %v", got)
		}
	})
}
