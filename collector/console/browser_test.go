package console

// The pages in a real Chromium: laid out narrow and wide, light and dark, with
// nothing blocked, nothing missing, nothing illegible, and usable by keyboard.

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"matchkey/collector"
	"matchkey/tag/browsertest"
)

// served is a console under a real address, and what it answered with an error.
type served struct {
	url    string
	mu     sync.Mutex
	errors []string
}

func serve(t *testing.T, o Options) *served {
	t.Helper()
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s := &served{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &statusSeen{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(seen, r)
		if seen.status >= 400 {
			s.mu.Lock()
			s.errors = append(s.errors, r.Method+" "+r.URL.Path+": "+http.StatusText(seen.status))
			s.mu.Unlock()
		}
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

type statusSeen struct {
	http.ResponseWriter
	status int
}

func (w *statusSeen) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// faults lists what is wrong with the layout of the page that is open: a
// horizontal scroll, text of too little contrast (WCAG 1.4.3), controls too
// small to hit (2.5.8) or that take no focus (2.1.1), things the policy
// blocked.
const faults = `(() => {
  const found = [...(window.blocked || [])]
  const rgb = s => s.match(/[\d.]+/g).map(Number)
  const light = s => {
    const [r, g, b] = rgb(s).map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    return .2126 * r + .7152 * g + .0722 * b
  }
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = getComputedStyle(e).backgroundColor, parts = rgb(c)
      if (parts.length < 4 || parts[3] > 0) return c
    }
    return 'rgb(255, 255, 255)'
  }
  const where = e => e.tagName.toLowerCase() + '.' + e.className + ' "' + (e.textContent || '').trim().slice(0, 30) + '"'
  const root = document.documentElement
  if (root.scrollWidth > root.clientWidth) {
    found.push('scrolls sideways: ' + root.scrollWidth + ' of ' + root.clientWidth)
    for (const e of document.querySelectorAll('main *')) if (e.getBoundingClientRect().right > root.clientWidth + 1) { found.push('first too wide: ' + where(e)); break }
  }
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType == 3 && n.data.trim())
    if (!own || !e.checkVisibility() || e.closest('.skip, .hidden, thead, option, datalist')) continue
    const a = light(getComputedStyle(e).color), b = light(ground(e))
    const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05)
    if (contrast < 4.5) found.push('contrast ' + contrast.toFixed(2) + ': ' + where(e))
  }
  for (const e of document.querySelectorAll('button, select, input:not([type=hidden]), a.act, nav a, summary')) {
    const box = e.getBoundingClientRect()
    if (box.height < 24 || box.width < 24) found.push('small: ' + where(e))
  }
  for (const e of document.querySelectorAll('a, button, select, input:not([type=hidden]), summary, pre[tabindex]')) {
    e.focus()
    if (document.activeElement !== e) found.push('no focus: ' + where(e))
  }
  document.activeElement.blur()
  return [...new Set(found)]
})()`

const watchPolicy = `window.blocked = []; document.addEventListener('securitypolicyviolation', e => blocked.push('blocked: ' + e.violatedDirective + ' ' + e.blockedURI))`

func TestPagesInABrowser(t *testing.T) {
	b := browsertest.New(t)
	for name, s := range map[string]*served{
		"shop":        serve(t, shop().options()),
		"troubled":    serve(t, troubled().options()),
		"nothing yet": serve(t, (&fake{destinations: []collector.DestinationStatus{{Name: "main-shop"}}}).options()),
		"hostile":     serve(t, infested(strings.Join(hostile[:7], "")+strings.Repeat("Ww", 60))),
	} {
		t.Run(name, func(t *testing.T) {
			p := b.Page(t)
			p.OnNewDocument(watchPolicy)
			paths := []string{"/", "/deliveries", "/event?id=A-1001", "/match", "/install"}
			switch name {
			case "troubled":
				paths = []string{"/", "/deliveries?state=in_doubt&since=2026-11-23&until=2026-11-24T10:00:00Z", "/event?id=purchase.A-0907", "/resolve"}
			case "shop":
				paths = append(paths, "/event?id=A-1002", "/redrive")
			case "hostile":
				paths[2] = "/event?id=evt"
			default:
				paths[2] = "/event"
			}
			for _, path := range paths {
				p.Goto(s.url + path)
				p.Eval(`for (const d of document.querySelectorAll('details')) d.open = true`, nil)
				for _, look := range []struct {
					width int
					dark  bool
				}{{320, false}, {320, true}, {1280, true}, {1280, false}} {
					if (name == "hostile" || name == "troubled") && look.dark == (look.width == 320) {
						continue // their pages are long; two looks show what four would
					}
					p.Screenshot(filepath.Join(t.TempDir(), "page.png"), look.width, look.dark) // lays it out
					var got []string
					p.Eval(faults, &got)
					for _, fault := range got {
						t.Errorf("%s at %d, dark %t: %s", path, look.width, look.dark, fault)
					}
				}
			}
			if got := p.Console(); len(got) > 0 {
				t.Errorf("the console of the browser says %q", got)
			}
			if len(s.errors) > 0 {
				t.Errorf("answered with errors: %q", s.errors)
			}
			for _, r := range p.Requests() {
				if !strings.HasPrefix(r.URL, s.url) && !strings.HasPrefix(r.URL, "data:") { // with which Chromium draws its date picker
					t.Errorf("a page asked for %s, which is not ours", r.URL)
				}
			}
		})
	}
}

func TestActsInABrowser(t *testing.T) {
	b := browsertest.New(t)
	f := shop()
	s := serve(t, f.options())
	p := b.Page(t)

	p.Goto(s.url)
	p.Fill("#find", "A-1001")
	p.Follow(".find button")
	if got := p.Text("h1"); got != "purchase A-1001" {
		t.Errorf("searching leads to %q", got)
	}

	p.Goto(s.url)
	p.Follow(`form[action="/resume"] button`)
	if got := p.Text("main"); strings.Contains(got, "paused by") || f.Destinations()[1].Paused != "" {
		t.Error("the destination is still paused after resuming it")
	}

	p.Goto(s.url)
	p.Click("#d-0 summary")
	p.Fill("#note-d-0", "until Monday")
	p.Follow(`#d-0 form[action="/pause"] button`)
	if d := f.Destinations()[0]; d.PausedBy != collector.PausedByPerson || d.Detail != "until Monday" {
		t.Errorf("after pausing it, the destination is %+v", d)
	}
	if got := p.Text("#d-0"); !strings.Contains(got, "paused by a person") || !strings.Contains(got, "until Monday") {
		t.Errorf("the card of a paused destination says %q", got)
	}
	p.Follow(`#d-0 form[action="/resume"] button`)
	if d := f.Destinations()[0]; d.Paused != "" {
		t.Errorf("after resuming it, the destination is %+v", d)
	}

	p.Goto(s.url + "/deliveries?state=in_doubt")
	p.Follow("a.act")
	if got := p.Text(".big"); got != "1 delivery is in doubt" {
		t.Errorf("the confirm page says %q", got)
	}
	p.Follow(`button[value="delivered"]`)
	if got := p.Text(".big"); got != "1 delivery was resolved" {
		t.Errorf("the act says %q", got)
	}

	p.Goto(s.url + "/deliveries?state=dead")
	p.Follow("a.act")
	if got := p.Text(".big"); got != "2 deliveries would be sent again" {
		t.Errorf("the confirm page says %q", got)
	}
	p.Follow(`form[action="/redrive"] button`)
	if got := p.Text(".big"); got != "2 deliveries were put back" {
		t.Errorf("the act says %q", got)
	}
	if len(s.errors) > 0 {
		t.Errorf("answered with errors: %q", s.errors)
	}
}
