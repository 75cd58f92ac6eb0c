package graphsim

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// secrets are values of the sent events that must not be readable on a page.
var secrets = []string{
	"anna", "Anna", "491512345678", "151 2345", "2001:db8:85a3:0", "8a2e:370:7334", "Gecko", "Linux",
	"uK_5w_aem_Qx7", "IwZXh0bg", "1088522659", "customer-4711", "hunter2", "utm_term",
}

func TestPagesMask(t *testing.T) {
	s, c := newSim(t)
	serve(s, request(mutated(t, func(m mutable) {
		m.user["external_id"] = "customer-4711"
		m.user["lead_id"] = "491512345678901"
		m.event["event_id"] = "anna@example.org"
		m.event["event_source_url"] = "https://shop.example/thank-you?utm_term=x&mail=anna%40example.org#anna"
		m.custom["note"] = "Anna+x@example.org called from +49 (151) 2345-6789"
		m.custom["deep"] = []any{map[string]any{"first_name": "Anna", "password": "hunter2", "anna@example.org": "anna%40example.org", "phone": 491512345678}}
	})))
	serve(s, httptest.NewRequest("GET", "/tr?id="+goodDataset+"&ev=Lead&eid=anna@example.org&ud[em]=anna@example.org&ud[x]=customer-4711&cd[note]=%2B491512345678&dl=https://shop.example/?utm_term=y", nil))
	serve(s, request(mutated(t, func(m mutable) { m.event["anna@example.org"] = 1; m.event["event_name"] = "anna@example.org" })))
	sendPurchase(t, s, c, "purchase.A-1001")
	if len(s.Received()) != 3 {
		t.Fatalf("%d events, want 3: %+v", len(s.Received()), s.Requests())
	}

	for _, path := range []string{"/_sim/", "/_sim/events.json", "/_sim/counted.json"} {
		w := serve(s, httptest.NewRequest("GET", path, nil))
		if w.Code != 200 {
			t.Fatalf("%s: %d", path, w.Code)
		}
		for _, secret := range append(secrets, goodToken) {
			if strings.Contains(w.Body.String(), secret) {
				t.Errorf("%s shows %q", path, secret)
			}
		}
		h := w.Header()
		if h.Get("Content-Security-Policy") == "" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v", path, h)
		}
	}

	page := serve(s, httptest.NewRequest("GET", "/_sim/", nil)).Body.String()
	for _, shown := range []string{
		"purchase.A-1001", hashOf("mary")[:12] + "…", "2001:db8::/32", "Mozilla/5.0", "100/2804019",
		"$[&#39;data&#39;][0]", "fb.1.1795400000000.IwZX•••", "Personal data in the clear",
	} {
		if !strings.Contains(page, shown) {
			t.Errorf("the page does not show %q", shown)
		}
	}
	for _, absent := range []string{"<script", "style=", "<style", " onclick"} {
		if strings.Contains(page, absent) {
			t.Errorf("the page has %q: its content security policy forbids it", absent)
		}
	}
}

func TestEventsJSON(t *testing.T) {
	s, _ := newSim(t)
	serve(s, request(purchase(t)))
	golden(t, "events.json", serve(s, httptest.NewRequest("GET", "/_sim/events.json", nil)).Body.String())
}

func TestCountedJSON(t *testing.T) {
	s, c := newSim(t)
	sendPurchase(t, s, c, "purchase.A-1")
	seePurchase(t, s, "purchase.A-1")
	var got struct {
		Totals  Totals
		Counted []Count
	}
	w := serve(s, httptest.NewRequest("GET", "/_sim/counted.json", nil))
	if err := json.Unmarshal(w.Body.Bytes(), &got, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
	if len(got.Counted) != 1 || got.Counted[0].Counted != 1 || got.Counted[0].Server != 1 || got.Counted[0].Browser != 1 || got.Totals.Counted != 1 {
		t.Errorf("%s", w.Body)
	}
}

// Bytes from a browser need not be UTF-8; the pages hold.
func TestPagesBearAnyBytes(t *testing.T) {
	s, _ := newSim(t)
	serve(s, httptest.NewRequest("GET", "/tr?id="+goodDataset+"&ev=%ff%fe&eid=%c3&cd[%80]=%80&ud[em]=%ff", nil))
	if len(s.Received()) != 1 {
		t.Fatal("the copy was passed over")
	}
	for _, path := range []string{"/_sim/", "/_sim/events.json", "/_sim/counted.json"} {
		w := serve(s, httptest.NewRequest("GET", path, nil))
		if strings.HasSuffix(path, ".json") && json.Unmarshal(w.Body.Bytes(), new(any)) != nil {
			t.Errorf("%s is no JSON: %q", path, w.Body)
		}
		if strings.HasSuffix(path, "/") && !strings.Contains(w.Body.String(), "</html>") {
			t.Errorf("%s ends early", path)
		}
	}
}

func TestScriptAndResetByHTTP(t *testing.T) {
	s, c := newSim(t)
	do := func(path, contentType, accept, body string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", path, strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Accept", accept)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		return serve(s, r)
	}
	if w := do("/_sim/script", "application/json", "*/*", "{\"fault\":\"cut_before\"}\n{\"fault\":\"none\"}\n"); w.Code != 204 || s.FaultsLeft() != 2 {
		t.Errorf("%d, %d faults wait: %s", w.Code, s.FaultsLeft(), w.Body)
	}
	if w := do("/_sim/script", "application/x-www-form-urlencoded", "text/html", "faults=%7B%22fault%22%3A%22none%22%7D"); w.Code != 303 || s.FaultsLeft() != 3 {
		t.Errorf("%d, %d faults wait: %s", w.Code, s.FaultsLeft(), w.Body)
	}
	if w := do("/_sim/script", "application/x-www-form-urlencoded", "*/*", "{\"fault\":\"none\"}\n{\"fault\":\"none\",\"event_name\":\"a&faults;b\"}"); w.Code != 204 || s.FaultsLeft() != 5 {
		t.Errorf("JSON lines that curl calls a form: %d, %d faults wait: %s", w.Code, s.FaultsLeft(), w.Body)
	}
	for _, bad := range []string{"", "nonsense", `{"fault":"explode"}`} {
		if w := do("/_sim/script", "application/json", "*/*", bad); w.Code != 400 || s.FaultsLeft() != 5 {
			t.Errorf("%q: %d, %d faults wait", bad, w.Code, s.FaultsLeft())
		}
	}
	if w := do("/_sim/reset", "", "text/html", "", "Sec-Fetch-Site", "cross-site"); w.Code != 403 || s.FaultsLeft() != 5 {
		t.Errorf("another site's page reset the fake: %d", w.Code)
	}
	if w := do("/_sim/reset", "", "*/*", "", "Sec-Fetch-Site", "same-origin"); w.Code != 204 || s.FaultsLeft() != 0 {
		t.Errorf("reset: %d, %d faults wait", w.Code, s.FaultsLeft())
	}
	sendPurchase(t, s, c, "x")
	if w := do("/_sim/reset", "", "text/html", ""); w.Code != 303 || len(s.Received()) != 0 {
		t.Errorf("reset by form: %d", w.Code)
	}
}

func TestPageRoutes(t *testing.T) {
	s, _ := newSim(t)
	for path, want := range map[string]int{"/_sim": 303, "/_sim/": 200, "/_sim/style.css": 200, "/_sim/nothing": 404, "/_sim/reset": 405} {
		if w := serve(s, httptest.NewRequest("GET", path, nil)); w.Code != want {
			t.Errorf("GET %s: %d, want %d", path, w.Code, want)
		}
	}
	if w := serve(s, httptest.NewRequest("GET", "/_sim/style.css", nil)); !strings.HasPrefix(w.Header().Get("Content-Type"), "text/css") {
		t.Errorf("style.css is %s", w.Header().Get("Content-Type"))
	}
}

func TestScriptRoundTrip(t *testing.T) {
	s, _ := newSim(t)
	const script = `{"fault":"too_weak","always":true,"event_id":"x"}
{"fault":"http_503","times":3}
`
	if w := serve(s, httptest.NewRequest("POST", "/_sim/script", strings.NewReader(script))); w.Code != 204 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	w := serve(s, httptest.NewRequest("GET", "/_sim/script", nil))
	if w.Body.String() != script || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Errorf("%s %q, want what was posted", w.Header().Get("Content-Type"), w.Body)
	}
	if page := serve(s, httptest.NewRequest("GET", "/_sim/", nil)).Body.String(); !strings.Contains(page, "too_weak") {
		t.Error("the page does not show what waits")
	}
	serve(s, request(purchase(t)))
	if w := serve(s, httptest.NewRequest("DELETE", "/_sim/script", nil)); w.Code != 204 || len(s.Waiting()) != 0 || s.Totals().Requests != 1 {
		t.Errorf("%d, %d wait, %+v; only the script is to go", w.Code, len(s.Waiting()), s.Totals())
	}
	if w := serve(s, httptest.NewRequest("DELETE", "/_sim/", nil)); w.Code != 204 || s.Totals() != (Totals{}) {
		t.Errorf("%d, %+v; everything is to go", w.Code, s.Totals())
	}
}

func TestRequestsJSON(t *testing.T) {
	s, _ := newSim(t)
	serve(s, request(purchase(t)))
	play(t, s, `{"fault":"token_expired"}`)
	serve(s, request(purchase(t)))
	serve(s, request(mutated(t, func(m mutable) { m.top["partner_agent"] = "anna@example.org"; m.event["x"] = 1 })))
	serve(s, askForm(goodToken))
	golden(t, "requests.json", serve(s, httptest.NewRequest("GET", "/_sim/requests.json", nil)).Body.String())
}

// Names that would be markup, or the end of it, stay text wherever they are shown.
func TestPagesEscapeEverything(t *testing.T) {
	const hostile = `"'></td><script>alert(1)</script><img src=x onerror=alert(1)>{{.Totals}}`
	s, _ := newSim(t)
	serve(s, request(mutated(t, func(m mutable) {
		m.event["event_name"], m.event["event_id"], m.event["action_source"] = hostile, hostile, "other"
		m.user["external_id"], m.user["client_user_agent"] = hostile, hostile
		m.custom[hostile], m.custom["note"], m.custom["list"] = hostile, hostile, []any{hostile, map[string]any{hostile: hostile}}
		m.top["test_event_code"], m.top["partner_agent"] = hostile, hostile
		m.custom["currency"], m.custom["email"] = "EUR", hostile
	})))
	if len(s.Received()) != 1 {
		t.Fatalf("refused: %+v", s.Requests())
	}
	serve(s, request(mutated(t, func(m mutable) { m.event[hostile] = 1 })))
	q := "/tr?id=" + goodDataset + "&ev=" + url.QueryEscape(hostile) + "&eid=" + url.QueryEscape(hostile) + "&cd[" + url.QueryEscape(hostile) + "]=" + url.QueryEscape(hostile) +
		"&cd[currency]=" + url.QueryEscape(hostile) + "&cd[value]=1"
	serve(s, httptest.NewRequest("GET", q, nil))
	if err := s.Script(Fault{Kind: FaultNone, EventID: hostile, EventName: hostile, Message: hostile}); err != nil {
		t.Fatal(err)
	}
	page := serve(s, httptest.NewRequest("GET", "/_sim/", nil)).Body.String()
	for _, markup := range []string{"<script", "<img", "onerror=alert(1)>", "</td><"} {
		// Cells end in </td><td> by the page's own doing.
		if rest := strings.NewReplacer("</td><td>", "", "</td></tr>", "").Replace(page); strings.Contains(rest, markup) {
			t.Errorf("the page holds %q from a name", markup)
		}
	}
	for _, path := range []string{"/_sim/events.json", "/_sim/counted.json", "/_sim/requests.json", "/_sim/script"} {
		w := serve(s, httptest.NewRequest("GET", path, nil))
		kind := w.Header().Get("Content-Type")
		if w.Header().Get("X-Content-Type-Options") != "nosniff" || kind != "application/json" && kind != "text/plain; charset=utf-8" {
			t.Errorf("%s is %q", path, kind)
		}
	}
}

// The style holds at 320 px and in the dark: only tables may scroll sideways.
func TestStyle(t *testing.T) {
	s, _ := newSim(t)
	css := serve(s, httptest.NewRequest("GET", "/_sim/style.css", nil)).Body.String()
	for _, part := range []string{"color-scheme: light dark", "light-dark(", ".wide { overflow-x: auto; }", "overflow-wrap: break-word", ":focus-visible"} {
		if !strings.Contains(css, part) {
			t.Errorf("the style lacks %q", part)
		}
	}
	page := serve(s, httptest.NewRequest("GET", "/_sim/", nil)).Body.String()
	if !strings.Contains(page, `content="width=device-width, initial-scale=1"`) || strings.Count(page, "<table>") != strings.Count(page, `class="wide"`) {
		t.Error("the page has no viewport, or a table that cannot scroll")
	}
}
