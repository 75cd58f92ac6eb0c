package demoshop

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

const (
	testNotice  = "May we tell Meta & Co. what you <buy>?\n\nYou decide."
	testSnippet = `<script>window.matchkey=window.matchkey||function(){}</script><script async src="/mk/demo.js"></script>`
)

// A visit is one browser at a shop with an edge behind it.
type visit struct {
	t      *testing.T
	shop   *Shop
	url    string
	client *http.Client
	edge   *fakeEdge
	now    time.Time
}

func open(t *testing.T, change func(*Options)) *visit {
	t.Helper()
	v := &visit{t: t, edge: newEdge(t), now: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)}
	o := Options{
		Site: "demo", EdgeURL: v.edge.URL, WriteKey: "wk_test_0123456789abcdef0123", Snippet: testSnippet,
		Notice: testNotice, Language: "en", PixelURL: "http://127.0.0.1:9/tr", Dataset: "1234567890",
		PostDelay: 2 * time.Second,
		Now:       func() time.Time { return v.now },
		Random:    rand.NewChaCha8([32]byte{1}), // the same ids in every run
	}
	if change != nil {
		change(&o)
	}
	shop, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	v.shop = shop
	server := httptest.NewServer(shop)
	t.Cleanup(server.Close)
	v.url = server.URL
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v.client = &http.Client{Jar: jar}
	return v
}

// another is a second browser at the same shop.
func (v *visit) another() *visit {
	w := *v
	jar, err := cookiejar.New(nil)
	if err != nil {
		v.t.Fatal(err)
	}
	w.client = &http.Client{Jar: jar}
	return &w
}

type answerPage struct {
	t      *testing.T
	status int
	header http.Header
	path   string
	text   string
	root   *html.Node
}

func (v *visit) get(path string) *answerPage {
	v.t.Helper()
	resp, err := v.client.Get(v.url + path)
	return v.read(resp, err)
}

func (v *visit) post(path string, fields ...string) *answerPage {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	resp, err := v.client.PostForm(v.url+path, form)
	return v.read(resp, err)
}

func (v *visit) read(resp *http.Response, err error) *answerPage {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	root, err := html.Parse(strings.NewReader(string(text)))
	if err != nil {
		v.t.Fatal(err)
	}
	return &answerPage{v.t, resp.StatusCode, resp.Header, resp.Request.URL.Path, string(text), root}
}

func (v *visit) cookies() map[string]string {
	u, _ := url.Parse(v.url)
	got := map[string]string{}
	for _, c := range v.client.Jar.Cookies(u) {
		got[c.Name] = c.Value
	}
	return got
}

// find returns the first element that a test accepts, or nil.
func find(n *html.Node, is func(*html.Node) bool) *html.Node {
	if n.Type == html.ElementNode && is(n) {
		return n
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if f := find(c, is); f != nil {
			return f
		}
	}
	return nil
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func (p *answerPage) id(id string) *html.Node {
	p.t.Helper()
	n := find(p.root, func(n *html.Node) bool { got, _ := attr(n, "id"); return got == id })
	if n == nil {
		p.t.Fatalf("%s has no element #%s", p.path, id)
	}
	return n
}

func (p *answerPage) body(name string) string {
	v, _ := attr(find(p.root, func(n *html.Node) bool { return n.Data == "body" }), name)
	return v
}

func textOf(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	s := ""
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		s += textOf(c)
	}
	return s
}

func (p *answerPage) tell() []message {
	p.t.Helper()
	var m []message
	if err := json.Unmarshal([]byte(p.body("data-tell")), &m); err != nil {
		p.t.Fatalf("data-tell is no JSON: %v", err)
	}
	return m
}

func TestEveryPageRenders(t *testing.T) {
	v := open(t, nil)
	v.post("/cart", "sku", "teapot")
	for path, want := range map[string]int{
		"/": 200, "/?fbclid=IwAR3xru": 200, "/product/teapot": 200, "/cart": 200, "/checkout": 200, "/sign-in": 200, "/privacy": 200,
		"/product/none": 404, "/nowhere": 404, "/thank-you/A-9999": 404,
	} {
		p := v.get(path)
		if p.status != want {
			t.Errorf("%s answers %d, not %d", path, p.status, want)
		}
		if h := find(p.root, func(n *html.Node) bool { return n.Data == "h1" }); h == nil {
			t.Errorf("%s has no heading", path)
		}
		p.id("privacy-banner")
		p.id("newsletter")
		p.id("pixel-log")
		if find(p.root, func(n *html.Node) bool { href, _ := attr(n, "href"); return href == "/privacy" }) == nil {
			t.Errorf("%s has no link to the privacy choices", path)
		}
	}
	for _, p := range catalogue {
		if page := v.get("/product/" + p.SKU); page.status != 200 || !strings.Contains(page.text, "<svg viewBox=\"0 0 120 90\"") {
			t.Errorf("the page of %s answers %d, or shows no drawing", p.SKU, page.status)
		}
	}
	for path, kind := range map[string]string{
		"/static/shop.css": "text/css", "/static/shop.js": "text/javascript", "/pixel.js": "text/javascript", "/favicon.ico": "image/svg+xml",
	} {
		if p := v.get(path); p.status != 200 || !strings.HasPrefix(p.header.Get("Content-Type"), kind) {
			t.Errorf("%s answers %d with %s", path, p.status, p.header.Get("Content-Type"))
		}
	}
}

func TestNothingInlineNothingForeign(t *testing.T) {
	v := open(t, nil)
	p := v.get("/")
	csp := p.header.Get("Content-Security-Policy")
	// The hash is of: window.matchkey=window.matchkey||function(){}
	const want = "default-src 'none'; script-src 'self' 'sha256-Omq5J/V3mSJxB9Fr0yKjWoo0IzW7fUdsOYQtQYYlXxA='; style-src 'self'; img-src 'self' http://127.0.0.1:9; " +
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	if csp != want {
		t.Errorf("policy: %s", csp)
	}
	if strings.Contains(csp, "unsafe") {
		t.Error("the policy allows something unsafe")
	}
	inline := 0
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("<%s> has the inline attribute %s", n.Data, a.Key)
			}
		}
		if n.Type == html.ElementNode && n.Data == "script" {
			if _, ok := attr(n, "src"); !ok {
				inline++
			}
		}
		if n.Type == html.ElementNode && n.Data == "style" {
			t.Error("there is an inline style sheet")
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(p.root)
	if inline != 1 {
		t.Errorf("there are %d inline scripts; the snippet's is the only one", inline)
	}
	if without := open(t, func(o *Options) { o.PixelURL = "" }).get("/"); strings.Contains(without.text, "pixel.js") {
		t.Error("without a Pixel's URL there is a Pixel")
	}
}

func TestTheShopWorks(t *testing.T) {
	v := open(t, nil)
	if v.get("/"); len(v.cookies()) != 0 {
		t.Errorf("looking around sets cookies: %v", v.cookies())
	}
	p := v.post("/cart", "sku", "teapot", "quantity", "1")
	if p.path != "/cart" || !strings.Contains(p.text, "59.90 EUR") {
		t.Errorf("after adding to the cart: %s", p.path)
	}
	m := p.tell()
	if len(m) != 1 || m[0].Do != "cart" || m[0].Action != "add" || m[0].Value != 59.9 || m[0].Currency != "EUR" ||
		len(m[0].Contents) != 1 || m[0].Contents[0] != (content{"teapot", 1, 59.9}) || m[0].ID == "" {
		t.Errorf("the page tells %+v", m)
	}
	if again := v.get("/cart").tell(); len(again) != 0 {
		t.Errorf("the page tells it again: %+v", again)
	}
	if got := v.cookies(); len(got) != 1 || got["shop_session"] == "" {
		t.Errorf("cookies: %v", got)
	}
	v.post("/cart", "sku", "cups", "quantity", "2")
	if m := v.post("/cart", "sku", "cups", "action", "remove").tell(); len(m) != 1 || m[0].Action != "remove" || m[0].Value != 68 {
		t.Errorf("taking out tells %+v", m)
	}

	p = v.post("/sign-in", "customer", "c42")
	if p.path != "/" || p.body("data-customer") != "c42" || !strings.Contains(p.text, "Hello, Ada") || len(p.tell()) != 1 || p.tell()[0].Do != "signed_in" {
		t.Errorf("after the sign-in: %s, %q", p.path, p.body("data-customer"))
	}
	p = v.get("/checkout")
	if !strings.Contains(p.text, `value="ada@example.com"`) || !strings.Contains(p.text, `value="&#43;49 171 3920042"`) {
		t.Error("the checkout is not filled in for a known customer")
	}
	if p = v.post("/checkout", "email", "nonsense", "phone", "1"); p.status != 422 || p.id("problem") == nil || v.shop.Waiting() != 0 {
		t.Errorf("a wrong e-mail address: %d", p.status)
	}
	p = v.post("/checkout", "email", "ada@example.com", "phone", "+49 171 3920042")
	if got, _ := attr(p.id("order"), "data-order"); p.path != "/thank-you/A-1001" || got != "A-1001" {
		t.Errorf("after the order: %s, %s", p.path, got)
	}
	if m := p.tell(); len(m) != 1 || m[0].Do != "purchase" || m[0].ID != "A-1001" || m[0].Value != 59.9 {
		t.Errorf("the thank-you page tells %+v", m)
	}
	if p := v.get("/thank-you/A-1001"); p.status != 200 || len(p.tell()) != 0 {
		t.Error("the thank-you page loaded again tells again")
	}
	if p := v.another().get("/thank-you/A-1001"); p.status != 404 {
		t.Errorf("somebody else may look at the order: %d", p.status)
	}
	if p := v.get("/checkout"); p.path != "/cart" {
		t.Errorf("the cart is not empty after the order: %s", p.path)
	}
	if p := v.post("/sign-out"); p.body("data-customer") != "" || len(p.tell()) != 1 || p.tell()[0].Do != "signed_out" {
		t.Errorf("after the sign-out: %+v", p.tell())
	}
	if v.shop.Waiting() != 1 {
		t.Errorf("%d reports wait", v.shop.Waiting())
	}
}

func TestBadFormsChangeNothing(t *testing.T) {
	v := open(t, nil)
	for _, fields := range [][]string{
		{"sku", "none"}, {}, {"sku", "teapot", "quantity", "0"}, {"sku", "teapot", "quantity", "-1"}, {"sku", "teapot", "quantity", "1e9"},
		{"sku", "teapot", "quantity", "100"}, {"sku", "teapot", "quantity", "99999999999999999999"},
	} {
		if p := v.post("/cart", fields...); p.status != 400 {
			t.Errorf("%v answers %d", fields, p.status)
		}
	}
	if p := v.post("/privacy", "answer", "maybe"); p.status != 400 {
		t.Errorf("the answer maybe gives %d", p.status)
	}
	if p := v.post("/sign-in", "customer", "other", "id", "not an id!"); p.status != 422 {
		t.Errorf("a bad customer number gives %d", p.status)
	}
	if p := v.post("/newsletter", "email", "nobody"); p.status != 422 {
		t.Errorf("a bad e-mail address gives %d", p.status)
	}
	if p := v.post("/sign-in", "customer", strings.Repeat("x", maxForm)); p.status == 200 || p.status == 303 {
		t.Errorf("a form that is too large gives %d", p.status)
	}
	if len(v.cookies()) != 0 || v.shop.Waiting() != 0 {
		t.Errorf("something was changed: %v", v.cookies())
	}
	req, _ := http.NewRequest(http.MethodPost, v.url+"/cart", strings.NewReader("sku=teapot"))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "https://evil.example")
	if p := v.read(v.client.Do(req)); p.status != http.StatusForbidden {
		t.Errorf("another site's form is taken: %d", p.status)
	}
}

func TestHostileNamesAreEscaped(t *testing.T) {
	const hostile = `"><script>alert(1)</script>{{.}}&'`
	v := open(t, nil)
	p := v.post("/sign-in", "customer", "other", "id", "x1", "name", hostile)
	if strings.Contains(p.text, "<script>alert") || !strings.Contains(textOf(p.root), "Hello, "+hostile) {
		t.Error("a name is not shown as the text that it is")
	}
	v.post("/cart", "sku", "teapot")
	p = v.post("/checkout", "email", hostile, "phone", hostile)
	if strings.Contains(p.text, "<script>alert") || p.status != 422 {
		t.Error("a field is not shown as the text that it is")
	}
	if p := v.get("/product/" + url.PathEscape(hostile)); strings.Contains(p.text, "<script>alert") {
		t.Error("a path is shown as markup")
	}
	if got := clean("A\x00d\u202ea\n" + strings.Repeat("b", 100)); strings.ContainsAny(got, "\x00\u202e\n") || len(got) > 64 {
		t.Errorf("a name is kept as %q", got)
	}
}

func TestCartIsBounded(t *testing.T) {
	var c cart
	if got := c.add(catalogue[0], 60) + c.add(catalogue[0], 60); got != maxQuantity || c.Count() != maxQuantity {
		t.Errorf("%d were added, %d are there", got, c.Count())
	}
	for i := range 2 * maxLines {
		c.add(product{SKU: string(rune('A' + i))}, 1)
	}
	if len(c) != maxLines {
		t.Errorf("the cart has %d lines", len(c))
	}
	if got := c.remove(catalogue[0].SKU); got != maxQuantity || len(c) != maxLines-1 || c.remove("none") != 0 {
		t.Errorf("%d were taken out", got)
	}
}

func TestSessionsAndOrdersAreBounded(t *testing.T) {
	v := open(t, nil)
	first := v.another()
	first.post("/sign-in", "customer", "c42")
	for range maxSessions {
		r := httptest.NewRequest(http.MethodPost, "/sign-in", strings.NewReader("customer=c77"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		v.shop.ServeHTTP(httptest.NewRecorder(), r)
	}
	if len(v.shop.sessions) != maxSessions || len(v.shop.order) != maxSessions {
		t.Errorf("there are %d sessions", len(v.shop.sessions))
	}
	if p := first.get("/"); p.body("data-customer") != "" {
		t.Error("the oldest session is still there")
	}
	v.shop.mu.Lock()
	for range maxOrders + 5 {
		v.shop.store(&session{id: "x", cart: cart{{catalogue[0], 1}}})
	}
	n := len(v.shop.orders)
	v.shop.mu.Unlock()
	if n != maxOrders {
		t.Errorf("there are %d orders", n)
	}
}

func TestMoney(t *testing.T) {
	for cents, want := range map[int]string{0: "0.00 EUR", 5: "0.05 EUR", 5990: "59.90 EUR", 123456: "1234.56 EUR", -5: "-0.05 EUR"} {
		if got := money(cents, "eur"); got != want {
			t.Errorf("%d is %s", cents, got)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	_, err := New(Options{EdgeURL: "ftp://x", PixelURL: "x", VisitorIP: "nobody", SitePrefix: "mk/"})
	for _, want := range []string{"Site", "WriteKey", "Notice", "Language", "EdgeURL", "PixelURL", "VisitorIP", "SitePrefix"} {
		if err == nil || !strings.Contains(err.Error(), "Options."+want) {
			t.Errorf("the error does not name %s: %v", want, err)
		}
	}
}
