package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"matchkey/tag/browsertest"
)

// TestPreferencesInTheBrowser is somebody who accepts in the shop's banner, reads what
// that means on the preferences page, and takes it back there. From then on the tag
// says nothing, and the shop's order is not passed on.
func TestPreferencesInTheBrowser(t *testing.T) {
	s := newStory(t)
	p := browsertest.New(t).Page(t)
	page := s.shopURL + "/mk/demo/preferences"

	p.Goto(page)
	if text := p.Text("main"); !strings.Contains(text, "You have not answered") {
		t.Errorf("before an answer: %s", text)
	}
	if cookies := p.Cookies(); len(cookies) > 0 {
		t.Errorf("a look set cookies: %v", cookies)
	}
	p.Accessible(320, false)
	p.Accessible(1440, true)

	p.Goto(s.shopURL + "/")
	p.Click("#accept")
	p.WaitFor(`document.cookie.includes("_mkv=")`)
	order := s.shopping(p, "teapot", "c42")
	p.Settle()

	p.Goto(page)
	text := p.Text("main")
	for _, want := range []string{"You said yes.", "answered in the site’s banner", "It counts until"} {
		if !strings.Contains(text, want) {
			t.Errorf("after the banner the page lacks %q:\n%s", want, text)
		}
	}
	p.Follow(`button[value=reject_all]`)
	text = p.Text("main")
	for _, want := range []string{"Your choices are saved.", "You said no.", "answered on this page"} {
		if !strings.Contains(text, want) {
			t.Errorf("after the no the page lacks %q:\n%s", want, text)
		}
	}
	p.Accessible(320, true)
	if dir := os.Getenv("SCREENSHOTS"); dir != "" {
		p.Screenshot(filepath.Join(dir, "preferences.png"), 1440, false)
	}
	for _, c := range p.Cookies() {
		if c.Name == "_mkv" || c.Name == "_mks" || c.Name == "_fbp" || c.Name == "_fbc" {
			t.Errorf("after the no the cookie %s is left", c.Name)
		}
	}

	before := len(p.Requests())
	p.Goto(s.shopURL + "/product/teapot")
	p.Follow("#add-to-cart")
	p.Settle()
	// What the tag may still say is that the customer refused; nothing else, and of no browser.
	for _, r := range p.Requests()[before:] {
		if r.Method != http.MethodPost || !strings.Contains(r.URL, "/mk/demo") {
			continue
		}
		for _, never := range []string{`"i":"1.`, `"m":`, `"k":`, `"n":"page_view"`, `"a":"accept"`} {
			if strings.Contains(r.Body, never) {
				t.Errorf("after the no the tag sent %s: %s", never, r.Body)
			}
		}
	}
	// The shop reports the order that was placed before. The no is the customer's, too.
	if err := s.shop.PostNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.state(t, order, "withheld")
	if got := s.server("Purchase"); len(got) > 0 {
		t.Errorf("%d purchases were sent after the no", len(got))
	}
}
