package tag_test

import (
	"strings"
	"testing"

	"matchkey/build"
	"matchkey/tag/browsertest"
)

// TestTabs: what several tabs of one browser owe each other.
func TestTabs(t *testing.T) {
	for _, engine := range browsertest.Engines(t) {
		for what, test := range map[string]func(*testing.T, browsertest.Engine){
			"a withdrawal in one tab holds in all":               testWithdrawalInOtherTab,
			"a grant in one tab opens the others":                testGrantInOtherTab,
			"what an earlier page left is delivered by one only": testOneDelivers,
		} {
			t.Run(engine.Name+"/"+what, func(t *testing.T) { test(t, engine) })
		}
	}
}

func testWithdrawalInOtherTab(t *testing.T, engine browsertest.Engine) {
	s, first := newShop(t, build.TagOptions{}), engine.Page(t)
	first.Goto(s.URL)
	first.Eval(accept, nil)
	s.wait(t, "page_view")
	second := engine.Tab(t, first)
	second.Goto(s.URL + "/second")
	s.waitN(t, "page_view", 2)
	first.Eval(withdraw, nil)
	s.waitN(t, "consent", 2)
	second.Eval(`matchkey('track', 'after'), matchkey('identify', 'c42', {email: 'jane@example.com'})`, nil)
	second.Settle()
	second.Settle()
	for _, b := range s.beacons(t) {
		if strings.Contains(string(b.raw), `"after"`) || strings.Contains(string(b.raw), "jane") {
			t.Errorf("sent by the other tab after the withdrawal: %s", b.raw)
		}
	}
	var cookies string
	second.Eval(`document.cookie`, &cookies)
	if strings.Contains(cookies, "_mkv") || strings.Contains(cookies, "_mks") {
		t.Errorf("cookies %q", cookies)
	}
}

func testGrantInOtherTab(t *testing.T, engine browsertest.Engine) {
	s, first := newShop(t, build.TagOptions{}), engine.Page(t)
	first.Goto(s.URL)
	second := engine.Tab(t, first)
	second.Goto(s.URL + "/second")
	second.Eval(`matchkey('track', 'held')`, nil)
	first.Eval(accept, nil)
	s.wait(t, "page_view")
	second.Eval(`matchkey('track', 'next')`, nil)
	got := s.wait(t, "held")
	if !strings.HasPrefix(strings.TrimPrefix(got.names(), "session_start "), "page_view held") || got.C.A != "accept" {
		t.Errorf("the other tab sends %s", got.raw)
	}
}

func testOneDelivers(t *testing.T, engine browsertest.Engine) {
	s, first := newShop(t, build.TagOptions{}), engine.Page(t)
	first.Goto(s.URL)
	first.Eval(accept, nil)
	s.wait(t, "page_view")
	// As if an earlier page had left it: a message with an event of its own.
	first.Eval(`new Promise(done => setTimeout(done, 1200)).then(() => {
		localStorage._mkq = JSON.stringify(['"b":"00000000","c":{"a":"accept","t":1,"s":"api","x":true},"e":[{"n":"left","i":"left.1","t":1}]}'])
	})`, nil)
	second, third := engine.Tab(t, first), engine.Tab(t, first)
	second.Goto(s.URL + "/second")
	third.Goto(s.URL + "/third")
	s.wait(t, "left")
	third.Eval(`new Promise(done => setTimeout(done, 1500))`, nil)
	if n := s.counted(t)["left"]; n != 1 {
		t.Errorf("it arrived %d times", n)
	}
	var kept *string
	third.Eval(`localStorage._mkq`, &kept)
	if kept != nil {
		t.Errorf("it is still kept: %s", *kept)
	}
}
