package graphsim

import (
	"context"
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
	// TokenExpiresAt is when the token's life ends, after which every call is
	// answered 401 190/463; zero: never.
	TokenExpiresAt time.Time
	// MissingPermission is the code that refuses every call to the events edge,
	// 10 or 200, as for a token without ads_management; 0: nothing is missing.
	MissingPermission int
	// AppSecret makes every call need an appsecret_proof (§ 1.4); empty: none is
	// asked for, and none is checked.
	AppSecret string
	// Latency delays every answer of the API, after the events are recorded.
	Latency time.Duration
	// Sleep lets a duration pass, or less when its context ends, from many
	// goroutines at once; nil means a timer. All latency and silence goes through
	// it, but for silence without end.
	Sleep func(context.Context, time.Duration)
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
	dataset           string
	token             string
	tokenExpiresAt    time.Time
	missingPermission int
	appSecret         string
	latency           time.Duration
	sleep             func(context.Context, time.Duration)
	now               func() time.Time
	onEvent           func(Received)
	pages             http.Handler
	open              context.Context // ends with Close
	shut              context.CancelFunc

	mu     sync.Mutex // guards everything below
	script script
	books  books
	seq    int // of requests, since New: never reset, so that trace ids stay distinct
	noes   int // refusals so far: choose language and form of the next one
}

// New makes a Sim.
func New(o Options) *Sim {
	s := &Sim{
		dataset: o.Dataset, token: o.Token, tokenExpiresAt: o.TokenExpiresAt, missingPermission: o.MissingPermission,
		appSecret: o.AppSecret, latency: o.Latency, sleep: o.Sleep, now: o.Now, onEvent: o.OnEvent,
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.sleep == nil {
		s.sleep = sleep
	}
	s.open, s.shut = context.WithCancel(context.Background())
	s.books = newBooks()
	s.pages = newPages(s)
	return s
}

// ServeHTTP answers as graph.facebook.com does for the events edge and for
// debug_token, as www.facebook.com does for /tr, and under /_sim/ as nobody does: there people
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

// Reset forgets everything received and the rest of the script.
func (s *Sim) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = script{}
	s.books = newBooks()
}
