package console

// Templates and what every page has: header, footer, and how a page is
// rendered. Pages hand templates plain structs with words already in them, so
// that a template only lays out.

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"matchkey/collector"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFS embed.FS

// pages are the parsed templates by the page's name.
type pages map[string]*template.Template

func parsePages() (pages, error) {
	funcs := template.FuncMap{
		"n":         grouped,
		"plural":    plural,
		"printable": printable,
		"span":      span,
	}
	base, err := template.New("").Funcs(funcs).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, fmt.Errorf("parse the console's layout: %w", err)
	}
	all := pages{}
	for _, name := range []string{"overview", "deliveries", "redrive", "redriven", "resolve", "resolved", "person", "erased", "event", "match", "install", "sorry"} {
		t, err := template.Must(base.Clone()).ParseFS(templateFiles, "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("parse the console's page %q: %w", name, err)
		}
		all[name] = t
	}
	return all, nil
}

// staticFiles serves style and icon. Their addresses carry a digest, so they
// may be kept by the browser, unlike everything else here.
func staticFiles() http.Handler {
	files := http.FileServerFS(staticFS)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") {
			http.NotFound(w, r) // no listing
			return
		}
		w.Header().Set("Cache-Control", "private, max-age=86400")
		files.ServeHTTP(w, r)
	})
}

// staticDigest names this version of the static files in their addresses.
func staticDigest() (string, error) {
	h := sha256.New()
	for _, name := range []string{"static/console.css", "static/icon.svg"} {
		b, err := staticFS.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("read the console's style and icon: %w", err)
		}
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))[:12], nil
}

// A frame is what surrounds a page, and the page's own view.
type frame struct {
	Title   string
	Path    string // which entry of the navigation is current
	Search  string // what stands in the search box
	Digest  string
	Version string
	Now     moment
	// Applied is how far the journal is applied: what the numbers know.
	Applied collector.Offset
	View    any
}

// A moment is a time as a page shows it.
type moment struct {
	ISO  string // for machines; empty for no time
	Text string // UTC, to the second
	Ago  string // relative to the page's own time
}

func at(t, now time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	return moment{t.UTC().Format(time.RFC3339Nano), utc(t), ago(t, now)}
}

// A why is a reason as a page shows it.
type why struct {
	Code  collector.Reason
	Words string
}

func (c *console) why(r collector.Reason) why { return why{r, reasonSays(c.Sentences, r)} }

func (c *console) whys(rs []collector.Reason) []why {
	all := make([]why, len(rs))
	for i, r := range rs {
		all[i] = c.why(r)
	}
	return all
}

// A stateView is a state as a page shows it; Class picks its colour.
type stateView struct{ Class, Word, Says string }

func stateOf(s collector.State) stateView {
	v := stateView{"unknown", printable(stateWord(s)), stateSays(s)}
	switch s {
	case collector.StateDelivered:
		v.Class = "good"
	case collector.StateWithheld:
		v.Class = "withheld"
	case collector.StateDead, collector.StateExpired:
		v.Class = "bad"
	case collector.StateInDoubt:
		v.Class = "doubt"
	case collector.StateHeld, collector.StateWaiting, collector.StatePending, collector.StateLeased:
		v.Class = "open"
	}
	return v
}

// render writes a page, whole or not at all.
func (c *console) render(w http.ResponseWriter, r *http.Request, status int, name, title string, view any) {
	now := c.Now()
	f := frame{
		Title: title, Path: r.URL.Path, Digest: c.digest, Version: c.Version, Now: at(now, now), View: view,
	}
	if r.URL.Path == "/event" {
		f.Search = shortened(r.FormValue("id"), maxParam)
	}
	if mark, err := c.Reader.Watermark(r.Context()); err == nil {
		f.Applied = mark
	}
	var body bytes.Buffer
	if err := c.pages[name].ExecuteTemplate(&body, "layout", f); err != nil {
		c.Log.Error("a console page could not be rendered; the visitor got an error", "page", name, "err", err)
		http.Error(w, "The page could not be put together; the log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w) // the visitor left; nobody to tell
}

// sorry answers with a sentence instead of a page.
func (c *console) sorry(w http.ResponseWriter, r *http.Request, status int, sentence string) {
	c.render(w, r, status, "sorry", http.StatusText(status), sentence)
}

// broken answers when a question could not be asked of the store.
func (c *console) broken(w http.ResponseWriter, r *http.Request, err error) {
	c.Log.Error("a console page could not read what it shows", "path", r.URL.Path, "err", err)
	c.sorry(w, r, http.StatusInternalServerError,
		"The store could not be read, so there is nothing to show. Nothing was lost by that; the log says why.")
}
