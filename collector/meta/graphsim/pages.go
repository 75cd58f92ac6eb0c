package graphsim

// What people look at, /_sim/, and what programs read there. Contact hashes are
// shown as they are, every other personal value masked; tokens never. There is
// no login: only this machine gets in (guard.go).

import (
	"embed"
	"errors"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

//go:embed page.html style.css
var pageFiles embed.FS

var pageTemplate = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"clock": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
	"short": shortHash,
	"json":  func(v any) string { return string(encode(v)) },
}).ParseFS(pageFiles, "page.html"))

// shortHash keeps enough of a hash to compare two rows by eye.
func shortHash(v string) string {
	if isHash(v) {
		return v[:12] + "…"
	}
	return v
}

func newPages(s *Sim) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /_sim", http.RedirectHandler("/_sim/", http.StatusSeeOther))
	mux.HandleFunc("GET /_sim/{$}", s.showPage)
	mux.HandleFunc("GET /_sim/style.css", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, pageFiles, "style.css")
	})
	mux.HandleFunc("GET /_sim/events.json", s.showEvents)
	mux.HandleFunc("GET /_sim/counted.json", s.showCounted)
	mux.HandleFunc("GET /_sim/requests.json", s.showRequests)
	mux.HandleFunc("GET /_sim/script", s.showScript)
	mux.HandleFunc("POST /_sim/script", s.takeScript)
	mux.HandleFunc("DELETE /_sim/script", func(w http.ResponseWriter, r *http.Request) {
		s.ClearScript()
		done(w, r)
	})
	mux.HandleFunc("POST /_sim/reset", s.takeReset) // forms know no DELETE
	mux.HandleFunc("DELETE /_sim", s.takeReset)
	mux.HandleFunc("DELETE /_sim/{$}", s.takeReset)
	guarded := guard(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		guarded.ServeHTTP(w, r)
	})
}

// shownEvent is a Received that may be looked at.
type shownEvent struct {
	Request        int                 `json:"request,omitzero"`
	At             time.Time           `json:"at"`
	Source         Source              `json:"source"`
	Dataset        string              `json:"dataset"`
	Version        string              `json:"version,omitzero"`
	EventName      string              `json:"event_name"`
	EventID        string              `json:"event_id"`
	EventTime      time.Time           `json:"event_time"`
	ActionSource   string              `json:"action_source"`
	EventSourceURL string              `json:"event_source_url,omitzero"`
	TestEventCode  string              `json:"test_event_code,omitzero"`
	UserData       map[string][]string `json:"user_data"`
	CustomData     map[string]any      `json:"custom_data,omitempty"`
	Diagnostics    []Diagnostic        `json:"diagnostics,omitempty"`
}

func (s *Sim) shown(r Received) shownEvent {
	clean := func(v string) string { return blot(masked(v), s.token) }
	e := shownEvent{
		Request: r.Request, At: r.At, Source: r.Source, Dataset: r.Dataset, Version: r.Version,
		EventName: clean(r.EventName), EventID: clean(r.EventID), EventTime: r.EventTime,
		ActionSource: r.ActionSource, EventSourceURL: blot(maskedURL(r.EventSourceURL), s.token),
		TestEventCode: clean(r.TestEventCode), Diagnostics: r.Diagnostics,
		UserData: make(map[string][]string, len(r.UserData)),
	}
	for key, values := range r.UserData {
		for _, v := range values {
			e.UserData[shownKey(key)] = append(e.UserData[shownKey(key)], maskedUser(key, v))
		}
	}
	if len(r.CustomData) > 0 {
		e.CustomData, _ = s.blotAll(maskedCustom(r.CustomData)).(map[string]any)
	}
	return e
}

// blotAll takes the token out of masked properties.
func (s *Sim) blotAll(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key := range v {
			out[blot(key, s.token)] = s.blotAll(v[key])
		}
		return out
	case []any:
		for i := range v {
			v[i] = s.blotAll(v[i])
		}
	case string:
		return blot(v, s.token)
	}
	return v
}

func (s *Sim) shownEvents() []shownEvent {
	got := s.Received()
	out := make([]shownEvent, len(got))
	for i, r := range got {
		out[i] = s.shown(r)
	}
	return out
}

func (s *Sim) shownCounts() []Count {
	out := s.Counted()
	for i := range out {
		out[i].EventName = blot(masked(out[i].EventName), s.token)
		out[i].EventID = blot(masked(out[i].EventID), s.token)
	}
	return out
}

func (s *Sim) showEvents(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, struct {
		Totals Totals       `json:"totals"`
		Events []shownEvent `json:"events"`
	}{s.Totals(), s.shownEvents()})
}

func (s *Sim) showCounted(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, struct {
		Totals  Totals  `json:"totals"`
		Counted []Count `json:"counted"`
	}{s.Totals(), s.shownCounts()})
}

// shownRequest is a Request without its path and headers, which hold what was
// sent.
type shownRequest struct {
	Number        int       `json:"number"`
	At            time.Time `json:"at"`
	Method        string    `json:"method"`
	Bytes         int       `json:"bytes"`
	Events        int       `json:"events"`
	Recorded      int       `json:"recorded"`
	Status        int       `json:"status"` // 0: the connection was cut
	Code          int       `json:"code,omitzero"`
	Subcode       int       `json:"subcode,omitzero"`
	Blame         string    `json:"blame,omitzero"`
	Why           string    `json:"why,omitzero"`
	Fault         FaultKind `json:"fault,omitzero"`
	TestEventCode string    `json:"test_event_code,omitzero"`
	PartnerAgent  string    `json:"partner_agent,omitzero"`
	TokenSafe     bool      `json:"token_only_in_header"`
}

func (s *Sim) shownRequests(all []Request) []shownRequest {
	out := make([]shownRequest, len(all))
	for i, r := range all {
		out[i] = shownRequest{
			Number: r.Number, At: r.At, Method: cutText(r.Method, 16), Bytes: r.Bytes, Events: r.Events, Recorded: r.Recorded,
			Status: r.Status, Code: r.Code, Subcode: r.Subcode, Blame: blot(r.Blame, s.token), Why: r.Why, Fault: r.Fault,
			TestEventCode: blot(masked(r.TestEventCode), s.token), PartnerAgent: blot(masked(r.PartnerAgent), s.token),
			TokenSafe: r.TokenOnlyInHeader,
		}
	}
	return out
}

func (s *Sim) showRequests(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, struct {
		Totals      Totals         `json:"totals"`
		Requests    []shownRequest `json:"requests"`
		TokenChecks []shownRequest `json:"token_checks"`
	}{s.Totals(), s.shownRequests(s.Requests()), s.shownRequests(s.TokenChecks())})
}

// showScript answers the faults that wait in the form in which they are taken.
func (s *Sim) showScript(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for _, f := range s.Waiting() {
		_, _ = w.Write([]byte(blot(string(encode(f)), s.token) + "\n"))
	}
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.MarshalWrite(w, v, jsontext.WithIndent("  "), json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
}

// shownOnPage bounds the lists of the page; events.json has everything kept.
const shownOnPage = 100

func (s *Sim) showPage(w http.ResponseWriter, _ *http.Request) {
	waiting := s.Waiting()
	for i := range waiting { // a script can hold anything
		for _, t := range []*string{&waiting[i].EventID, &waiting[i].EventName, &waiting[i].Dataset, &waiting[i].Message} {
			*t = blot(masked(*t), s.token)
		}
	}
	data := struct {
		Totals       Totals
		Waiting      []Fault // the first of them
		WaitingCount int
		Events       []shownEvent
		Counted      []Count
		Requests     []Request
		Leaks        []Leak
		Personal     []Finding
		Shown        int
	}{
		Totals: s.Totals(), Waiting: waiting[:min(len(waiting), shownOnPage)], WaitingCount: len(waiting), Shown: shownOnPage,
		Events: newest(s.shownEvents()), Counted: newest(s.shownCounts()),
		Requests: newest(s.Requests()), Leaks: newest(s.Leaks()), Personal: newest(s.PersonalData()),
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = pageTemplate.Execute(w, data)
}

func newest[T any](all []T) []T {
	out := slices.Clone(all[max(0, len(all)-shownOnPage):])
	slices.Reverse(out)
	return out
}

// takeScript takes JSON lines as the body, or as the field "faults" of a form.
// The content type does not tell: curl says that everything is a form.
func (s *Sim) takeScript(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4*maxScriptSize)) // percent-encoding needs room
	script := string(body)
	if form, bad := url.ParseQuery(script); bad == nil && form.Has("faults") {
		script = form.Get("faults")
	}
	var faults []Fault
	if err == nil {
		faults, err = ReadScript(strings.NewReader(script))
	}
	if err == nil && len(faults) == 0 {
		err = errors.New(`graphsim: the script is empty: send JSON lines like {"fault":"cut_before"}`)
	}
	if err == nil {
		err = s.Script(faults...)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	done(w, r)
}

func (s *Sim) takeReset(w http.ResponseWriter, r *http.Request) {
	s.Reset()
	done(w, r)
}

// done sends people back to the page, and answers programs with 204.
func done(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Redirect(w, r, "/_sim/", http.StatusSeeOther)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
