package graphsim

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files of this package")

const (
	goodToken   = "EAAGtestTokenThatIsLongEnough"
	goodDataset = "1234567890123456"
	goodPath    = "/v25.0/" + goodDataset + "/events"
)

var noon = time.Date(2026, 11, 24, 3, 30, 0, 0, time.UTC) // "now" of every test

// clock is a time that tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newSim(t *testing.T) (*Sim, *clock) {
	t.Helper()
	c := &clock{noon}
	return New(Options{Dataset: goodDataset, Token: goodToken, Now: c.now}), c
}

func purchase(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/purchase.json")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// request builds the one good way to send a body.
func request(body []byte) *http.Request {
	r := httptest.NewRequest("POST", goodPath, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+goodToken)
	return r
}

// serve answers a request; those for the pages come from this machine.
func serve(s *Sim, r *http.Request) *httptest.ResponseRecorder {
	if strings.HasPrefix(r.URL.Path, "/_sim") && r.Host == "example.com" {
		r.Host, r.RemoteAddr = "127.0.0.1:8090", "127.0.0.1:50000"
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// said reads an error envelope.
func said(t *testing.T, w *httptest.ResponseRecorder) errorDetail {
	t.Helper()
	var b errorBody
	if err := json.Unmarshal(w.Body.Bytes(), &b); err != nil {
		t.Fatalf("the answer is no error envelope: %v\n%s", err, w.Body)
	}
	return b.Error
}

func TestACompleteGoodPurchaseIsAccepted(t *testing.T) {
	s, _ := newSim(t)
	w := serve(s, request(purchase(t)))

	if w.Code != 200 {
		t.Fatalf("status %d, want 200: %s", w.Code, w.Body)
	}
	want := `{"events_received":1,"messages":[],"fbtrace_id":"` + traceID(1) + `"}`
	if got := w.Body.String(); got != want {
		t.Errorf("body\n%s\nwant\n%s", got, want)
	}
	if w.Header().Get("X-App-Usage") == "" || w.Header().Get("X-Business-Use-Case-Usage") == "" {
		t.Error("the usage headers are missing")
	}
	if w.Header().Get("X-Ad-Api-Version-Warning") != "" {
		t.Error("v25.0 is alive, yet there is a version warning")
	}
	if w.Header().Get("Retry-After") != "" {
		t.Error("Meta sends no Retry-After")
	}

	got := s.Received()
	if len(got) != 1 {
		t.Fatalf("%d events received, want 1", len(got))
	}
	e := got[0]
	if e.EventName != "Purchase" || e.EventID != "purchase.A-1001" || e.Source != Server || e.Dataset != goodDataset || e.Version != "v25.0" {
		t.Errorf("wrong event: %+v", e)
	}
	if !e.EventTime.Equal(time.Unix(1795490400, 0)) {
		t.Errorf("event time %s", e.EventTime)
	}
	if v := e.UserData["client_ip_address"]; len(v) != 1 || v[0] != "2001:db8:85a3::8a2e:370:7334" {
		t.Errorf("the Go API must show addresses in the clear, got %q", v)
	}
	if len(e.UserData["ct"]) != 2 || e.CustomData["value"] != 59.9 {
		t.Errorf("user_data or custom_data are not what was sent: %v %v", e.UserData["ct"], e.CustomData)
	}
	if len(e.Diagnostics) != 0 {
		t.Errorf("diagnostics on a perfect event: %v", e.Diagnostics)
	}
	if len(s.Leaks()) != 0 || len(s.PersonalData()) != 0 {
		t.Errorf("leaks %v, personal data %v; want none", s.Leaks(), s.PersonalData())
	}
	req := s.Requests()[0]
	if !req.TokenOnlyInHeader || req.Events != 1 || req.Recorded != 1 || req.Status != 200 || req.Code != 0 {
		t.Errorf("wrong record of the request: %+v", req)
	}
	if got := req.Headers.Get("Authorization"); got != "Bearer •••" {
		t.Errorf("the record shows Authorization %q", got)
	}
}

func TestObserverHearsOfEveryAcceptedEvent(t *testing.T) {
	var heard []string
	s := New(Options{Now: (&clock{noon}).now, OnEvent: func(r Received) { heard = append(heard, string(r.Source)+" "+r.EventID) }})
	serve(s, request(purchase(t)))
	serve(s, request([]byte(`{"data":[{}]}`)))
	serve(s, httptest.NewRequest("GET", "/tr?id=1&ev=Lead&eid=x", nil))
	if want := []string{"server purchase.A-1001", "browser x"}; !cmp.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
}

// Many senders, faults and readers at once: every event is in one place.
func TestManySendersAtOnce(t *testing.T) {
	const senders, each = 8, 20
	s, _ := newSim(t)
	play(t, s, `{"fault":"http_503","times":15}`, `{"fault":"too_weak","event_id":"e-3-7","always":true}`)
	body := func(sender, i int) []byte {
		return mutated(t, func(m mutable) { m.event["event_id"] = fmt.Sprintf("e-%d-%d", sender, i) })
	}
	var all sync.WaitGroup
	for sender := range senders {
		all.Go(func() {
			for i := range each {
				serve(s, request(body(sender, i)))
				serve(s, httptest.NewRequest("GET", "/_sim/counted.json", nil))
				s.Audit(goodDataset, "Purchase")
			}
		})
	}
	all.Wait()
	codes := map[int]int{}
	for _, r := range s.Requests() {
		codes[r.Status]++
	}
	accepted := s.Audit(goodDataset, "Purchase").Counted
	if codes[503] != 15 || codes[200] != accepted || codes[200]+codes[400] != senders*each-15 || codes[400] > 1 || s.FaultsLeft() != 0 {
		t.Errorf("statuses %v, %d counted, %d faults left", codes, accepted, s.FaultsLeft())
	}
}

func TestVersions(t *testing.T) {
	for _, c := range []struct {
		version string
		status  int
		code    int
		warned  bool
	}{
		{"v26.0", 200, 0, false},
		{"v21.0", 200, 0, false},
		{"v20.0", 200, 0, true}, // ended two months before the tests' now
		{"v16.0", 200, 0, true},
		{"v2.11", 200, 0, true},
		{"v27.0", 400, codePath, false},
		{"v25.1", 400, codePath, false},
		{"v0.0", 400, codePath, false},
		{"v25", 400, codePath, false},
	} {
		s, _ := newSim(t)
		r := request(purchase(t))
		r.URL.Path = "/" + c.version + "/" + goodDataset + "/events"
		w := serve(s, r)
		if w.Code != c.status || (w.Header().Get("X-Ad-Api-Version-Warning") != "") != c.warned {
			t.Errorf("%s: status %d, warning %q; want %d, %t", c.version, w.Code, w.Header().Get("X-Ad-Api-Version-Warning"), c.status, c.warned)
		}
		if c.code != 0 && said(t, w).Code != c.code {
			t.Errorf("%s: code %d, want %d", c.version, said(t, w).Code, c.code)
		}
		if c.warned && w.Header().Get("Facebook-Api-Version") != "v21.0" {
			t.Errorf("%s: answered by %q, want the oldest that is alive", c.version, w.Header().Get("Facebook-Api-Version"))
		}
	}
}

func TestVersionsEndWithTime(t *testing.T) {
	s, c := newSim(t)
	c.at = time.Date(2026, 9, 23, 12, 0, 0, 0, time.UTC)
	if stateOfVersion("v20.0", s.now()) != versionAlive || stateOfVersion("v26.0", day(2026, 7, 28)) != versionUnknown {
		t.Error("versions do not follow the clock")
	}
}

// The token is accepted wherever Meta accepts it, and told on.
func TestTokenLeaks(t *testing.T) {
	withBody := func(t *testing.T, key, value string) []byte {
		return mutated(t, func(m mutable) { m.top[key] = value })
	}
	for _, c := range []struct {
		name  string
		make  func(t *testing.T) *http.Request
		where string
	}{
		{"query", func(t *testing.T) *http.Request {
			r := request(purchase(t))
			r.Header.Del("Authorization")
			r.URL.RawQuery = "access_token=" + goodToken
			return r
		}, "query"},
		{"body", func(t *testing.T) *http.Request {
			r := request(withBody(t, "access_token", goodToken))
			r.Header.Del("Authorization")
			return r
		}, "body"},
		{"another header", func(t *testing.T) *http.Request {
			r := request(purchase(t))
			r.Header.Set("X-Debug", "sent with "+goodToken)
			return r
		}, "header X-Debug"},
		{"a property", func(t *testing.T) *http.Request {
			return request(mutated(t, func(m mutable) { m.custom["note"] = goodToken }))
		}, "body"},
	} {
		s, _ := newSim(t)
		w := serve(s, c.make(t))
		if w.Code != 200 {
			t.Errorf("%s: status %d, want 200: %s", c.name, w.Code, w.Body)
		}
		l := s.Leaks()
		if len(l) != 1 || l[0].Where != c.where || l[0].Request != 1 {
			t.Errorf("%s: leaks %v, want one in %q", c.name, l, c.where)
		}
		if s.Requests()[0].TokenOnlyInHeader {
			t.Errorf("%s: TokenOnlyInHeader is true", c.name)
		}
		for name, values := range s.Requests()[0].Headers {
			if strings.Contains(strings.Join(values, ""), goodToken) {
				t.Errorf("%s: the record holds the token in %s", c.name, name)
			}
		}
		for _, path := range []string{"/_sim/", "/_sim/events.json", "/_sim/counted.json"} {
			if strings.Contains(serve(s, httptest.NewRequest("GET", path, nil)).Body.String(), goodToken) {
				t.Errorf("%s: %s shows the token", c.name, path)
			}
		}
	}
}

func TestPersonalDataIsReportedAndNotRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(mutable)
		status int
		path   string
		kind   PersonalKind
	}{
		{"an e-mail in a property", func(m mutable) { m.custom["note"] = "call Anna@Example.org" }, 200, "data[0].custom_data.note", PersonalEmail},
		{"deep in a property", func(m mutable) { m.custom["a"] = map[string]any{"b": []any{"x", "a@b.de"}} }, 200, "data[0].custom_data.a.b[1]", PersonalEmail},
		{"percent-encoded in the page", func(m mutable) { m.event["event_source_url"] = "https://shop.example/?e=anna%40example.org" }, 200, "data[0].event_source_url", PersonalEmail},
		{"as the event id", func(m mutable) { m.event["event_id"] = "anna@example.org" }, 200, "data[0].event_id", PersonalEmail},
		{"as the external id", func(m mutable) { m.user["external_id"] = "anna@example.org" }, 200, "data[0].user_data.external_id", PersonalEmail},
		{"a phone number", func(m mutable) { m.custom["note"] = "+49 151 2345-6789" }, 200, "data[0].custom_data.note", PersonalPhone},
		{"a telling key", func(m mutable) { m.custom["First-Name"] = "Anna" }, 200, "data[0].custom_data.First-Name", PersonalKey},
		{"a number under a telling key", func(m mutable) { m.custom["phone"] = 491512345678 }, 200, "data[0].custom_data.phone", PersonalKey},
		{"beside a number that no float holds", func(m mutable) {
			m.custom["huge"], m.custom["note"] = jsontext.Value("1e999"), "a@b.de"
		}, 200, "data[0].custom_data.note", PersonalEmail},
		// Refused, and gone out all the same.
		{"a raw e-mail", func(m mutable) { m.user["em"] = []string{"anna@example.org"} }, 400, "data[0].user_data.em[0]", PersonalUnhashed},
		{"a raw phone", func(m mutable) { m.user["ph"] = "491512345678" }, 400, "data[0].user_data.ph", PersonalUnhashed},
	} {
		s, _ := newSim(t)
		w := serve(s, request(mutated(t, c.change)))
		if w.Code != c.status {
			t.Errorf("%s: status %d, want %d: %s", c.name, w.Code, c.status, w.Body)
		}
		got := s.PersonalData()
		if len(got) != 1 || got[0].Path != c.path || got[0].Kind != c.kind {
			t.Errorf("%s: found %v, want %s at %s", c.name, got, c.kind, c.path)
		}
		if strings.Contains(w.Body.String(), "anna") || strings.Contains(w.Body.String(), "4915") {
			t.Errorf("%s: the answer quotes it: %s", c.name, w.Body)
		}
	}
}

func TestWhatIsNoPersonalData(t *testing.T) {
	s, _ := newSim(t)
	serve(s, request(mutated(t, func(m mutable) {
		m.custom["order_id"] = "4915123456789"
		m.custom["at"] = "2026-11-24T03:30:00+01:00"
		m.custom["city"] = "Berlin"
		m.custom["ratio"] = "+5"
		m.user["client_user_agent"] = "bot/1 (+https://bot.example; owner@bot.example)"
	})))
	if got := s.PersonalData(); len(got) != 0 {
		t.Errorf("found %v, want nothing", got)
	}
}

func TestDiagnostics(t *testing.T) {
	for _, c := range []struct {
		want   Diagnostic
		change func(mutable)
	}{
		{DiagNoEventID, func(m mutable) { delete(m.event, "event_id") }},
		{DiagNoUserAgent, func(m mutable) { delete(m.user, "client_user_agent") }}, // 200 on v26.0, § 2.2
		{DiagNoAddress, func(m mutable) { delete(m.user, "client_ip_address") }},
		{DiagCurrencyAlone, func(m mutable) { m.event["event_name"] = "Lead"; delete(m.custom, "value") }},
		{DiagValueAlone, func(m mutable) { m.event["event_name"] = "Lead"; delete(m.custom, "currency") }},
		{DiagTestEvent, func(m mutable) { m.top["test_event_code"] = "TEST123" }},
		{DiagGenderUnknown, func(m mutable) { m.user["ge"] = hashOf("female") }},
		{DiagCountryUnknown, func(m mutable) { m.user["country"] = hashOf("US") }},
		{DiagCountryUnknown, func(m mutable) { m.user["country"] = hashOf("uk") }},
		{DiagBirthdayUnknown, func(m mutable) { m.user["db"] = hashOf("1997-02-16") }},
		{DiagBirthdayUnknown, func(m mutable) { m.user["db"] = hashOf(hashOf("19970216")) }},
	} {
		s, _ := newSim(t)
		if w := serve(s, request(mutated(t, c.change))); w.Code != 200 {
			t.Errorf("%s: a diagnostic refuses nothing, got %s", c.want, w.Body)
			continue
		}
		if got := s.Received()[0].Diagnostics; len(got) != 1 || got[0] != c.want {
			t.Errorf("diagnostics %v, want %s", got, c.want)
		}
	}
}

// mutable gives a test the parts of the good purchase to spoil.
type mutable struct{ top, event, user, custom map[string]any }

func mutated(t testing.TB, change func(mutable)) []byte {
	t.Helper()
	var m mutable
	if err := json.Unmarshal(purchase(t), &m.top); err != nil {
		t.Fatal(err)
	}
	m.event = m.top["data"].([]any)[0].(map[string]any)
	m.user = m.event["user_data"].(map[string]any)
	m.custom = m.event["custom_data"].(map[string]any)
	change(m)
	b, err := json.Marshal(m.top)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// golden compares with a file of testdata, or rewrites it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (run with -update and read the diff):\n%s", path, diff)
	}
}
