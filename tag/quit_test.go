package tag_test

import (
	"strings"
	"testing"

	"matchkey/build"
	"matchkey/tag/browsertest"
)

// TestTheBrowserQuits: a browser that is closed as a whole takes every request
// with it that is on its way (tag.md § 5). What it took arrives on the next page
// view, in the next browser; by the ids of the events, once.
func TestTheBrowserQuits(t *testing.T) {
	s := newShop(t, build.TagOptions{})
	profile := t.TempDir()
	first := browsertest.At(t, profile)
	p := first.Lasting(t)
	p.Goto(s.URL)
	p.Eval(accept, nil)
	s.wait(t, "page_view")
	s.answerWith(unavailable) // nothing of the rest arrives before the end
	p.Eval(`matchkey('track', 'waiting'), matchkey('track', 'last')`, nil)
	// What a person's browser does before it ends, which the driver's command skips.
	p.Eval(`void dispatchEvent(new PageTransitionEvent('pagehide'))`, nil)
	first.Quit()

	tried := len(s.beacons(t))
	s.answerWith(failing(0, nil))
	p = browsertest.At(t, profile).Lasting(t)
	p.Goto(s.URL + "/next")
	s.waitN(t, "page_view", 2)
	s.waitN(t, "waiting", 1)
	p.Eval(`new Promise(done => { const look = () => localStorage._mkq ? setTimeout(look, 20) : done(1); setTimeout(look, 1200) })`, nil)
	got := map[string]int{}
	for _, b := range s.beacons(t)[tried:] {
		if strings.Contains(string(b.raw), "waiting") && !strings.HasSuffix(b.L, "/") {
			t.Errorf("the old page's events have the address of the new one: %s", b.raw)
		}
		for _, e := range b.E {
			got[e.N]++
		}
	}
	if got["waiting"] != 1 || got["last"] != 1 {
		t.Errorf("after the restart arrived %v", got)
	}
}
