package graphsim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"
)

// naive counts by § 7 in the plainest way: every counted fact remembers the
// copies that it stands for, and each new copy looks for a fact that it may
// collapse with. Windows start with the first copy that misses the one before.
type naive struct {
	facts []naiveFact
	start time.Time
}

type naiveFact struct {
	start           time.Time
	server, browser bool
}

func (n *naive) add(source Source, at time.Time) {
	if n.start.IsZero() || at.Sub(n.start) > 48*time.Hour {
		n.start = at
	}
	for i := range n.facts {
		f := &n.facts[i]
		if f.start != n.start {
			continue
		}
		if source == Server && !f.server {
			f.server = true
			return
		}
		if source == Browser && !f.browser {
			f.browser = true
			return
		}
	}
	n.facts = append(n.facts, naiveFact{n.start, source == Server, source == Browser})
}

// Random interleavings of any number of copies, over days, events and datasets,
// against the naive model.
func TestCountedAgainstANaiveModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 7))
	for round := range 300 {
		ts := newTallies()
		model := map[copyKey]*naive{}
		at := noon
		for range 1 + r.IntN(60) {
			at = at.Add(time.Duration(r.IntN(30)) * time.Hour / 2)
			if r.IntN(5) == 0 {
				at = at.Add(48 * time.Hour) // often at the edge of a window
			}
			e := Received{
				Source: []Source{Server, Browser}[r.IntN(2)], At: at, ActionSource: "website",
				Dataset: []string{"1", "2"}[r.IntN(2)], EventName: []string{"Purchase", "Lead"}[r.IntN(2)], EventID: strconv.Itoa(1 + r.IntN(3)),
			}
			ts.add(e)
			key := keyOf(e)
			if model[key] == nil {
				model[key] = &naive{}
			}
			model[key].add(e.Source, e.At)
		}
		total := 0
		for _, c := range ts.list() {
			want := len(model[copyKey{WayID, c.Dataset, c.EventName, c.EventID}].facts)
			if c.Counted != want {
				t.Fatalf("seed %d, round %d: counted %+v, want %d", seed, round, c, want)
			}
			total += want
		}
		if got, _ := ts.sum(); got != total || len(ts.list()) != len(model) {
			t.Fatalf("seed %d, round %d: total %d, want %d", seed, round, got, total)
		}
	}
}

// Whose value counts when two copies collapse (§ 7): the first one's, but the
// browser's when it comes within five minutes.
func TestValueOfCollapsedCopies(t *testing.T) {
	for _, c := range []struct {
		copies string // S server worth 10, B browser worth 8; digits let that many minutes pass
		value  float64
		counts int
	}{
		{"S", 10, 1}, {"B", 8, 1}, {"BS", 8, 1}, {"B9S", 8, 1}, {"S5B", 8, 1}, {"S6B", 10, 1}, {"SS", 20, 2}, {"SSB", 20, 2}, {"BBS", 16, 2},
	} {
		ts := newTallies()
		at := noon
		for _, step := range c.copies {
			e := Received{Source: Server, At: at, Dataset: "1", EventName: "Purchase", EventID: "x", CustomData: map[string]any{"value": 10.0, "currency": "EUR"}}
			switch step {
			case 'S':
			case 'B':
				e.Source, e.CustomData = Browser, map[string]any{"value": " 8 ", "currency": "eur"}
			default:
				at = at.Add(time.Duration(step-'0') * time.Minute)
				continue
			}
			ts.add(e)
		}
		if got := ts.list()[0]; got.Value != c.value || got.Counted != c.counts || got.Currency != "EUR" {
			t.Errorf("%s: %+v, want %v for %d", c.copies, got, c.value, c.counts)
		}
	}
}

func TestMoney(t *testing.T) {
	for _, c := range []struct {
		value any
		want  float64
	}{{59.9, 59.9}, {"59.90", 59.9}, {"", 0}, {"x", 0}, {"NaN", 0}, {"1e999", 0}, {nil, 0}, {true, 0}, {-1.5, -1.5}} {
		if got, _ := money(Received{CustomData: map[string]any{"value": c.value}}); got != c.want {
			t.Errorf("%v: %v, want %v", c.value, got, c.want)
		}
	}
	if cents(0.1+0.2) != 0.3 || cents(1e300) != 1e300 || math.Signbit(cents(-0.3)) == false {
		t.Error("sums are not rounded as said")
	}
}

// Events in a store collapse with each other, by what they are and not by their
// id, and with nothing else (§ 7, "Offline").
func TestOfflineCopies(t *testing.T) {
	store := func(change func(mutable)) func(mutable) {
		return func(m mutable) {
			m.event["action_source"] = "physical_store"
			delete(m.user, "fbc")
			change(m)
		}
	}
	same := func(mutable) {}
	for _, c := range []struct {
		name     string
		a, b     func(mutable)
		between  time.Duration
		counted  int
		distinct int // rows of Counted
	}{
		{"the same twice", same, same, 0, 1, 1},
		{"another event_id", same, func(m mutable) { m.event["event_id"] = "other" }, 0, 1, 1},
		{"another order", same, func(m mutable) { m.custom["order_id"] = "A-2" }, 0, 2, 2},
		{"another item", same, func(m mutable) { m.custom["item_number"] = "2" }, 0, 2, 2},
		{"another time", same, func(m mutable) { m.event["event_time"] = noon.Unix() - 7 }, 0, 2, 2},
		{"other people with one order", same, func(m mutable) { m.user["em"] = hashOf("x") }, 0, 1, 1},
		{"other people without an order", func(m mutable) { delete(m.custom, "order_id") }, func(m mutable) { delete(m.custom, "order_id"); m.user["em"] = hashOf("x") }, 0, 2, 2},
		{"the same people without an order", func(m mutable) { delete(m.custom, "order_id") }, func(m mutable) { delete(m.custom, "order_id"); m.event["event_id"] = "x" }, 0, 1, 1},
		{"within 7 days", same, same, 7 * 24 * time.Hour, 1, 1},
		{"after 7 days", same, same, 7*24*time.Hour + time.Second, 2, 1},
	} {
		s, clock := newSim(t)
		for _, change := range []func(mutable){c.a, c.b} {
			if w := serve(s, request(mutated(t, store(change)))); w.Code != 200 {
				t.Fatalf("%s: %s", c.name, w.Body)
			}
			clock.at = clock.at.Add(c.between)
		}
		if got := s.Totals().Counted; got != c.counted || len(s.Counted()) != c.distinct || s.Counted()[0].Way != WayOffline {
			t.Errorf("%s: counted %d in %+v, want %d", c.name, got, s.Counted(), c.counted)
		}
	}
	s, _ := newSim(t)
	serve(s, request(mutated(t, store(same))))
	serve(s, request(purchase(t)))
	seePurchase(t, s, "purchase.A-1001")
	if s.Totals().Counted != 2 {
		t.Errorf("counted %+v; offline collapses with offline only", s.Counted())
	}
}

func TestMessagingNeverCollapses(t *testing.T) {
	s, _ := newSim(t)
	for range 2 {
		serve(s, request(mutated(t, func(m mutable) {
			messaging(m, "whatsapp")
			m.user["ctwa_clid"], m.user["page_id"] = "ARx", "1"
		})))
	}
	seePurchase(t, s, "purchase.A-1001")
	if s.Totals().Counted != 3 {
		t.Errorf("counted %+v, want 3", s.Counted())
	}
	if !slices.Contains(s.Received()[0].Diagnostics, DiagBrowserDataInMessage) {
		t.Errorf("diagnostics %v", s.Received()[0].Diagnostics)
	}
}

func TestAudit(t *testing.T) {
	s, c := newSim(t)
	sendPurchase(t, s, c, "good")
	seePurchase(t, s, "good")
	sendPurchase(t, s, c, "twice")
	sendPurchase(t, s, c, "twice")
	sendPurchase(t, s, c, "stray")
	q := url.Values{"id": {goodDataset}, "ev": {"Purchase"}, "eid": {"dollars"}, "cd[value]": {"1.1"}, "cd[currency]": {"USD"}}
	serve(s, httptest.NewRequest("GET", "/tr?"+q.Encode(), nil))
	serve(s, httptest.NewRequest("GET", "/tr?id="+goodDataset+"&ev=Lead&eid=lost", nil)) // another name
	a := s.Audit(goodDataset, "Purchase", "good", "twice", "dollars", "lost", "lost")
	want := Audit{Lost: []string{"lost"}, Twice: []string{"twice"}, Unexpected: []string{"stray"}, Counted: 5, Value: map[string]float64{"EUR": 239.6, "USD": 1.1}}
	if fmt.Sprint(a) != fmt.Sprint(want) || a.Clean() {
		t.Errorf("audit %+v, want %+v", a, want)
	}
	if a := s.Audit("999", "Purchase"); !a.Clean() || a.Counted != 0 {
		t.Errorf("another dataset: %+v", a)
	}
}
