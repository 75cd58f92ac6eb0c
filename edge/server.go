package edge

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"matchkey/collector"
)

// Limits of a connection. Together they bound what a stranger can hold: 16 KiB
// of headers and 1 MiB of body for 10 seconds, on one of 32,768 connections.
const (
	readTimeout  = 10 * time.Second // the whole request, body included
	writeTimeout = 10 * time.Second
	// idleTimeout is longer than the 60 seconds of usual proxies: the side that
	// closes first should be the one that knows whether it is about to send.
	idleTimeout     = 75 * time.Second
	maxConnections  = 32 << 10
	maxHeaderBytes  = 16 << 10 // shops have kilobytes of cookies
	writeBufferSize = 4 << 10
)

// randomBuffer is how many bytes of chance are asked for at a time: a call of the
// system for each receipt would be felt.
const randomBuffer = 1 << 10

// A Server is the edge. Make it with [New].
type Server struct {
	routes    map[string]*route
	prefixes  map[string]bool // with a slash at the end
	names     map[string]bool
	journal   collector.Appender
	proxies   proxies
	geo       func(netip.Addr) collector.Geo
	clock     func() time.Time
	random    *randomness
	log       *slog.Logger
	metrics   *metrics
	onRefused func(Refusal)
	sentences map[collector.Reason]string
	signals   daily

	http *fasthttp.Server
	// ctx bounds appends under way; stop ends it when a shutdown is forced.
	ctx  context.Context
	stop context.CancelFunc
	// waiting is the context of the last patience, which the next may share.
	waiting atomic.Pointer[context.Context]
	// failing is true while the journal does not append.
	failing atomic.Bool

	mu        sync.Mutex // guards the two below
	listeners []net.Listener
	stopped   bool
}

// New checks the options and makes a server. The error names everything that
// is wrong. It starts nothing.
func New(o Options) (*Server, error) {
	s := &Server{
		prefixes:  map[string]bool{},
		names:     map[string]bool{},
		journal:   o.Journal,
		proxies:   trusting(o.TrustedProxies),
		geo:       o.Geo,
		clock:     o.Now,
		random:    &randomness{r: o.Random},
		log:       o.Log,
		onRefused: o.OnRefused,
		sentences: allSentences(),
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	if o.Random == nil {
		s.random.r = bufio.NewReaderSize(rand.Reader, randomBuffer)
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	var faults []error
	if o.Journal == nil {
		faults = append(faults, errors.New("there is no journal"))
	}
	var sites []*site
	for _, option := range o.Sites {
		st, err := option.prepare()
		if err != nil {
			faults = append(faults, err)
			continue
		}
		sites = append(sites, st)
	}
	if err := s.signTokens(sites, o.TokenKey); err != nil {
		faults = append(faults, err)
	}
	for _, st := range sites {
		if st.choices != nil {
			faults = append(faults, st.choices.prepare(st, o.TokenKey))
		}
		if st.opens != nil {
			faults = append(faults, st.opens.prepare(st, o.TokenKey))
		}
	}
	if err := s.addRoutes(sites); err != nil {
		faults = append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("the edge cannot be set up:\n%w", err)
	}
	var err error
	if s.metrics, err = newMetrics(o.Metrics); err != nil {
		return nil, err
	}
	s.metrics.lookUp(sites, s.routes)
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.http = s.httpServer()
	return s, nil
}

// signTokens gives the sites the key of their notices' tokens.
func (s *Server) signTokens(sites []*site, key []byte) error {
	if key != nil && len(key) < 16 {
		return errors.New("the key of the notices' tokens has fewer than 16 bytes and might be guessed")
	}
	for _, st := range sites {
		if st.tokenKey = key; key == nil && st.asksToken {
			return fmt.Errorf("site %q asks for the tokens of notices, and there is no key to sign them", st.name)
		}
	}
	return nil
}

// httpServer sets fasthttp up. It tells nobody its name or clock. Bodies are
// streamed, so that a request is refused by its headers alone, and one that is
// too large gets a 413 that a page can read. ReduceMemoryUsage stays off: it
// would give idle connections' buffers back, but does nothing beside streaming.
func (s *Server) httpServer() *fasthttp.Server {
	return &fasthttp.Server{
		Handler:                      s.Handler,
		ErrorHandler:                 s.unreadable,
		ReadTimeout:                  readTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		Concurrency:                  maxConnections,
		ReadBufferSize:               maxHeaderBytes,
		WriteBufferSize:              writeBufferSize,
		MaxRequestBodySize:           maxCallBytes,
		StreamRequestBody:            true,
		DisablePreParseMultipartForm: true,
		NoDefaultServerHeader:        true,
		NoDefaultDate:                true,
		NoDefaultContentType:         true,
		CloseOnShutdown:              true,
		SecureErrorLogMessage:        true,
		Logger:                       connectionLog{s.metrics.connErrors},
	}
}

// now is the edge's clock, in UTC and whole milliseconds: what is stored
// compares equal after it was written and read.
func (s *Server) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// Serve answers requests on a listener until [Server.Shutdown], then returns
// nil. It takes the listener over. It may be called for several listeners at
// once, and not again after Shutdown.
func (s *Server) Serve(ln net.Listener) error {
	s.mu.Lock()
	if s.stopped {
		s.mu.Unlock()
		return errors.Join(errors.New("the edge was shut down; it does not serve again"), ln.Close())
	}
	s.listeners = append(s.listeners, ln)
	s.mu.Unlock()
	if err := s.http.Serve(ln); err != nil {
		return fmt.Errorf("the public listener %s failed: %w", ln.Addr(), err)
	}
	return nil
}

// Shutdown stops accepting and waits until the requests under way are answered.
// When ctx ends first, it makes them give up waiting for the journal (they are
// answered 503, perhaps stored) and returns an error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.stopped = true
	// A Serve that has registered its listener and not yet begun is caught by
	// closing the listener here; fasthttp closes the others a second time.
	for _, ln := range s.listeners {
		_ = ln.Close()
	}
	s.mu.Unlock()
	defer s.stop()
	if err := s.http.ShutdownWithContext(ctx); err != nil && ctx.Err() != nil {
		return fmt.Errorf("the edge still had %d connections open when its time to finish ended; their senders get no answer and send again: %w",
			s.http.GetOpenConnectionsCount(), err)
	}
	return nil
}

// unreadable answers what never became a request.
func (s *Server) unreadable(ctx *fasthttp.RequestCtx, err error) {
	why := ReasonRequestMalformed
	var small *fasthttp.ErrSmallBuffer
	switch {
	case errors.As(err, &small):
		why = ReasonHeadersTooLarge
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		why = collector.ReasonBodyTooLarge
	case isTimeout(err):
		why = ReasonRequestTimeout
	}
	s.refuse(ctx, unknownSite, why)
}

// logPanic tells where a panic was, and what only when the runtime says it: any
// other value may hold a part of the request.
func (s *Server) logPanic(p any) {
	what := fmt.Sprintf("%T", p)
	if err, ok := p.(runtime.Error); ok {
		what = err.Error()
	}
	s.log.Error("BUG: a request made the edge panic; it was answered 500", "panic", what, "stack", string(debug.Stack()))
}
