package tag_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"matchkey/build"
	"matchkey/tag/browsertest"
)

const (
	fbclid     = "IwAR3xruhRZhD77zSpA669v9xdo3I0VHHoz2gXwvpE8uWPb8qN5Eq2TfgGr6s"
	fbp        = "fb.1.1603122906825.1012802381"
	noticeHash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	accept     = `matchkey('consent', 'accept', {source: 'banner'})`
	reject     = `matchkey('consent', 'reject', {source: 'banner'})`
	withdraw   = `matchkey('consent', 'withdraw', {source: 'preferences'})`
)

// defaults are the features of a site that asks for nothing.
var defaults = with()

// with are the default features and more.
func with(more ...build.Feature) []build.Feature {
	all, err := build.Features(build.Default, more, nil)
	if err != nil {
		panic(err)
	}
	return all
}

// A shop is a site on loopback: pages with the snippet, the tag, and an endpoint
// that takes beacons and answers 204 unless a test says otherwise.
type shop struct {
	*httptest.Server
	seen *browsertest.Recorder

	mu     sync.Mutex
	pages  map[string]document
	answer http.HandlerFunc
	notice []byte
}

// A document is what a path answers; the zero value is an ordinary page.
type document struct {
	head   string // before the snippet
	html   string // instead of the whole page, when not empty
	header http.Header
}

func newShop(t *testing.T, options build.TagOptions) *shop {
	t.Helper()
	if options.Endpoint == "" {
		options.Endpoint = "/mk/demo"
	}
	if options.Features == nil {
		options.Features = defaults
	}
	if options.Words == nil {
		options.Words = words("en")
	}
	options.Site, options.NoticeHash, options.NoticeLanguage = "demo", noticeHash, "en"
	script, err := build.Tag(options)
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{pages: map[string]document{}}
	s.answerWith(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux := http.NewServeMux()
	mux.HandleFunc("/mk/demo.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		w.Write(script.Body)
	})
	mux.HandleFunc("/mk/demo", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		answer := s.answer
		s.mu.Unlock()
		answer(w, r)
	})
	mux.HandleFunc("/mk/demo.gif", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/gif")
		io.WriteString(w, "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")
	})
	mux.HandleFunc("/mk/demo/ip", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "2001:db8::7") })
	mux.HandleFunc("/mk/demo/notice", s.serveNotice)
	mux.HandleFunc("/favicon.ico", http.NotFound)
	mux.HandleFunc("/", s.page)
	s.seen = browsertest.Record(mux)
	s.Server = httptest.NewServer(s.seen)
	t.Cleanup(s.Close)
	return s
}

// serveScript serves one page that runs a script and notes how long it took.
func serveScript(t testing.TB, script []byte) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/mk/demo", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, `<!doctype html><script>let began</script><script>began = performance.now()</script>`+
			`<script>`+string(script)+`</script><script>window.took = performance.now() - began</script>`)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *shop) page(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	d := s.pages[r.URL.Path]
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	for name, values := range d.header {
		w.Header()[name] = values
	}
	if d.html == "" {
		d.html = "<!doctype html><title>Shop</title>" + d.head + build.Snippet("demo", "/mk")
	}
	io.WriteString(w, d.html)
}

func (s *shop) serve(path string, d document) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages[path] = d
}

// giveNotice sets what the edge answers to the banner.
func (s *shop) giveNotice(body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notice = body
}

func (s *shop) serveNotice(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.notice == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(s.notice)
}

// answerWith sets how the endpoint answers from now on.
func (s *shop) answerWith(h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = h
}

// A beacon is the wire format, version 1, read strictly: what is not in it
// fails the test.
type beacon struct {
	V int               `json:"v"`
	T int64             `json:"t"`
	B string            `json:"b"`
	I string            `json:"i"`
	K string            `json:"k"`
	P string            `json:"p"`
	L string            `json:"l"`
	R string            `json:"r"`
	M map[string]string `json:"m"`
	U map[string]string `json:"u"`
	C *answer           `json:"c"`
	G bool              `json:"g"`
	A string            `json:"a"`
	X map[string]int    `json:"x"`
	E []event           `json:"e"`

	raw []byte
}

type answer struct {
	A string   `json:"a"`
	T int64    `json:"t"`
	N string   `json:"n"`
	P string   `json:"p"`
	G string   `json:"g"`
	S string   `json:"s"`
	X bool     `json:"x"`
	O bool     `json:"o"`
	K []string `json:"k"`
}

type event struct {
	N string         `json:"n"`
	I string         `json:"i"`
	T int64          `json:"t"`
	P map[string]any `json:"p"`
}

func isBeacon(r browsertest.Received) bool {
	return r.Path == "/mk/demo" && r.Method == http.MethodPost
}

// beacons returns all that reached the endpoint, whatever it answered.
func (s *shop) beacons(t *testing.T) []beacon {
	t.Helper()
	var all []beacon
	for _, r := range s.seen.All(isBeacon) {
		all = append(all, decode(t, r))
	}
	return all
}

func decode(t *testing.T, r browsertest.Received) beacon {
	t.Helper()
	if r.Method == http.MethodGet { // an image's address
		query, err := url.PathUnescape(r.Query)
		if err != nil {
			t.Fatal(err)
		}
		r.Body, r.Header = []byte(query), http.Header{"Content-Type": {"text/plain;charset=UTF-8"}}
	}
	b := beacon{raw: r.Body}
	if err := json.Unmarshal(r.Body, &b, json.RejectUnknownMembers(true), jsontext.AllowInvalidUTF8(true)); err != nil {
		t.Fatalf("not a beacon of version 1: %v\n%s", err, r.Body)
	}
	if ct := r.Header.Get("Content-Type"); ct != "text/plain;charset=UTF-8" {
		t.Errorf("content type %q needs a preflight elsewhere", ct)
	}
	if len(b.E) == 0 || len(b.E) > 50 || b.V != 1 || b.T == 0 || b.C == nil || len(b.B) != 8 {
		t.Errorf("a beacon without what each must have: %s", r.Body)
	}
	return b
}

// wait waits for the first beacon that carries an event of that name.
func (s *shop) wait(t *testing.T, name string) beacon {
	t.Helper()
	return s.waitN(t, name, 1)[0]
}

func (s *shop) waitN(t *testing.T, name string, n int) []beacon {
	t.Helper()
	var found []beacon
	for _, r := range s.seen.WaitN(t, fmt.Sprintf("%d beacons with %s", n, name), n, func(r browsertest.Received) bool {
		return isBeacon(r) && bytes.Contains(r.Body, []byte(`{"n":"`+name+`"`))
	}) {
		found = append(found, decode(t, r))
	}
	return found
}

func (b beacon) names() string {
	var names []string
	for _, e := range b.E {
		names = append(names, e.N)
	}
	return strings.Join(names, " ")
}

// event returns the first event of that name.
func (b beacon) event(t *testing.T, name string) event {
	t.Helper()
	i := slices.IndexFunc(b.E, func(e event) bool { return e.N == name })
	if i < 0 {
		t.Fatalf("no %s in %s", name, b.raw)
	}
	return b.E[i]
}

// counted returns how often each event name arrived in all beacons.
func (s *shop) counted(t *testing.T) map[string]int {
	n := map[string]int{}
	for _, b := range s.beacons(t) {
		for _, e := range b.E {
			n[e.N]++
		}
	}
	return n
}

// wantQuiet fails when the page sent anything since the document, its tag, and
// the number of beacons that the test expects.
func wantQuiet(t *testing.T, p *browsertest.Page, beacons int) {
	t.Helper()
	p.Settle()
	for _, r := range p.Requests() {
		switch {
		case r.Type == "Document" || r.Type == "Script" || strings.HasSuffix(r.URL, "/favicon.ico"):
		case beacons > 0:
			beacons--
		default:
			t.Errorf("sent: %s %s %s", r.Method, r.URL, r.Body)
		}
	}
}

// wantStored fails when the jar holds other cookies than these, or storage anything.
func wantStored(t *testing.T, p *browsertest.Page, cookies ...string) {
	t.Helper()
	var names []string
	for _, c := range p.Cookies() {
		names = append(names, c.Name)
	}
	if !slices.Equal(names, cookies) {
		t.Errorf("cookies %q, want %q", names, cookies)
	}
	var stored int
	p.Eval(`localStorage.length + sessionStorage.length`, &stored)
	if stored != 0 {
		t.Errorf("%d items in storage", stored)
	}
}

// wantIgnored fails when the console does not name the reason that often.
// The page must have been opened with ?matchkey_debug=1.
func wantIgnored(t *testing.T, p *browsertest.Page, reason string, times int) {
	t.Helper()
	p.Settle()
	n := 0
	for _, line := range p.Console() {
		if rest, ok := strings.CutPrefix(line, "info: matchkey ignored: "); ok && strings.Fields(rest)[0] == reason {
			n++
		}
	}
	if n != times {
		t.Errorf("%s was given %d times as a reason, want %d; console:\n%s", reason, n, times, strings.Join(p.Console(), "\n"))
	}
}
