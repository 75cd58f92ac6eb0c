package preferences_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"matchkey/edge/preferences"
	"matchkey/tag/browsertest"
)

// serve shows the page as the edge does: with its policy and without a script. It
// answers a form with what was sent.
func serve(t *testing.T, r *preferences.Renderer, change func(*preferences.View)) *httptest.Server {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", r.Policy())
		v := view(r.Languages()[0])
		if l := req.URL.Query().Get("lang"); l != "" {
			v.Language = l
		}
		change(&v)
		page, err := r.Page(v)
		if err != nil {
			t.Error(err)
		}
		if req.Method == http.MethodPost {
			if err := req.ParseForm(); err != nil {
				t.Error(err)
			}
			page = []byte("<title>sent</title><p id=sent>" + req.PostForm.Get("answer") + " " + strings.Join(req.PostForm["category"], ","))
		}
		if _, err := w.Write(page); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(srv.Close)
	return srv
}

// TestAccessible looks at the page in every language, narrow and wide, light and
// dark, with every state and message. With $SCREENSHOTS set to a folder, pictures
// are put there.
func TestAccessible(t *testing.T) {
	arabic := preferences.Texts{}
	for key, text := range preferences.Catalogue()["en"] {
		arabic[key] = "ع " + text
	}
	look := shop
	look.Texts = map[string]preferences.Texts{"ar": arabic}
	b := browsertest.New(t)
	for _, language := range []string{"en", "de", "cs", "fr", "ar"} {
		for _, accent := range []string{"", "#ffd500"} {
			look.Accent = accent
			r := renderer(t, look, language, "en", "ar")
			srv := serve(t, r, func(v *preferences.View) {
				v.OptOut = accent != ""
				if v.OptOut {
					v.Message = preferences.Failed
				}
			})
			p := b.Page(t)
			p.Goto(srv.URL)
			for _, width := range []int{320, 1440} {
				for _, dark := range []bool{false, true} {
					p.Accessible(width, dark)
					if dir := os.Getenv("SCREENSHOTS"); dir != "" && (language == "de" || language == "ar") {
						name := language + strings.TrimPrefix(accent, "#") + map[bool]string{true: "_dark"}[dark] + map[int]string{320: "_320", 1440: ""}[width] + ".png"
						p.Screenshot(filepath.Join(dir, name), width, dark)
					}
				}
			}
		}
	}
}

// TestWithoutAMouse says no, and unticks one of several, with keys alone.
func TestWithoutAMouse(t *testing.T) {
	r := renderer(t, shop, "en")
	srv := serve(t, r, func(*preferences.View) {})
	b := browsertest.New(t)
	p := b.Page(t)
	p.Goto(srv.URL)
	p.Press("Tab", "Tab", "Enter")
	p.WaitVisible("#sent")
	if got := p.Text("#sent"); got != "reject_all" {
		t.Errorf("the second stop of the keyboard sent %q", got)
	}
	p.Goto(srv.URL)
	// Yes, no, the first box, its text, the second box …
	p.Press("Tab", "Tab", "Tab", " ", "Tab", "Tab", " ", "Tab", "Tab", "Tab", "Enter")
	p.WaitVisible("#sent")
	if got := p.Text("#sent"); got != "save matching" {
		t.Errorf("the boxes sent %q", got)
	}
	p.Goto(srv.URL)
	p.Press("Tab", "Tab", "Tab", "Enter")
	p.WaitVisible("#sent")
	if got := p.Text("#sent"); got != "save measurement" {
		t.Errorf("Enter in a box sent %q", got)
	}
}
