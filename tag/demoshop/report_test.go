package demoshop

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fakeEdge records requests and answers what it is told to.
type fakeEdge struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
	answers  []func(http.ResponseWriter) // used up one by one; then 202 or 204
	seen     chan struct{}
	tag      string // what is served as the tag
}

func newEdge(t *testing.T) *fakeEdge {
	e := &fakeEdge{seen: make(chan struct{}, 100)}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.requests, e.bodies = append(e.requests, r), append(e.bodies, string(body))
		defer func() { e.seen <- struct{}{} }()
		if len(e.answers) > 0 {
			answer := e.answers[0]
			e.answers = e.answers[1:]
			answer(w)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/v1/") {
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, `{"accepted":1,"duplicates":0}`)
			return
		}
		if e.tag != "" {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = io.WriteString(w, e.tag)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "_mkv", Value: "v", Path: "/"})
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(e.Close)
	return e
}

func status(code int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("X-Matchkey-Reason", "of_the_test")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

func (v *visit) order() {
	v.post("/sign-in", "customer", "c42")
	v.post("/cart", "sku", "teapot")
	v.post("/checkout", "email", "ada@example.com", "phone", "+49 171 3920042")
}

func TestBackEndReportsTheOrder(t *testing.T) {
	v := open(t, nil)
	v.order()
	if len(v.edge.requests) != 0 {
		t.Fatal("the order was reported while it was placed")
	}
	if err := v.shop.PostNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := v.edge.requests[0]
	if r.Method != http.MethodPost || r.URL.Path != "/v1/demo/events" || r.Header.Get("Authorization") != "Bearer wk_test_0123456789abcdef0123" || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
	}
	for _, never := range []string{"Cookie", "X-Forwarded-For", "Referer", "Origin"} {
		if r.Header.Get(never) != "" {
			t.Errorf("the back end knows of a browser: %s", never)
		}
	}
	var got, want any
	const body = `{"events":[{"id":"A-1001","name":"purchase","at":"2026-11-24T10:00:00Z",
		"customer":{"id":"c42","email":"ada@example.com","phone":"+49 171 3920042"},
		"properties":{"value":59.9,"currency":"EUR","contents":[{"id":"teapot","quantity":1,"item_price":59.9}]}}]}`
	if json.Unmarshal([]byte(v.edge.bodies[0]), &got) != nil || json.Unmarshal([]byte(body), &want) != nil {
		t.Fatal("no JSON")
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if v.shop.Waiting() != 0 {
		t.Error("it still waits")
	}
	if p := v.get("/thank-you/A-1001"); !strings.Contains(p.text, "has reported this order") {
		t.Error("the thank-you page does not say that the order was reported")
	}
	if err := v.shop.PostNow(t.Context()); err != nil || len(v.edge.requests) != 1 {
		t.Error("it was reported again")
	}
}

func TestGuestsAndLeads(t *testing.T) {
	v := open(t, nil)
	v.post("/cart", "sku", "cups", "quantity", "2")
	v.post("/checkout", "email", "guest@example.com")
	if p := v.post("/newsletter", "email", "reader@example.com"); p.status != 200 || p.id("lead") == nil {
		t.Errorf("the newsletter answers %d", p.status)
	}
	v.post("/sign-in", "customer", "c77")
	v.post("/newsletter", "email", "grace@example.org")
	if err := v.shop.PostNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		`"id":"A-1001","name":"purchase","at":"2026-11-24T10:00:00Z","customer":{"email":"guest@example.com"}`,
		`"id":"L-1001","name":"lead","at":"2026-11-24T10:00:00Z","customer":{"email":"reader@example.com"},"properties":{"form":"newsletter"}`,
		`"id":"L-1002","name":"lead","at":"2026-11-24T10:00:00Z","customer":{"id":"c77","email":"grace@example.org"}`,
	} {
		if !strings.Contains(v.edge.bodies[i], want) {
			t.Errorf("report %d is %s", i, v.edge.bodies[i])
		}
	}
}

func TestReportsAreRepeatedUntilTaken(t *testing.T) {
	v := open(t, nil)
	v.order()
	v.edge.answers = append(v.edge.answers, status(503, ""), status(429, ""), func(http.ResponseWriter) { panic(http.ErrAbortHandler) })
	for i := range 3 {
		if err := v.shop.PostNow(t.Context()); err == nil || v.shop.Waiting() != 1 {
			t.Errorf("attempt %d: %v, %d wait", i, err, v.shop.Waiting())
		}
	}
	if err := v.shop.PostNow(t.Context()); err != nil || v.shop.Waiting() != 0 {
		t.Errorf("the last attempt: %v", err)
	}
	for _, b := range v.edge.bodies {
		if b != v.edge.bodies[0] {
			t.Error("a repetition differs from the first attempt")
		}
	}
}

func TestRefusedForGood(t *testing.T) {
	for _, answer := range []func(http.ResponseWriter){
		status(401, ""), status(400, ""), status(202, `{"accepted":0,"rejected":[{"index":0,"code":"event_too_old","message":"x"}]}`), status(202, `nonsense`),
	} {
		v := open(t, nil)
		v.order()
		v.edge.answers = append(v.edge.answers, answer)
		err := v.shop.PostNow(t.Context())
		if err == nil || v.shop.Waiting() != 0 {
			t.Errorf("%v, %d wait", err, v.shop.Waiting())
		}
		if err != nil && (strings.Contains(err.Error(), "ada@") || strings.Contains(err.Error(), "wk_test")) {
			t.Error("the error holds what nobody should read")
		}
	}
}

func TestRunReportsAndStops(t *testing.T) {
	v := open(t, func(o *Options) { o.PostDelay = 0 })
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- v.shop.Run(ctx) }()
	v.order()
	<-v.edge.seen
	v.post("/newsletter", "email", "reader@example.com")
	<-v.edge.seen
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestRunWaitsForItsTime(t *testing.T) {
	v := open(t, nil)
	v.order()
	if got := v.shop.untilNext(); got != 2*time.Second {
		t.Errorf("the order is due in %v", got)
	}
	due := func(r *report) bool { return !r.due.After(v.now) }
	if err := v.shop.post(t.Context(), due); err != nil || len(v.edge.requests) != 0 {
		t.Error("it was reported too early")
	}
	v.now = v.now.Add(2 * time.Second)
	v.edge.answers = append(v.edge.answers, status(500, ""))
	if err := v.shop.post(t.Context(), due); err == nil || v.shop.untilNext() != time.Second {
		t.Errorf("after a failure it is due in %v", v.shop.untilNext())
	}
}

func TestBackoff(t *testing.T) {
	for tries, want := range map[int]time.Duration{0: time.Second, 1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 6: 30 * time.Second, 1 << 40: 30 * time.Second} {
		if got := backoff(tries); got != want {
			t.Errorf("after %d tries: %v", tries, got)
		}
	}
}

func TestQueueIsBounded(t *testing.T) {
	v := open(t, nil)
	v.shop.mu.Lock()
	for range maxReports + 10 {
		v.shop.enqueue(event{ID: "x"})
	}
	v.shop.mu.Unlock()
	if v.shop.Waiting() != maxReports {
		t.Errorf("%d wait", v.shop.Waiting())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := v.shop.PostNow(ctx); !errors.Is(err, context.Canceled) || v.shop.Waiting() != maxReports {
		t.Errorf("a stopped poster loses reports: %v", err)
	}
}

func TestProxy(t *testing.T) {
	v := open(t, nil)
	req, _ := http.NewRequest(http.MethodPost, v.url+"/mk/demo?x=1", strings.NewReader(`{"v":1}`))
	req.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	req.Header.Set("Origin", v.url)
	req.Header.Set("X-Forwarded-For", "1.2.3.4")
	req.Header.Set("X-Forwarded-Proto", "https")
	req.Header.Set("Cookie", "shop_session=abc; _fbp=fb.1.1.1; shop_privacy=accept.1.x; _mkv=v")
	p := v.read(v.client.Do(req))
	got := v.edge.requests[0]
	if p.status != http.StatusNoContent || v.edge.bodies[0] != `{"v":1}` || got.URL.String() != "/mk/demo?x=1" {
		t.Errorf("%d %s %q", p.status, got.URL, v.edge.bodies[0])
	}
	if xff := got.Header.Values("X-Forwarded-For"); len(xff) != 1 || xff[0] != "203.0.113.7" || got.Header.Get("X-Forwarded-Proto") != "http" {
		t.Errorf("forwarded: %v %s", xff, got.Header.Get("X-Forwarded-Proto"))
	}
	if got.Header.Get("Cookie") != "_fbp=fb.1.1.1; _mkv=v" {
		t.Errorf("cookies: %s", got.Header.Get("Cookie"))
	}
	if got.Header.Get("Origin") != v.url || "http://"+got.Host != v.url {
		t.Errorf("origin %s, host %s", got.Header.Get("Origin"), got.Host)
	}
	if v.cookies()["_mkv"] != "v" {
		t.Error("the edge's cookie did not come through")
	}
	v.edge.Close()
	if p := v.get("/mk/demo.js"); p.status != http.StatusBadGateway {
		t.Errorf("without an edge: %d", p.status)
	}
}
