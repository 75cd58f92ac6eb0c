package console

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"matchkey/collector"
)

// Options are all that a console is made of.
type Options struct {
	// Reader answers every page. Required.
	Reader collector.Reader
	// Operations are the acts offered, and the destinations' health. Required.
	Operations collector.Operations
	// Sentences gives reasons in words, those of all packages merged. A reason
	// without a sentence is shown as its code.
	Sentences map[collector.Reason]string
	// Sites are shown on the install page and offered as filters.
	Sites []SiteInfo
	// Password, when not empty, is asked for by HTTP Basic authentication; the
	// user name does not matter.
	Password string
	// Hosts are host names under which the console may be reached without a
	// password, besides localhost and loopback addresses. They have no port.
	Hosts []string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Metrics is served at /metrics behind the same guard; nil leaves it out.
	Metrics http.Handler
	// Log receives acts and faults; nil discards them. It never gets ids of
	// people or what was typed into the search.
	Log *slog.Logger
	// Version is shown at the foot of each page.
	Version string
	// Refusals gives the recent refusals at the edge, newest first; nil means
	// that there is no edge to ask. It must be safe for concurrent use.
	Refusals func() []Refusal
}

// A SiteInfo is what a site's integrator has to know.
type SiteInfo struct {
	Name string
	// Snippet is the HTML to paste, ScriptURL where the tag is served and SRI
	// its integrity value, for those who pin it.
	Snippet, ScriptURL, SRI string
	// Sizes says how large the tag is, in words ("8.1 KiB, 3.2 KiB as brotli").
	Sizes     string
	Scenarios []ScenarioInfo
}

// A ScenarioInfo is one configured scenario, in words.
type ScenarioInfo struct {
	Name string
	// On is the event it listens to, When its condition (empty: always).
	On, When string
	// Category is the consent it needs; Send the name under which it goes.
	Category, Send string
	// To are the destinations.
	To []string
	// Wait bounds how long it waits for late identifiers.
	Wait time.Duration
}

// A Refusal is a kind of request that the edge did not take.
type Refusal struct {
	// At is when it happened last.
	At     time.Time        `json:"at"`
	Site   string           `json:"site,omitempty"`
	Reason collector.Reason `json:"reason"`
	Count  int              `json:"count"`
}

// queryTimeout bounds the work behind one request.
const queryTimeout = 10 * time.Second

// New returns the console. It is safe for concurrent use and starts nothing.
func New(o Options) (http.Handler, error) {
	if o.Reader == nil || o.Operations == nil {
		return nil, errors.New("the console needs a Reader to show and Operations to offer; one of them is nil")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	pages, err := parsePages()
	if err != nil {
		return nil, err
	}
	digest, err := staticDigest()
	if err != nil {
		return nil, err
	}
	c := &console{Options: o, pages: pages, digest: digest}
	return c.guard(c.routes()), nil
}

type console struct {
	Options
	pages  pages
	digest string // of the static files
}

// routes is the table of contents.
func (c *console) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", c.overview)
	mux.HandleFunc("GET /deliveries", c.deliveries)
	mux.HandleFunc("GET /event", c.event)
	mux.HandleFunc("GET /match", c.match)
	mux.HandleFunc("GET /install", c.install)

	mux.HandleFunc("GET /redrive", c.confirmRedrive)
	mux.HandleFunc("POST /redrive", c.redrive)
	mux.HandleFunc("GET /resolve", c.confirmResolve)
	mux.HandleFunc("POST /resolve", c.resolve)
	mux.HandleFunc("POST /pause", c.pause)
	mux.HandleFunc("POST /resume", c.resume)

	mux.HandleFunc("GET /person", c.personForm)
	mux.HandleFunc("POST /person", c.person)

	mux.HandleFunc("GET /api/explain", c.apiExplain)
	mux.HandleFunc("GET /api/deliveries", c.apiDeliveries)
	mux.HandleFunc("GET /api/redrive", c.apiRedrive)
	mux.HandleFunc("POST /api/redrive", c.apiRedrive)
	mux.HandleFunc("GET /api/resolve", c.apiResolve)
	mux.HandleFunc("POST /api/resolve", c.apiResolve)
	mux.HandleFunc("POST /api/pause", c.apiPause)
	mux.HandleFunc("POST /api/resume", c.apiResume)
	mux.HandleFunc("POST /api/backup", c.apiBackup)
	mux.HandleFunc("POST /api/erase", c.apiErase)
	mux.HandleFunc("POST /api/export", c.apiExport)
	mux.HandleFunc("GET /api/receipt", c.apiReceipt)
	mux.HandleFunc("GET /api/destinations", c.apiDestinations)
	mux.HandleFunc("GET /api/retention", c.apiRetention)
	mux.HandleFunc("GET /api/accounts", c.apiAccounts)

	mux.Handle("GET /static/", staticFiles())
	if c.Metrics != nil {
		mux.Handle("GET /metrics", c.Metrics)
	}
	mux.HandleFunc("/", c.notFound)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), queryTimeout)
		defer cancel()
		mux.ServeHTTP(w, r.WithContext(ctx))
	})
}

func (c *console) notFound(w http.ResponseWriter, r *http.Request) {
	c.sorry(w, r, http.StatusNotFound, "Nothing is here. The pages of the console are named above.")
}
