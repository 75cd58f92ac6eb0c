package tag_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"matchkey/build"
	"matchkey/tag/browsertest"
)

// A behaviour is a page of testdata/pages: what it does stands in the page, what
// must come of it, and what must not, in the JSON of its first comment.
type behaviour struct {
	About string
	// Only names the one browser in which it works.
	Only string
	// Features are those beyond the default.
	Features []build.Feature
	// Headers of the page.
	Headers map[string]string
	// Cookies lie in the jar before the page is opened.
	Cookies map[string]string
	// Visits are the queries with which the page is opened, one after the other;
	// none means once, without one.
	Visits []string
	// Answers are the statuses of the first requests at the endpoint; 0 breaks the
	// connection off. Later ones are 204.
	Answers []int
	// Notice is what the edge answers when the banner asks for it, as JSON or, to be
	// broken, as a JSON text; none is 404.
	Notice json.RawMessage
	// Keys are pressed once the page says that it is ready: Tab, Enter, Space, Escape.
	Keys []string
	// Options of the tag's build.
	Domain, IPv6URL, CallingCode string
	Languages                    []string

	// Sent are the names of the events of each beacon that must arrive, in order.
	Sent []string
	// Holds are regular expressions that all beacons together must match, Lacks
	// those that no request may match, address, cookies and body included.
	Holds, Lacks []string
	// Stored are the names of the cookies and of the items in storage afterwards.
	Stored []string
	// Asked is how often the notice must be asked for.
	Asked int
	// Ignored says how often the console must name each reason.
	Ignored map[string]int
}

func readBehaviour(t *testing.T, file string) (b behaviour, html string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, html, ok := strings.Cut(strings.TrimPrefix(string(text), "<!--"), "-->\n")
	if !ok {
		t.Fatalf("%s does not begin with a comment", file)
	}
	dec := json.NewDecoder(strings.NewReader(head))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&b); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if b.About == "" || b.Stored == nil || b.Sent == nil {
		t.Fatalf("%s says not what it is about, what is sent or what is stored", file)
	}
	if len(b.Visits) == 0 {
		b.Visits = []string{""}
	}
	return b, html
}

// prelude comes before everything in a page: it collects what the tag says, and
// what goes wrong.
const prelude = `<script>(function () {
	window.said = []
	window.realStringify = JSON.stringify // for the driver
	window.wrong = []
	console.info = function (text) { said.push(String(text).replace('matchkey ignored: ', '')) }
	addEventListener('error', function (e) { wrong.push(e.message) })
	addEventListener('unhandledrejection', function (e) { wrong.push(String(e.reason)) })
	// A page's own times count from its load: before it, the tag may not be there.
	window.pageTimeout = function (fn, ms) {
		if (document.readyState === 'complete') setTimeout(fn, ms)
		else addEventListener('load', function () { setTimeout(fn, ms) })
	}
	// Rests are short and without chance, the rest is as it is.
	Math.random = function () { return 0.5 }
})()</script>
`

// TestPages runs every page of testdata/pages in each browser there is.
func TestPages(t *testing.T) {
	files, err := filepath.Glob("testdata/pages/*.html")
	if err != nil || len(files) == 0 {
		t.Fatal("no pages:", err)
	}
	for _, engine := range browsertest.Engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			t.Parallel() // two browsers on two cores
			for _, file := range files {
				t.Run(strings.TrimSuffix(filepath.Base(file), ".html"), func(t *testing.T) {
					testPage(t, engine, file)
				})
			}
		})
	}
}

func testPage(t *testing.T, engine browsertest.Engine, file string) {
	b, html := readBehaviour(t, file)
	if b.Only != "" && b.Only != engine.Name {
		return
	}
	features := with(b.Features...)
	options := build.TagOptions{Features: features, CookieDomain: b.Domain, IPv6URL: b.IPv6URL, CallingCode: b.CallingCode, Words: words(b.Languages...)}
	s := newShop(t, options)
	header := http.Header{}
	for name, value := range b.Headers {
		header.Set(name, value)
	}
	snippet := build.Snippet("demo", "/mk", features...)
	html = strings.ReplaceAll(html, "{{snippet}}", snippet)
	if header.Get("Content-Security-Policy") != "" {
		html = strings.ReplaceAll(prelude+html, "<script", `<script nonce="n0nce"`)
	} else {
		html = prelude + html
	}
	s.serve("/", document{html: "<!doctype html><meta charset=utf-8><title>x</title>" + html, header: header})
	var requests atomic.Int32
	s.answerWith(func(w http.ResponseWriter, _ *http.Request) {
		n := int(requests.Add(1))
		switch {
		case n > len(b.Answers):
			w.WriteHeader(http.StatusNoContent)
		case b.Answers[n-1] == 0:
			panic(http.ErrAbortHandler)
		default:
			w.WriteHeader(b.Answers[n-1])
		}
	})

	s.giveNotice(b.Notice)
	p := engine.Page(t)
	for name, value := range b.Cookies {
		p.SetCookie(s.URL, name, value)
	}
	said, wrong := []string{}, []string{}
	for i, query := range b.Visits {
		if i > 0 {
			said, wrong = look(p, said, wrong)
		}
		p.Goto(s.URL + "/?matchkey_debug=1&" + query)
		if len(b.Keys) > 0 {
			waitFor(p, `window.ready`)
			p.Press(b.Keys...)
		}
		waitFor(p, `window.finished !== false`)
	}
	want := len(b.Sent)
	if want > 0 {
		s.seen.WaitN(t, fmt.Sprintf("%d beacons", want), want, isMessage)
	}
	// A page that has to wait longer for what must not happen says so itself.
	waitFor(p, `window.finished !== false`)
	p.Settle()
	said, wrong = look(p, said, wrong)

	var sent []string
	var all bytes.Buffer
	for _, r := range s.seen.All(isMessage) {
		sent = append(sent, decode(t, r).names())
		fmt.Fprintf(&all, "%s\n", r.Body)
	}
	if !slices.Equal(sent, b.Sent) {
		t.Errorf("sent %q\nwant %q\n%s", sent, b.Sent, &all)
	}
	for _, pattern := range b.Holds {
		if !regexp.MustCompile(pattern).Match(all.Bytes()) {
			t.Errorf("no beacon has %s:\n%s", pattern, &all)
		}
	}
	for _, r := range s.seen.All(func(r browsertest.Received) bool { return r.Path != "/" }) {
		for _, pattern := range b.Lacks {
			text := fmt.Sprintf("%s %s?%s %s %s", r.Method, r.Path, r.Query, r.Header["Cookie"], r.Body)
			if regexp.MustCompile(pattern).MatchString(text) {
				t.Errorf("a request has %s: %s", pattern, text)
			}
		}
	}
	var stored []string
	p.Eval(`[...document.cookie.split('; ').map(c => c.split('=')[0]).filter(c => c),
		...(() => { try { return [...Object.keys(localStorage), ...Object.keys(sessionStorage)] } catch (e) { return [] } })()]
		.filter(n => !n.startsWith('test_')).sort()`, &stored)
	if !slices.Equal(stored, b.Stored) {
		t.Errorf("stored %q, want %q", stored, b.Stored)
	}
	counts := map[string]int{}
	for _, word := range said {
		counts[word]++
	}
	if fmt.Sprint(counts) != fmt.Sprint(b.Ignored) && len(counts)+len(b.Ignored) > 0 {
		t.Errorf("the console says %v, want %v", counts, b.Ignored)
	}
	if len(wrong) > 0 {
		t.Errorf("errors in the page: %q", wrong)
	}
	// Chromium also tells of requests that went elsewhere.
	if chromium, ok := p.(*browsertest.Page); ok {
		for _, r := range chromium.Requests() {
			if !strings.HasPrefix(r.URL, s.URL) && !strings.HasPrefix(r.URL, "properties:") {
				t.Errorf("requested elsewhere: %s %s", r.Method, r.URL)
			}
		}
	}
	// Who asks for the text is nobody: neither cookies nor the page's address tell.
	asked := s.seen.All(isNotice)
	if len(asked) != b.Asked {
		t.Errorf("the notice was asked for %d times, want %d", len(asked), b.Asked)
	}
	for _, r := range asked {
		if r.Method != http.MethodGet || r.Query != "" && r.Query != "lang=de" || len(r.Body) != 0 ||
			r.Header.Get("Cookie")+r.Header.Get("Referer")+r.Header.Get("Authorization") != "" {
			t.Errorf("the request for the notice tells of somebody: %s %s?%s %v %s", r.Method, r.Path, r.Query, r.Header, r.Body)
		}
	}
	// Nothing but the page, its tag, beacons, and what the page names itself.
	for _, r := range s.seen.All(nil) {
		switch {
		case r.Path == "/" || r.Path == "/mk/demo.js" || r.Path == "/favicon.ico" || isMessage(r) || isNotice(r) || strings.HasPrefix(r.Path, "/test/"):
		default:
			t.Errorf("requested: %s %s?%s", r.Method, r.Path, r.Query)
		}
	}
}

// waitFor waits until an expression is true, also where the page's policy forbids
// what makes a function of it.
func waitFor(p browsertest.Tab, js string) {
	p.Eval(`new Promise(done => { const look = () => (`+js+`) ? done(1) : setTimeout(look, 20); look() })`, nil)
}

// look adds what the page noted.
func look(p browsertest.Tab, said, wrong []string) (moreSaid, moreWrong []string) {
	var s, w []string
	p.Eval(`window.said`, &s)
	p.Eval(`window.wrong`, &w)
	return append(said, s...), append(wrong, w...)
}

// isNotice reports whether a request is the banner's for its text.
func isNotice(r browsertest.Received) bool { return r.Path == "/mk/demo/notice" }

// isMessage reports whether a request is a beacon in either form.
func isMessage(r browsertest.Received) bool {
	return isBeacon(r) || r.Path == "/mk/demo.gif"
}
