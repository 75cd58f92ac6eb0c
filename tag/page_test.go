package tag_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"matchkey/build"
	"matchkey/tag/browsertest"
)

func testStrictCSP(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	s.serve("/", document{
		html: `<!doctype html>` + strings.ReplaceAll(build.Snippet("demo", "/mk"), "<script", `<script nonce="n0nce"`),
		header: http.Header{"Content-Security-Policy": {
			"default-src 'none'; script-src 'nonce-n0nce'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"}},
	})
	p.OnNewDocument(`window.violations = []; addEventListener('securitypolicyviolation', e => violations.push(e.violatedDirective + ' ' + e.blockedURI))`)
	p.Goto(s.URL + "/?fbclid=AbC")
	p.Eval(accept, nil)
	s.wait(t, "page_view")
	var violations []string
	p.Eval(`violations`, &violations)
	if len(violations) != 0 {
		t.Errorf("violations %q", violations)
	}
}

func testInert(t *testing.T, b *browsertest.Browser) {
	script, err := build.Tag(build.TagOptions{Site: "demo", Endpoint: "/mk/demo"})
	if err != nil {
		t.Fatal(err)
	}
	const early = `<script>matchkey('consent', 'accept'); matchkey('track', 'x')</script>`
	html := `<!doctype html>` + strings.Replace(build.Snippet("demo", "/mk"), "<script async", early+"<script async", 1)

	t.Run("file", func(t *testing.T) {
		p := b.Page(t)
		file := filepath.Join(t.TempDir(), "page.html")
		inline := `<!doctype html><script>window.matchkey=function(){}</script><script>` + string(script.Body) + `</script>`
		if err := os.WriteFile(file, []byte(inline), 0o644); err != nil {
			t.Fatal(err)
		}
		p.Goto((&url.URL{Scheme: "file", Path: file, RawQuery: "matchkey_debug=1"}).String())
		p.Eval(accept, nil)
		wantIgnored(t, p, "origin", 1)
		wantQuiet(t, p, 0)
	})
	t.Run("sandbox", func(t *testing.T) {
		s, p := newShop(t, build.TagOptions{}), b.Page(t)
		s.serve("/", document{html: html, header: http.Header{"Content-Security-Policy": {"sandbox allow-scripts"}}})
		p.Goto(s.URL + "/?matchkey_debug=1")
		wantIgnored(t, p, "origin", 1)
		wantQuiet(t, p, 0)
		for _, line := range p.Console() {
			if strings.HasPrefix(line, "uncaught") {
				t.Error(line)
			}
		}
	})
	t.Run("frame", func(t *testing.T) {
		s, p := newShop(t, build.TagOptions{}), b.Page(t)
		s.serve("/", document{html: `<!doctype html><iframe src="/inner?matchkey_debug=1"></iframe>`})
		s.serve("/inner", document{html: html})
		p.Goto(s.URL)
		wantIgnored(t, p, "framed", 1)
		wantQuiet(t, p, 0)
		wantStored(t, p)
	})
}

func testHostilePage(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.Goto(s.URL + "/?fbclid=AbC")
	p.Eval(`JSON.stringify = JSON.parse = () => 'broken', window.fetch = () => { throw 1 }, navigator.sendBeacon = () => { throw 2 },
		Date.now = () => 'never', window.setTimeout = () => 0, XMLHttpRequest = null, Object.prototype.m = 'polluted',
		Object.prototype.email = 'polluted', Object.freeze(window.matchkey), void 0`, nil)
	p.Eval(accept, nil)
	got := s.wait(t, "page_view")
	if got.I == "" || !strings.HasSuffix(got.M["_fbc"], ".AbC") || got.U != nil {
		t.Errorf("beacon %s", got.raw)
	}
}

func testBase(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	s.serve("/", document{html: `<!doctype html>` + build.Snippet("demo", s.URL+"/mk") + `<base href="http://cdn.example/assets/">`})
	p.Goto(s.URL)
	p.Eval(accept, nil)
	s.wait(t, "page_view")
}

// The property and the event are simulated: Chromium does not prerender while it
// is driven.
func testPrerender(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.Goto(s.URL)
	p.Eval(accept, nil)
	s.wait(t, "page_view")
	p.OnNewDocument(`Object.defineProperty(document, 'prerendering', {configurable: true, get: () => true})`)
	s.serve("/later", document{head: build.Snippet("demo", "/mk")}) // twice
	p.Goto(s.URL + "/later")
	p.Eval(`matchkey('track', 'queued')`, nil)
	wantQuiet(t, p, 1)
	p.Eval(`delete document.prerendering, document.dispatchEvent(new Event('prerenderingchange')), void 0`, nil)
	if got := s.wait(t, "queued"); got.names() != "page_view queued" || got.L != s.URL+"/later" {
		t.Errorf("opened: %s", got.raw)
	}
	wantQuiet(t, p, 2)
}
