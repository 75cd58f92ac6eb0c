package graphsim

// The business result: how often an event is counted, given the copies that
// came (capi.md § 7). Meta's page promises that a browser copy and a server
// copy with the same dataset, event_name and event_id collapse when the second
// arrives within 48 hours of the receipt of the first, in any order. It
// promises nothing for two copies from the same side, so here they count twice:
// a sender that resends after a timeout must be able to see what that may cost.
// Which copies belong together is said in copykey.go.

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

const (
	// dedupWindow is counted from the receipt of the first copy, both ends
	// included (§ 7, method A).
	dedupWindow = 48 * time.Hour
	// offlineWindow is that of events in a store (§ 7, "Offline").
	offlineWindow = 7 * 24 * time.Hour
	// favoured is how late the browser's copy may come and still be the one
	// whose value counts (§ 7).
	favoured = 5 * time.Minute
)

// Count is what became of the copies of one event.
type Count struct {
	Dataset   string    `json:"dataset"`
	EventName string    `json:"event_name"`
	EventID   string    `json:"event_id"` // empty: copies that nothing can collapse
	Way       Way       `json:"way"`
	FirstAt   time.Time `json:"first_at"`
	LastAt    time.Time `json:"last_at"`
	Server    int       `json:"server"`  // copies from servers
	Browser   int       `json:"browser"` // copies from browsers
	// Counted is how many events the advertiser sees.
	Counted int `json:"counted"`
	// Value is the sum of the value of those, in Currency, that of the first copy
	// that had one. Rounded to four decimals, so that 0.1 ten times is 1.
	Value    float64 `json:"value"`
	Currency string  `json:"currency,omitzero"`
}

// Counted lists the business result per dataset, event name and event id,
// sorted by these; up to 100,000 of them.
func (s *Sim) Counted() []Count {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.books.tallies.list()
}

// side is what came from one side within the open window.
type side struct {
	copies int
	value  float64
	at     time.Time // of the first of them
}

func (d *side) add(value float64, at time.Time) {
	if d.copies == 0 {
		d.at = at
	}
	d.copies++
	d.value += value
}

// tally follows the copies of one event through windows of time.
type tally struct {
	count           Count // its Counted and Value are those of closed windows
	windowStart     time.Time
	server, browser side // in the open window
}

func (t *tally) add(r Received) {
	if r.At.Sub(t.windowStart) > t.count.Way.window() {
		n, value := t.inWindow()
		t.count.Counted, t.count.Value = t.count.Counted+n, t.count.Value+value
		t.windowStart, t.server, t.browser = r.At, side{}, side{}
	}
	value, currency := money(r)
	if r.Source == Server {
		t.server.add(value, r.At)
		t.count.Server++
	} else {
		t.browser.add(value, r.At)
		t.count.Browser++
	}
	t.count.Currency = cmp.Or(t.count.Currency, currency)
	t.count.LastAt = r.At
}

// inWindow is what the open window counts: each browser copy collapses with one
// server copy, in whatever order they came. The value is that of the side that
// sent more; of two alike, of the one that came first, the browser favoured.
func (t *tally) inWindow() (n int, value float64) {
	switch {
	case t.count.Way == WayOffline: // any copies collapse
		return 1, t.server.value / float64(t.server.copies)
	case t.count.Way == WayMessaging || t.count.EventID == "": // none do
		return t.server.copies + t.browser.copies, t.server.value + t.browser.value
	case t.server.copies > t.browser.copies:
		return t.server.copies, t.server.value
	case t.browser.copies > t.server.copies || t.browser.at.Sub(t.server.at) <= favoured:
		return t.browser.copies, t.browser.value
	}
	return t.server.copies, t.server.value
}

func (t *tally) result() Count {
	c := t.count
	n, value := t.inWindow()
	c.Counted += n
	c.Value = cents(c.Value + value)
	return c
}

// tallies are bounded by forgetting the events that were first seen longest ago.
type tallies struct {
	of        map[copyKey]*tally
	order     []copyKey
	bytes     int // of the keys
	forgotten int // events counted in tallies that are gone
}

func newTallies() tallies { return tallies{of: make(map[copyKey]*tally)} }

func (ts *tallies) add(r Received) {
	key := keyOf(r)
	t := ts.of[key]
	if t == nil {
		t = &tally{windowStart: r.At, count: Count{
			Dataset: r.Dataset, EventName: r.EventName, EventID: r.EventID, Way: key.way, FirstAt: r.At,
		}}
		ts.of[key] = t
		ts.order = append(ts.order, key)
		ts.bytes += key.size()
	}
	t.add(r)
	for len(ts.order) > keepTallies || ts.bytes > keepBytes && len(ts.order) > 1 {
		old := ts.order[0]
		ts.forgotten += ts.of[old].result().Counted
		ts.bytes -= old.size()
		delete(ts.of, old)
		ts.order = ts.order[1:]
	}
}

func (ts *tallies) list() []Count {
	out := make([]Count, 0, len(ts.of))
	for _, t := range ts.of {
		out = append(out, t.result())
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(
			strings.Compare(a.Dataset, b.Dataset),
			strings.Compare(a.EventName, b.EventName),
			strings.Compare(a.EventID, b.EventID),
			strings.Compare(string(a.Way), string(b.Way)),
			a.FirstAt.Compare(b.FirstAt),
		)
	})
	return out
}

func (ts *tallies) sum() (counted, forgotten int) {
	counted = ts.forgotten
	for _, t := range ts.of {
		counted += t.result().Counted
	}
	return counted, ts.forgotten
}
