package graphsim

// The business result: how often an event is counted, given the copies that
// came (capi.md § 7). Meta's page promises that a browser copy and a server
// copy with the same dataset, event_name and event_id collapse when the second
// arrives within 48 hours of the receipt of the first, in any order. It
// promises nothing for two copies from the same side, so here they count twice:
// a sender that resends after a timeout must be able to see what that may cost.

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// dedupWindow is counted from the receipt of the first copy, both ends
// included (§ 7, method A).
const dedupWindow = 48 * time.Hour

// Count is what became of the copies of one event.
type Count struct {
	Dataset   string    `json:"dataset"`
	EventName string    `json:"event_name"`
	EventID   string    `json:"event_id"` // empty: copies that nothing can collapse
	FirstAt   time.Time `json:"first_at"`
	LastAt    time.Time `json:"last_at"`
	Server    int       `json:"server"`  // copies from servers
	Browser   int       `json:"browser"` // copies from browsers
	// Counted is how many events the advertiser sees.
	Counted int `json:"counted"`
}

// Counted lists the business result per dataset, event name and event id,
// sorted by these; up to 100,000 of them.
func (s *Sim) Counted() []Count {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.books.tallies.list()
}

type copyKey struct{ dataset, name, id string }

func (k copyKey) size() int { return len(k.dataset) + len(k.name) + len(k.id) }

// tally follows the copies of one event through windows of 48 hours.
type tally struct {
	count       Count // its Counted holds the windows that are closed
	windowStart time.Time
	server      int // copies in the open window
	browser     int
}

func (t *tally) add(source Source, at time.Time) {
	if at.Sub(t.windowStart) > dedupWindow {
		t.count.Counted += t.open()
		t.windowStart, t.server, t.browser = at, 0, 0
	}
	if source == Server {
		t.server++
		t.count.Server++
	} else {
		t.browser++
		t.count.Browser++
	}
	t.count.LastAt = at
}

// open is what the open window counts: each browser copy collapses with one
// server copy. The order of arrival does not matter.
func (t *tally) open() int {
	if t.count.EventID == "" {
		return t.server + t.browser
	}
	return max(t.server, t.browser)
}

func (t *tally) result() Count {
	c := t.count
	c.Counted += t.open()
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
	key := copyKey{r.Dataset, r.EventName, r.EventID}
	t := ts.of[key]
	if t == nil {
		t = &tally{windowStart: r.At, count: Count{
			Dataset: r.Dataset, EventName: r.EventName, EventID: r.EventID, FirstAt: r.At,
		}}
		ts.of[key] = t
		ts.order = append(ts.order, key)
		ts.bytes += key.size()
	}
	t.add(r.Source, r.At)
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
