package meta

// A minimal Graph for these tests, which answers by script. The full simulator
// is package graphsim, written apart from this package on purpose.

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"matchkey/collector"
	"matchkey/collector/collectortest"
)

const testToken = "EAAtestToken0123456789abcdefghij"

// A request is one as the fake Graph saw it.
type request struct {
	url, authorization, body string
	header                   http.Header
	ids                      []string
}

// A fakeGraph takes events all or nothing, like the real one.
type fakeGraph struct {
	t      testing.TB
	server *httptest.Server
	done   chan struct{} // closed when the test ends; lets go of hanging requests

	mu       sync.Mutex
	script   func(id string) collectortest.Behaviour
	answer   func(n int) (status int, header http.Header, body string) // overrides the script
	received []string
	bodies   []string
	requests []request
}

func newGraph(t testing.TB) *fakeGraph {
	g := &fakeGraph{t: t, done: make(chan struct{})}
	g.server = httptest.NewServer(http.HandlerFunc(g.serve))
	t.Cleanup(func() {
		close(g.done)
		g.server.Close()
	})
	return g
}

// destination returns a destination at this Graph; change may alter its
// configuration.
func (g *fakeGraph) destination(change ...func(*Config)) *Destination {
	c := Config{Name: "main", Dataset: "1234567890", Token: testToken, BaseURL: g.server.URL, BatchMax: MaxBatch}
	for _, f := range change {
		f(&c)
	}
	d, err := New(c)
	if err != nil {
		g.t.Fatal(err)
	}
	return d
}

func (g *fakeGraph) Script(s func(string) collectortest.Behaviour) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.script = s
}

func (g *fakeGraph) Received() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.received)
}

func (g *fakeGraph) Bodies() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.bodies)
}

func (g *fakeGraph) Requests() []request {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.requests)
}

func (g *fakeGraph) serve(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var body struct {
		Data []jsontext.Value `json:"data"`
	}
	if r.Header.Get("Content-Type") == jsonBody {
		if err := json.Unmarshal(text, &body); err != nil {
			g.t.Errorf("the request's body is not JSON: %v", err)
		}
	}
	req := request{url: r.URL.String(), authorization: r.Header.Get("Authorization"), body: string(text), header: r.Header}
	worst := collectortest.Take
	g.mu.Lock()
	script, answer := g.script, g.answer
	g.mu.Unlock()
	for _, event := range body.Data {
		var e struct {
			ID string `json:"event_id"`
		}
		if err := json.Unmarshal(event, &e); err != nil {
			g.t.Errorf("an event is not JSON: %v", err)
		}
		req.ids = append(req.ids, e.ID)
		if script != nil {
			worst = max(worst, script(e.ID))
		}
	}
	g.mu.Lock()
	g.requests = append(g.requests, req)
	if answer == nil && (worst == collectortest.Take || worst == collectortest.Cut) {
		g.received = append(g.received, req.ids...)
		for _, event := range body.Data {
			g.bodies = append(g.bodies, string(event))
		}
	}
	g.mu.Unlock()

	if answer != nil {
		status, header, body := answer(len(req.ids))
		for k := range header {
			w.Header().Set(k, header.Get(k))
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		return
	}
	switch worst {
	case collectortest.Take:
		fmt.Fprintf(w, `{"events_received":%d,"messages":[],"fbtrace_id":"AbC-1"}`, len(req.ids))
	case collectortest.Refuse:
		graphFault(w, 400, 100, 2804003)
	case collectortest.Fail:
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, "<html>Bad Gateway</html>")
	case collectortest.Shut:
		graphFault(w, 401, 190, 463)
	case collectortest.Cut:
		panic(http.ErrAbortHandler)
	case collectortest.Hang:
		select {
		case <-r.Context().Done():
		case <-g.done:
		}
	}
}

func graphFault(w http.ResponseWriter, status, code, subcode int) {
	w.WriteHeader(status)
	_, _ = io.WriteString(w, graphErrorBody(code, subcode, false))
}

func graphErrorBody(code, subcode int, transient bool) string {
	return fmt.Sprintf(`{"error":{"message":"Invalid parameter","type":"OAuthException","code":%d,"error_subcode":%d,"is_transient":%v,`+
		`"error_user_title":"Ugyldig","error_user_msg":"Parameteren er ugyldig.","fbtrace_id":"AbC-1","error_data":"{}"}}`, code, subcode, transient)
}

func TestConformance(t *testing.T) {
	collectortest.Destination(t, func(t *testing.T) collectortest.DestinationWorld {
		g := newGraph(t)
		return collectortest.DestinationWorld{
			Destination: g.destination(), Script: g.Script, Received: g.Received, Bodies: g.Bodies,
		}
	})
}

// smallParcels makes parcels with bodies of a few bytes.
func smallParcels(n int) []collector.Parcel {
	parcels := make([]collector.Parcel, n)
	for i := range parcels {
		parcels[i].Key.EventID = "e" + itoa(int64(i))
		parcels[i].Body = []byte(`{"event_id":"` + parcels[i].Key.EventID + `"}`)
	}
	return parcels
}
