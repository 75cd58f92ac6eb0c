package graphsim

// What a Sim remembers, and how a test asks for it. Every list is bounded:
// the oldest entry makes room for the newest, and the totals go on counting.

import (
	"net/http"
	"slices"
	"time"
)

// Source says which way a copy of an event came.
type Source string

// The sources: POST …/events, and /tr.
const (
	Server  Source = "server"
	Browser Source = "browser"
)

// Received is one accepted copy of an event. Its maps and slices are shared
// with the Sim: read only. Nothing in it is masked.
type Received struct {
	Request int // the number of the request it came with
	At      time.Time
	Source  Source
	Dataset string
	Version string // of the path; empty for browser copies

	EventName      string
	EventID        string
	EventTime      time.Time // for browser copies the time of receipt
	ActionSource   string
	EventSourceURL string
	TestEventCode  string

	// UserData holds every value as it was sent; a single value is a list of one.
	UserData map[string][]string
	// CustomData as it was sent: JSON values, or strings for browser copies.
	CustomData map[string]any
	// Diagnostics are what Events Manager would complain of without refusing.
	Diagnostics []Diagnostic
	// Raw is the event's own JSON as it was sent, a part of the request's body;
	// nil for browser copies.
	Raw []byte
}

// Request is one request to the events edge, or one inspection of a token,
// whatever became of it.
type Request struct {
	Number  int // from 1, in order of arrival
	At      time.Time
	Method  string
	Path    string // without the query
	Bytes   int    // of the body
	Headers http.Header
	// TokenOnlyInHeader: the good token was in Authorization and nowhere else.
	TokenOnlyInHeader bool
	TestEventCode     string
	PartnerAgent      string

	Events   int // in data, as far as it could be read
	Recorded int // of those: all or none
	// Status, Code, Subcode of the answer. Status 0: the connection was cut.
	Status, Code, Subcode int
	// Blame is the place of the fault, like $['data'][3]['user_data']['em'].
	Blame string
	// Why says in a sentence without any value why it was refused.
	Why   string
	Fault FaultKind // the script's, if any, by the name it was scripted with
}

// Leak is a token found where it ends up in logs, or anywhere but in the
// Authorization header. Meta accepts it there; we report it.
type Leak struct {
	Request int
	At      time.Time
	Where   string // "query", "body", "path" or "header <name>"
}

// Totals count since New or Reset, also what is no longer kept.
type Totals struct {
	Requests int `json:"requests"` // to the events edge
	// Refused for what they were; errors by script are not among them.
	Refused       int `json:"refused"`
	ServerEvents  int `json:"server_events"`
	BrowserEvents int `json:"browser_events"`
	// EventsForgotten were accepted and are no longer listed by Received.
	EventsForgotten int `json:"events_forgotten"`
	// TokenChecks are requests to debug_token, whatever was answered.
	TokenChecks  int `json:"token_checks"`
	Leaks        int `json:"leaks"`
	PersonalData int `json:"personal_data"`
	// Counted is the sum of Counted over all events: what the business sees.
	Counted int `json:"counted"`
	// CountsForgotten were counted and are no longer listed by Counted.
	CountsForgotten int `json:"counts_forgotten"`
}

type books struct {
	events   kept[Received]
	requests kept[Request]
	checks   kept[Request]
	leaks    kept[Leak]
	personal kept[Finding]
	tallies  tallies
	totals   Totals
}

func newBooks() books {
	return books{
		events:   kept[Received]{max: keepEvents, maxCost: keepBytes},
		requests: kept[Request]{max: keepRequests},
		checks:   kept[Request]{max: keepRequests},
		leaks:    kept[Leak]{max: keepReports},
		personal: kept[Finding]{max: keepReports},
		tallies:  newTallies(),
	}
}

// event books a copy that holds about cost bytes.
func (b *books) event(r Received, cost int) {
	b.events.add(r, cost)
	b.tallies.add(r)
	if r.Source == Server {
		b.totals.ServerEvents++
	} else {
		b.totals.BrowserEvents++
	}
}

func (b *books) request(r Request) {
	b.requests.add(r, 0)
	b.totals.Requests++
	if r.Why != "" {
		b.totals.Refused++
	}
}

func (b *books) check(r Request) {
	b.checks.add(r, 0)
	b.totals.TokenChecks++
}

func (b *books) report(leaks []Leak, found []Finding) {
	for _, l := range leaks {
		b.leaks.add(l, 0)
	}
	for _, f := range found {
		b.personal.add(f, 0)
	}
	b.totals.Leaks += len(leaks)
	b.totals.PersonalData += len(found)
}

// Received lists the accepted copies, oldest first, up to the last 10,000.
func (s *Sim) Received() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.books.events.list()
}

// Requests lists the requests to the events edge that have ended, in the order
// of their end, up to the last 1,000: one that hangs is not among them yet. The
// token is blotted out of their headers.
func (s *Sim) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.books.requests.list()
}

// TokenChecks lists the requests to debug_token that have ended, up to the last
// 1,000. They are not among Requests.
func (s *Sim) TokenChecks() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.books.checks.list()
}

// Leaks lists where tokens were found outside the Authorization header.
func (s *Sim) Leaks() []Leak {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.books.leaks.list()
}

// PersonalData lists where contact data was found in the clear, in accepted
// and in refused events: it had left the house in either case.
func (s *Sim) PersonalData() []Finding {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.books.personal.list()
}

// Totals returns the counters.
func (s *Sim) Totals() Totals {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.books.totals
	t.EventsForgotten = s.books.events.forgotten
	t.Counted, t.CountsForgotten = s.books.tallies.sum()
	return t
}

// kept is a list that forgets its oldest entries: beyond max entries, and
// beyond maxCost where that is set.
type kept[T any] struct {
	items     []costed[T]
	max       int
	cost      int
	maxCost   int
	forgotten int
}

type costed[T any] struct {
	value T
	cost  int
}

func (k *kept[T]) add(v T, cost int) {
	k.items = append(k.items, costed[T]{v, cost})
	k.cost += cost
	for len(k.items) > k.max || k.maxCost > 0 && k.cost > k.maxCost && len(k.items) > 1 {
		k.cost -= k.items[0].cost
		k.items[0] = costed[T]{} // lets the value go before the slice is moved
		k.items = k.items[1:]
		k.forgotten++
	}
}

func (k *kept[T]) list() []T {
	out := make([]T, 0, len(k.items))
	for _, i := range k.items {
		out = append(out, i.value)
	}
	return slices.Clip(out)
}
