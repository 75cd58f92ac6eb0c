package graphsim

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
)

// A token can be tried without an event: the token is judged first, then the
// dataset, then the permission, and only then the empty list.
func TestAnEmptyListTriesTheToken(t *testing.T) {
	const empty = `{"data":[]}`
	for _, c := range []struct {
		name                  string
		options               Options
		path, token           string
		status, code, subcode int
	}{
		{"bad token, bad dataset", Options{}, "/v25.0/999/events", "wrong", 401, 190, 0},
		{"bad token", Options{}, goodPath, "wrong", 401, 190, 0},
		{"expired token, bad dataset", Options{TokenExpiresAt: noon}, "/v25.0/999/events", goodToken, 401, 190, 463},
		{"bad dataset", Options{MissingPermission: 200}, "/v25.0/999/events", goodToken, 400, 100, 33},
		{"dataset by name", Options{}, "/v25.0/shop/events", goodToken, 404, 803, 0},
		{"no permission", Options{MissingPermission: 200}, goodPath, goodToken, 403, 200, 0},
		{"permission denied", Options{MissingPermission: 10}, goodPath, goodToken, 403, 10, 0},
		{"all is well", Options{}, goodPath, goodToken, 400, 100, 0},
	} {
		c.options.Dataset, c.options.Token, c.options.Now = goodDataset, goodToken, (&clock{noon}).now
		s := New(c.options)
		r := request([]byte(empty))
		r.URL.Path = c.path
		r.Header.Set("Authorization", "Bearer "+c.token)
		w := serve(s, r)
		if e := said(t, w); w.Code != c.status || e.Code != c.code || e.Subcode != c.subcode {
			t.Errorf("%s: %d %s, want %d %d/%d", c.name, w.Code, w.Body, c.status, c.code, c.subcode)
		}
	}
}

func TestMissingPermissionShowsInTheScopes(t *testing.T) {
	s := New(Options{Token: goodToken, Now: (&clock{noon}).now, MissingPermission: 10})
	if got := inspectionOf(t, serve(s, askForm(goodToken))); !got.IsValid || slices.Contains(got.Scopes, "ads_management") {
		t.Errorf("%+v", got)
	}
}

func TestAppSecretProof(t *testing.T) {
	const secret = "0123456789abcdef0123456789abcdef"
	good := proofOf(secret, goodToken)
	inBody := func(proof string) func() *http.Request {
		return func() *http.Request {
			return request(mutated(t, func(m mutable) { m.top["appsecret_proof"] = proof }))
		}
	}
	inQuery := func(proof string) func() *http.Request {
		return func() *http.Request {
			r := request(purchase(t))
			r.URL.RawQuery = "appsecret_proof=" + proof
			return r
		}
	}
	for _, c := range []struct {
		name   string
		make   func() *http.Request
		status int
		leaks  int
	}{
		{"in the body", inBody(good), 200, 0},
		{"in the query", inQuery(good), 200, 0},
		{"none", func() *http.Request { return request(purchase(t)) }, 400, 0},
		{"of another token", inBody(proofOf(secret, "other")), 400, 0},
		{"of another secret", inQuery(proofOf("other", goodToken)), 400, 0},
		{"the secret itself", inBody(secret), 400, 1},
	} {
		s := New(Options{Dataset: goodDataset, Token: goodToken, Now: (&clock{noon}).now, AppSecret: secret})
		w := serve(s, c.make())
		if w.Code != c.status || len(s.Leaks()) != c.leaks {
			t.Errorf("%s: %d %s, leaks %v", c.name, w.Code, w.Body, s.Leaks())
		}
		if c.status != 200 && said(t, w).Code != 100 {
			t.Errorf("%s: %s", c.name, w.Body)
		}
		check := askForm(goodToken)
		check.URL.RawQuery = "appsecret_proof=" + good
		if w := serve(s, check); w.Code != 200 {
			t.Errorf("%s: inspection with a proof: %d %s", c.name, w.Code, w.Body)
		}
	}
	// The published vector of HMAC-SHA-256, RFC 4231, case 2.
	if got, want := proofOf("Jefe", "what do ya want for nothing?"), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"; got != want {
		t.Errorf("proof %s, want %s", got, want)
	}
}

func TestPartnerAgentAndTestCodeAreRecorded(t *testing.T) {
	for agent, unusual := range map[string]bool{
		"matchkey-1.0": false, "m1": true, "gtmss-1.0.0-0.0.9-abcde": true, "gtmss-1.0.0-0.0.9-abcd": false,
	} {
		s, _ := newSim(t)
		serve(s, request(mutated(t, func(m mutable) { m.top["partner_agent"], m.top["test_event_code"] = agent, "TEST1" })))
		r, e := s.Requests()[0], s.Received()[0]
		if r.PartnerAgent != agent || r.TestEventCode != "TEST1" || e.TestEventCode != "TEST1" {
			t.Errorf("%s: %+v", agent, r)
		}
		if got := fmt.Sprint(e.Diagnostics); slices.Contains(e.Diagnostics, DiagPartnerAgent) != unusual {
			t.Errorf("%s: diagnostics %s", agent, got)
		}
	}
}
