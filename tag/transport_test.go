package tag_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"matchkey/build"
	"matchkey/tag/browsertest"
)

// noJitter makes the random part of a rest zero; what the server asked for stays.
const noJitter = `Math.random = () => 0`

// failing answers the first n beacons with h, later ones with 204.
func failing(n int32, h http.HandlerFunc) http.HandlerFunc {
	var seen atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		if seen.Add(1) <= n {
			h(w, r)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func unavailable(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusServiceUnavailable)
}

func testRetry(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	s.answerWith(failing(2, unavailable))
	p.OnNewDocument(noJitter)
	p.Goto(s.URL)
	p.Eval(accept, nil)
	tries := s.waitN(t, "page_view", 3)
	for _, again := range tries[1:] {
		if again.T < tries[0].T || !slices.EqualFunc(again.E, tries[0].E, func(a, b event) bool { return a.I == b.I && a.T == b.T }) {
			t.Errorf("first %s\nagain %s", tries[0].raw, again.raw)
		}
	}
	p.Eval(`matchkey('track', 'after')`, nil)
	s.wait(t, "after")
	wantQuiet(t, p, 4)
	if n := s.counted(t); n["page_view"] != 3 || n["after"] != 1 {
		t.Errorf("after the delivery it was sent again: %v", n)
	}
}

func testRetryAfter(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	s.answerWith(failing(2, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "7")
		unavailable(w, r)
	}))
	// Timers fire at once, and tell how long they would have waited.
	p.OnNewDocument(`window.waits = []; Math.random = () => 0.5;
		window.setTimeout = (inner => (fn, ms) => (waits.push(ms), inner(fn, 0)))(setTimeout)`)
	p.Goto(s.URL)
	p.Eval(accept, nil)
	s.waitN(t, "page_view", 3)
	var waits []float64
	p.Eval(`waits.filter(ms => ms > 1000)`, &waits)
	// Seven seconds, and half of the first second's and of the next two seconds' jitter.
	if !slices.Equal(waits, []float64{7500, 8000}) {
		t.Errorf("waited %v", waits)
	}
}

func testBrokenConnection(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	s.answerWith(failing(1, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	p.OnNewDocument(noJitter)
	p.Goto(s.URL)
	p.Eval(accept, nil)
	s.waitN(t, "page_view", 2)
	p.Eval(`matchkey('track', 'after')`, nil)
	s.wait(t, "after")
}

func testRefusedByEdge(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	s.answerWith(failing(1, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Matchkey-Reason", "version_unknown")
		w.WriteHeader(http.StatusBadRequest)
	}))
	p.Goto(s.URL + "/?matchkey_debug=1")
	p.Eval(accept, nil)
	s.wait(t, "page_view")
	p.Eval(`matchkey('track', 'after')`, nil)
	s.wait(t, "after")
	wantIgnored(t, p, "edge", 1)
	if all := strings.Join(p.Console(), "\n"); !strings.Contains(all, "edge version_unknown") {
		t.Errorf("the edge's reason is not told:\n%s", all)
	}
	wantQuiet(t, p, 2)
}

func testRefusalDuringOutage(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	s.answerWith(failing(1, unavailable))
	// The rest lasts until the test ends it.
	p.OnNewDocument(`window.setTimeout = (inner => (fn, ms) => ms == 321 ? (window.wake = fn) : inner(fn, ms))(setTimeout); Math.random = () => 0.321`)
	p.Goto(s.URL)
	p.Eval(accept, nil)
	tried := s.wait(t, "page_view")
	p.WaitFor(`window.wake`)
	p.Eval(`matchkey('track', 'waiting')`, nil)
	p.Eval(reject, nil)
	p.Eval(`wake()`, nil)
	got := s.waitN(t, "consent", 2)[1]
	if got.names() != "consent" || got.C.A != "withdraw" || got.I != tried.I {
		t.Errorf("refusal %s", got.raw)
	}
	wantQuiet(t, p, 2)
	if n := s.counted(t); n["waiting"] != 0 || n["page_view"] != 1 {
		t.Errorf("events %v", n)
	}
}

func testManyEvents(t *testing.T, b *browsertest.Browser) {
	s, p := granted(t, b, "/?matchkey_debug=1")
	p.Eval(`void Array.from({length: 250}, (_, i) => matchkey('track', 'many', {i}))`, nil)
	s.waitN(t, "many", 4)
	wantIgnored(t, p, "full", 50)
	p.Eval(`void Array.from({length: 10}, (_, i) => matchkey('track', 'large', {text: '€'.repeat(9000)}))`, nil)
	s.waitN(t, "large", 10)
	n := 0
	for _, b := range s.beacons(t) {
		if len(b.raw) > 64<<10 {
			t.Errorf("a beacon of %d bytes", len(b.raw))
		}
		for _, e := range b.E {
			if e.N == "many" {
				if e.P["i"] != float64(n) {
					t.Fatalf("event %d is %v", n, e.P["i"])
				}
				n++
			}
		}
	}
	if n != 200 {
		t.Errorf("%d of 200 arrived", n)
	}
}

func testNavigation(t *testing.T, b *browsertest.Browser) {
	s, p := granted(t, b, "/")
	s.serve("/away", document{html: `<!doctype html><p id="away">away</p>`})
	p.Eval(`matchkey('track', 'last'), void (location.href = '/away')`, nil)
	p.WaitVisible("#away")
	s.wait(t, "last")
	if n := s.counted(t); n["last"] != 1 {
		t.Errorf("events %v", n)
	}
}

func testClosing(t *testing.T, b *browsertest.Browser) {
	s, p := granted(t, b, "/")
	p.Eval(`addEventListener('pagehide', () => matchkey('track', 'at_exit')), matchkey('track', 'last')`, nil)
	p.Close()
	s.wait(t, "last")
	s.wait(t, "at_exit")
}

// hide makes the page believe it is in the background.
const hide = `Object.defineProperty(document, 'hidden', {get: () => true}), void document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))`

func testHidden(t *testing.T, b *browsertest.Browser) {
	s, p := granted(t, b, "/")
	p.Eval(`matchkey('track', 'waiting'), `+hide, nil)
	s.wait(t, "waiting")
	p.Eval(`matchkey('track', 'while_hidden')`, nil)
	s.wait(t, "while_hidden")
	p.Settle()
	var kinds []string
	for _, r := range p.Requests() {
		if strings.HasSuffix(r.URL, "/mk/demo") {
			kinds = append(kinds, r.Type)
		}
	}
	if !slices.Equal(kinds, []string{"Fetch", "Fetch", "Fetch"}) {
		t.Errorf("beacons went as %v", kinds)
	}
}

func testNoFetch(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.OnNewDocument(`delete window.fetch`)
	p.Goto(s.URL)
	p.Eval(accept, nil)
	s.wait(t, "page_view")
	p.Eval(`matchkey('track', 'after')`, nil)
	s.wait(t, "after")
	wantQuiet(t, p, 2)
}

func testOtherHost(t *testing.T, b *browsertest.Browser) {
	edge := newShop(t, build.TagOptions{})
	edge.answerWith(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		w.Header().Set("Set-Cookie", "_mkv=1.aaaaaa.reissued; Path=/; Max-Age=7776000; SameSite=Lax")
		w.WriteHeader(http.StatusNoContent)
	})
	s, p := newShop(t, build.TagOptions{Endpoint: strings.Replace(edge.URL, "127.0.0.1", "m.example.com", 1) + "/mk/demo"}), b.Page(t)
	p.Goto(strings.Replace(s.URL, "127.0.0.1", "www.example.com", 1))
	p.Eval(accept, nil)
	edge.wait(t, "page_view")
	wantQuiet(t, p, 1)
	for _, r := range edge.seen.All(nil) {
		if r.Method == http.MethodOptions {
			t.Error("a preflight was made")
		}
	}
}
