package meta

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"matchkey/collector"
	"matchkey/collector/meta/graphsim"
)

func TestCheck(t *testing.T) {
	ends := now.Add(30 * 24 * time.Hour)
	for _, c := range []struct {
		what      string
		status    int
		body      string
		ruling    collector.Ruling
		reason    collector.Reason
		deadlines int
	}{
		{"all is well", 400, graphErrorBody(100, 2804019, false), collector.Accepted, "", 2},
		{"an empty list is taken", 200, `{"events_received":0}`, collector.Accepted, "", 2},
		{"the token is revoked", 401, graphErrorBody(190, 460, false), collector.Blocked, ReasonToken, 1},
		{"a permission is missing", 403, graphErrorBody(10, 0, false), collector.Blocked, ReasonPermission, 1},
		{"the data set is another's", 400, graphErrorBody(100, 33, false), collector.Blocked, ReasonDataset, 1},
		{"Meta is down", 503, `<html>`, collector.Retry, ReasonUnavailable, 1},
		{"the answer is cut", 200, `{"events_rec`, collector.Retry, ReasonAnswerUnreadable, 1},
	} {
		g := newGraph(t)
		asked := 0
		g.answer = func(int) (int, http.Header, string) {
			if asked++; asked == 2 {
				return 200, http.Header{}, `{"data":{"is_valid":true,"expires_at":` + strconv.FormatInt(ends.Unix(), 10) + `,"data_access_expires_at":0}}`
			}
			return c.status, http.Header{}, c.body
		}
		d := g.destination(func(c *Config) {
			c.Now, c.VersionEnds = func() time.Time { return now }, now.Add(24*time.Hour)
		})
		got := d.Check(t.Context())
		if got.Verdict.Ruling != c.ruling || got.Verdict.Reason != c.reason || len(got.Deadlines) != c.deadlines || !got.At.Equal(now) {
			t.Errorf("%s: %+v", c.what, got)
		}
		if c.deadlines == 2 && !got.Deadlines[1].At.Equal(ends.Truncate(time.Second)) {
			t.Errorf("the token ends at %v, want %v", got.Deadlines[1].At, ends)
		}
		for i, r := range g.Requests() {
			if strings.Contains(r.url, testToken) || len(r.ids) > 0 || r.authorization != "Bearer "+testToken {
				t.Errorf("%s: request %d is %+v", c.what, i, r)
			}
		}
		if first := g.Requests()[0]; first.body != `{"data":[]}` {
			t.Errorf("the first question is %s", first.body)
		}
	}
}

func TestSetToken(t *testing.T) {
	g := newGraph(t)
	d := g.destination()
	if changed, err := d.SetToken("not a token", ""); changed || err == nil || strings.Contains(err.Error(), "not a token") {
		t.Errorf("a token with blanks: %v", err)
	}
	if changed, err := d.SetToken(testToken, ""); changed || err != nil {
		t.Errorf("the token in use: %v, %v", changed, err)
	}
	if changed, err := d.SetToken("EAAanother0123456789", "s3cret"); !changed || err != nil {
		t.Fatal(changed, err)
	}
	d.Send(t.Context(), smallParcels(1))
	if got := g.Requests()[0].authorization; got != "Bearer EAAanother0123456789" {
		t.Errorf("sent with %q", got)
	}
}

// TestCheckBeforeTheSimulator asks the simulator, which was written apart.
func TestCheckBeforeTheSimulator(t *testing.T) {
	clock := func() time.Time { return now }
	ends := now.Add(20 * 24 * time.Hour)
	for what, c := range map[string]struct {
		sim    graphsim.Options
		ruling collector.Ruling
		reason collector.Reason
		ends   bool
	}{
		"a good token":           {graphsim.Options{Token: testToken, TokenExpiresAt: ends}, collector.Accepted, "", true},
		"with the app's secret":  {graphsim.Options{Token: testToken, TokenExpiresAt: ends, AppSecret: "s3cret"}, collector.Accepted, "", true},
		"a token without an end": {graphsim.Options{Token: testToken}, collector.Accepted, "", false},
		"another token":          {graphsim.Options{Token: "another"}, collector.Blocked, ReasonToken, false},
		"an ended token":         {graphsim.Options{Token: testToken, TokenExpiresAt: now.Add(-time.Hour)}, collector.Blocked, ReasonToken, false},
		"another data set":       {graphsim.Options{Token: testToken, Dataset: "99999"}, collector.Blocked, ReasonDataset, false},
		"no permission":          {graphsim.Options{Token: testToken, MissingPermission: 200}, collector.Blocked, ReasonPermission, false},
	} {
		t.Run(what, func(t *testing.T) {
			c.sim.Now = clock
			sim := graphsim.New(c.sim)
			server := httptest.NewServer(sim)
			defer server.Close()
			d, err := New(Config{
				Name: "main", Dataset: "1234567890", Token: testToken, AppSecret: Token(c.sim.AppSecret), BaseURL: server.URL, Now: clock,
			})
			if err != nil {
				t.Fatal(err)
			}
			got := d.Check(t.Context())
			if got.Verdict.Ruling != c.ruling || got.Verdict.Reason != c.reason {
				t.Errorf("the verdict is %+v", got.Verdict)
			}
			if len(got.Deadlines) > 0 != c.ends || c.ends && (got.Deadlines[0].Reason != ReasonTokenEnds || !got.Deadlines[0].At.Equal(ends.Truncate(time.Second))) {
				t.Errorf("the deadlines are %+v", got.Deadlines)
			}
			if leaks := sim.Leaks(); len(leaks) > 0 || sim.Totals().ServerEvents > 0 {
				t.Errorf("leaks %+v, %d events", leaks, sim.Totals().ServerEvents)
			}
		})
	}
}
