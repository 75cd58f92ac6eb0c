package meta

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"matchkey/collector"
	"matchkey/collector/collectortest"
)

func TestOneRequest(t *testing.T) {
	g := newGraph(t)
	d := g.destination(func(c *Config) {
		c.Version, c.TestEventCode, c.PartnerAgent = "v25.0", "TEST123", "matchkey-1.0"
		c.TestEventCodeUntil, c.Now = now.Add(time.Second), func() time.Time { return now }
	})
	c := completeComposition()
	body := compose(t, c).Body
	verdicts := d.Send(t.Context(), []collector.Parcel{{Key: c.Delivery, Body: body}})
	if v := verdicts[0]; v.Ruling != collector.Accepted || v.Trace != "AbC-1" || v.Status != 200 {
		t.Errorf("%+v", v)
	}
	r := g.Requests()[0]
	if r.url != "/v25.0/1234567890/events" || r.authorization != "Bearer "+testToken || r.header.Get("Content-Type") != "application/json" {
		t.Errorf("%+v", r)
	}
	if want := `{"data":[` + string(body) + `],"partner_agent":"matchkey-1.0","test_event_code":"TEST123"}`; r.body != want {
		t.Errorf("body\n%s\nwant\n%s", r.body, want)
	}
	for name, values := range r.header {
		if name != "Authorization" && strings.Contains(strings.Join(values, " "), testToken) {
			t.Errorf("the token is in the header %s", name)
		}
	}
	if strings.Contains(r.url+r.body, testToken) {
		t.Error("the token is in the URL or in the body")
	}
}

func TestBatches(t *testing.T) {
	g := newGraph(t)
	d := g.destination(func(c *Config) { c.BatchMax = 100 })
	for _, v := range d.Send(t.Context(), smallParcels(250)) {
		if v.Ruling != collector.Accepted {
			t.Fatalf("%+v", v)
		}
	}
	var sizes []int
	for _, r := range g.Requests() {
		sizes = append(sizes, len(r.ids))
	}
	if !slices.Equal(sizes, []int{100, 100, 50}) {
		t.Errorf("requests of %v events", sizes)
	}
}

// One culprit, at every place of batches of every size up to 70 and some above,
// costs at most 2·log2(n)+1 requests.
func TestBisectOneCulprit(t *testing.T) {
	g := newGraph(t)
	d := g.destination()
	check := func(n, culprit int) {
		id := "e" + itoa(int64(culprit))
		g.Script(refusing(id))
		before := len(g.Requests())
		verdicts := d.Send(t.Context(), smallParcels(n))
		for i, v := range verdicts {
			if want := i != culprit; (v.Ruling == collector.Accepted) != want || i == culprit && v.Reason != collector.ReasonEventTooOld {
				t.Fatalf("n=%d culprit=%d: parcel %d is %+v", n, culprit, i, v)
			}
		}
		used, most := len(g.Requests())-before, int(2*math.Log2(float64(n)))+1
		if used > most {
			t.Errorf("n=%d culprit=%d: %d requests, want at most %d", n, culprit, used, most)
		}
	}
	for n := 1; n <= 24; n++ {
		for culprit := range n {
			check(n, culprit)
		}
	}
	for _, culprit := range []int{0, 1, 499, 500, 501, 998, 999} {
		check(1000, culprit)
	}
}

func refusing(ids ...string) func(string) collectortest.Behaviour {
	return func(id string) collectortest.Behaviour {
		if slices.Contains(ids, id) {
			return collectortest.Refuse
		}
		return collectortest.Take
	}
}

func TestBisectSeveralCulprits(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const n = 1000
	for culprits := 1; culprits <= 5; culprits++ {
		g := newGraph(t)
		var ids []string
		for _, i := range random.Perm(n)[:culprits] {
			ids = append(ids, "e"+itoa(int64(i)))
		}
		g.Script(refusing(ids...))
		parcels := smallParcels(n)
		for i, v := range g.destination().Send(t.Context(), parcels) {
			guilty := slices.Contains(ids, parcels[i].Key.EventID)
			if guilty != (v.Ruling == collector.Rejected) || guilty == (v.Ruling == collector.Accepted) {
				t.Errorf("%d culprits: parcel %d is %+v", culprits, i, v)
			}
		}
		received := g.Received()
		slices.Sort(received)
		if len(received) != n-culprits || len(slices.Compact(received)) != n-culprits {
			t.Errorf("%d culprits: %d events received", culprits, len(received))
		}
		if used, most := len(g.Requests()), culprits*2*10+1; used > most {
			t.Errorf("%d culprits: %d requests, want at most %d", culprits, used, most)
		}
	}
}

// When everything is at fault the search ends by its bound, and what was not
// looked at is sent later.
func TestBisectIsBounded(t *testing.T) {
	g := newGraph(t)
	g.Script(func(string) collectortest.Behaviour { return collectortest.Refuse })
	rejected, later := 0, 0
	for _, v := range g.destination().Send(t.Context(), smallParcels(1000)) {
		switch {
		case v.Ruling == collector.Rejected:
			rejected++
		case v.Ruling == collector.Retry && v.Reason == ReasonNotSent:
			later++
		}
	}
	if used := len(g.Requests()); used > maxRequests+1 || rejected == 0 || rejected+later != 1000 {
		t.Errorf("%d requests, %d rejected, %d later", used, rejected, later)
	}
}

// After a request that did not go through no other one is made.
func TestStopsAfterTrouble(t *testing.T) {
	for _, c := range []struct {
		behaviour   collectortest.Behaviour
		first, rest collector.Ruling
	}{
		{collectortest.Fail, collector.Retry, collector.Retry},
		{collectortest.Shut, collector.Blocked, collector.Blocked},
		{collectortest.Cut, collector.InDoubt, collector.Retry},
	} {
		g := newGraph(t)
		g.Script(func(string) collectortest.Behaviour { return c.behaviour })
		verdicts := g.destination(func(c *Config) { c.BatchMax = 1 }).Send(t.Context(), smallParcels(3))
		if verdicts[0].Ruling != c.first || verdicts[1].Ruling != c.rest || verdicts[2].Ruling != c.rest || len(g.Requests()) != 1 {
			t.Errorf("behaviour %d: %v after %d requests", c.behaviour, verdicts, len(g.Requests()))
		}
	}
}

func TestBrokenBodyIsNotSent(t *testing.T) {
	g := newGraph(t)
	parcels := smallParcels(6)
	for i, body := range []string{"", "[1]", `{"a":1},{"b":2}`, `{"a":`} {
		parcels[i+1].Body = []byte(body)
	}
	verdicts := g.destination().Send(t.Context(), parcels)
	for i, v := range verdicts {
		broken := i >= 1 && i <= 4
		if broken != (v.Reason == ReasonBodyBroken && v.Ruling == collector.Rejected) || broken == (v.Ruling == collector.Accepted) {
			t.Errorf("parcel %d: %+v", i, v)
		}
	}
	if got := g.Received(); !slices.Equal(got, []string{"e0", "e5"}) {
		t.Errorf("received %v", got)
	}
}

func TestNoRedirectIsFollowed(t *testing.T) {
	g := newGraph(t)
	other := newGraph(t)
	g.answer = func(int) (int, http.Header, string) {
		return http.StatusTemporaryRedirect, http.Header{"Location": {other.server.URL}}, ""
	}
	v := g.destination().Send(t.Context(), smallParcels(1))[0]
	if v.Ruling != collector.Retry || v.Reason != ReasonForeignAnswer || len(other.Requests()) != 0 {
		t.Errorf("%+v, %d requests elsewhere", v, len(other.Requests()))
	}
}

// A roundTripper is a transport of one function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestWhatLeftAndWhatDidNot(t *testing.T) {
	// An address where nobody listens.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	deaf := "http://" + l.Addr().String()
	l.Close()
	secret := errors.New("connection lost while sending Bearer " + testToken + " for mary@example.com")
	for _, c := range []struct {
		name   string
		change func(*Config)
		ruling collector.Ruling
		reason collector.Reason
	}{
		{"nobody listens", func(c *Config) { c.BaseURL = deaf }, collector.Retry, ReasonUnreachable},
		{"a certificate nobody knows", func(c *Config) { c.BaseURL = tlsServer(t) }, collector.Retry, ReasonUnreachable},
		{"cut before the body was read", func(c *Config) {
			c.Transport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, secret })
		}, collector.Retry, ReasonUnreachable},
		{"cut in the middle of the body", func(c *Config) {
			c.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
				_, _ = r.Body.Read(make([]byte, 3))
				return nil, secret
			})
		}, collector.Retry, ReasonUnreachable},
		{"cut after the body", func(c *Config) {
			c.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
				_, _ = io.Copy(io.Discard, r.Body)
				return nil, secret
			})
		}, collector.InDoubt, collector.ReasonNoAnswer},
		{"an answer that ends early", func(c *Config) {
			c.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
				_, _ = io.Copy(io.Discard, r.Body)
				return &http.Response{StatusCode: 200, Body: io.NopCloser(io.MultiReader(strings.NewReader(`{"events_received":1}`), broken{}))}, nil
			})
		}, collector.Retry, ReasonAnswerUnreadable},
		{"an endless answer", func(c *Config) {
			c.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
				_, _ = io.Copy(io.Discard, r.Body)
				return &http.Response{StatusCode: 200, Body: io.NopCloser(endless{})}, nil
			})
		}, collector.Retry, ReasonAnswerUnreadable},
		{"a refusal that ends early", func(c *Config) {
			c.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
				_, _ = io.Copy(io.Discard, r.Body)
				return &http.Response{StatusCode: 503, Body: io.NopCloser(broken{})}, nil
			})
		}, collector.Retry, ReasonUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newGraph(t).destination(c.change).Send(t.Context(), smallParcels(1))[0]
			if v.Ruling != c.ruling || v.Reason != c.reason {
				t.Errorf("%+v", v)
			}
			if text := fmt.Sprintf("%+v", v); strings.Contains(text, testToken) || strings.Contains(text, "mary@") {
				t.Errorf("the verdict holds a secret: %s", text)
			}
		})
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// tlsServer returns the address of a server with a certificate of its own.
func tlsServer(t *testing.T) string {
	s := newTLSServer()
	t.Cleanup(s.Close)
	return s.URL
}

// The timeout is the destination's own; the context still lives.
func TestTimeout(t *testing.T) {
	g := newGraph(t)
	g.Script(func(string) collectortest.Behaviour { return collectortest.Hang })
	v := g.destination(func(c *Config) { c.Timeout = 20 * time.Millisecond }).Send(t.Context(), smallParcels(1))[0]
	if v.Ruling != collector.InDoubt || v.Reason != collector.ReasonNoAnswer {
		t.Errorf("%+v", v)
	}
}

func TestContextEndsBetweenRequests(t *testing.T) {
	g := newGraph(t)
	ctx, cancel := context.WithCancel(t.Context())
	g.Script(func(id string) collectortest.Behaviour {
		if id == "e1" {
			cancel()
			return collectortest.Hang
		}
		return collectortest.Take
	})
	verdicts := g.destination(func(c *Config) { c.BatchMax = 1 }).Send(ctx, smallParcels(3))
	want := []collector.Ruling{collector.Accepted, collector.InDoubt, collector.Retry}
	for i, v := range verdicts {
		if v.Ruling != want[i] {
			t.Errorf("parcel %d: %+v, want %s", i, v, want[i])
		}
	}
}

func TestConfigFaults(t *testing.T) {
	_, err := New(Config{
		Dataset: "12a", Token: "has a blank " + testToken, Version: "26", BaseURL: "http://graph.facebook.com",
		TestEventCode: "a b", PartnerAgent: "x", BatchMax: 1001, Timeout: -1,
	})
	if err == nil {
		t.Fatal("no fault was found")
	}
	for _, want := range []string{"no name", "made of digits", "access token", "version", "https", "test event code", "partner agent", "1 to 1000", "negative"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not speak of %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), testToken) {
		t.Error("the error holds the token")
	}
	for _, base := range []string{"https://graph.facebook.com/", "http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"} {
		if _, err := New(Config{Name: "m", Dataset: "1", Token: "t", BaseURL: base}); err != nil {
			t.Errorf("%s: %v", base, err)
		}
	}
	for _, base := range []string{"http://127.0.0.1.evil.example", "https://user@graph.facebook.com", "ftp://x", "https://x?token=1", "graph", "https://"} {
		if _, err := New(Config{Name: "m", Dataset: "1", Token: "t", BaseURL: base}); err == nil {
			t.Errorf("%s is accepted", base)
		}
	}
}

func TestTokenIsNeverPrinted(t *testing.T) {
	token := Token(testToken)
	config := Config{Name: "main", Dataset: "1", Token: token}
	d, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, v := range []any{token, &token, config, &config, d, *d, []Token{token}, map[string]Token{"t": token}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	text, err := json.Marshal(map[string]any{"token": token, "config": config})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("x", "token", token, "config", config, "destination", d)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "token", token, "config", config, "destination", d)
	printed := out.String()
	if strings.Contains(printed, testToken) || strings.Contains(printed, fmt.Sprintf("%x", testToken)) {
		t.Errorf("the token was printed:\n%s", printed)
	}
	if !strings.Contains(printed, "***") {
		t.Error("nothing stands in the token's place")
	}
}
