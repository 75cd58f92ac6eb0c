package graphsim

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// Bounds of what a Sim keeps and reads. What falls out is counted, not kept.
const (
	keepEvents   = 10_000
	keepRequests = 1_000
	keepReports  = 1_000
	keepTallies  = 100_000
	keepBytes    = 64 << 20 // of events as they were sent, and of names and ids counted
	maxBody      = 16 << 20 // of a request to the events edge
	maxPixelBody = 1 << 20
)

// Options of a Sim. The zero value accepts any dataset and any token.
type Options struct {
	// Dataset is the only dataset that exists; empty: every id made of digits does.
	Dataset string
	// Token is the only access token that is good; empty: every token is.
	Token string
	// Now is the clock of all windows; nil means time.Now.
	Now func() time.Time
	// OnEvent is told of every event that was accepted, after it was recorded
	// and before it is answered, from the goroutine of its request. It gets
	// everything in the clear.
	OnEvent func(Received)
}

// A Sim is one fake Graph API with one business behind it. It is an
// http.Handler; all its methods are safe for concurrent use.
type Sim struct {
	dataset string
	token   string
	now     func() time.Time
	onEvent func(Received)
	pages   http.Handler

	mu     sync.Mutex // guards everything below
	script script
	books  books
	seq    int // of requests, since New: never reset, so that trace ids stay distinct
	noes   int // refusals so far: choose language and form of the next one
}

// New makes a Sim.
func New(o Options) *Sim {
	s := &Sim{dataset: o.Dataset, token: o.Token, now: o.Now, onEvent: o.OnEvent}
	if s.now == nil {
		s.now = time.Now
	}
	s.books = newBooks()
	s.pages = newPages(s)
	return s
}

// ServeHTTP answers as graph.facebook.com does for the events edge, as
// www.facebook.com does for /tr, and under /_sim/ as nobody does: there people
// look at what was received. A cut connection is a panic with
// [http.ErrAbortHandler], which net/http's server understands.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case path == "/tr" || path == "/tr/":
		s.pixel(w, r)
	case path == "/_sim" || strings.HasPrefix(path, "/_sim/"):
		s.pages.ServeHTTP(w, r)
	default:
		s.graph(w, r)
	}
}

// Script appends faults to those that wait. Each request to the events edge
// takes one off the front; when none is left, requests are answered on their
// merits. Nothing is appended when one of them makes no sense.
func (s *Sim) Script(faults ...Fault) error {
	for i, f := range faults {
		if err := f.check(); err != nil {
			return scriptError(i, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.script.add(faults)
}

// FaultsLeft is how many requests the script still covers.
func (s *Sim) FaultsLeft() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.script.left()
}

// Reset forgets everything received and the rest of the script.
func (s *Sim) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = script{}
	s.books = newBooks()
}
