package tag_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"matchkey/build"
	"matchkey/tag/browsertest"
)

// granted opens a page on which the person has accepted and waits for its first beacon.
func granted(t *testing.T, b *browsertest.Browser, path string) (*shop, *browsertest.Page) {
	t.Helper()
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.Goto(s.URL + path)
	p.Eval(accept, nil)
	s.wait(t, "page_view")
	return s, p
}

func testIdentify(t *testing.T, b *browsertest.Browser) {
	s, p := granted(t, b, "/?matchkey_debug=1")
	p.Eval(`matchkey('identify', 'c42', {
		email: ' Jane.Doe@Example.com', phone: '+49 30 1234567', first_name: 'Jane', last_name: 'Doe', date_of_birth: '1990-01-31',
		gender: 'f', city: 'Berlin', region: 'BE', postal_code: 10115, country: 'DE',
		password: 'secret', address: {street: 'x'}, id: 'other'})`, nil)
	golden(t, "identify", s, s.wait(t, "identify"))
	wantIgnored(t, p, "contact", 3)

	p.Eval(`matchkey('track', 'later')`, nil)
	if got := s.wait(t, "later"); got.U["id"] != "c42" || got.U["email"] == "" {
		t.Errorf("customer %v", got.U)
	}
	for _, bad := range []string{`''`, `undefined`, `{}`, `['c42']`, `NaN + '\n'`, `'` + strings.Repeat("c", 300) + `'`} {
		p.Eval(`matchkey('identify', `+bad+`)`, nil)
	}
	wantIgnored(t, p, "customer", 6)
	p.Eval(`matchkey('identify', null), matchkey('identify', null)`, nil)
	if got := s.wait(t, "sign_out"); got.U["id"] != "c42" {
		t.Errorf("the sign-out is of %v", got.U)
	}
	p.Eval(`matchkey('track', 'out')`, nil)
	if got := s.wait(t, "out"); got.U != nil {
		t.Errorf("after signing out: %v", got.U)
	}
}

func testCart(t *testing.T, b *browsertest.Browser) {
	s, p := granted(t, b, "/cart?fbclid=AbC")
	p.Eval(`matchkey('track', 'cart_update', {value: 59.9, currency: 'EUR', contents: [{id: 'sku-1', quantity: 2, item_price: 29.95}]})`, nil)
	golden(t, "cart", s, s.wait(t, "cart_update"))
}

func testOwnID(t *testing.T, b *browsertest.Browser) {
	s, p := granted(t, b, "/thanks?matchkey_debug=1")
	p.Eval(`matchkey('track', 'purchase', {value: 59.9, currency: 'EUR', contents: [{id: 'sku-1', quantity: 2, item_price: 29.95}]}, {id: 'A-1001'})`, nil)
	got := s.wait(t, "purchase")
	golden(t, "purchase_twin", s, got)
	if id := got.E[0].I; id != "purchase.A-1001" {
		t.Errorf("id %q", id)
	}
	p.Eval(`matchkey('track', 'lead', null, {id: 7})`, nil)
	if got := s.wait(t, "lead"); got.E[0].I != "lead.7" || bytes.Contains(got.raw, []byte("null")) {
		t.Errorf("lead %s", got.raw)
	}
	p.Eval(`matchkey('track', 'lead', {}, {id: 'Ä-1'})`, nil)
	if id := s.waitN(t, "lead", 2)[1].E[0].I; id != "lead.Ä-1" {
		t.Errorf("id %q", id)
	}
	// An empty id is a template that was not filled in: it must not become a
	// random one, under which the shop's own copy would count as a second fact.
	// The edge refuses it.
	p.Eval(`matchkey('track', 'bad', {}, {id: ''})`, nil)
	if id := s.wait(t, "bad").E[0].I; id != "bad." {
		t.Errorf("id %q", id)
	}
	p.Eval(`matchkey('track', 'random', {}, {id: null})`, nil)
	if id := s.wait(t, "random").E[0].I; !regexp.MustCompile(`^[0-9a-v]{16}$`).MatchString(id) {
		t.Errorf("id %q", id)
	}
}

// The rest of the twin is in testdata/pages; this is what it says to the edge.
func testTwin(t *testing.T, b *browsertest.Browser) {
	features := with(build.Twin)
	s, p := newShop(t, build.TagOptions{Features: features}), b.Page(t)
	s.serve("/", document{html: `<!doctype html>` + build.Snippet("demo", "/mk", features...) + `<script>
		window.fbq = function () { fbq.callMethod ? fbq.callMethod.apply(fbq, arguments) : fbq.queue.push(arguments) }; fbq.queue = []
		fbq('track', 'PageView', {}, {eventID: 'view-1'})
		fbq('track', 'AddToCart', {value: 59.9, currency: 'EUR', contents: [{id: 'sku-1', quantity: 2}]}, {eventID: 'cart-7'})</script>`})
	p.Goto(s.URL)
	p.Eval(accept, nil)
	golden(t, "twin", s, s.wait(t, "AddToCart"))
}

func testBadCalls(t *testing.T, b *browsertest.Browser) {
	s, p := granted(t, b, "/?matchkey_debug=1")
	p.Eval(`matchkey('nothing'), matchkey(), matchkey(null, 1), matchkey({})`, nil)
	wantIgnored(t, p, "command", 4)
	p.Eval(`matchkey('get'), matchkey('get', () => { throw new Error('of the page') }), matchkey('toString'), matchkey('__proto__')`, nil)
	p.Eval(`(() => { const o = {}; o.o = o; matchkey('track', 'cycle', o) })(), matchkey('track', 'bigint', {n: 1n})`, nil)
	p.Eval(`matchkey('track', 'good', {n: 1})`, nil)
	s.wait(t, "good")
	if n := s.counted(t); n["good"] != 1 || len(n) != 4 {
		t.Errorf("events %v", n)
	}
	for _, line := range p.Console() {
		if strings.HasPrefix(line, "uncaught") {
			t.Error(line)
		}
	}
}

func testOversized(t *testing.T, b *browsertest.Browser) {
	s, p := granted(t, b, "/?matchkey_debug=1")
	p.Eval(`matchkey('track', 'before'), matchkey('track', 'big', {text: 'x'.repeat(70000)}), matchkey('track', 'after')`, nil)
	if got := s.wait(t, "after"); got.names() != "before after" {
		t.Errorf("events %s", got.names())
	}
	wantIgnored(t, p, "large", 1)
	wantQuiet(t, p, 2)
}

func testProperties(t *testing.T, b *browsertest.Browser) {
	s, p := granted(t, b, "/")
	p.Eval(`(() => { const o = {v: 1}; matchkey('track', 'early', o); o.v = 2 })()`, nil)
	if got := s.wait(t, "early").E[0].P["v"]; got != 1.0 {
		t.Errorf("the page changed the event to %v", got)
	}
	// Half an emoji would make a strict decoder refuse the whole beacon; a text
	// that only looks like one is left alone.
	p.Eval(`matchkey('track', 'half', {cut: '\u{1F600}'.slice(0, 1) + '!', whole: '\u{1F600}', text: '\\ud83d \\\\ud83d'})`, nil)
	got := s.wait(t, "half").E[0].P
	if got["cut"] != "\ufffd!" || got["whole"] != "\U0001F600" || got["text"] != `\ud83d \\ud83d` {
		t.Errorf("texts %q", got)
	}
}

func testGet(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	const get = `new Promise(done => matchkey('get', known => done(JSON.stringify(known))))`
	want := func(pattern string) {
		t.Helper()
		var got string
		p.Eval(get, &got)
		if !regexp.MustCompile(`^` + pattern + `$`).MatchString(got) {
			t.Errorf("get says %s, want %s", got, pattern)
		}
	}
	p.Goto(s.URL + "/?fbclid=AbC")
	want(`{"identifiers":{},"consent":null}`)
	wantStored(t, p)
	p.Eval(accept, nil)
	want(`{"visitor":"1\.\w{6}\.\w{16}","session":"\w{10}","identifiers":{"_fbc":"fb\.1\.\d{13}\.AbC"},"consent":"accept"}`)
	p.Eval(reject, nil)
	want(`{"identifiers":{},"consent":"reject"}`)
	p.Goto(s.URL)
	want(`{"identifiers":{},"consent":"reject"}`)
}

func testStub(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	s.serve("/", document{html: `<!doctype html>` + strings.Replace(build.Snippet("demo", "/mk"), `<script async`,
		`<script>var kept = matchkey; matchkey('consent', 'accept'); matchkey('track', 'early'); matchkey('nothing'); matchkey('track', 'too')</script><script async`, 1)})
	p.Goto(s.URL)
	if got := s.wait(t, "early"); got.names() != "session_start consent page_view early too" {
		t.Errorf("events %s", got.names())
	}
	p.Eval(`kept('track', 'kept')`, nil)
	s.wait(t, "kept")
}

func testIncludedTwice(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	s.serve("/", document{head: build.Snippet("demo", "/mk") + `<script src="/mk/demo.js?again"></script>`})
	p.Goto(s.URL + "/?matchkey_debug=1")
	p.Eval(accept, nil)
	if got := s.wait(t, "page_view"); got.names() != "session_start consent page_view" {
		t.Errorf("events %s", got.names())
	}
	wantIgnored(t, p, "twice", 2)
	p.Eval(`matchkey('track', 'once')`, nil)
	s.wait(t, "once")
	wantQuiet(t, p, 2)
	if n := s.counted(t); n["page_view"] != 1 || n["once"] != 1 {
		t.Errorf("events %v", n)
	}
}
