package browsertest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"matchkey/tag/browsertest"
)

const document = `<!doctype html><title>t</title><form action="/next"><input id="name" value="old"><button id="go">Go</button></form>
<p id="late" hidden>shown</p>
<button id="tell" type="button" onclick="document.cookie='a=1';late.hidden=false;fetch('/told',{method:'POST',body:document.getElementById('name').value});console.info('told')">Tell</button>`

func site(t *testing.T) (*httptest.Server, *browsertest.Recorder) {
	seen := browsertest.Record(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/next" {
			io.WriteString(w, `<p id="next">next</p>`)
			return
		}
		io.WriteString(w, document)
	}))
	s := httptest.NewServer(seen)
	t.Cleanup(s.Close)
	return s, seen
}

func TestBrowser(t *testing.T) {
	b := browsertest.New(t)

	t.Run("steps", func(t *testing.T) {
		s, seen := site(t)
		p := b.Page(t)
		p.OnNewDocument(`window.early = 41`)
		p.Goto(s.URL)
		p.Fill("#name", "Grüße")
		p.Click("#tell")
		p.WaitVisible("#late")
		if got := p.Text("#late"); got != "shown" {
			t.Errorf("text %q", got)
		}
		told := seen.Wait(t, "the told request", func(r browsertest.Received) bool { return r.Path == "/told" })
		if string(told.Body) != "Grüße" {
			t.Errorf("the server got %q", told.Body)
		}
		var n int
		p.Eval(`Promise.resolve(early + 1)`, &n)
		if n != 42 {
			t.Errorf("evaluated to %d", n)
		}
		p.Settle()
		var sent []browsertest.Request
		for _, r := range p.Requests() {
			if strings.HasSuffix(r.URL, "/told") {
				sent = append(sent, r)
			}
		}
		if len(sent) != 1 || sent[0].Body != "Grüße" || sent[0].Method != "POST" || sent[0].Type != "Fetch" {
			t.Errorf("requests %+v", sent)
		}
		if got := p.Console(); len(got) != 1 || got[0] != "info: told" {
			t.Errorf("console %q", got)
		}
		p.Follow("#go")
		if got := p.Text("#next"); got != "next" {
			t.Errorf("after following: %q", got)
		}
	})

	t.Run("every page has its own jar, a tab shares it", func(t *testing.T) {
		s, _ := site(t)
		p, other := b.Page(t), b.Page(t)
		p.SetCookie(s.URL, "k", "v")
		p.Goto(s.URL)
		if c, ok := p.Cookie("k"); !ok || c.Value != "v" || c.Domain != "127.0.0.1" || !c.Expires.IsZero() {
			t.Errorf("cookie %+v, %v", c, ok)
		}
		other.Goto(s.URL)
		if got := other.Cookies(); len(got) != 0 {
			t.Errorf("another page sees %+v", got)
		}
		tab := p.Tab()
		tab.Goto(s.URL)
		var jar string
		tab.Eval(`document.cookie`, &jar)
		if jar != "k=v" {
			t.Errorf("the tab sees %q", jar)
		}
		p.ClearCookies()
		if got := tab.Cookies(); len(got) != 0 {
			t.Errorf("after clearing there is %+v", got)
		}
	})

	t.Run("names resolve to this machine", func(t *testing.T) {
		s, _ := site(t)
		p := b.Page(t)
		p.Goto(strings.Replace(s.URL, "127.0.0.1", "www.example.co.uk", 1))
		p.WaitVisible("#name")
	})

	t.Run("closing a tab", func(t *testing.T) {
		s, seen := site(t)
		p := b.Page(t)
		p.Goto(s.URL)
		p.Eval(`void addEventListener('pagehide', () => navigator.sendBeacon('/bye', 'x'))`, nil)
		p.Close()
		seen.Wait(t, "the farewell", func(r browsertest.Received) bool { return r.Path == "/bye" })
	})

	t.Run("screenshot", func(t *testing.T) {
		s, _ := site(t)
		p := b.Page(t)
		p.Goto(s.URL)
		file := filepath.Join(t.TempDir(), "page.png")
		p.Screenshot(file, 400, true)
		if info, err := os.Stat(file); err != nil || info.Size() < 1000 {
			t.Errorf("%v %v", info, err)
		}
		var dark bool
		p.Eval(`matchMedia('(prefers-color-scheme: dark)').matches && innerWidth == 400`, &dark)
		if !dark {
			t.Error("the page is not laid out dark and 400 wide")
		}
	})
}
