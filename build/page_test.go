package build

import "testing"

func TestCookieDomain(t *testing.T) {
	for _, c := range []struct {
		origins []string
		domain  string
		index   int
	}{
		{nil, "", 1},
		{[]string{"https://example.com"}, "example.com", 1},
		{[]string{"https://www.example.com", "https://shop.example.com:8443", "https://example.com"}, "example.com", 1},
		{[]string{"https://Shop.Example.co.uk"}, "example.co.uk", 2},
		{[]string{"https://example.com", "https://example.org"}, "", 1},
		{[]string{"https://example.com", "http://localhost:8080"}, "", 1},
		{[]string{"http://localhost:8080"}, "", 1},
		{[]string{"http://127.0.0.1:8080"}, "", 1},
		{[]string{"http://[::1]:8080"}, "", 1},
		{[]string{"https://co.uk"}, "", 1},
		{[]string{"https://github.io"}, "", 1},
		{[]string{"https://me.github.io"}, "me.github.io", 2}, // hosts under github.io are strangers to each other
		{[]string{"https://shop.example."}, "shop.example", 1},
		{[]string{"example.com"}, "", 1}, // not an origin
		{[]string{"%"}, "", 1},
		{[]string{""}, "", 1},
	} {
		if domain, index := CookieDomain(c.origins); domain != c.domain || index != c.index {
			t.Errorf("%q: got %q, %d; want %q, %d", c.origins, domain, index, c.domain, c.index)
		}
	}
}

func FuzzCookieDomain(f *testing.F) {
	f.Add("https://www.example.co.uk")
	f.Add("http://[::1]:8080")
	f.Add("https://.")
	f.Fuzz(func(t *testing.T, origin string) {
		domain, index := CookieDomain([]string{origin})
		if index < 1 || domain != "" && !hostName.MatchString(domain) {
			t.Errorf("%q: %q, %d", origin, domain, index)
		}
	})
}

func TestSnippet(t *testing.T) {
	const stub = `<script>window.matchkey=window.matchkey||function(){(matchkey.q=matchkey.q||[]).push(arguments)}</script>` + "\n"
	for _, c := range []struct{ site, prefix, want string }{
		{"demo", "/mk", `<script async src="/mk/demo.js"></script>`},
		{"demo", "/mk/", `<script async src="/mk/demo.js"></script>`},
		{"demo", "https://m.example.com/mk", `<script async src="https://m.example.com/mk/demo.js"></script>`},
		{`a"b`, "/mk", `<script async src="/mk/a%22b.js"></script>`},
	} {
		if got, want := Snippet(c.site, c.prefix), stub+c.want+"\n"; got != want {
			t.Errorf("%s %s:\n got %s\nwant %s", c.site, c.prefix, got, want)
		}
	}
}
