package browsertest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Recorder stands before a handler and keeps every request that reaches the
// server, so that a test can wait for one instead of sleeping. It is safe for
// concurrent use.
type Recorder struct {
	next http.Handler

	mu       sync.Mutex // guards the two below
	received []Received
	arrived  chan struct{} // closed, and replaced, when a request arrives
}

// Received is one request as it reached the server.
type Received struct {
	Method, Host, Path, Query string
	Header                    http.Header
	Body                      []byte
	At                        time.Time
}

// Record returns a recorder before a handler.
func Record(next http.Handler) *Recorder {
	return &Recorder{next: next, arrived: make(chan struct{})}
}

// ServeHTTP records the request and passes it on, its body unread.
func (r *Recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	raw, err := io.ReadAll(req.Body)
	if err != nil {
		http.Error(w, "The body broke off.", http.StatusBadRequest)
		return
	}
	req.Body = io.NopCloser(bytes.NewReader(raw))
	r.keep(Received{
		Method: req.Method, Host: req.Host, Path: req.URL.Path, Query: req.URL.RawQuery,
		Header: req.Header.Clone(), Body: raw, At: time.Now(),
	})
	r.next.ServeHTTP(w, req)
}

func (r *Recorder) keep(one Received) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.received = append(r.received, one)
	close(r.arrived)
	r.arrived = make(chan struct{})
}

// All returns the requests so far that match, in order of arrival; nil matches all.
func (r *Recorder) All(match func(Received) bool) []Received {
	found, _ := r.look(match)
	return found
}

func (r *Recorder) look(match func(Received) bool) (found []Received, arrived <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range r.received {
		if match == nil || match(one) {
			found = append(found, one)
		}
	}
	return found, r.arrived
}

// Wait waits until a request matches and returns the first that does. What
// names it in the failure when none arrives within [StepTimeout].
func (r *Recorder) Wait(t testing.TB, what string, match func(Received) bool) Received {
	t.Helper()
	return r.WaitN(t, what, 1, match)[0]
}

// WaitN waits until at least n requests match and returns all that do.
func (r *Recorder) WaitN(t testing.TB, what string, n int, match func(Received) bool) []Received {
	t.Helper()
	deadline := time.After(StepTimeout)
	for {
		found, arrived := r.look(match)
		if len(found) >= n {
			return found
		}
		select {
		case <-arrived:
		case <-deadline:
			t.Fatalf("waited %v for %s: %d of %d arrived; all that arrived:\n%s", StepTimeout, what, len(found), n, r.list())
		}
	}
}

func (r *Recorder) list() string {
	var b strings.Builder
	for _, one := range r.All(nil) {
		fmt.Fprintf(&b, "  %s %s %.300s\n", one.Method, one.Path, one.Body)
	}
	return b.String()
}
