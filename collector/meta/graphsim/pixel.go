package graphsim

// The browser's copies: what the Pixel sends to www.facebook.com/tr, as an
// image or as a form (capi.md § 7 and § 10.3). The answer is the same 1×1 GIF
// whatever came: a page learns nothing from it, so a copy without a name or for
// another dataset is passed over in silence.

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// gif is one transparent pixel.
var gif = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")

func (s *Sim) pixel(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "only GET and POST", http.StatusMethodNotAllowed)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxPixelBody)
	form := r.URL.Query()
	if err := r.ParseMultipartForm(maxPixelBody); err == nil || errors.Is(err, http.ErrNotMultipart) {
		form = r.Form
	}
	if e, found, ok := s.browserCopy(form); ok {
		s.mu.Lock()
		s.books.event(e, len(form.Encode()))
		s.books.report(nil, found)
		s.mu.Unlock()
		if s.onEvent != nil {
			s.onEvent(e)
		}
	}
	w.Header().Set("Content-Type", "image/gif")
	w.Header().Set("Cache-Control", "no-cache, must-revalidate, max-age=0")
	_, _ = w.Write(gif)
}

// browserCopy reads the parameters of /tr: id (dataset), ev (event name), eid
// (event id), dl (page), fbp, fbc, cd[…] (custom_data), ud[…] (hashed keys).
func (s *Sim) browserCopy(form url.Values) (Received, []Finding, bool) {
	now := s.now()
	e := Received{
		At: now, EventTime: now, Source: Browser,
		Dataset: form.Get("id"), EventName: form.Get("ev"), EventID: form.Get("eid"),
		ActionSource: "website", EventSourceURL: form.Get("dl"),
		UserData: map[string][]string{}, CustomData: map[string]any{},
	}
	if !digits(e.Dataset) || e.EventName == "" || s.dataset != "" && e.Dataset != s.dataset {
		return e, nil, false
	}
	for name, values := range form {
		switch group, key := bracketed(name); {
		case group == "cd":
			e.CustomData[key] = values[0]
		case group == "ud":
			e.UserData[key] = values
		case name == "fbp" || name == "fbc":
			e.UserData[name] = values
		}
	}
	if e.EventID == "" {
		e.Diagnostics = []Diagnostic{DiagNoEventID}
	}
	return e, personalInForm(form, e), true
}

func personalInForm(form url.Values, e Received) (out []Finding) {
	for _, name := range slices.Sorted(maps.Keys(form)) {
		group, key := bracketed(name)
		below := map[string]string{"cd": "custom_data", "ud": "user_data"}[group]
		path := "tr." + below + "." + key
		if below == "" {
			path, key = "tr."+name, name
		}
		for _, v := range form[name] {
			if kind := personalKind(below, key, v); kind != "" {
				out = append(out, Finding{At: e.At, EventName: masked(e.EventName), Path: shownKey(path), Kind: kind})
			}
		}
	}
	return out
}

// bracketed splits cd[value] into cd and value.
func bracketed(name string) (group, key string) {
	group, rest, ok := strings.Cut(name, "[")
	key, closed := strings.CutSuffix(rest, "]")
	if !ok || !closed || key == "" {
		return "", ""
	}
	return group, key
}
