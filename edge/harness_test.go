package edge

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp/fasthttputil"

	"matchkey/collector"
)

// noon is the edge's clock in tests.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const (
	origin   = "https://shop.example"
	writeKey = "a-write-key-for-tests"
	visitor  = "1.toybxa.mfa9c0ffee"
	browser  = "fb.1.1603122906825.1012802381"
	click    = "fb.1.1795431600000.IwAR3xruhRZhD77zSpA669v9xdo3I0VHHoz2gXwvpE8uWPb8qN5Eq2TfgGr6s"
)

// A memoryJournal records what is appended. It keeps references, which a real
// journal must not: that shows whether anything aliases a request.
type memoryJournal struct {
	mu     sync.Mutex
	events []collector.Event
	fail   error // returned, and nothing stored
	sick   error // what Healthy says
	// entered and release, when not nil, make Append wait.
	entered chan struct{}
	release chan struct{}
}

func (j *memoryJournal) Append(ctx context.Context, events []collector.Event) (collector.Offset, error) {
	if j.entered != nil {
		j.entered <- struct{}{}
		select {
		case <-j.release:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fail != nil {
		return 0, j.fail
	}
	j.events = append(j.events, events...)
	return collector.Offset(len(j.events)), nil
}

func (j *memoryJournal) Healthy() error { return j.sick }

// stored returns what was appended so far.
func (j *memoryJournal) stored() []collector.Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]collector.Event(nil), j.events...)
}

// asJSON is what a journal would write.
func (j *memoryJournal) asJSON(t testing.TB) string {
	t.Helper()
	b, err := json.Marshal(j.stored(), json.Deterministic(true))
	if err != nil {
		t.Fatalf("what was appended cannot be written: %v", err)
	}
	return string(b)
}

// testHash stands in for the destination's hasher.
func testHash(kind collector.Kind, value, country string) ([]string, string, collector.Reason) {
	if strings.Contains(value, "unusable") {
		return nil, "", collector.ReasonNotNormalisable
	}
	sum := sha256.Sum256([]byte(string(kind) + country + strings.ToLower(strings.TrimSpace(value))))
	return []string{hex.EncodeToString(sum[:])}, "lower-cased, SHA-256 (" + country + ")", ""
}

func hashOf(kind collector.Kind, value, country string) string {
	h, _, _ := testHash(kind, value, country)
	return h[0]
}

// parseTestID accepts fb.<n>.<ms>.<rest>.
func parseTestID(value string, _ time.Time) (string, time.Time, collector.Reason) {
	parts := strings.SplitN(value, ".", 4)
	if len(parts) != 4 || parts[0] != "fb" {
		return "", time.Time{}, collector.ReasonMalformed
	}
	ms, ok := millis(parts[2])
	if !ok {
		return "", time.Time{}, collector.ReasonMalformed
	}
	return value, fromMillis(ms), ""
}

// acceptOnly keeps what came with an accept and without GPC.
func acceptOnly(a *collector.ConsentAnswer, s collector.Signals, _ collector.Geo) (bool, []collector.Reason) {
	switch {
	case s.GPC:
		return false, []collector.Reason{"gpc"}
	case a == nil:
		return false, []collector.Reason{collector.ReasonConsentAbsent}
	case a.Action != collector.ConsentAccept:
		return false, []collector.Reason{collector.ReasonConsentRefused}
	}
	return true, nil
}

func testSite() Site {
	return Site{
		Name:      "shop",
		Origins:   []string{origin, "http://localhost:8080"},
		WriteKeys: []string{"an-older-key", writeKey},
		Country:   "DE",
		Script: Script{
			Body: []byte("plain()"), Gzip: []byte("gzip bytes"), Brotli: []byte("brotli bytes"), Hash: "23c060e1",
		},
		Identifiers: []collector.BrowserIdentifier{
			{Kind: collector.KindBrowser, Cookie: "_fbp", MaxAge: 90 * 24 * time.Hour, Parse: parseTestID},
			{Kind: collector.KindClick, Cookie: "_fbc", MaxAge: 90 * 24 * time.Hour, Parse: parseTestID},
		},
		Integrations: []string{"meta"},
		Hash:         testHash,
		MayKeep:      acceptOnly,
	}
}

// A fixture is a running edge and what it did.
type fixture struct {
	t       testing.TB
	server  *Server
	journal *memoryJournal
	log     *bytes.Buffer
	metrics *prometheus.Registry
	ln      *fasthttputil.InmemoryListener
	client  *http.Client
	served  chan error

	mu      sync.Mutex
	refused []Refusal
}

// start runs an edge on an in-memory listener; change may alter its options.
// The peer of every connection is 192.0.2.7.
func start(t testing.TB, change ...func(*Options)) *fixture {
	t.Helper()
	f := &fixture{t: t, journal: &memoryJournal{}, log: &bytes.Buffer{}, metrics: prometheus.NewRegistry(), served: make(chan error, 1)}
	o := Options{
		Sites:   []Site{testSite()},
		Journal: f.journal,
		Now:     func() time.Time { return noon },
		Log:     slog.New(slog.NewTextHandler(&lockedWriter{w: f.log}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Metrics: f.metrics,
		OnRefused: func(r Refusal) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.refused = append(f.refused, r)
		},
	}
	for _, c := range change {
		c(&o)
	}
	server, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	f.server = server
	f.ln = fasthttputil.NewInmemoryListener()
	f.ln.SetLocalAddr(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80})
	f.client = &http.Client{Transport: &http.Transport{
		DisableCompression: true,
		DialContext:        func(context.Context, string, string) (net.Conn, error) { return f.dial() },
	}}
	go func() { f.served <- server.Serve(f.ln) }()
	t.Cleanup(func() {
		f.client.CloseIdleConnections()
		_ = f.ln.Close()
	})
	return f
}

func (f *fixture) dial() (net.Conn, error) {
	return f.ln.DialWithLocalAddr(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 4711})
}

// A reply is an answer that was read.
type reply struct {
	*http.Response
	body string
}

func (r reply) reason() collector.Reason { return collector.Reason(r.Header.Get(headerReason)) }

// do sends a request; header is name, value, name, value …
func (f *fixture) do(method, path, body string, header ...string) reply {
	f.t.Helper()
	req, err := http.NewRequest(method, "http://shop.example"+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
			continue
		}
		req.Header.Add(header[i], header[i+1])
	}
	resp, err := f.client.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return reply{resp, string(b)}
}

// beacon posts a beacon from a page of the site.
func (f *fixture) beacon(body string, header ...string) reply {
	f.t.Helper()
	return f.do("POST", "/mk/shop", body, append([]string{"Origin", origin, "Content-Type", "text/plain;charset=UTF-8"}, header...)...)
}

// call posts server-side events.
func (f *fixture) call(body string, header ...string) reply {
	f.t.Helper()
	h := []string{"Authorization", "Bearer " + writeKey}
	if len(header) == 0 {
		header = []string{"Content-Type", "application/json"}
	}
	return f.do("POST", "/v1/shop/events", body, append(h, header...)...)
}

// count returns a counter's value.
func (f *fixture) count(name string, labels ...string) float64 {
	f.t.Helper()
	families, err := f.metrics.Gather()
	if err != nil {
		f.t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "matchkey_edge_"+name {
			continue
		}
	metrics:
		for _, m := range family.GetMetric() {
			for i := 0; i+1 < len(labels); i += 2 {
				found := false
				for _, l := range m.GetLabel() {
					found = found || l.GetName() == labels[i] && l.GetValue() == labels[i+1]
				}
				if !found {
					continue metrics
				}
			}
			return m.GetCounter().GetValue()
		}
	}
	return 0
}

func (f *fixture) refusals() []Refusal {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Refusal(nil), f.refused...)
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func zipped(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, s)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func trustingProxies(o *Options) {
	o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("10.0.0.0/8")}
}

// raw sends bytes on a connection of its own and returns all that comes back
// until the edge closes.
func (f *fixture) raw(request string) string {
	f.t.Helper()
	conn, err := f.dial()
	if err != nil {
		f.t.Fatal(err)
	}
	defer conn.Close()
	go func() { _, _ = io.WriteString(conn, request) }()
	answer := make([]byte, 64<<10)
	n := 0
	for n < len(answer) {
		m, err := conn.Read(answer[n:])
		n += m
		if err != nil || endsHeaders(answer[:n]) {
			break
		}
	}
	return string(answer[:n])
}

// endsHeaders is enough for these tests: nothing here reads a body.
func endsHeaders(b []byte) bool {
	for i := 0; i+3 < len(b); i++ {
		if string(b[i:i+4]) == "\r\n\r\n" {
			return true
		}
	}
	return false
}

func hexLen(s string) string { return strconv.FormatInt(int64(len(s)), 16) }

// find returns an event's identifier of a kind, or fails.
func find(t *testing.T, e collector.Event, kind collector.Kind) collector.Identifier {
	t.Helper()
	for _, id := range e.Identifiers {
		if id.Kind == kind {
			return id
		}
	}
	t.Fatalf("no identifier of kind %s in %v", kind, e.Identifiers)
	return collector.Identifier{}
}
