package browsertest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// Firefox is driven by WebDriver BiDi (w3.org/TR/webdriver-bidi), which it
// speaks itself: messages of JSON on a web socket, commands with an id and
// answers with the same. No driver program is needed.

// firefox is one headless Firefox with a profile of its own.
type firefox struct {
	mu      sync.Mutex // guards what follows and writes to conn
	conn    interface{ Write([]byte) (int, error) }
	next    int
	waiting map[int]chan bidiAnswer
	failed  error
}

type bidiAnswer struct {
	ID      int             `json:"id"`
	Type    string          `json:"type"`
	Result  json.RawMessage `json:"result"`
	Error   string          `json:"error"`
	Message string          `json:"message"`
}

// firefoxPrefs keep it off the network and out of the way.
const firefoxPrefs = `
user_pref("network.proxy.type", 0);
user_pref("app.update.enabled", false);
user_pref("app.normandy.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("browser.tabs.warnOnClose", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("dom.ipc.processPrelaunch.enabled", false);
user_pref("dom.disable_open_during_load", false);
user_pref("dom.popup_maximum", 1000);
user_pref("dom.min_background_timeout_value", 4);
user_pref("dom.timeout.enable_budget_timer_throttling", false);
user_pref("extensions.update.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.dns.disableIPv6", true);
user_pref("network.dns.forceResolve", "127.0.0.1");
user_pref("services.settings.server", "http://127.0.0.1:1/");
user_pref("toolkit.telemetry.enabled", false);
user_pref("remote.active-protocols", 1);
`

// newFirefox starts a Firefox, or returns nil and says why there is none.
func newFirefox(t testing.TB) *firefox {
	t.Helper()
	name := os.Getenv("FIREFOX")
	for _, candidate := range []string{"firefox-esr", "firefox"} {
		if path, err := exec.LookPath(candidate); err == nil && name == "" {
			name = path
		}
	}
	if name == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("no Firefox found: `make browser` installs it, or set $FIREFOX to its path")
		}
		t.Log("no Firefox found, so its half of these tests is not run: `make browser` installs it, or set $FIREFOX to its path")
		return nil
	}
	profile := t.TempDir()
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(firefoxPrefs), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, name, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank")
	cmd.Env = append(os.Environ(), "MOZ_HEADLESS=1", "HOME="+profile)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s was found but does not start: %v", name, err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
	})
	address := make(chan string, 1)
	go func() {
		found := regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if m := found.FindStringSubmatch(lines.Text()); m != nil {
				address <- m[1]
			}
		}
	}()
	select {
	case at := <-address:
		return dialFirefox(t, at)
	case <-time.After(2 * StepTimeout):
		t.Fatalf("%s says no address within %v", name, 2*StepTimeout)
		return nil
	}
}

func dialFirefox(t testing.TB, address string) *firefox {
	t.Helper()
	conn, _, _, err := ws.Dial(context.Background(), address+"/session")
	if err != nil {
		t.Fatalf("Firefox does not answer: %v", err)
	}
	t.Cleanup(func() { conn.Close() })
	f := &firefox{conn: conn, waiting: map[int]chan bidiAnswer{}}
	go f.read(func() ([]byte, error) { return wsutil.ReadServerText(conn) })
	f.send(t, "session.new", map[string]any{"capabilities": map[string]any{}}, nil)
	return f
}

// read gives each answer to who waits for it, until the connection ends.
func (f *firefox) read(next func() ([]byte, error)) {
	for {
		raw, err := next()
		if err != nil {
			f.mu.Lock()
			f.failed = err
			for _, w := range f.waiting {
				close(w)
			}
			f.waiting = nil
			f.mu.Unlock()
			return
		}
		var a bidiAnswer
		if json.Unmarshal(raw, &a) != nil || a.Type == "event" {
			continue
		}
		f.mu.Lock()
		w := f.waiting[a.ID]
		delete(f.waiting, a.ID)
		f.mu.Unlock()
		if w != nil {
			w <- a
		}
	}
}

// send runs a command and decodes its result into out, when not nil.
func (f *firefox) send(t testing.TB, method string, params map[string]any, out any) {
	t.Helper()
	if err := f.try(method, params, out); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
}

func (f *firefox) try(method string, params map[string]any, out any) error {
	f.mu.Lock()
	if f.failed != nil {
		f.mu.Unlock()
		return fmt.Errorf("the browser is gone: %w", f.failed)
	}
	f.next++
	id := f.next
	w := make(chan bidiAnswer, 1)
	f.waiting[id] = w
	raw, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params})
	if err == nil {
		err = wsutil.WriteClientText(writer{f.conn}, raw)
	}
	f.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case a, ok := <-w:
		switch {
		case !ok:
			return errors.New("the browser went away")
		case a.Error != "":
			return fmt.Errorf("%s: %s", a.Error, a.Message)
		case out == nil:
			return nil
		}
		return json.Unmarshal(a.Result, out)
	case <-time.After(StepTimeout):
		return fmt.Errorf("no answer within %v", StepTimeout)
	}
}

// writer is what wsutil writes to.
type writer struct {
	to interface{ Write([]byte) (int, error) }
}

func (w writer) Write(p []byte) (int, error) { return w.to.Write(p) }

// A firefoxPage is one tab.
type firefoxPage struct {
	t       testing.TB
	f       *firefox
	jar, id string
}

// page opens a tab with a cookie jar of its own.
func (f *firefox) page(t testing.TB) *firefoxPage {
	t.Helper()
	var made struct {
		UserContext string `json:"userContext"`
	}
	f.send(t, "browser.createUserContext", map[string]any{}, &made)
	t.Cleanup(func() { _ = f.try("browser.removeUserContext", map[string]any{"userContext": made.UserContext}, nil) })
	return f.tab(t, made.UserContext)
}

func (f *firefox) tab(t testing.TB, jar string) *firefoxPage {
	t.Helper()
	var made struct {
		Context string `json:"context"`
	}
	f.send(t, "browsingContext.create", map[string]any{"type": "tab", "userContext": jar}, &made)
	// A tab that is not in front is a hidden page.
	f.send(t, "browsingContext.activate", map[string]any{"context": made.Context}, nil)
	return &firefoxPage{t: t, f: f, jar: jar, id: made.Context}
}

func (p *firefoxPage) Goto(url string) {
	p.t.Helper()
	p.f.send(p.t, "browsingContext.navigate", map[string]any{"context": p.id, "url": url, "wait": "complete"}, nil)
}

func (p *firefoxPage) Eval(js string, out any) {
	p.t.Helper()
	var got struct {
		Type   string `json:"type"`
		Result struct {
			Value string `json:"value"`
		} `json:"result"`
		ExceptionDetails struct {
			Text string `json:"text"`
		} `json:"exceptionDetails"`
	}
	// As JSON text: BiDi has a notation of its own for values. A page that breaks
	// JSON keeps the real one for us.
	p.f.send(p.t, "script.evaluate", map[string]any{
		"expression": `(async () => (window.realStringify || JSON.stringify)(await (` + js + `)) || 'null')()`,
		"target":     map[string]any{"context": p.id}, "awaitPromise": true,
	}, &got)
	if got.Type != "success" {
		p.t.Fatalf("evaluating %s: %s", js, got.ExceptionDetails.Text)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal([]byte(got.Result.Value), out); err != nil {
		p.t.Fatalf("evaluating %s: %v", js, err)
	}
}

// The keys' names in WebDriver.
var webDriverKeys = map[string]string{"Tab": "\ue004", "Enter": "\ue007", "Space": " ", "Escape": "\ue00c"}

func (p *firefoxPage) Press(keys ...string) {
	p.t.Helper()
	var actions []map[string]any
	for _, key := range keys {
		for _, what := range []string{"keyDown", "keyUp"} {
			actions = append(actions, map[string]any{"type": what, "value": webDriverKeys[key]})
		}
	}
	p.f.send(p.t, "input.performActions", map[string]any{
		"context": p.id,
		"actions": []map[string]any{{"type": "key", "id": "keyboard", "actions": actions}},
	}, nil)
}

func (p *firefoxPage) WaitFor(js string) {
	p.t.Helper()
	p.Eval(`new Promise((done, no) => {
		const until = performance.now() + `+fmt.Sprint(StepTimeout.Milliseconds())+`
		const look = () => (`+js+`) ? done(true) : performance.now() > until ? no(new Error('waited in vain')) : setTimeout(look, 20)
		look()
	})`, nil)
}

func (p *firefoxPage) Settle() {
	p.t.Helper()
	p.Eval(`new Promise(done => setTimeout(done, 100))`, nil)
}

func (p *firefoxPage) SetCookie(address, name, value string) {
	p.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.f.send(p.t, "storage.setCookie", map[string]any{
		"cookie": map[string]any{
			"name": name, "value": map[string]any{"type": "string", "value": value},
			"domain": strings.TrimSuffix(u.Hostname(), "."), "path": "/",
		},
		"partition": map[string]any{"type": "storageKey", "userContext": p.jar},
	}, nil)
}

func (p *firefoxPage) Close() {
	p.t.Helper()
	p.f.send(p.t, "browsingContext.close", map[string]any{"context": p.id}, nil)
}
