package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"matchkey/collector"
	"matchkey/collector/collectortest"
	"matchkey/collector/internal/identity"
)

// What strangers, floods and shared browsers try.

// TestForgedBrowserCopy: anybody can send a beacon with a guessed order id.
// The server says whose order it is, and its person's refusal counts.
func TestForgedBrowserCopy(t *testing.T) {
	forged := func() collector.Event {
		ev := browsed("v9", "evil")
		ev.Name, ev.ID, ev.Properties = collector.EventPurchase, "purchase.A-1", map[string]any{"value": 0.01}
		return ev
	}
	t.Run("of a customer who refuses", func(t *testing.T) {
		w := newWorld(t)
		w.wait = time.Hour
		w.append(answered(collector.ConsentReject, "", "victim"))
		ev := forged()
		ev.Session, ev.Identifiers = "", nil // so that it waits
		w.append(ev, bought("A-1", "victim"), browsed("v9", "evil"), browsed("v1", "c42"), bought("A-2", "c42"))
		w.eventually("A-2", collector.StateDelivered)
		for _, p := range w.meta.Received() {
			if p.Key != key("A-1") {
				continue
			}
			if body, _ := collectortest.ReadMemoryBody(p.Body); slices.Contains(body.Kinds, collector.KindEmail) {
				t.Errorf("the victim's e-mail left with the forged copy: %s", p.Body)
			}
		}
	})
	t.Run("of a customer who agrees", func(t *testing.T) {
		w := newWorld(t)
		w.wait = time.Hour
		ev := forged()
		ev.Session, ev.Identifiers = "", nil
		w.append(answered(collector.ConsentAccept, "", "c42"), ev, bought("A-1", "c42"), browsed("v1", "c42"))
		w.eventually("A-1", collector.StateDelivered)
		body, err := collectortest.ReadMemoryBody(w.meta.Received()[0].Body)
		if err != nil || body.Properties["value"] != 59.9 {
			t.Errorf("sent %+v, %v; want the server's value", body, err)
		}
		rec, _, err := w.engine.Reader().Event(t.Context(), collector.EventKey{Site: "shop", Name: "purchase", ID: "purchase.A-1"})
		if err != nil || rec.Event.Customer != "c42" || rec.Event.Visitor != "" ||
			!slices.Contains(rec.Event.Notes, collector.Note{Field: "customer", Reason: collector.ReasonCopiesDisagree}) {
			t.Errorf("the event is %+v, %v; want the server's customer, nothing of the stranger, and a note", rec.Event, err)
		}
	})
}

// TestManyCopiesLeaveNothing: a shop repeats a refused order more often than
// copies are listed.
func TestManyCopiesLeaveNothing(t *testing.T) {
	w := newWorld(t)
	w.append(answered(collector.ConsentReject, "", "c42"))
	const copies = collector.MaxCopies + 10
	for range copies {
		w.append(bought("A-1", "c42"))
	}
	w.eventually("A-1", collector.StateWithheld)
	w.until("all is applied", func() bool { return w.engine.Lag() == 0 })
	for _, e := range w.journaled() {
		if kept, _ := json.Marshal(e.Event); e.Event.Name == collector.EventPurchase && strings.Contains(string(kept), "hash of c42") {
			t.Errorf("journal entry %d keeps %s", e.Offset, kept)
		}
	}
}

// TestWithheldYesIsNone: the edge could not act on an accept, because a privacy
// signal stands against it; then nobody may.
func TestWithheldYesIsNone(t *testing.T) {
	w := newWorld(t)
	yes := answered(collector.ConsentAccept, "", "c42")
	yes.Withheld = []collector.Reason{"gpc_opt_out"}
	w.append(yes, bought("A-1", "c42"))
	w.eventually("A-1", collector.StateHeld)
}

// TestEventOfSecondCustomerCarriesNoClickOfTheFirst looks at the event's own
// identifiers, as TestTwoCustomersOnOneBrowser looks at the profile's.
func TestEventOfSecondCustomerCarriesNoClickOfTheFirst(t *testing.T) {
	w := newWorld(t)
	first := browsed("v1", "c1")
	w.append(first)
	second := browsed("v1", "c2")
	second.ID, second.Name, second.Properties = "purchase.A-2", collector.EventPurchase, map[string]any{"value": 1.0}
	second.Identifiers = slices.Clone(first.Identifiers)
	second.Consent.At = second.OccurredAt
	w.append(second)
	w.eventually("A-2", collector.StateDelivered)
	if got := w.kinds("A-2"); slices.Contains(got, collector.KindClick) {
		t.Errorf("the second customer's event went with %v; the click is the first one's", got)
	}
}

// TestWithdrawalReachesEarlierGenerations: who refuses at a browser refuses for
// all that it ever collected.
func TestWithdrawalReachesEarlierGenerations(t *testing.T) {
	w := newWorld(t)
	w.append(browsed("v1", "c1"))
	second := browsed("v1", "c2")
	second.Consent.At = second.OccurredAt
	w.append(second, answered(collector.ConsentWithdraw, "v1", "c2"), bought("A-1", "c1"))
	w.eventually("A-1", collector.StateWithheld)
}

// TestAnswersAreBounded: whoever answers all the time does not make every
// decision slower.
func TestAnswersAreBounded(t *testing.T) {
	w := newWorld(t)
	for n := range 3 * collector.MaxRecords {
		ev := browsed("v1", "")
		ev.ID += string(rune('a' + n))
		ev.Consent.At = ev.Consent.At.Add(time.Duration(n) * time.Millisecond)
		w.append(ev)
	}
	w.until("all is applied", func() bool { return w.engine.Lag() == 0 })
	recs, err := w.engine.Reader().Records(t.Context(), collector.Visitor("shop", "v1"))
	if err != nil || len(recs) != collector.MaxRecords {
		t.Errorf("%d records are kept (%v), want %d", len(recs), err, collector.MaxRecords)
	}
}

// TestManyBrowsersOfOneCustomer: a shop names all its guests by one customer id, or
// strangers link their browsers to one that they know. What concerns that customer
// stays cheap, and it is said what was not done.
func TestManyBrowsersOfOneCustomer(t *testing.T) {
	w := newWorld(t)
	const more = 10
	for i := range identity.MaxBrowsers + more {
		w.append(browsed(fmt.Sprint("v", i), "guest"))
	}
	w.append(browsed("v0", "guest")) // one that is linked stays so
	w.append(bought("A-1", "guest"))
	w.eventually("A-1", collector.StateDelivered)
	linked, err := w.engine.Reader().Linked(t.Context(), collector.Customer("shop", "guest"))
	if err != nil || len(linked) != identity.MaxBrowsers || !slices.Contains(linked, collector.Visitor("shop", "v0")) {
		t.Errorf("%d browsers are linked, %v", len(linked), err)
	}
	rec, known, err := w.engine.Reader().Event(t.Context(), collector.EventKey{Site: "shop", Name: collector.EventPageView, ID: fmt.Sprint("pv.v", identity.MaxBrowsers, "guest")})
	if err != nil || !known || !slices.Contains(rec.Event.Notes, collector.Note{Field: "visitor", Reason: collector.ReasonManyBrowsers}) {
		t.Errorf("of the first one too many: %+v, %v", rec.Event.Notes, err)
	}
}
