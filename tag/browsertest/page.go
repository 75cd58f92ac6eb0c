package browsertest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A Page is one tab. Its steps end the test when they fail, so they need no
// error handling; call them from the test's goroutine.
type Page struct {
	t   testing.TB
	ctx context.Context
	jar cdp.BrowserContextID

	mu       sync.Mutex // guards the two lists below, which the browser's events extend
	requests []Request
	console  []string
}

// A Request is one request that a page sent, whatever became of it.
type Request struct {
	Method string
	URL    string
	// Type is the browser's word: Document, Script, Fetch, Ping (sendBeacon) …
	Type string
	// Body is what the browser tells of it; empty for some beacons that leave
	// while the page ends. A [Recorder] at the server sees them all.
	Body string
}

// A Cookie is one cookie of the page's jar.
type Cookie struct {
	Name, Value string
	// Domain begins with a dot when the cookie was set for a domain and not for
	// one host.
	Domain, Path string
	// Expires is zero for a session cookie.
	Expires  time.Time
	Secure   bool
	HTTPOnly bool
	SameSite string // "Strict", "Lax", "None" or empty
}

// Page opens a tab with a cookie jar of its own; it is closed when t ends.
func (b *Browser) Page(t testing.TB) *Page {
	t.Helper()
	var jar cdp.BrowserContextID
	err := inBrowser(b.ctx, func(ctx context.Context) (err error) {
		jar, err = target.CreateBrowserContext().Do(ctx)
		return err
	})
	if err != nil {
		t.Fatalf("making a cookie jar: %v", err)
	}
	t.Cleanup(func() {
		if err := inBrowser(b.ctx, target.DisposeBrowserContext(jar).Do); err != nil {
			t.Logf("The cookie jar could not be thrown away: %v", err)
		}
	})
	return open(t, b.ctx, jar)
}

// Lasting opens a tab whose cookies and storage are the profile's, so that they
// outlast the browser.
func (b *Browser) Lasting(t testing.TB) *Page {
	t.Helper()
	return open(t, b.ctx, "")
}

// Tab opens another tab in the same cookie jar.
func (p *Page) Tab() *Page {
	p.t.Helper()
	return open(p.t, p.ctx, p.jar)
}

func open(t testing.TB, parent context.Context, jar cdp.BrowserContextID) *Page {
	t.Helper()
	var id target.ID
	err := inBrowser(parent, func(ctx context.Context) (err error) {
		// A new jar has no window to put a tab into: Chromium's headless mode since
		// 112 is the ordinary browser, and refuses without NewWindow.
		id, err = target.CreateTarget("about:blank").WithBrowserContextID(jar).WithNewWindow(true).Do(ctx)
		return err
	})
	if err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	ctx, closeTab := chromedp.NewContext(parent, chromedp.WithTargetID(id))
	p := &Page{t: t, ctx: ctx, jar: jar}
	chromedp.ListenTarget(ctx, p.listen)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("What the page saw:\n%s", p.account())
		}
		closeTab()
	})
	// The first Run attaches to the tab for the life of its context: no timeout.
	if err := chromedp.Run(ctx, network.Enable()); err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	return p
}

// inBrowser runs a command of the browser and not of one tab.
func inBrowser(ctx context.Context, command func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, StepTimeout)
	defer cancel()
	return command(cdp.WithExecutor(ctx, chromedp.FromContext(ctx).Browser))
}

// Goto opens an address and waits until the document and what it loads are there.
func (p *Page) Goto(url string) {
	p.t.Helper()
	p.run("going to "+url, chromedp.Navigate(url))
}

// Click clicks the first element that the CSS selector names, once it is visible.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.run("clicking "+selector, chromedp.Click(selector, chromedp.ByQuery))
}

// Press presses keys, one after the other, as a person with a keyboard does: a
// character, or Tab, Enter, Space, Escape, ArrowDown …
func (p *Page) Press(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		if named, known := namedKeys[key]; known {
			key = named
		}
		p.run("pressing "+key, chromedp.KeyEvent(key))
	}
}

var namedKeys = map[string]string{
	"Tab": kb.Tab, "Enter": kb.Enter, "Space": " ", "Escape": kb.Escape, "Backspace": kb.Backspace,
	"ArrowDown": kb.ArrowDown, "ArrowUp": kb.ArrowUp, "ArrowLeft": kb.ArrowLeft, "ArrowRight": kb.ArrowRight,
}

// Follow clicks like [Page.Click] and waits for the document that it leads to.
func (p *Page) Follow(selector string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, StepTimeout)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(selector, chromedp.ByQuery)); err != nil {
		p.t.Fatalf("following %s: %v", selector, err)
	}
}

// Fill replaces what stands in an input by text, as if it were typed.
func (p *Page) Fill(selector, text string) {
	p.t.Helper()
	p.run("filling in "+selector,
		chromedp.WaitVisible(selector, chromedp.ByQuery),
		chromedp.Focus(selector, chromedp.ByQuery),
		chromedp.Evaluate(`document.activeElement.select()`, nil),
		input.InsertText(text))
}

// Eval evaluates a JavaScript expression, awaits it when it is a promise, and
// decodes its JSON value into out; nil throws the value away.
func (p *Page) Eval(js string, out any) {
	p.t.Helper()
	p.run("evaluating "+js, chromedp.Evaluate(js, out, awaited))
}

func awaited(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }

// WaitVisible waits until the first element that the CSS selector names is visible.
func (p *Page) WaitVisible(selector string) {
	p.t.Helper()
	p.run("waiting for "+selector, chromedp.WaitVisible(selector, chromedp.ByQuery))
}

// WaitFor waits until a JavaScript expression is truthy.
func (p *Page) WaitFor(js string) {
	p.t.Helper()
	p.run("waiting for "+js, chromedp.Poll(js, nil))
}

// Text returns the visible text of the first element that the CSS selector names.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	var text string
	p.run("reading "+selector, chromedp.Text(selector, &text, chromedp.ByQuery))
	return text
}

// Settle waits until the page has done what it had put off by up to a tenth of
// a second. Timers of one document fire in the order of their deadlines, and
// the browser reports requests in the order in which they are made, so whatever
// is not in [Page.Requests] afterwards was not sent.
func (p *Page) Settle() {
	p.t.Helper()
	p.Eval(`new Promise(done => setTimeout(done, 100))`, nil)
}

// OnNewDocument runs JavaScript at the start of every document from now on,
// before the document's own.
func (p *Page) OnNewDocument(js string) {
	p.t.Helper()
	p.run("adding a script", chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := cdppage.AddScriptToEvaluateOnNewDocument(js).Do(ctx)
		return err
	}))
}

// Throttle makes the page's processor slower by a factor.
func (p *Page) Throttle(factor float64) {
	p.t.Helper()
	p.run("slowing down", emulation.SetCPUThrottlingRate(factor))
}

// Cookies returns the whole jar, sorted by name.
func (p *Page) Cookies() []Cookie {
	p.t.Helper()
	var found []*network.Cookie
	err := inBrowser(p.ctx, func(ctx context.Context) (err error) {
		found, err = storage.GetCookies().WithBrowserContextID(p.jar).Do(ctx)
		return err
	})
	if err != nil {
		p.t.Fatalf("reading the cookies: %v", err)
	}
	var cookies []Cookie
	for _, c := range found {
		cookie := Cookie{
			Name: c.Name, Value: c.Value, Domain: c.Domain, Path: c.Path,
			Secure: c.Secure, HTTPOnly: c.HTTPOnly, SameSite: c.SameSite.String(),
		}
		if !c.Session {
			cookie.Expires = time.UnixMilli(int64(c.Expires * 1000))
		}
		cookies = append(cookies, cookie)
	}
	slices.SortFunc(cookies, func(a, b Cookie) int { return strings.Compare(a.Name, b.Name) })
	return cookies
}

// Cookie returns the cookie of that name; ok is false when there is none.
func (p *Page) Cookie(name string) (c Cookie, ok bool) {
	p.t.Helper()
	for _, c := range p.Cookies() {
		if c.Name == name {
			return c, true
		}
	}
	return Cookie{}, false
}

// SetCookie puts a host-only session cookie for the address into the jar, as
// if the server at that address had set it.
func (p *Page) SetCookie(url, name, value string) {
	p.t.Helper()
	p.run("setting the cookie "+name, network.SetCookie(name, value).WithURL(url))
}

// ClearCookies empties the jar.
func (p *Page) ClearCookies() {
	p.t.Helper()
	err := inBrowser(p.ctx, func(ctx context.Context) error {
		return storage.ClearCookies().WithBrowserContextID(p.jar).Do(ctx)
	})
	if err != nil {
		p.t.Fatalf("clearing the cookies: %v", err)
	}
}

// Requests returns what the page has sent so far, in order.
func (p *Page) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

// Console returns the lines that the page has logged so far, each with its
// level in front ("info: …"), and its uncaught errors ("uncaught: …").
func (p *Page) Console() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.console)
}

// Screenshot writes the whole page as a PNG, laid out for a window of that
// width in CSS pixels, in the dark or the light colour scheme.
func (p *Page) Screenshot(path string, width int, dark bool) {
	p.t.Helper()
	var png []byte
	p.run("taking a screenshot",
		chromedp.EmulateViewport(int64(width), 800),
		emulation.SetEmulatedMedia().WithFeatures(scheme(dark)),
		chromedp.FullScreenshot(&png, 100))
	if err := os.WriteFile(path, png, 0o644); err != nil {
		p.t.Fatalf("writing the screenshot: %v", err)
	}
}

// scheme is what makes a page dark or light.
func scheme(dark bool) []*emulation.MediaFeature {
	value := "light"
	if dark {
		value = "dark"
	}
	return []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}}
}

// Close closes the tab as a person would: the page gets its pagehide.
func (p *Page) Close() {
	p.t.Helper()
	p.run("closing the tab", cdppage.Close())
}

func (p *Page) run(step string, actions ...chromedp.Action) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, StepTimeout)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		p.t.Fatalf("%s: %v", step, err)
	}
}

// listen is called by chromedp in the order of the browser's messages.
func (p *Page) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, Request{
			Method: e.Request.Method, URL: e.Request.URL, Type: e.Type.String(), Body: body(e.Request),
		})
	case *runtime.EventConsoleAPICalled:
		line := string(e.Type) + ":"
		for _, arg := range e.Args {
			line += " " + show(arg)
		}
		p.console = append(p.console, line)
	case *runtime.EventExceptionThrown:
		p.console = append(p.console, "uncaught: "+e.ExceptionDetails.Error())
	}
}

// body joins the parts in which the browser tells of a request's body.
func body(r *network.Request) string {
	var b strings.Builder
	for _, part := range r.PostDataEntries {
		raw, err := base64.StdEncoding.DecodeString(part.Bytes)
		if err != nil {
			return ""
		}
		b.Write(raw)
	}
	return b.String()
}

// show renders a logged value as the console would: texts without quotes.
func show(o *runtime.RemoteObject) string {
	var text string
	switch {
	case o.Type == runtime.TypeUndefined:
		return "undefined"
	case o.Type == runtime.TypeString && json.Unmarshal([]byte(o.Value), &text) == nil:
		return text
	case len(o.Value) > 0:
		return string(o.Value)
	}
	return o.Description
}

// account is what a failure needs to be understood.
func (p *Page) account() string {
	var b strings.Builder
	for _, line := range p.Console() {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	for _, r := range p.Requests() {
		fmt.Fprintf(&b, "  %s %.200s (%s) %.600s\n", r.Method, r.URL, r.Type, r.Body)
	}
	return b.String()
}
