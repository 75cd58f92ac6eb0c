package tag_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"matchkey/build"
	"matchkey/edge/preferences"
	"matchkey/tag/browsertest"
)

// What a page of its own, or the banner, says that it showed. The token is a real
// one: of the site shop, of 2026-11-24 11:00, under the key "a key of thirty-two
// bytes, or so".
const (
	shownHash  = "8d4a1f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f0"
	shownToken = "1.tp06k0.r0fwsWlT.de.opt_in.DE.notice.qMu6Ff5IlFbbxvAonzq19_k4d3PSo3JZHxBU9mj-HpE"
	shown      = `{source: 'banner', language: 'de', notice: '` + shownHash + `', token: '` + shownToken + `'}`
)

func testToken(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.Goto(s.URL + "/?matchkey_debug=1")
	for _, bad := range []string{`'a b'`, `'ä'`, `{}`, `'` + strings.Repeat("x", 257) + `'`} {
		p.Eval(`matchkey('consent', 'accept', {token: `+bad+`})`, nil)
		p.Eval(`matchkey('consent', 'accept', {notice: `+bad+`})`, nil)
	}
	wantIgnored(t, p, "consent", 8)
	wantQuiet(t, p, 0)
	wantStored(t, p)
	p.Eval(`matchkey('consent', 'accept', `+shown+`)`, nil)
	first := s.wait(t, "page_view")
	if c := first.C; c.N != shownHash || c.P != shownToken || c.G != "de" {
		t.Errorf("answer %s", first.raw)
	}
	p.Goto(s.URL + "/")
	second := s.waitN(t, "page_view", 2)[1]
	golden(t, "accept_token", s, second)
	if second.C.P != shownToken || second.C.T != first.C.T {
		t.Errorf("the next page says another answer: %s", second.raw)
	}
}

func testTokenRefused(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{}), b.Page(t)
	p.Goto(s.URL)
	p.Eval(`matchkey('consent', 'reject', `+shown+`)`, nil)
	golden(t, "refuse_token", s, s.wait(t, "consent"))
	p.Eval(`matchkey('consent', 'reject', {token: 'a b'})`, nil)
	if got := s.waitN(t, "consent", 2)[1]; got.C.A != "reject" || got.C.P != "" {
		t.Errorf("a bad token stopped or went with a refusal: %s", got.raw)
	}
}

// The banner at 320 px, with a text that no place divides, in both schemes.
func testBannerFits(t *testing.T, b *browsertest.Browser) {
	s, p := newShop(t, build.TagOptions{Features: with(build.Banner), Words: words("de", "fr")}), b.Page(t)
	body, err := json.Marshal(map[string]any{"regime": "opt_in", "notice": map[string]any{
		"language": "de", "hash": shownHash, "token": shownToken,
		"text": "Wir möchten Bestellungen an Meta melden.\n" + strings.Repeat("Werbeerfolgsmessungs", 12),
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.giveNotice(body)
	p.Goto(s.URL)
	p.WaitFor(bannerRegion)
	for _, dark := range []bool{false, true} {
		p.Screenshot(filepath.Join(t.ArtifactDir(), map[bool]string{false: "light.png", true: "dark.png"}[dark]), 320, dark)
		var got struct {
			Width, Region   int
			Text, Behind    string
			Button, OnColor string
		}
		p.Eval(`(region => { const of = getComputedStyle(region), on = getComputedStyle(region.querySelector('button'))
			return {Width: document.documentElement.scrollWidth, Region: region.scrollWidth, Text: of.color, Behind: of.backgroundColor,
				Button: on.backgroundColor, OnColor: on.color} })(`+bannerRegion+`)`, &got)
		if got.Width > 320 || got.Region > 320 {
			t.Errorf("wider than the window: page %d, banner %d", got.Width, got.Region)
		}
		light, ink := "rgb(255, 255, 255)", "rgb(0, 0, 0)"
		if (got.Behind == light) == dark || (got.Text == ink) == dark || got.Button != got.Text || got.OnColor != got.Behind {
			t.Errorf("dark %t: %+v", dark, got)
		}
	}
}

const bannerRegion = `document.querySelector('html > div')?.shadowRoot.querySelector('[role=region]')`

// words are the banner's in some languages, as a site gets them.
func words(languages ...string) map[string]build.Words {
	return build.WordsOf(languages, func(language string) map[string]string { return preferences.Look{}.In(language) })
}
