package demoshop

import (
	"bytes"
	"encoding/json"
	"html/template"
	"net/http"
)

// A page is what the layout (templates/layout.html) needs to know; Body is the
// page's own part.
type page struct {
	Title string

	Snippet  template.HTML // trusted, see Options.Snippet
	Notice   string
	NoticeID string
	Language string
	Answer   string // "accept", "reject" or empty

	Customer customer
	Count    int
	Tell     []message // as JSON in an attribute, once

	PixelURL, Dataset  string
	ConsoleURL, SimURL string
	VisitorIP          string

	Body any
}

// show renders a page. The messages for its script are taken from the session
// here, so that a page that is loaded again does not tell them again.
func (s *Shop) show(w http.ResponseWriter, r *http.Request, status int, name, title string, body any) {
	p := page{
		Title: title,
		// Options.Snippet comes from the program that starts the shop, not from a visitor.
		Snippet: template.HTML(s.o.Snippet),
		Notice:  s.o.Notice, NoticeID: s.notice, Language: s.o.Language,
		PixelURL: s.o.PixelURL, Dataset: s.o.Dataset,
		ConsoleURL: s.o.ConsoleURL, SimURL: s.o.SimURL, VisitorIP: s.o.VisitorIP,
		Tell: []message{}, Body: body,
	}
	p.Answer, _ = s.answerOf(r)
	s.mu.Lock()
	if sess := s.sessionOf(r); sess != nil {
		p.Customer, p.Count = sess.customer, sess.cart.Count()
		p.Tell, sess.tell = append(p.Tell, sess.tell...), nil
	}
	s.mu.Unlock()
	var b bytes.Buffer
	if err := s.template.ExecuteTemplate(&b, name, p); err != nil {
		s.o.Log.Error("BUG: a page of the demo shop cannot be rendered.", "page", name, "error", err)
		http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the visitor may have gone
}

func (s *Shop) home(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "home", "Tea and what belongs to it", catalogue)
}

func (s *Shop) product(w http.ResponseWriter, r *http.Request) {
	p, ok := productOf(r.PathValue("sku"))
	if !ok {
		s.notFound(w, r)
		return
	}
	s.show(w, r, http.StatusOK, "product", p.Name, p)
}

func (s *Shop) notFound(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusNotFound, "not-found", "Not here", nil)
}

// failed answers when no session can be made, which only a broken source of
// randomness brings about.
func (s *Shop) failed(w http.ResponseWriter, err error) {
	s.o.Log.Error("The demo shop cannot make an id.", "error", err)
	http.Error(w, "The shop cannot do this now.", http.StatusInternalServerError)
}

func asJSON(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}
