package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"matchkey/collector/meta/graphsim"
	"matchkey/tag/browsertest"
)

// -screenshots rewrites the pictures of the README: go test -run TestStory . -screenshots
var screenshots = flag.Bool("screenshots", false, "rewrite docs/*.png")

const pixelCookie = "fb.1.1603122906825.1012802381"

// TestStory is the story of the README, in a real browser, with every real
// part: shop, tag, edge, collector, dispatcher, console and the fake Graph API.
func TestStory(t *testing.T) {
	s := newStory(t)
	b := browsertest.New(t)
	if !t.Run("with consent", func(t *testing.T) { s.withConsent(t, b.Page(t)) }) {
		return
	}
	t.Run("explain says everything", s.explains)
	t.Run("the console shows it", func(t *testing.T) { s.consoleShows(t, b.Page(t)) })
	t.Run("a sign-up is a Lead", func(t *testing.T) { s.signsUp(t, b.Page(t)) })
	t.Run("without consent", func(t *testing.T) { s.withoutConsent(t, b.Page(t)) })
	t.Run("withdrawn before the order is reported", func(t *testing.T) { s.withdraws(t, b.Page(t)) })
	t.Run("the token went in the header only", s.tokenStaysHidden)
	t.Run("the accounts are closed", s.accountsAreClosed)
}

// story is one demo world, with what it announced.
type story struct {
	*demoWorld
	mu    sync.Mutex
	lines []string
	log   bytes.Buffer
	grew  chan struct{}
}

func newStory(t *testing.T) *story {
	s := &story{grew: make(chan struct{}, 1)}
	w, err := startDemo(t.Context(), &s.log, demoCommand{
		Data: t.TempDir(), Shop: "127.0.0.1:0", Listen: "127.0.0.1:0", Console: "127.0.0.1:0", Sim: "127.0.0.1:0",
		Delay: "10000h", // the test says when
	}, s.say)
	if err != nil {
		t.Fatal(err)
	}
	s.demoWorld = w
	t.Cleanup(func() {
		if err := w.stop(); err != nil {
			t.Error(err)
		}
		if s.log.Len() > 0 {
			t.Errorf("the demo complained:\n%s", &s.log)
		}
	})
	return s
}

func (s *story) say(line string) {
	s.mu.Lock()
	s.lines = append(s.lines, line)
	s.mu.Unlock()
	select {
	case s.grew <- struct{}{}:
	default:
	}
}

// until waits for an announcement that holds all the parts.
func (s *story) until(t *testing.T, parts ...string) string {
	t.Helper()
	limit := time.After(30 * time.Second)
	for {
		s.mu.Lock()
		lines := slices.Clone(s.lines)
		s.mu.Unlock()
		for _, line := range lines {
			if !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(line, p) }) {
				return line
			}
		}
		select {
		case <-s.grew:
		case <-limit:
			t.Fatalf("nothing was announced with %q; announced:\n%s\nlog:\n%s", parts, strings.Join(lines, "\n"), &s.log)
		}
	}
}

// shopping walks through the shop as a customer, from the product on, and
// returns the order's number.
func (s *story) shopping(p *browsertest.Page, product, customer string) string {
	p.Goto(s.shopURL + "/product/" + product)
	p.Follow("#add-to-cart")
	p.Goto(s.shopURL + "/sign-in")
	if customer == "c99" { // nobody the shop knows
		p.Click(`input[name=customer][value="other"]`)
		p.Fill("input[name=id]", customer)
	} else {
		p.Click(`input[name=customer][value="` + customer + `"]`)
	}
	p.Follow("#sign-in")
	p.Goto(s.shopURL + "/checkout")
	if customer == "c99" {
		p.Fill("input[name=email]", "nobody@example.com")
	}
	p.Follow("#place-order")
	var order string
	p.Eval(`document.querySelector('#order').dataset.order`, &order)
	return order
}

// server returns what the fake Graph API got from the server, by name.
func (s *story) server(name string) (got []graphsim.Received) {
	for _, r := range s.sim.Received() {
		if r.Source == graphsim.Server && r.EventName == name {
			got = append(got, r)
		}
	}
	return got
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func (s *story) withConsent(t *testing.T, p *browsertest.Page) {
	// 1. A visitor arrives by an ad. Before an answer nothing is sent or stored.
	p.SetCookie(s.shopURL, "_fbp", pixelCookie)
	before := time.Now().UnixMilli()
	p.Goto(s.shopURL + "/?fbclid=" + demoClick)
	p.Settle()
	after := time.Now().UnixMilli()
	for _, r := range p.Requests() {
		if r.Method == http.MethodPost || strings.Contains(r.URL, "/tr") {
			t.Errorf("before the banner was answered the page sent %s %s", r.Method, r.URL)
		}
	}
	for _, c := range p.Cookies() {
		if c.Name != "_fbp" {
			t.Errorf("before the banner was answered the cookie %s was set", c.Name)
		}
	}
	p.Click("#accept")
	p.WaitFor(`document.cookie.includes("_fbc=") && document.cookie.includes("_mkv=")`)

	// 2. The tag built fbc byte for byte, with the time of the landing.
	fbc, _ := p.Cookie("_fbc")
	parts := regexp.MustCompile(`^fb\.1\.(\d{13})\.(.+)$`).FindStringSubmatch(fbc.Value)
	if parts == nil || parts[2] != demoClick {
		t.Fatalf("_fbc is %q", fbc.Value)
	}
	if ms, _ := strconv.ParseInt(parts[1], 10, 64); ms < before || ms > after {
		t.Errorf("the click is dated %d; the landing was between %d and %d", ms, before, after)
	}

	// He browses, adds to the cart, signs in and buys.
	order := s.shopping(p, "teapot", "c42")
	if order != "A-1001" {
		t.Fatalf("the order's number is %q", order)
	}
	s.until(t, "ViewContent", "delivered")
	s.until(t, "AddToCart", "delivered")
	// The browser's own copy, by the Pixel stand-in.
	p.WaitFor(`document.querySelector('#pixel-log').dataset.sent.includes('purchase.A-1001')`)
	p.Settle()

	// 4. Minutes later the back end, which knows no cookie, reports the order.
	if n := len(s.server("Purchase")); n != 0 {
		t.Fatalf("%d purchases were sent before the shop reported any", n)
	}
	if err := s.shop.PostNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.until(t, "Purchase", "purchase.A-1001", "delivered")

	// 5. Exactly one Purchase, with everything.
	got := s.server("Purchase")
	if len(got) != 1 {
		t.Fatalf("%d purchases reached Graph, want one", len(got))
	}
	var agent string
	p.Eval(`navigator.userAgent`, &agent)
	want := map[string]string{
		"em": hash("ada@example.com"), "ph": hash("491713920042"), "external_id": hash("c42"),
		"fbc": fbc.Value, "fbp": pixelCookie, "client_ip_address": "203.0.113.7", "client_user_agent": agent,
	}
	for key, value := range want {
		have := got[0].UserData[key]
		if len(have) != 1 || have[0] != value {
			t.Errorf("user_data.%s is %q, want %q", key, have, value)
		}
	}
	if got[0].EventID != "purchase.A-1001" || got[0].ActionSource != "website" || !strings.HasPrefix(got[0].EventSourceURL, s.shopURL+"/") {
		t.Errorf("event_id %q, action_source %q, event_source_url %q", got[0].EventID, got[0].ActionSource, got[0].EventSourceURL)
	}
	if v, _ := got[0].CustomData["value"].(float64); v <= 0 || got[0].CustomData["currency"] != "EUR" {
		t.Errorf("value %v, currency %v", got[0].CustomData["value"], got[0].CustomData["currency"])
	}
	// The business counts one purchase, seen from both sides.
	for _, c := range s.sim.Counted() {
		if c.EventName == "Purchase" && (c.EventID != "purchase.A-1001" || c.Browser != 1 || c.Server != 1 || c.Counted != 1) {
			t.Errorf("counted: %+v; want one purchase of two copies", c)
		}
	}
	if c, ok := p.Cookie("_mkv"); !ok || c.HTTPOnly || c.Expires.Before(time.Now().Add(80*24*time.Hour)) {
		t.Errorf("the visitor cookie is %+v; want a readable one that the server set for 90 days", c)
	}
}

// ask runs a command line against the story's console.
func (s *story) ask(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	p := &program{ctx: t.Context(), stdin: strings.NewReader(""), stdout: &out, stderr: &errs, env: os.LookupEnv}
	if code := run(p, append(args, "--console", s.node.consoleURL)); code != 0 {
		t.Fatalf("matchkey %s: exit %d: %s", strings.Join(args, " "), code, &errs)
	}
	return out.String()
}

func (s *story) explains(t *testing.T) {
	text := s.ask(t, "explain", "A-1001")
	for _, want := range []string{
		"purchase.A-1001", "delivered", "user_data.em", "user_data.ph", "user_data.external_id", "user_data.fbc", "user_data.fbp",
		"user_data.client_ip_address", "user_data.client_user_agent", "event_source_url", "custom_data.value", "EUR", "consent_granted", "beacon b_", "call c_",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("explain does not say %q", want)
		}
	}
	for _, secret := range []string{demoClick, "ada@example.com", hash("ada@example.com"), "203.0.113.7"} {
		if strings.Contains(text, secret) {
			t.Errorf("explain shows %q unmasked", secret)
		}
	}
	t.Logf("\n%s", text)
}

func (s *story) consoleShows(t *testing.T, p *browsertest.Page) {
	p.Goto(s.node.consoleURL + "/event?id=A-1001")
	page := p.Text("main")
	for _, want := range []string{"purchase.A-1001", "user_data.fbc", "user_data.em", "custom_data.value"} {
		if !strings.Contains(page, want) {
			t.Errorf("the event's page does not show %q", want)
		}
	}
	if strings.Contains(page, demoClick) {
		t.Error("the event's page shows the click id unmasked")
	}
	if *screenshots {
		p.Screenshot("docs/console-event.png", 1280, false)
		p.Goto(s.node.consoleURL + "/")
		p.Screenshot("docs/console-overview.png", 1280, false)
	}
}

func (s *story) signsUp(t *testing.T, p *browsertest.Page) {
	p.Goto(s.shopURL + "/")
	p.Click("#accept")
	p.WaitFor(`document.cookie.includes("_mkv=")`)
	p.Goto(s.shopURL + "/sign-in")
	p.Click(`input[name=customer][value="c42"]`)
	p.Follow("#sign-in")
	p.Fill("#newsletter-email", "ada@example.com")
	p.Follow("#newsletter button")
	if err := s.shop.PostNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.until(t, "Lead", "delivered")
	if got := s.server("Lead"); len(got) != 1 || got[0].UserData["em"][0] != hash("ada@example.com") {
		t.Errorf("leads: %+v", got)
	}
}

// explanation is the part of /api/explain that is looked at here.
type explanation struct {
	Events []struct {
		Deliveries []struct {
			State string `json:"state"`
		} `json:"deliveries"`
	} `json:"events"`
}

// state waits until an order's delivery is in a state, and returns the answer
// of the console as text.
func (s *story) state(t *testing.T, order, state string) (text string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		answer, err := http.Get(s.node.consoleURL + "/api/explain?id=" + url.QueryEscape(order))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		text = string(body)
		var x explanation
		if answer.StatusCode != http.StatusOK || json.Unmarshal(body, &x) != nil {
			continue
		}
		for _, e := range x.Events {
			for _, d := range e.Deliveries {
				if d.State == state {
					return text
				}
			}
		}
	}
	t.Fatalf("order %s is not %s: %s", order, state, text)
	return text
}

func (s *story) withoutConsent(t *testing.T, p *browsertest.Page) {
	sent := len(s.sim.Received())
	p.Goto(s.shopURL + "/?fbclid=" + demoClick)
	p.Click("#reject")
	p.WaitFor(`document.cookie.includes("_mkc=")`)
	order := s.shopping(p, "teapot", "c77")
	p.Settle()

	// 7. No identifier cookie, and no request with an identifier.
	for _, c := range p.Cookies() {
		switch c.Name {
		case "shop_session", "shop_privacy", "_mkc":
		default:
			t.Errorf("after a refusal the cookie %s is set", c.Name)
		}
	}
	for _, r := range p.Requests() {
		if strings.Contains(r.URL, "/tr") {
			t.Errorf("after a refusal the Pixel sent %s", r.URL)
		}
		if r.Method == http.MethodPost && strings.Contains(r.URL, "/mk/") {
			var beacon map[string]json.RawMessage
			if err := json.Unmarshal([]byte(r.Body), &beacon); err != nil {
				t.Errorf("a beacon is not JSON: %v: %s", err, r.Body)
			}
			for _, key := range []string{"i", "k", "m", "l", "r"} { // visitor, session, identifiers, page, referrer
				if value, ok := beacon[key]; ok {
					t.Errorf("after a refusal a beacon carries %q: %s", key, value)
				}
			}
			for _, trace := range []string{demoClick, "email", "phone", "page_view", "cart_update"} {
				if strings.Contains(r.Body, trace) {
					t.Errorf("after a refusal a beacon carries %q: %s", trace, r.Body)
				}
			}
		}
	}
	if err := s.shop.PostNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	text := s.state(t, order, "withheld")
	if !strings.Contains(text, "consent_denied") {
		t.Errorf("the console does not say why: %s", text)
	}
	for _, trace := range []string{"c77", "@", "203.0.113"} {
		if strings.Contains(text, trace) {
			t.Errorf("of a refused order %q is kept: %s", trace, text)
		}
	}
	if n := len(s.sim.Received()); n != sent {
		t.Errorf("%d events left in spite of the refusal", n-sent)
	}
	p.Goto(s.node.consoleURL + "/event?id=" + order)
	if page := p.Text("main"); !strings.Contains(strings.ToLower(page), "withheld") {
		t.Errorf("the event's page does not say withheld: %s", page)
	}
}

func (s *story) withdraws(t *testing.T, p *browsertest.Page) {
	p.Goto(s.shopURL + "/?fbclid=" + demoClick)
	p.Click("#accept")
	p.WaitFor(`document.cookie.includes("_fbc=")`)
	order := s.shopping(p, "teapot", "c99")
	p.Goto(s.shopURL + "/privacy")
	p.Click("#withdraw")
	p.WaitFor(`!document.cookie.includes("_mkv=")`)
	p.Settle()
	if err := s.shop.PostNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.state(t, order, "withheld")
	for _, r := range s.server("Purchase") {
		if r.EventID == "purchase."+order {
			t.Error("the order left after the consent was taken back")
		}
	}
	for _, c := range p.Cookies() {
		if c.Name == "_fbc" || c.Name == "_mkv" || c.Name == "_mks" {
			t.Errorf("after the withdrawal the cookie %s is still there", c.Name)
		}
	}
}

func (s *story) tokenStaysHidden(t *testing.T) {
	if leaks := s.sim.Leaks(); len(leaks) != 0 {
		t.Errorf("the token leaked: %+v", leaks)
	}
	if found := s.sim.PersonalData(); len(found) != 0 {
		t.Errorf("personal data in the clear: %+v", found)
	}
	for _, r := range s.sim.Requests() {
		if !r.TokenOnlyInHeader {
			t.Errorf("request %d carried the token elsewhere than in the header alone", r.Number)
		}
	}
}

func (s *story) accountsAreClosed(t *testing.T) {
	answer, err := http.Get(s.node.consoleURL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	sum := func(metric string) (total float64) {
		for _, m := range regexp.MustCompile(`(?m)^`+metric+`\{[^}]*\} (\S+)$`).FindAllStringSubmatch(string(text), -1) {
			v, err := strconv.ParseFloat(m[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			total += v
		}
		return total
	}
	matched, states := sum("matchkey_conversions"), sum("matchkey_deliveries")
	if matched == 0 || matched != states {
		t.Errorf("%v conversions, and %v deliveries over all states: the accounts are not closed", matched, states)
	}
	for _, secret := range []string{demoClick, "ada@", "203.0.113.7", pixelCookie} {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("the metrics contain %q", secret)
		}
	}
}
