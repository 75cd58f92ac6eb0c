package tag_test

import (
	"strings"
	"testing"
	"time"

	"matchkey/build"
	"matchkey/tag/browsertest"
)

func testUnanswered(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.Goto(s.URL + "/?fbclid=" + fbclid)
	p.Eval(`matchkey('track', 'cart_update', {value: 1})`, nil)
	p.Eval(`matchkey('identify', 'c42', {email: 'a@example.com'})`, nil)
	p.Eval(`dispatchEvent(new PageTransitionEvent('pagehide'))`, nil)
	wantQuiet(t, p, 0)
	wantStored(t, p)
	p.Goto(s.URL + "/next")
	wantQuiet(t, p, 0)
	wantStored(t, p)
	if got := s.beacons(t); len(got) != 0 {
		t.Errorf("the server got %s", got[0].raw)
	}
}

func testAccept(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.SetCookie(s.URL, "_fbp", fbp) // the Pixel's
	before := time.Now().UnixMilli()
	p.Goto(s.URL + "/?fbclid=" + fbclid)
	loaded := time.Now().UnixMilli()
	p.Eval(accept, nil)
	got := s.wait(t, "page_view")
	golden(t, "accept", s, got)

	if names := got.names(); names != "session_start consent page_view" {
		t.Errorf("events %s", names)
	}
	segments := strings.SplitN(got.M["_fbc"], ".", 4)
	if len(segments) != 4 || segments[0] != "fb" || segments[1] != "1" || segments[3] != fbclid {
		t.Fatalf("_fbc %q", got.M["_fbc"])
	}
	if ms := atoi(t, segments[2]); ms < before || ms > loaded {
		t.Errorf("the click was first seen at %d, the page was loaded between %d and %d", ms, before, loaded)
	}
	if view := got.event(t, "page_view"); view.T < before || view.T > loaded {
		t.Errorf("the page view is dated %d, the page was loaded between %d and %d", view.T, before, loaded)
	}
	if c := got.C; c.A != "accept" || c.N != noticeHash || c.G != "en" || c.S != "banner" || !c.X || c.T < loaded || c.T > got.T {
		t.Errorf("answer %+v", c)
	}
	wantQuiet(t, p, 1)
	wantStored(t, p, "_fbc", "_fbp", "_mkc", "_mks", "_mkv")
	for _, c := range p.Cookies() {
		if c.Name == "_fbp" {
			continue // not ours
		}
		want := map[string]time.Duration{"_fbc": 90 * day, "_mkv": 90 * day, "_mks": 30 * time.Minute, "_mkc": 180 * day}[c.Name]
		if life := time.Until(c.Expires); life > want || life < want-time.Hour && life < want-want/10 {
			t.Errorf("%s lives for %v, want %v", c.Name, life, want)
		}
		if c.SameSite != "Lax" || c.Path != "/" || c.HTTPOnly {
			t.Errorf("attributes %+v", c)
		}
		if want := map[string]string{"_fbc": got.M["_fbc"], "_mkv": got.I, "_mks": got.K}[c.Name]; want != "" && c.Value != want {
			t.Errorf("%s is %q, the beacon says %q", c.Name, c.Value, want)
		}
	}
}

const day = 24 * time.Hour

func testReject(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.Goto(s.URL + "/?matchkey_debug=1&fbclid=" + fbclid)
	p.Eval(`matchkey('track', 'cart_update')`, nil)
	p.Eval(reject, nil)
	golden(t, "refuse", s, s.wait(t, "consent"))
	p.Eval(`matchkey('track', 'cart_update')`, nil)
	p.Eval(`matchkey('page')`, nil)
	wantQuiet(t, p, 1)
	wantStored(t, p, "_mkc")
	wantIgnored(t, p, "refused", 4) // held: page_view, cart_update; later: cart_update, page_view
}

func testStoredAccept(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	s.serve("/", document{head: `<a id="on" href="/second">on</a>`})
	p.Goto(s.URL + "/?fbclid=" + fbclid)
	p.Eval(accept, nil)
	first := s.wait(t, "page_view")
	p.Follow("#on")
	second := s.waitN(t, "page_view", 2)[1]
	if names := second.names(); names != "page_view" {
		t.Errorf("events %s", names)
	}
	if second.I != first.I || second.K != first.K || second.M["_fbc"] != first.M["_fbc"] {
		t.Errorf("identifiers changed from %+v to %+v", first, second)
	}
	if second.P == first.P || second.E[0].I == first.E[1].I {
		t.Error("two page views share an id")
	}
	if second.L != s.URL+"/second" || !strings.HasPrefix(second.R, s.URL+"/?fbclid") {
		t.Errorf("address %q, referrer %q", second.L, second.R)
	}
	if c := second.C; c.A != "accept" || c.T != first.C.T || c.N != noticeHash || c.S != "banner" || !c.X {
		t.Errorf("answer %+v, was %+v", c, first.C)
	}
	if n := s.counted(t); n["consent"] != 1 || n["page_view"] != 2 {
		t.Errorf("events %v", n)
	}
}

func testStoredReject(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.Goto(s.URL)
	p.Eval(reject, nil)
	s.wait(t, "consent")
	p.Goto(s.URL + "/account?matchkey_debug=1")
	wantQuiet(t, p, 1)
	for range 2 {
		p.Eval(`matchkey('identify', 'c42', {email: 'a@example.com'})`, nil)
	}
	golden(t, "refuse_customer", s, s.waitN(t, "consent", 2)[1])
	wantQuiet(t, p, 2)
	wantStored(t, p, "_mkc")
	wantIgnored(t, p, "told", 1)
}

func testWithdraw(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.Goto(s.URL + "/?fbclid=" + fbclid)
	p.Eval(accept, nil)
	granted := s.wait(t, "page_view")
	p.Eval(withdraw, nil)
	got := s.waitN(t, "consent", 2)[1]
	golden(t, "withdraw", s, got)
	if got.I != granted.I {
		t.Errorf("the withdrawal names %q, granted was for %q", got.I, granted.I)
	}
	wantStored(t, p, "_mkc")
	p.Eval(`matchkey('track', 'cart_update')`, nil)
	p.Goto(s.URL + "/next")
	wantQuiet(t, p, 2)
	wantStored(t, p, "_mkc")
}

const gpcOn = `Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})`

func testGPC(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.OnNewDocument(gpcOn)
	p.Goto(s.URL + "/?fbclid=" + fbclid)
	p.Eval(`matchkey('track', 'cart_update')`, nil)
	wantQuiet(t, p, 0)
	wantStored(t, p)
	p.Eval(`matchkey('identify', 'c42', {email: 'a@example.com'})`, nil)
	got := s.wait(t, "consent")
	if c := got.C; c.A != "reject" || c.S != "gpc" || c.X || !got.G {
		t.Errorf("answer %s", got.raw)
	}
	if len(got.U) != 1 || got.U["id"] != "c42" || got.I != "" || got.M != nil {
		t.Errorf("the refusal says more than whom it is about: %s", got.raw)
	}
	wantQuiet(t, p, 1)
	wantStored(t, p)
}

func testAcceptUnderGPC(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.OnNewDocument(gpcOn)
	p.Goto(s.URL)
	p.Eval(accept, nil) // of somebody who was not told of the signal
	wantQuiet(t, p, 0)
	wantStored(t, p)
	p.Eval(`matchkey('consent', 'accept', {source: 'banner', informed: true})`, nil)
	if got := s.wait(t, "consent"); got.C.A != "accept" || !got.C.X || !got.C.O || !got.G || got.I == "" {
		t.Errorf("accept under GPC: %s", got.raw)
	}
	p.Goto(s.URL + "/next")
	if got := s.wait(t, "page_view"); got.C.A != "accept" || !got.C.O || !got.G {
		t.Errorf("the next page: %s", got.raw)
	}
}

func testGPCAfterAccept(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.Goto(s.URL)
	p.Eval(accept, nil)
	granted := s.wait(t, "page_view")
	p.OnNewDocument(gpcOn)
	p.Goto(s.URL + "/next")
	got := s.waitN(t, "consent", 2)[1]
	if got.C.A != "withdraw" || got.C.S != "gpc" || got.C.X || !got.G || got.I != granted.I || got.names() != "consent" {
		t.Errorf("the signal: %s", got.raw)
	}
	p.Goto(s.URL + "/third")
	wantQuiet(t, p, 2)
	wantStored(t, p, "_mkc")
}

func testCategories(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.Goto(s.URL)
	p.Eval(`matchkey('consent', 'accept', {categories: ['advertising', 'statistics'], source: 'preferences', language: 'de'})`, nil)
	first := s.wait(t, "page_view")
	if got := strings.Join(first.C.K, " "); got != "advertising statistics" || first.C.S != "preferences" || first.C.G != "de" {
		t.Errorf("answer %+v", first.C)
	}
	p.Goto(s.URL + "/next")
	second := s.waitN(t, "page_view", 2)[1]
	if got := strings.Join(second.C.K, " "); got != "advertising statistics" || second.C.S != "preferences" {
		t.Errorf("the next page has %+v", second.C)
	}
}

func testBadCategories(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.Goto(s.URL + "/?matchkey_debug=1")
	for _, categories := range []string{`[]`, `''`, `null`, `['a;b']`, `['a', '']`, `{}`, `['` + strings.Repeat("a", 2000) + `']`} {
		p.Eval(`matchkey('consent', 'accept', {categories: `+categories+`})`, nil)
	}
	p.Eval(`matchkey('consent', 'maybe')`, nil)
	p.Eval(`matchkey('consent')`, nil)
	wantIgnored(t, p, "consent", 9)
	wantQuiet(t, p, 0)
	wantStored(t, p)
}

func testBadRefusal(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.Goto(s.URL)
	p.Eval(`matchkey('consent', 'reject', {categories: [], source: ';', language: 7n})`, nil)
	if got := s.wait(t, "consent"); got.C.A != "reject" || got.C.K != nil || got.C.S != "api" {
		t.Errorf("refusal %s", got.raw)
	}
	wantStored(t, p, "_mkc")
}

func testHeldBound(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.Goto(s.URL + "/?matchkey_debug=1")
	p.Eval(`void Array.from({length: 30}, (_, i) => matchkey('track', 'step', {i}))`, nil)
	p.Eval(accept, nil)
	got := s.wait(t, "consent")
	if len(got.E) != 22 || got.E[2].N != "page_view" || got.E[21].P["i"] != 18.0 {
		t.Errorf("%d events: %s", len(got.E), got.raw)
	}
	wantIgnored(t, p, "full", 11)
}

func testTwoCustomers(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.Goto(s.URL)
	p.Eval(`matchkey('track', 'anonymous'), matchkey('identify', 'c1'), matchkey('track', 'first'), matchkey('identify', 'c2'),
		matchkey('track', 'second'), matchkey('identify', null), matchkey('track', 'nobody')`, nil)
	p.Eval(accept, nil)
	s.wait(t, "nobody")
	var got []string
	for _, b := range s.beacons(t) {
		got = append(got, b.U["id"]+": "+b.names())
	}
	want := "c1: session_start consent page_view anonymous identify first|c2: identify second sign_out|: nobody"
	if all := strings.Join(got, "|"); all != want {
		t.Errorf("got  %s\nwant %s", all, want)
	}
}
