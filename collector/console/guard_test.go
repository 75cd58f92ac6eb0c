package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"matchkey/collector"
)

func TestHeadersOnEveryAnswer(t *testing.T) {
	h := shop().console(t)
	for _, page := range append(slices.Clone(everyPage), "/api/explain?id=A-1001", "/api/explain?id=nobody&format=text", "/api/accounts", "/api/destinations", "/api/resolve", "/metrics") {
		got := get(t, h, page).Header()
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		} {
			if got.Get(name) != want {
				t.Errorf("%s: %s is %q, want %q", page, name, got.Get(name), want)
			}
		}
	}
}

func TestHostsWithoutAPassword(t *testing.T) {
	o := shop().options()
	o.Hosts = []string{"Console.internal"}
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for host, allowed := range map[string]bool{
		"localhost": true, "LOCALHOST:8081": true, "127.0.0.1:8081": true, "127.8.9.10": true, "[::1]:8081": true, "[::1]": true,
		"console.internal": true, "console.internal:8081": true,
		"evil.example": false, "evil.example:8081": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false,
		"10.0.0.5": false, "0.0.0.0": false, "[::ffff:10.0.0.5]": false, "": false, "console.internal.evil.example": false,
	} {
		for _, path := range []string{"/", "/metrics", "/api/deliveries", "/static/console.css"} {
			w := get(t, h, path, func(r *http.Request) { r.Host = host })
			if allowed != (w.Code == http.StatusOK) {
				t.Errorf("host %q at %s: %d; allowed should be %t", host, path, w.Code, allowed)
			}
			if !allowed && strings.Contains(w.Body.String(), "main-shop") {
				t.Errorf("host %q was refused and told something", host)
			}
		}
	}
}

func TestPassword(t *testing.T) {
	o := shop().options()
	o.Password = "correct horse"
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	as := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password); r.Host = "console.example.com" }
	}
	for _, user := range []string{"", "ann", "root"} {
		if w := get(t, h, "/", as(user, "correct horse")); w.Code != http.StatusOK {
			t.Errorf("user %q with the password gets %d", user, w.Code)
		}
	}
	for _, path := range []string{"/", "/event?id=A-1001", "/api/accounts", "/api/destinations", "/api/resolve", "/metrics", "/static/console.css", "/nowhere"} {
		for name, change := range map[string]func(*http.Request){
			"none": func(*http.Request) {}, "empty": as("ann", ""), "wrong": as("ann", "correct hors"), "longer": as("ann", "correct horse "),
			"bearer": func(r *http.Request) { r.Header.Set("Authorization", "Bearer correct horse") },
		} {
			w := get(t, h, path, change)
			if w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") == "" || strings.Contains(w.Body.String(), "Overview") {
				t.Errorf("%s with %s password: %d, WWW-Authenticate %q", path, name, w.Code, w.Header().Get("WWW-Authenticate"))
			}
		}
	}
}

func TestActsNeedTheSameOrigin(t *testing.T) {
	dead := url.Values{"destination": {"main-shop"}}
	for name, test := range map[string]struct {
		headers map[string]string
		allowed bool
	}{
		"own form":                    {map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:8081"}, true},
		"own form, old browser":       {map[string]string{"Origin": "http://localhost:8081"}, true},
		"a script with curl":          {nil, true},
		"another site":                {map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, false},
		"another site, old browser":   {map[string]string{"Origin": "https://evil.example"}, false},
		"another port of the machine": {map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:3000"}, false},
		"a sandboxed frame":           {map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "null"}, false},
	} {
		f := shop()
		h := f.console(t)
		for path, form := range map[string]url.Values{
			"/redrive": dead, "/resume": {"destination": {"agency"}}, "/pause": {"destination": {"main-shop"}},
			"/resolve":     {"destination": {"main-shop"}, "as": {"dead"}},
			"/api/redrive": dead, "/api/resume": {"destination": {"agency"}}, "/api/pause": {"destination": {"main-shop"}},
			"/api/resolve": {"destination": {"main-shop"}, "as": {"dead"}},
		} {
			w := post(t, h, path, form, func(r *http.Request) {
				for k, v := range test.headers {
					r.Header.Set(k, v)
				}
			})
			if refused := w.Code == http.StatusForbidden; refused == test.allowed {
				t.Errorf("%s at %s: %d; allowed should be %t", name, path, w.Code, test.allowed)
			}
		}
		if acted := len(f.redrives) > 0 || len(f.resolved) > 0 || f.destinations[0].Paused != "" || f.destinations[1].Paused == ""; acted != test.allowed {
			t.Errorf("%s: acted %t, want %t", name, acted, test.allowed)
		}
	}
}

func TestActsAreNeverAGet(t *testing.T) {
	f := shop()
	h := f.console(t)
	if w := get(t, h, "/resume?destination=agency"); w.Code != http.StatusNotFound || f.destinations[1].Paused == "" {
		t.Errorf("GET /resume answers %d", w.Code)
	}
	for _, path := range []string{"/pause?destination=main-shop", "/api/pause?destination=main-shop", "/api/resume?destination=agency"} {
		if w := get(t, h, path); w.Code != http.StatusNotFound {
			t.Errorf("GET %s answers %d", path, w.Code)
		}
	}
	for _, path := range []string{"/redrive", "/api/redrive", "/resolve", "/api/resolve"} {
		get(t, h, path+"?destination=main-shop&as=dead&all=true")
	}
	if len(f.redrives)+len(f.resolved) != 0 || f.destinations[0].Paused != "" || f.destinations[1].Paused == "" {
		t.Error("a GET acted")
	}
}

// hostile is what came from outside in the worst of moods: a corpus of stored
// cross-site scripting, for every context that the pages have.
var hostile = []string{
	`<script>alert(1)</script>`,
	`"><img src=x onerror=alert(1)>`,
	`' onmouseover='alert(1)`,
	`" autofocus onfocus=alert(1) x="`,
	`javascript:alert(1)`,
	`data:text/html,<script>alert(1)</script>`,
	`</title></style></textarea></pre></code><svg onload=alert(1)>`,
	`<iframe srcdoc="<script>alert(1)</script>">`,
	`{{.Reader}}{{template "layout"}}`,
	`&lt;script&gt;alert(1)&lt;/script&gt;`,
	`<a href="jav&#x09;ascript:alert(1)">x</a>`,
	`x" style="background:url(//evil.example)`,
	`<base href="//evil.example/"><meta http-equiv=refresh content="0;url=//evil.example">`,
	`<form action=//evil.example><button>`,
	"a\u202eb\u2066c\x1b]0;x\x07\x00\r\nX-Evil: 1",
	`?id=1&site=2#//evil.example`,
	`//evil.example/\..\`,
}

// infested is a shop in which every text from outside is hostile.
func infested(bad string) Options {
	f := shop()
	f.events, f.deliveries, f.accounts = f.events[:2], f.deliveries[:4], f.accounts[:2]
	for i := range f.events {
		e := &f.events[i].Event
		e.Name, e.ID, e.Receipt, e.URL, e.Referrer, e.Site = bad, "evt", bad, bad, bad, bad
		e.Customer, e.Visitor, e.Origin = bad, bad, collector.Origin(bad)
		e.Client.UserAgent, e.Client.Geo.Country, e.Client.Geo.Region = bad, bad, bad
		e.Properties = map[string]any{bad: bad}
		e.Notes = []collector.Note{{Field: bad, Reason: collector.Reason(bad)}}
		e.Identifiers = []collector.Identifier{{Kind: collector.Kind(bad)}}
	}
	f.events[1].Event.Withheld = []collector.Reason{collector.Reason(bad)}
	for i := range f.deliveries {
		d := &f.deliveries[i]
		if i < 2 {
			d.Key.EventID, d.EventName = "evt", bad
		} else {
			d.Key.EventID = bad
		}
		d.Key.Site, d.Key.Send, d.Key.Destination = bad, bad, bad
		d.Scenario, d.Detail, d.Reasons = bad, bad, []collector.Reason{collector.Reason(bad)}
		d.Purposes, d.Decision.Regime, d.Decision.Policy = []string{bad}, bad, bad
		d.Decision.Reasons, d.Decision.Strip = []collector.Reason{collector.Reason(bad)}, []collector.Kind{collector.Kind(bad)}
		d.Decision.Records = []string{bad, "cr_1"}
		d.Payload.Fields = []collector.Field{
			{Path: bad, Shown: bad, From: bad, How: bad, Kind: collector.KindEmail},
			{Path: bad + "2", Dropped: collector.Reason(bad), From: bad},
		}
		d.Attempts = []collector.Attempt{{At: now, EndedAt: now, Verdict: collector.Verdict{Ruling: collector.Ruling(bad), Reason: collector.Reason(bad), Detail: bad, Trace: bad, Usage: collector.Usage{Said: bad}}}}
		d.ExpiresWhy = collector.Reason(bad)
	}
	for i := range f.records {
		r := &f.records[i]
		r.Notice, r.Source, r.Language, r.Receipt, r.Action, r.Purpose = bad, bad, bad, bad, bad, bad
	}
	for i := range f.accounts {
		a := &f.accounts[i]
		a.Site, a.Destination, a.Send = bad, bad, bad
		a.Reasons = map[collector.Reason]int{collector.Reason(bad): 1}
		a.Sent = map[string]int{bad: 1}
		a.Missing = map[string]map[collector.Reason]int{bad: {collector.Reason(bad): 2}}
		a.States = map[collector.State]int{collector.StateDelivered: 1, collector.State(bad): 1}
		a.Matched = 5 // does not add up, so that it is named
	}
	f.asides = []collector.SetAside{{Reason: collector.Reason(bad), Detail: bad, Event: collector.EventKey{Site: bad, Name: bad, ID: bad}}}
	ill := collector.DestinationStatus{
		Name: bad, InFlight: 1, ThrottledUntil: now.Add(time.Minute), Usage: collector.Usage{Percent: 99, RegainSeconds: 1, Said: bad},
		Breaker: collector.Breaker{OpenSince: now, NextTry: now, Failures: 3, Reason: collector.Reason(bad), Detail: bad},
		Alarms:  []collector.Alarm{{Reason: collector.Reason(bad), Detail: bad, At: now}},
		Check: collector.Check{At: now, Verdict: collector.Verdict{Ruling: collector.Ruling(bad), Reason: collector.Reason(bad), Detail: bad, Trace: bad},
			Deadlines: []collector.Deadline{{Reason: collector.Reason(bad + "2"), Detail: bad, At: now}}},
	}
	paused := ill
	paused.Name, paused.Paused, paused.PausedBy, paused.Detail = bad+" too", collector.Reason(bad), collector.PausedBy(bad), bad
	f.destinations = []collector.DestinationStatus{ill, paused}
	o := f.options()
	o.Refusals = func() []Refusal { return []Refusal{{Site: bad, Reason: collector.Reason(bad), Count: 1}} }
	o.Sites = []SiteInfo{{Name: bad, Snippet: bad, ScriptURL: bad, SRI: bad, Sizes: bad,
		Scenarios: []ScenarioInfo{{Name: bad, On: bad, When: bad, Category: bad, Send: bad, To: []string{bad}}}}}
	o.Version = bad
	return o
}

func TestStoredScriptsStayText(t *testing.T) {
	for _, bad := range hostile {
		o := infested(bad)
		h, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		asked := url.QueryEscape(bad)
		for _, page := range []string{
			"/", "/deliveries", "/deliveries?reason=" + asked + "&destination=" + asked + "&site=" + asked + "&event=" + asked,
			"/event?id=evt", "/event?id=" + asked, "/event?id=evt&site=" + asked, "/match", "/install",
			"/resolve", "/resolve?reason=" + asked + "&since=" + asked, "/resolve?site=" + asked,
			"/redrive", "/redrive?reason=" + asked, "/redrive?site=" + asked, "/nowhere/" + url.PathEscape(bad), "/?period=" + asked,
		} {
			w := get(t, h, page)
			if w.Header().Get("X-Evil") != "" {
				t.Errorf("%q at %s made a header of its own", bad, page)
			}
			harmless(t, bad+" at "+page, w.Body.String())
		}
		// It is shown, not swallowed.
		wantText(t, get(t, h, "/event?id=evt").Body.String(), strings.Join(strings.Fields(printable(bad)), " "))
	}
}

// elements and attributes that the pages use; whatever else appears came from outside.
var (
	elements = strings.Fields("html head meta title link body a header svg circle path rect nav form label input button main footer p time " +
		"span code h1 h2 h3 section div ol ul li dl dt dd q strong table thead tbody tr th td br article details summary pre select option datalist")
	attributes = strings.Fields("lang charset name content rel type href class aria-hidden viewBox width height cx cy r d aria-label aria-current " +
		"role action for id maxlength placeholder value autocomplete spellcheck required tabindex datetime method preserveAspectRatio x y " +
		"data-label scope aria-labelledby aria-describedby title list selected")
)

func harmless(t *testing.T, what, body string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if !slices.Contains(elements, n.Data) {
			t.Errorf("%s: the page has an element <%s>", what, n.Data)
		}
		for _, a := range n.Attr {
			if !slices.Contains(attributes, a.Key) {
				t.Errorf("%s: <%s> has an attribute %s=%q", what, n.Data, a.Key, a.Val)
			}
			if a.Key == "href" || a.Key == "action" {
				if !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "?") && a.Val != "#main" || strings.HasPrefix(a.Val, "//") {
					t.Errorf("%s: <%s> leads to %q", what, n.Data, a.Val)
				}
			}
		}
	}
	// Values of inputs are given back to the letter, and so is the snippet,
	// which is ours; everything else that is read must be visible.
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && n.Parent.Parent.Data != "pre" {
			if i := strings.IndexFunc(n.Data, func(r rune) bool { return r != '\n' && unseen(r) }); i >= 0 {
				t.Errorf("%s: the page shows the unprintable %q in %q", what, n.Data[i:i+1], n.Data)
			}
		}
	}
}

// Every page is one a keyboard and a screen reader can use.
func TestPagesAreWellFormed(t *testing.T) {
	h := shop().console(t)
	for _, page := range everyPage {
		body := get(t, h, page).Body.String()
		doc, err := html.Parse(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		count, ids, labels := map[string]int{}, map[string]int{}, map[string]bool{}
		var inputs []string
		for n := range doc.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			count[n.Data]++
			if id := attr(n, "id"); id != "" {
				ids[id]++
			}
			switch n.Data {
			case "label":
				labels[attr(n, "for")] = true
			case "input", "select":
				if attr(n, "type") != "hidden" {
					inputs = append(inputs, attr(n, "id"))
				}
			case "script", "style":
				t.Errorf("%s: has a <%s>", page, n.Data)
			case "time":
				if attr(n, "datetime") == "" {
					t.Errorf("%s: a <time> without datetime", page)
				}
			}
		}
		for _, once := range []string{"main", "h1", "header", "footer", "title"} {
			if count[once] != 1 {
				t.Errorf("%s: has %d <%s>, want one", page, count[once], once)
			}
		}
		for id, n := range ids {
			if n > 1 {
				t.Errorf("%s: %d elements have the id %s", page, n, id)
			}
		}
		for _, id := range inputs {
			if !labels[id] {
				t.Errorf("%s: the input %q has no label", page, id)
			}
		}
		if ids["main"] != 1 || !strings.Contains(body, `<a class="skip" href="#main">`) {
			t.Errorf("%s: the skip link leads nowhere", page)
		}
	}
}
