package demoshop

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"matchkey/tag/browsertest"
)

// What the shop's two scripts do, in a real browser. The tag is a stub that
// writes down its calls; the whole story with the real one is played elsewhere.

const liveSnippet = `<script>window.matchkey=window.matchkey||function(){(matchkey.q=matchkey.q||[]).push(arguments)}</script>
<script async src="/mk/demo.js"></script>`

// stubTag remembers the answer in a cookie, as the tag does.
const stubTag = `(() => {
  const queue = (window.matchkey && window.matchkey.q) || []
  window.calls = []
  window.matchkey = (...call) => {
    if (call[0] === 'get') return call[1]({ consent: (document.cookie.match(/_stub=(\w+)/) || [, null])[1] })
    window.calls.push(call)
    if (call[0] === 'consent') document.cookie = '_stub=' + (call[1] === 'accept' ? 'accept' : 'reject') + ';path=/'
  }
  for (const call of queue) window.matchkey(...call)
})()`

// browse opens a page at a shop; pixel records what the Pixel stand-in sends.
func browse(t *testing.T, b *browsertest.Browser) (v *visit, p *browsertest.Page, pixel *browsertest.Recorder) {
	t.Helper()
	pixel = browsertest.Record(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	server := httptest.NewServer(pixel)
	t.Cleanup(server.Close)
	v = open(t, func(o *Options) { o.Snippet, o.PixelURL = liveSnippet, server.URL+"/tr" })
	v.edge.tag = stubTag
	p = b.Page(t)
	t.Cleanup(func() {
		if got := p.Console(); len(got) != 0 {
			t.Errorf("the page's console: %q", got)
		}
	})
	return v, p, pixel
}

// calls waits for the stub and returns what it was told on this page.
func calls(t *testing.T, p *browsertest.Page) (got []any) {
	t.Helper()
	p.WaitFor(`window.calls`)
	p.Eval(`window.calls`, &got)
	return got
}

func expectCalls(t *testing.T, p *browsertest.Page, want string) {
	t.Helper()
	var wanted []any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(wanted, calls(t, p)); d != "" {
		t.Errorf("the tag was told (-want +got):\n%s", d)
	}
}

func sentEvents(t *testing.T, p *browsertest.Page) (events []string) {
	t.Helper()
	p.Eval(`JSON.parse(document.getElementById('pixel-log').dataset.sent).map(e => e.ev + ' ' + (e.eid || ''))`, &events)
	return events
}

func cookieNames(p *browsertest.Page) string {
	var names []string
	for _, c := range p.Cookies() {
		names = append(names, c.Name)
	}
	return strings.Join(names, " ")
}

func TestScripts(t *testing.T) {
	b := browsertest.New(t)

	t.Run("accepted, and bought", func(t *testing.T) {
		v, p, pixel := browse(t, b)
		p.Goto(v.url + "/")
		p.WaitVisible("#privacy-banner")
		var focused string
		p.Eval(`document.activeElement.tagName`, &focused)
		if focused != "BODY" {
			t.Errorf("the banner took the focus: %s", focused)
		}
		expectCalls(t, p, `[]`)
		p.Settle()
		if got := cookieNames(p); got != "" || len(pixel.All(nil)) != 0 || len(sentEvents(t, p)) != 0 {
			t.Errorf("before an answer there are cookies (%s) or a Pixel's request", got)
		}

		p.Click("#accept")
		p.WaitFor(`document.getElementById('privacy-banner').hidden && document.body.dataset.consent === 'accept'`)
		expectCalls(t, p, `[["consent","accept",{"source":"banner","language":"en"}]]`)
		view := pixel.Wait(t, "the Pixel's page view", nil)
		if q := queryOf(t, view); q.Get("ev") != "PageView" || q.Get("id") != "1234567890" || q.Get("dl") != v.url+"/" ||
			!regexp.MustCompile(`^fb\.1\.[0-9]{13}\.[0-9]{10}$`).MatchString(q.Get("fbp")) {
			t.Errorf("the Pixel sent %v", q)
		}

		p.Follow(`a[href="/product/teapot"]`)
		var consent string
		p.Eval(`document.body.dataset.consent`, &consent)
		if consent != "accept" {
			t.Errorf("the next page knows of the answer %q", consent)
		}
		p.Follow("#add-to-cart")
		pixel.WaitN(t, "AddToCart", 1, func(r browsertest.Received) bool { return queryOf(t, r).Get("ev") == "AddToCart" })
		told := calls(t, p)
		if len(told) != 1 {
			t.Fatalf("the tag was told %v", told)
		}
		id := told[0].([]any)[3].(map[string]any)["id"].(string)
		expectCalls(t, p, `[["track","cart_update",{"action":"add","contents":[{"id":"teapot","quantity":1,"item_price":59.9}],"value":59.9,"currency":"EUR"},{"id":"`+id+`"}]]`)
		if d := cmp.Diff([]string{"AddToCart cart_update." + id, "PageView "}, slices.Sorted(slices.Values(sentEvents(t, p)))); d != "" {
			t.Errorf("the Pixel sent (-want +got):\n%s", d)
		}

		p.Goto(v.url + "/sign-in")
		p.Follow("#sign-in")
		expectCalls(t, p, `[["identify","c42"]]`)
		p.Goto(v.url + "/checkout")
		p.Follow("#place-order")
		p.WaitVisible(`#order[data-order="A-1001"]`)
		expectCalls(t, p, `[["identify","c42"]]`)
		bought := queryOf(t, pixel.Wait(t, "the Pixel's Purchase", func(r browsertest.Received) bool { return queryOf(t, r).Get("ev") == "Purchase" }))
		if bought.Get("eid") != "purchase.A-1001" || bought.Get("cd[value]") != "59.9" || bought.Get("cd[currency]") != "EUR" {
			t.Errorf("the Pixel sent %v", bought)
		}
		p.Follow("#sign-out")
		expectCalls(t, p, `[["identify",null]]`)
	})

	t.Run("rejected, and bought", func(t *testing.T) {
		v, p, pixel := browse(t, b)
		p.Goto(v.url + "/product/cups")
		p.Click("#reject")
		p.WaitFor(`document.getElementById('privacy-banner').hidden`)
		expectCalls(t, p, `[["consent","reject",{"source":"banner","language":"en"}]]`)
		p.Follow("#add-to-cart")
		p.Follow("#to-checkout")
		p.Fill("main input[name=email]", "guest@example.com")
		p.Follow("#place-order")
		p.WaitVisible("#order")
		p.Settle()
		if got := cookieNames(p); got != "_stub shop_privacy shop_session" {
			t.Errorf("there are the cookies %s", got)
		}
		if len(pixel.All(nil)) != 0 {
			t.Error("the Pixel sent something after a refusal")
		}
	})

	t.Run("taken back", func(t *testing.T) {
		v, p, pixel := browse(t, b)
		p.Goto(v.url + "/privacy")
		p.Click("#choose-accept")
		pixel.Wait(t, "the Pixel's page view", nil)
		p.WaitVisible("#withdraw")
		p.Click("#withdraw")
		p.WaitFor(`document.body.dataset.consent === 'reject'`)
		p.WaitVisible("#choose-accept")
		expectCalls(t, p, `[["consent","accept",{"source":"preferences","language":"en"}],["consent","withdraw",{"source":"preferences","language":"en"}]]`)
		if _, there := p.Cookie("_fbp"); there {
			t.Error("the Pixel's id of the browser outlives the withdrawal")
		}
		var said string
		p.Eval(`document.getElementById('announce').textContent`, &said)
		if said != "You took your consent back." {
			t.Errorf("a screen reader hears %q", said)
		}
		p.Goto(v.url + "/")
		p.Settle()
		if len(pixel.All(nil)) != 1 {
			t.Error("the Pixel sent something after the withdrawal")
		}
	})

	t.Run("named once after a refusal", func(t *testing.T) {
		v, p, _ := browse(t, b)
		p.Goto(v.url + "/sign-in")
		p.Click("#reject")
		p.WaitFor(`document.getElementById('privacy-banner').hidden`)
		p.Follow("#sign-in")
		expectCalls(t, p, `[["identify","c42"]]`)
		p.Goto(v.url + "/privacy")
		expectCalls(t, p, `[]`)
		p.Click("#choose-accept")
		p.WaitVisible("#withdraw")
		expectCalls(t, p, `[["identify","c42"],["consent","accept",{"source":"preferences","language":"en"}]]`)
	})

	t.Run("the tag forgot", func(t *testing.T) {
		v, p, _ := browse(t, b)
		p.SetCookie(v.url, privacyCookie, "accept.1795514400000."+noticeID(testNotice))
		p.Goto(v.url + "/")
		p.WaitVisible("#privacy-banner")
	})

	t.Run("taken back elsewhere", func(t *testing.T) {
		v, p, _ := browse(t, b)
		p.SetCookie(v.url, privacyCookie, "accept.1795514400000."+noticeID(testNotice))
		p.SetCookie(v.url, "_stub", "reject")
		p.Goto(v.url + "/")
		p.WaitFor(`document.body.dataset.consent === 'reject'`)
		if _, there := p.Cookie("_fbp"); there {
			t.Error("the Pixel still has its id of the browser")
		}
	})

	t.Run("fits 320 pixels", func(t *testing.T) {
		v, p, _ := browse(t, b)
		for _, path := range []string{"/", "/product/teapot", "/sign-in", "/privacy"} {
			p.Goto(v.url + path)
			p.Screenshot(t.TempDir()+"/narrow.png", 320, true)
			var wide int
			p.Eval(`document.documentElement.scrollWidth`, &wide)
			if wide > 320 {
				t.Errorf("%s is %d pixels wide", path, wide)
			}
		}
	})
}

func queryOf(t *testing.T, r browsertest.Received) url.Values {
	t.Helper()
	q, err := url.ParseQuery(r.Query)
	if err != nil {
		t.Fatal(err)
	}
	return q
}
