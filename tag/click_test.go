package tag_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"matchkey/build"
	"matchkey/tag/browsertest"
)

// The rules of capi.md § 5.5. An expected value with <now> is one that the tag
// builds; any other must arrive to the letter.
func testClickTable(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	const old = "fb.1.1700000000000." + fbclid
	for _, c := range []struct {
		name, query, cookie, want, reason string
	}{
		{name: "no click"},
		{name: "a click", query: "fbclid=" + fbclid, want: "fb.1.<now>." + fbclid},
		{name: "all characters", query: "fbclid=aZ09-_", want: "fb.1.<now>.aZ09-_"},
		{name: "among others", query: "utm_source=x&fbclid=AbC&x=1", want: "fb.1.<now>.AbC"},
		{name: "the first non-empty one", query: "fbclid=&fbclid=AbC&fbclid=DeF", want: "fb.1.<now>.AbC"},
		{name: "another name's end", query: "xfbclid=AbC"},
		{name: "decoded once", query: "fbclid=%41b%43", want: "fb.1.<now>.AbC"},
		{name: "not decoded twice", query: "fbclid=%2541", reason: "click"},
		{name: "plus is not a blank", query: "fbclid=a+b", reason: "click"},
		{name: "malformed percent", query: "fbclid=%E0%A4%A", reason: "click"},
		{name: "malformed percent elsewhere", query: "q=%&fbclid=AbC&r=%zz", want: "fb.1.<now>.AbC"},
		{name: "a dot", query: "fbclid=a.b", reason: "click"},
		{name: "500 characters", query: "fbclid=" + strings.Repeat("a", 500), want: "fb.1.<now>." + strings.Repeat("a", 500)},
		{name: "501 characters", query: "fbclid=" + strings.Repeat("a", 501), reason: "click"},

		{name: "an earlier click is kept", cookie: old, want: old},
		{name: "with its appendix", cookie: old + ".AQYBAQMB", want: old + ".AQYBAQMB"},
		{name: "the same fbclid keeps its time", query: "fbclid=" + fbclid, cookie: old, want: old},
		{name: "the same fbclid keeps its appendix", query: "fbclid=" + fbclid, cookie: old + ".Bg", want: old + ".Bg"},
		{name: "another fbclid is dated anew", query: "fbclid=AbC", cookie: old + ".Bg", want: "fb.1.<now>.AbC"},
		{name: "case counts", query: "fbclid=" + strings.ToLower(fbclid), cookie: old, want: "fb.1.<now>." + strings.ToLower(fbclid)},
		{name: "an invalid fbclid replaces nothing", query: "fbclid=a.b", cookie: old, want: old, reason: "click"},
		{name: "unreadable is left alone and not sent", cookie: "bad.value", reason: "cookie"},
		{name: "too many segments", cookie: old + ".a.b", reason: "cookie"},
		{name: "a click replaces the unreadable", query: "fbclid=AbC", cookie: "bad.value", want: "fb.1.<now>.AbC"},
	} {
		t.Run(c.name, func(t *testing.T) {
			// One page for all cases: a page of its own for each would take thrice as long.
			p.ClearCookies()
			said, arrived := len(p.Console()), len(s.beacons(t))
			if c.cookie != "" {
				p.SetCookie(s.URL, "_fbc", c.cookie)
			}
			p.Goto(s.URL + "/?matchkey_debug=1&" + c.query)
			p.Eval(accept, nil)
			got := s.waitN(t, "page_view", arrived+1)[arrived]
			p.Eval(`0`, nil) // what the console said before is known then
			sent := got.M["_fbc"]
			if strings.Contains(c.want, "<now>") {
				sent = regexp.MustCompile(`^(fb\.\d+\.)\d{13}\.`).ReplaceAllString(sent, "$1<now>.")
			}
			if sent != c.want {
				t.Errorf("sent     %q\nexpected %q", sent, c.want)
			}
			left := c.cookie
			if c.want != "" {
				left = got.M["_fbc"]
			}
			if kept, _ := p.Cookie("_fbc"); kept.Value != left {
				t.Errorf("the cookie is now %q, want %q", kept.Value, left)
			}
			var reasons []string
			if c.reason != "" {
				reasons = []string{"info: matchkey ignored: " + c.reason}
			}
			var console []string
			for _, line := range p.Console()[said:] {
				console = append(console, strings.TrimSuffix(line, " undefined"))
			}
			if !slices.Equal(console, reasons) {
				t.Errorf("the console says %q, want %q", console, reasons)
			}
		})
	}
}

func testCookieDomain(t *testing.T, b *browsertest.Browser) {
	domain, index := build.CookieDomain([]string{"https://www.example.co.uk", "https://example.co.uk"})
	s, p := newShop(t, build.TagOptions{CookieDomain: domain, SubdomainIndex: index}), b.Page(t)
	at := func(host string) string { return strings.Replace(s.URL, "127.0.0.1", host, 1) }
	// A cookie of the same name for the host alone must not stay in front of ours.
	p.SetCookie(at("www.example.co.uk"), "_fbc", "fb.1.1700000000000.Old")
	p.Goto(at("www.example.co.uk") + "/?fbclid=AbC")
	p.Eval(accept, nil)
	got := s.wait(t, "page_view")
	if !strings.HasPrefix(got.M["_fbc"], "fb.2.") || !strings.HasSuffix(got.M["_fbc"], ".AbC") {
		t.Errorf("_fbc %q", got.M["_fbc"])
	}
	wantStored(t, p, "_fbc", "_mkc", "_mks", "_mkv")
	for _, c := range p.Cookies() {
		if c.Domain != ".example.co.uk" {
			t.Errorf("%s is for %q", c.Name, c.Domain)
		}
	}
	p.Goto(at("shop.example.co.uk"))
	if next := s.waitN(t, "page_view", 2)[1]; next.I != got.I || next.M["_fbc"] != got.M["_fbc"] {
		t.Errorf("another host of the site has %q %q", next.I, next.M["_fbc"])
	}
	p.Eval(withdraw, nil)
	s.waitN(t, "consent", 2)
	wantStored(t, p, "_mkc")

	// A host that the configuration does not name.
	other := b.Page(t)
	other.Goto(at("preview.example.org"))
	other.Eval(accept, nil)
	s.waitN(t, "page_view", 3)
	if c, ok := other.Cookie("_mkv"); !ok || c.Domain != "preview.example.org" {
		t.Errorf("on a strange host the visitor's cookie is %+v", c)
	}
}

func testDomainProbe(t *testing.T, b *browsertest.Browser) {
	s := newShop(t, build.TagOptions{Features: with(build.DomainProbe)})
	for host, domain := range map[string]string{"www.example.co.uk": ".example.co.uk", "a.b.example.org": ".example.org"} {
		p := b.Page(t)
		seen := len(s.beacons(t))
		p.Goto(strings.Replace(s.URL, "127.0.0.1", host, 1) + "/?fbclid=AbC")
		p.Eval(accept, nil)
		got := s.waitN(t, "page_view", seen+1)[seen]
		if want := "fb." + strconv.Itoa(strings.Count(strings.TrimPrefix(domain, "."), ".")) + "."; !strings.HasPrefix(got.M["_fbc"], want) {
			t.Errorf("%s: _fbc %q, want %s…", host, got.M["_fbc"], want)
		}
		for _, c := range p.Cookies() {
			if c.Domain != domain {
				t.Errorf("%s: %s is for %q, want %q", host, c.Name, c.Domain, domain)
			}
		}
	}
}

func testBrowserID(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.Goto(s.URL)
	p.Eval(accept, nil)
	if got := s.wait(t, "page_view"); len(got.M) != 0 {
		t.Errorf("identifiers out of nothing: %v", got.M)
	}
	wantStored(t, p, "_mkc", "_mks", "_mkv")
	p.SetCookie(s.URL, "_fbp", fbp)
	p.Eval(`matchkey('track', 'later')`, nil)
	if got := s.wait(t, "later"); got.M["_fbp"] != fbp {
		t.Errorf("_fbp %q", got.M["_fbp"])
	}
	if c, _ := p.Cookie("_fbp"); c.Value != fbp || !c.Expires.IsZero() {
		t.Errorf("the cookie was rewritten: %+v", c)
	}
}

func testNoCookies(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.OnNewDocument(`Object.defineProperty(Document.prototype, 'cookie', {get: () => '', set() {}})`)
	p.Goto(s.URL + "/?fbclid=AbC")
	p.Eval(accept, nil)
	first := s.wait(t, "page_view")
	p.Eval(`matchkey('track', 'later')`, nil)
	second := s.wait(t, "later")
	if first.I == "" || first.I != second.I || first.K != second.K || first.M["_fbc"] == "" || first.M["_fbc"] != second.M["_fbc"] {
		t.Errorf("first  %s\nsecond %s", first.raw, second.raw)
	}
	p.Eval(withdraw, nil)
	if got := s.waitN(t, "consent", 2)[1]; got.I != first.I {
		t.Errorf("the withdrawal names %q", got.I)
	}
	p.Eval(`matchkey('track', 'after')`, nil)
	wantQuiet(t, p, 3)
}

func atoi(t *testing.T, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
