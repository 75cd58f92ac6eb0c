package demoshop

import (
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// The rules are those of reference/consent.md § 7: first layer, alike, first in
// the page, no dialog, no focus taken, the exact text.
func TestBanner(t *testing.T) {
	v := open(t, nil)
	p := v.get("/")
	banner := p.id("privacy-banner")
	body := find(p.root, func(n *html.Node) bool { return n.Data == "body" })
	first := body.FirstChild
	for first.Type != html.ElementNode {
		first = first.NextSibling
	}
	if first != banner {
		t.Errorf("the first element of the page is <%s>", first.Data)
	}
	if role, _ := attr(banner, "role"); role != "region" {
		t.Errorf("its role is %q", role)
	}
	if label, _ := attr(banner, "aria-label"); label != "Privacy choices" {
		t.Errorf("its name is %q", label)
	}
	for _, never := range []string{"autofocus", "aria-modal", "<dialog", "tabindex"} {
		if strings.Contains(p.text, never) {
			t.Errorf("the page has %s", never)
		}
	}
	notice := find(banner, func(n *html.Node) bool { class, _ := attr(n, "class"); return class == "notice" })
	if got := textOf(notice); got != testNotice {
		t.Errorf("the banner says %q", got)
	}
	if lang, _ := attr(notice, "lang"); lang != "en" {
		t.Errorf("in the language %q", lang)
	}
	accept, reject := p.id("accept"), p.id("reject")
	if accept.Parent != reject.Parent || accept.Data != "button" || reject.Data != "button" {
		t.Error("accepting and rejecting are not two buttons side by side")
	}
	for _, a := range accept.Attr {
		if other, _ := attr(reject, a.Key); a.Key != "id" && a.Key != "value" && other != a.Val {
			t.Errorf("the two buttons differ in %s", a.Key)
		}
	}
	if len(v.cookies()) != 0 {
		t.Error("asking sets a cookie")
	}
}

func TestAnswers(t *testing.T) {
	hidden := func(p *answerPage, id string) bool { _, is := attr(p.id(id), "hidden"); return is }
	for _, c := range []struct{ answer, kept string }{{"accept", "accept"}, {"reject", "reject"}, {"withdraw", "reject"}} {
		v := open(t, nil)
		if p := v.get("/"); hidden(p, "privacy-banner") || p.body("data-consent") != "" {
			t.Error("the banner is hidden before there is an answer")
		}
		p := v.post("/privacy", "answer", c.answer)
		if p.path != "/privacy" || p.body("data-consent") != c.kept {
			t.Errorf("%s leads to %s with %q", c.answer, p.path, p.body("data-consent"))
		}
		if !strings.Contains(textOf(p.root), c.kept+"ed on 24 November 2026, 10:00 UTC") {
			t.Errorf("the page does not say when %s was given", c.answer)
		}
		if got := hidden(p, "withdraw"); got != (c.kept == "reject") {
			t.Errorf("after %s the button to withdraw is hidden: %v", c.answer, got)
		}
		if got := hidden(p, "choose-accept"); got != (c.kept == "accept") {
			t.Errorf("after %s the button to accept is hidden: %v", c.answer, got)
		}
		if !hidden(v.get("/"), "privacy-banner") {
			t.Errorf("the banner asks again after %s", c.answer)
		}
		if got := v.cookies(); len(got) != 1 || !strings.HasPrefix(got["shop_privacy"], c.kept+".1795514400000.") {
			t.Errorf("cookies after %s: %v", c.answer, got)
		}
	}
}

func TestScriptedAnswerGetsNoPage(t *testing.T) {
	v := open(t, nil)
	req, _ := http.NewRequest(http.MethodPost, v.url+"/privacy", strings.NewReader("answer=accept"))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Shop-Script", "1")
	p := v.read(v.client.Do(req))
	if p.status != http.StatusNoContent || v.cookies()["shop_privacy"] == "" {
		t.Errorf("%d, %v", p.status, v.cookies())
	}
}

func TestAnotherNoticeAsksAgain(t *testing.T) {
	v := open(t, nil)
	v.post("/privacy", "answer", "accept")
	v.shop.notice = noticeID("another text")
	if p := v.get("/"); p.body("data-consent") != "" {
		t.Error("an answer to another text counts")
	}
}

func TestTheShopWorksAfterARefusal(t *testing.T) {
	v := open(t, nil)
	v.post("/privacy", "answer", "reject")
	v.post("/cart", "sku", "lantern")
	if p := v.post("/checkout", "email", "guest@example.com"); p.path != "/thank-you/A-1001" {
		t.Errorf("the order leads to %s", p.path)
	}
	for name := range v.cookies() {
		if name != "shop_session" && name != "shop_privacy" {
			t.Errorf("there is the cookie %s", name)
		}
	}
}
