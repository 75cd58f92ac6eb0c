package graphsim

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

const inspectPath = "/v25.0/debug_token"

// ask inspects a token in the way that puts none into an address.
func ask(kind, body string) *http.Request {
	r := httptest.NewRequest("POST", inspectPath, strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Authorization", "Bearer "+goodToken)
	return r
}

func askForm(input string) *http.Request {
	return ask("application/x-www-form-urlencoded", url.Values{"input_token": {input}, "method": {"get"}}.Encode())
}

func inspectionOf(t *testing.T, w *httptest.ResponseRecorder) inspection {
	t.Helper()
	var out struct {
		Data inspection `json:"data"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != 200 {
		t.Fatalf("%d %v: %s", w.Code, err, w.Body)
	}
	return out.Data
}

func TestInspection(t *testing.T) {
	for name, r := range map[string]*http.Request{
		"form": askForm(goodToken),
		"JSON": ask("application/json", `{"input_token":"`+goodToken+`","method":"get"}`),
	} {
		s, _ := newSim(t)
		got := inspectionOf(t, serve(s, r))
		if !got.IsValid || got.Type != "SYSTEM_USER" || got.AppID == "" || *got.ExpiresAt != 0 || *got.DataAccessExpiresAt != 0 ||
			!slices.Contains(got.Scopes, "ads_management") || got.Error != nil {
			t.Errorf("%s: %+v", name, got)
		}
		if len(s.Leaks()) != 0 || !s.TokenChecks()[0].TokenOnlyInHeader {
			t.Errorf("%s: leaks %v; the token to inspect belongs into the body", name, s.Leaks())
		}
		if len(s.Requests()) != 0 || s.Totals().Requests != 0 || s.Totals().TokenChecks != 1 {
			t.Errorf("%s: an inspection is no request to the events edge: %+v", name, s.Totals())
		}
	}
}

func TestInspectionOfATokenThatExpires(t *testing.T) {
	c := &clock{noon}
	s := New(Options{Dataset: goodDataset, Token: goodToken, Now: c.now, TokenExpiresAt: noon.Add(time.Hour)})
	if got := inspectionOf(t, serve(s, askForm(goodToken))); *got.ExpiresAt != noon.Add(time.Hour).Unix() || !got.IsValid {
		t.Errorf("%+v", got)
	}
	if w := serve(s, request(purchase(t))); w.Code != 200 {
		t.Errorf("before its end: %d", w.Code)
	}
	c.at = noon.Add(time.Hour)
	for name, r := range map[string]*http.Request{"event": request(purchase(t)), "inspection": askForm(goodToken), "no event": request([]byte(`{"data":[]}`))} {
		if w := serve(s, r); w.Code != 401 || said(t, w).Code != 190 || said(t, w).Subcode != 463 {
			t.Errorf("%s: %d %s, want 401 190/463", name, w.Code, w.Body)
		}
	}
}

func TestInspectionOfAnotherToken(t *testing.T) {
	s, _ := newSim(t)
	got := inspectionOf(t, serve(s, askForm("EAAGsomeOtherToken")))
	if got.IsValid || got.Error == nil || got.Error.Code != 190 || got.Scopes == nil || got.ExpiresAt != nil {
		t.Errorf("%+v", got)
	}
}

func TestInspectionLeaks(t *testing.T) {
	s, _ := newSim(t)
	r := httptest.NewRequest("GET", inspectPath+"?input_token="+goodToken, nil)
	r.Header.Set("Authorization", "Bearer "+goodToken)
	if got := inspectionOf(t, serve(s, r)); !got.IsValid {
		t.Errorf("%+v", got)
	}
	r = httptest.NewRequest("GET", inspectPath+"?access_token="+goodToken+"&input_token=x", nil)
	serve(s, r)
	r = askForm(goodToken)
	r.Header.Set("X-Debug", goodToken)
	serve(s, r)
	r = ask("application/json", `{"input_token":"x","method":"get","access_token":"`+goodToken+`"}`)
	r.Header.Del("Authorization")
	serve(s, r)
	var got []string
	for _, l := range s.Leaks() {
		got = append(got, l.Where)
	}
	if want := "query, query, header X-Debug, body"; strings.Join(got, ", ") != want {
		t.Errorf("leaks %q, want %q", got, want)
	}
	for _, r := range s.TokenChecks() {
		for _, values := range r.Headers {
			if strings.Contains(strings.Join(values, ""), goodToken) {
				t.Errorf("the record holds the token: %+v", r)
			}
		}
	}
}

func TestInspectionRefusals(t *testing.T) {
	for _, c := range []struct {
		name                  string
		make                  func() *http.Request
		status, code, subcode int
	}{
		{"POST that does not say get", func() *http.Request { return ask("application/json", `{"input_token":"x"}`) }, 400, 100, 33},
		{"DELETE", func() *http.Request { r := askForm("x"); r.Method = "DELETE"; return r }, 400, 100, 33},
		{"no input", func() *http.Request { return ask("application/json", `{"method":"get"}`) }, 400, 100, 0},
		{"no token", func() *http.Request { r := askForm("x"); r.Header.Del("Authorization"); return r }, 401, 190, 0},
		{"wrong token", func() *http.Request { r := askForm("x"); r.Header.Set("Authorization", "Bearer y"); return r }, 401, 190, 0},
		{"unknown version", func() *http.Request { r := askForm("x"); r.URL.Path = "/v99.0/debug_token"; return r }, 400, 2500, 0},
		{"no version", func() *http.Request { r := askForm("x"); r.URL.Path = "/debug_token"; return r }, 400, 2500, 0},
		{"another content type", func() *http.Request { return ask("text/plain", `{"input_token":"x","method":"get"}`) }, 400, 100, 33},
	} {
		s, _ := newSim(t)
		w := serve(s, c.make())
		if e := said(t, w); w.Code != c.status || e.Code != c.code || e.Subcode != c.subcode {
			t.Errorf("%s: %d %s, want %d %d/%d", c.name, w.Code, w.Body, c.status, c.code, c.subcode)
		}
	}
}

func TestFaultsOfTheInspection(t *testing.T) {
	s, _ := newSim(t)
	play(t, s, `{"fault":"service_unavailable","edge":"debug_token"}`, `{"fault":"truncate","edge":"debug_token"}`, `{"fault":"http_503"}`)
	if w := serve(s, askForm(goodToken)); w.Code != 500 || said(t, w).Code != 2 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := serve(s, askForm(goodToken)); w.Code != 200 || json.Unmarshal(w.Body.Bytes(), new(any)) == nil {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if inspectionOf(t, serve(s, askForm(goodToken))); s.FaultsLeft() != 1 {
		t.Error("the inspection took a fault of the events edge")
	}
	old := askForm(goodToken)
	old.URL.Path = "/v19.0/debug_token"
	if w := serve(s, old); w.Header().Get("X-Ad-Api-Version-Warning") == "" {
		t.Error("no warning of a version that is dead")
	}
}
