package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"matchkey/collector"
)

// every page of a console over shop().
var everyPage = []string{
	"/", "/?period=28d", "/deliveries", "/deliveries?state=dead", "/event", "/event?id=A-1001", "/event?id=A-1002",
	"/event?id=k3aa", "/event?id=purchase.A-0900", "/event?id=nobody", "/match", "/install",
	"/redrive", "/redrive?reason=nothing_has_it", "/event?id=purchase.A-0901", "/resolve", "/resolve?reason=nothing_has_it", "/person",
	"/deliveries?since=2026-11-24&until=2026-11-24T12:00:00Z", "/nowhere",
}

func get(t testing.TB, h http.Handler, path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("GET", "http://localhost:8081"+path, nil)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func post(t testing.TB, h http.Handler, path string, form url.Values, change ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("POST", "http://localhost:8081"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// text is what a person reads of a page, blanks collapsed.
func text(t testing.TB, body string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func wantText(t *testing.T, body string, want ...string) {
	t.Helper()
	got, missing := text(t, body), false
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("the page lacks %q", w)
			missing = true
		}
	}
	if missing {
		t.Logf("The page reads:\n%s", got)
	}
}

func refuteText(t *testing.T, body string, refuted ...string) {
	t.Helper()
	for _, r := range refuted {
		if strings.Contains(body, r) {
			t.Errorf("the page holds %q", r)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []Options{{}, {Reader: shop()}, {Operations: shop()}} {
		if _, err := New(o); err == nil {
			t.Errorf("New(%+v) gave no error", o)
		}
	}
	if _, err := New(Options{Reader: shop(), Operations: shop()}); err != nil {
		t.Errorf("Reader and Operations should be enough: %v", err)
	}
}

func TestOverviewShowsTheSum(t *testing.T) {
	body := get(t, shop().console(t), "/").Body.String()
	wantText(t, body,
		"matched 1,301", "delivered = 1,000", "withheld + 225", "waiting + 25", "in doubt + 1", "dead + 25", "expired + 25", "remainder + 0",
		"It adds up", "paused", "replace it, then resume", "Session has expired", "Resume : agency",
		"175 The person said no. consent_denied", "14 The page's origin is not in the site's list",
		"A-1001", "A-1002", "properties of a version this one does not know",
		"2 attempts failed or got no answer", "25 deliveries are dead",
	)
	for _, link := range []string{
		`href="/deliveries?state=dead&amp;destination=main-shop"`, `href="/deliveries?reason=consent_denied"`,
		`href="/event?site=shop&amp;id=purchase.A-1001"`, `href="/redrive?destination=main-shop"`,
	} {
		if !strings.Contains(body, link) {
			t.Errorf("the overview lacks the link %s", link)
		}
	}
	wantText(t, get(t, shop().console(t), "/?period=7d").Body.String(), "matched 3,745")
}

func TestOverviewSaysWhenItDoesNotAddUp(t *testing.T) {
	f := shop()
	f.accounts[0].Matched += 3
	wantText(t, get(t, f.console(t), "/").Body.String(),
		"It does not add up", "remainder + 3", "shop, Purchase, hour of 2026-11-24 09:00:00: remainder 3")
}

func TestEmptyOverviewSaysWhatToDo(t *testing.T) {
	f := &fake{destinations: []collector.DestinationStatus{{Name: "main-shop"}}}
	wantText(t, get(t, f.console(t), "/").Body.String(),
		"Nothing has matched yet", "Paste the snippet", "for example purchase", "Nothing matched since")
	wantText(t, get(t, f.console(t), "/match").Body.String(), "Nothing was delivered since")
	wantText(t, get(t, f.console(t), "/deliveries").Body.String(), "No delivery yet")
	wantText(t, get(t, (&fake{}).console(t), "/").Body.String(), "No destination is configured")
}

func TestDestinationsThatAreGoneStayInTheSum(t *testing.T) {
	f := shop()
	f.destinations = f.destinations[:1]
	wantText(t, get(t, f.console(t), "/").Body.String(), "agency no longer configured", "matched 31")
}

func TestDeliveriesFilter(t *testing.T) {
	h := shop().console(t)
	body := get(t, h, "/deliveries?state=dead&reason=event_refused&destination=main-shop&site=shop").Body.String()
	wantText(t, body, "2 deliveries on this page: dead, with the reason event_refused, to main-shop, of site shop",
		"A-0900", "A-0904", "Invalid parameter", "subcode 2804009", "Redrive the dead")
	refuteText(t, body, "A-1001", "A-0905")

	body = get(t, h, "/deliveries?state=delivered").Body.String()
	refuteText(t, body, "Redrive the dead", "A-0900")

	wantText(t, get(t, h, "/deliveries?state=leased&destination=agency").Body.String(), "Nothing is selected by this filter")

	for _, bad := range []string{"state=alive", "before=yesterday", "since=yesterday", "until=2026-13-01", "since=2999-01-01", "since=0001-01-02",
		"since=2026-11-24&until=2026-11-24", "since=2026-11-24T00:00:00Z&until=2026-11-23", "reason=" + strings.Repeat("x", maxParam+1)} {
		if w := get(t, h, "/deliveries?"+bad); w.Code != http.StatusBadRequest {
			t.Errorf("%.20s… gives %d, want 400", bad, w.Code)
		}
	}
}

// many makes n deliveries, each group of together ones matched at one time.
func many(n, together int) *fake {
	f := &fake{destinations: []collector.DestinationStatus{{Name: "d"}}}
	for i := range n {
		f.deliveries = append(f.deliveries, collector.Delivery{
			Key:       collector.DeliveryKey{Site: "shop", Destination: "d", Send: "Lead", EventID: fmt.Sprintf("lead.%04d", i)},
			EventName: "lead", State: collector.StateDelivered, MatchedAt: now.Add(-time.Duration(i/together) * time.Second),
		})
	}
	return f
}

func TestPagingShowsEveryDeliveryOnce(t *testing.T) {
	for _, test := range []struct{ n, together int }{
		{0, 1}, {49, 1}, {50, 1}, {51, 1}, {180, 7}, {130, 60}, {1500, 999}, {120, 120},
	} {
		f := many(test.n, test.together)
		var flt filter
		seen := map[string]int{}
		for pages := 0; ; pages++ {
			if pages > 100 {
				t.Fatalf("%v: paging does not end", test)
			}
			page, next, cut, err := flt.list(context.Background(), f, pageSize)
			if err != nil || cut {
				t.Fatalf("%v: err %v, cut %t", test, err, cut)
			}
			for _, d := range page {
				seen[d.Key.EventID]++
			}
			if next.IsZero() {
				break
			}
			flt.Before = next
		}
		if len(seen) != test.n {
			t.Errorf("%v: %d deliveries shown", test, len(seen))
		}
		for id, n := range seen {
			if n != 1 {
				t.Errorf("%v: %s shown %d times", test, id, n)
			}
		}
	}
}

func TestPagingSaysWhenItCannotHoldAll(t *testing.T) {
	w := get(t, many(maxSameTime+5, maxSameTime+5).console(t), "/deliveries")
	wantText(t, w.Body.String(), "More deliveries matched at this very time than a page can hold")
}

func TestPageLinksLeadOn(t *testing.T) {
	h := many(120, 1).console(t)
	body := get(t, h, "/deliveries?state=delivered").Body.String()
	wantText(t, body, "Earlier")
	refuteText(t, body, ">Newest<", "lead.0050<")
	doc, _ := html.Parse(strings.NewReader(body))
	next := ""
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "a" && n.FirstChild != nil && n.FirstChild.Data == "Earlier" {
			next = attr(n, "href")
		}
	}
	body = get(t, h, next).Body.String()
	wantText(t, body, "0050", "0099", "Newest", "Earlier")
	if !strings.Contains(next, "state=delivered") {
		t.Errorf("the next page forgot the filter: %s", next)
	}
}

func TestEveryQueryIsBounded(t *testing.T) {
	f := shop()
	h := f.console(t)
	for _, page := range append(slices.Clone(everyPage), "/api/deliveries", "/api/accounts", "/api/redrive", "/api/resolve", "/api/explain?id=A-1001") {
		get(t, h, page)
	}
	for _, q := range f.asked {
		if q.Max <= 0 || q.Max > 1000 {
			t.Errorf("a query is bounded by %d: %+v", q.Max, q)
		}
	}
}

func TestRedriveCountsFirstAndThenActs(t *testing.T) {
	f := shop()
	h := f.console(t)
	body := get(t, h, "/redrive?destination=main-shop&reason=event_refused").Body.String()
	wantText(t, body, "2 deliveries would be sent again", "2 The destination refused this event for good.", "Put these 2 back")
	if len(f.redrives) != 0 {
		t.Fatal("looking at the count redrove")
	}

	form := formValues(t, body, "/redrive")
	if form.Get("destination") != "main-shop" || form.Get("reason") != "event_refused" {
		t.Fatalf("the form forgot the selection: %v", form)
	}
	w := post(t, h, "/redrive", form)
	wantText(t, w.Body.String(), "2 deliveries were put back")
	if len(f.redrives) != 1 {
		t.Fatalf("%d redrives, want 1", len(f.redrives))
	}
	q := f.redrives[0]
	if !slices.Equal(q.States, []collector.State{collector.StateDead}) || q.Destination != "main-shop" || q.Reason != "event_refused" || q.Max != maxAct {
		t.Errorf("the act selected %+v", q)
	}
	wantText(t, get(t, h, "/redrive?destination=main-shop").Body.String(), "There is nothing to redrive")
	wantText(t, post(t, h, "/redrive", form).Body.String(), "0 deliveries were put back", "None of them was dead any more")
}

// Whatever state the form names, an act touches dead deliveries only.
func TestRedriveNeverTouchesOtherStates(t *testing.T) {
	f := shop()
	post(t, f.console(t), "/redrive", url.Values{"state": {"delivered"}, "before": {"2020-01-01T00:00:00Z"}})
	if q := f.redrives[0]; !slices.Equal(q.States, []collector.State{collector.StateDead}) {
		t.Errorf("the act selected %v", q.States)
	}
}

func TestRedriveOfOneEvent(t *testing.T) {
	body := get(t, shop().console(t), "/event?id=purchase.A-0900").Body.String()
	if want := `href="/redrive?destination=main-shop&amp;event=purchase.A-0900&amp;site=shop"`; !strings.Contains(body, want) {
		t.Errorf("the page of a dead delivery lacks %s", want)
	}
	refuteText(t, get(t, shop().console(t), "/event?id=A-1001").Body.String(), "/redrive")
}

func TestRedriveRefusesABrokenForm(t *testing.T) {
	f := shop()
	h := f.console(t)
	for name, form := range map[string]url.Values{
		"unknown state": {"state": {"alive"}},
		"too large":     {"reason": {strings.Repeat("x", maxForm)}},
	} {
		if w := post(t, h, "/redrive", form); w.Code != http.StatusBadRequest || len(f.redrives) != 0 {
			t.Errorf("%s: %d and %d redrives; want 400 and none", name, w.Code, len(f.redrives))
		}
	}
}

func TestResume(t *testing.T) {
	f := shop()
	h := f.console(t)
	form := formValues(t, get(t, h, "/").Body.String(), "/resume")
	w := post(t, h, "/resume", form)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/" {
		t.Errorf("resuming answers %d to %q", w.Code, w.Header().Get("Location"))
	}
	if f.destinations[1].Paused != "" {
		t.Error("the destination is still paused")
	}
	refuteText(t, get(t, h, "/").Body.String(), "Resume agency")
	if w := post(t, h, "/resume", url.Values{"destination": {"nobody"}}); w.Code != http.StatusNotFound {
		t.Errorf("an unknown destination gives %d, want 404", w.Code)
	}
}

// formValues are the fields of the form that posts to an action.
func formValues(t *testing.T, body, action string) url.Values {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for form := range doc.Descendants() {
		if form.Data != "form" || attr(form, "action") != action || attr(form, "method") != "post" {
			continue
		}
		values := url.Values{}
		for n := range form.Descendants() {
			if n.Data == "input" {
				values.Add(attr(n, "name"), attr(n, "value"))
			}
		}
		return values
	}
	t.Fatalf("no form posts to %s", action)
	return nil
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func TestEventPageShowsLineage(t *testing.T) {
	body := get(t, shop().console(t), "/event?id=A-1001").Body.String()
	wantText(t, body,
		"purchase A-1001", "2 copies of the same event", "c_91ab2", "b_77qp1", "journal offset 1841",
		"12 fields sent", "person.email", mail, "call c_91ab2 · purchase", "trimmed, lower-cased, SHA-256",
		"person.click", "beacon b_4fz0k · page_view", "byte for byte",
		"2 fields left out", "person.gender", "It was never seen for this person. never_seen",
		"Consent: may be sent in full", "The person agreed. consent_granted", "accept of ads_measurement by the visitor (banner)", "b_4fz0k",
		"2 attempts", "not taken, may be later", "status 503, code 2, trace Zz9", "Service temporarily unavailable", "accepted", "trace "+trace,
		"took 182 ms",
	)
	refuteText(t, body, secrets...)
}

func TestWithheldEventPageHasNothingPersonal(t *testing.T) {
	body := get(t, shop().console(t), "/event?id=A-1002").Body.String()
	wantText(t, body, "Withheld.", "The person said no. consent_denied", "Consent: must not be sent")
	refuteText(t, body, append([]string{mail, "shop.example/thanks", "c43", "1.re"}, secrets...)...)
}

func TestEventNotFound(t *testing.T) {
	w := get(t, shop().console(t), "/event?id=B-9")
	if w.Code != http.StatusNotFound {
		t.Errorf("status %d, want 404", w.Code)
	}
	wantText(t, w.Body.String(), "B-9", "No event of this id is known", "like A-1001")
	wantText(t, get(t, shop().console(t), "/event").Body.String(), "Which one?")
	if w := get(t, shop().console(t), "/event?id="+strings.Repeat("x", maxParam+1)); w.Code != http.StatusBadRequest {
		t.Errorf("an endless id gives %d, want 400", w.Code)
	}
}

func TestMatchPage(t *testing.T) {
	body := get(t, shop().console(t), "/match?period=24h").Body.String()
	wantText(t, body, "Purchase to main-shop 1,000 delivered",
		"550 of 1,000 Purchase deliveries lack person.click: no ad click is known for them",
		"person.email email 82% 825 of 1,000 100 The person did not agree to matching by contact data.",
		"75 It was never seen for this person.",
		"person.gender gender 0% 0 of 1,000", "50 The deliveries say nothing of this field.",
		"3 other fields, which identify nobody")
	refuteText(t, body, "AddToCart to agency") // nothing of it was delivered
}

func TestInstallPage(t *testing.T) {
	body := get(t, shop().console(t), "/install").Body.String()
	wantText(t, body, siteInfo()[0].ScriptURL, siteInfo()[0].SRI, "7.9 KiB", "order paid", "up to 5 min", "always",
		`<script async src="https://shop.example/mk/shop.js"></script>`)
	f := shop().options()
	f.Sites = nil
	h, _ := New(f)
	wantText(t, get(t, h, "/install").Body.String(), "No site is configured")
}

func TestAReaderThatFailsGivesAPageThatSaysSo(t *testing.T) {
	f := shop()
	f.broken = errors.New("secret path /var/lib/x is gone")
	h := f.console(t)
	for _, page := range []string{"/", "/deliveries", "/event?id=A-1001", "/match", "/redrive", "/api/explain?id=A-1001", "/api/deliveries", "/api/accounts", "/resolve", "/api/redrive", "/api/resolve"} {
		w := get(t, h, page)
		if w.Code != http.StatusInternalServerError {
			t.Errorf("%s gives %d, want 500", page, w.Code)
		}
		refuteText(t, w.Body.String(), "secret path")
	}
	if w := post(t, h, "/redrive", url.Values{}); w.Code != http.StatusInternalServerError {
		t.Errorf("a failed redrive gives %d, want 500", w.Code)
	}
}

func TestAPIExplain(t *testing.T) {
	h := shop().console(t)
	w := get(t, h, "/api/explain?id=A-1001&site=shop")
	var x Explanation
	if err := json.Unmarshal(w.Body.Bytes(), &x); err != nil {
		t.Fatal(err)
	}
	if w.Header().Get("Content-Type") != "application/json" || x.Events[0].ID != "purchase.A-1001" || len(x.Events[0].Deliveries[0].Sent) != 12 {
		t.Errorf("content type %q, explanation %+v", w.Header().Get("Content-Type"), x)
	}

	_, want := explained(t, shop(), "A-1001")
	for _, asText := range []*httptest.ResponseRecorder{
		get(t, h, "/api/explain?id=A-1001&format=text"),
		get(t, h, "/api/explain?id=A-1001", func(r *http.Request) { r.Header.Set("Accept", "text/plain, */*;q=0.1") }),
	} {
		if asText.Body.String() != want || asText.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("the plain text differs from the CLI's, or its content type is wrong: %q", asText.Header().Get("Content-Type"))
		}
	}
	both := get(t, h, "/api/explain?id=A-1001", func(r *http.Request) { r.Header.Set("Accept", "application/json, text/plain") })
	if both.Header().Get("Content-Type") != "application/json" {
		t.Error("a client that takes JSON got text")
	}

	for path, contentType := range map[string]string{
		"/api/explain?id=nobody": "application/json", "/api/explain?id=nobody&format=text": "text/plain; charset=utf-8", "/api/explain": "application/json",
	} {
		w := get(t, h, path)
		if w.Code != http.StatusNotFound || w.Header().Get("Content-Type") != contentType || !strings.Contains(w.Body.String(), "No event of this id is known") {
			t.Errorf("%s gives %d %q: %s", path, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
	}
}

func TestAPIDeliveries(t *testing.T) {
	w := get(t, shop().console(t), "/api/deliveries?state=dead")
	var answer struct {
		Deliveries []struct {
			EventID  string            `json:"event_id"`
			State    collector.State   `json:"state"`
			Attempts []json.RawMessage `json:"attempts"`
		} `json:"deliveries"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Deliveries) != 2 || answer.Deliveries[0].EventID != "purchase.A-0900" || len(answer.Deliveries[0].Attempts) != 1 {
		t.Errorf("got %s", w.Body)
	}
	refuteText(t, w.Body.String(), append([]string{"person", "fields", "body"}, secrets...)...)
	if w := get(t, shop().console(t), "/api/deliveries?state=alive"); w.Code != http.StatusBadRequest || !json.Valid(w.Body.Bytes()) {
		t.Errorf("a wrong state gives %d: %s", w.Code, w.Body)
	}
	w = get(t, many(apiPageSize+1, 1).console(t), "/api/deliveries")
	if !strings.Contains(w.Body.String(), `"next": "2026-`) {
		t.Error("the first of two pages does not say where the next begins")
	}
}

func TestAPIAccounts(t *testing.T) {
	w := get(t, shop().console(t), "/api/accounts?period=24h")
	var answer struct {
		Sums []struct {
			Destination string
			Matched     int
			States      map[collector.State]int
			Remainder   *int
			Closed      bool
		}
		Coverage, Accounts []json.RawMessage
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	s := answer.Sums[1]
	if s.Destination != "main-shop" || s.Matched != 1301 || s.Remainder == nil || *s.Remainder != 0 || !s.Closed || s.States["delivered"] != 1000 {
		t.Errorf("sum %+v", s)
	}
	if len(answer.Coverage) != 1 || len(answer.Accounts) != 26 {
		t.Errorf("%d coverages and %d accounts, want 1 and 26", len(answer.Coverage), len(answer.Accounts))
	}
	empty := get(t, (&fake{}).console(t), "/api/accounts").Body.String()
	if strings.Contains(empty, "null") {
		t.Errorf("empty lists are null: %s", empty)
	}
}

func TestMetricsAreMounted(t *testing.T) {
	if w := get(t, shop().console(t), "/metrics"); w.Body.String() != "up 1\n" {
		t.Errorf("metrics answer %q", w.Body)
	}
	o := shop().options()
	o.Metrics = nil
	h, _ := New(o)
	if w := get(t, h, "/metrics"); w.Code != http.StatusNotFound {
		t.Errorf("metrics that are not there answer %d", w.Code)
	}
}

func TestStaticFiles(t *testing.T) {
	h := shop().console(t)
	for path, contentType := range map[string]string{"/static/console.css": "text/css; charset=utf-8", "/static/icon.svg": "image/svg+xml"} {
		if w := get(t, h, path); w.Code != http.StatusOK || w.Header().Get("Content-Type") != contentType {
			t.Errorf("%s: %d %q", path, w.Code, w.Header().Get("Content-Type"))
		}
	}
	for _, path := range []string{"/static/", "/static/nothing.js"} {
		if w := get(t, h, path); w.Code != http.StatusNotFound {
			t.Errorf("%s answers %d, want 404", path, w.Code)
		}
	}
	css := get(t, h, "/static/console.css").Body.String()
	if !strings.Contains(css, ":focus-visible { outline: 3px") || strings.Count(css, "outline: none") != 1 {
		t.Error("focus is not shown everywhere but on main, which only the skip link focuses")
	}
	for _, refuted := range []string{"url(", "@import", "http:", "https:"} {
		if strings.Contains(css, refuted) {
			t.Errorf("the style fetches something: it holds %q", refuted)
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, q := range []string{"", "state=dead", "before=2026-11-23T10:00:00.5Z&reason=a", "since=2026-11-23&until=2026-11-24T10:00:00%2B02:00", "since=9999-12-31T23:59:59-23:59", "state=%ff", "event=purchase.A-1&site=s&destination=d"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		flt, err := parseFilter(q)
		if err != nil {
			return
		}
		again, err := parseFilter(flt.values())
		if err != nil || !again.Before.Equal(flt.Before) || !again.Since.Equal(flt.Since) || !again.Until.Equal(flt.Until) {
			t.Fatalf("%q: %+v does not survive its own query string: %+v, %v", raw, flt, again, err)
		}
		for _, f := range []*filter{&again, &flt} {
			f.Since, f.Until, f.Before = time.Time{}, time.Time{}, time.Time{}
		}
		if again != flt {
			t.Fatalf("%q: %+v became %+v", raw, flt, again)
		}
	})
}

func TestRedriveByScript(t *testing.T) {
	f := shop()
	h := f.console(t)
	selected := url.Values{"destination": {"main-shop"}, "reason": {"event_refused"}}
	wantText(t, get(t, h, "/api/redrive?"+selected.Encode()).Body.String(), `"dead": 2`, `"put_back": 0`)
	if len(f.redrives) != 0 {
		t.Fatal("asking for the count redrove")
	}
	wantText(t, post(t, h, "/api/redrive", selected).Body.String(), `"dead": 2`, `"put_back": 2`)
	if len(f.redrives) != 1 || f.redrives[0].Reason != "event_refused" {
		t.Errorf("the act selected %+v", f.redrives)
	}
}
