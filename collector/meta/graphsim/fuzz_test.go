package graphsim

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// Whatever the body: an answer that is JSON, and either all events or none.
func FuzzBody(f *testing.F) {
	f.Add(purchase(f))
	for _, seed := range []string{
		``, `null`, `{}`, `[]`, `{"data":[]}`, `{"data":[null]}`, `{"data":[{}]}`, `{"data":{}}`,
		`{"data":[{"event_name":"Lead","event_time":1795490400,"action_source":"other","user_data":{"fbp":"fb.1.1790000000000.1"}}]}`,
		`{"data":[{"event_name":"Lead","event_time":1e400,"action_source":"app","user_data":[]}]}`,
		`{"data":[{"custom_data":[[[[[[]]]]]],"a@b.de":"%40"}],"test_event_code":null}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := New(Options{Dataset: goodDataset, Token: goodToken, Now: (&clock{noon}).now})
		w := serve(s, request(body))
		if json.Unmarshal(w.Body.Bytes(), new(any)) != nil {
			t.Fatalf("the answer is no JSON: %q", w.Body)
		}
		r, got := s.Requests()[0], len(s.Received())
		switch {
		case w.Code == 200 && (got == 0 || got != r.Events || r.Recorded != got):
			t.Fatalf("200 with %d events recorded of %d", got, r.Events)
		case w.Code != 200 && got != 0:
			t.Fatalf("%d with %d events recorded", w.Code, got)
		}
		for _, path := range []string{"/_sim/", "/_sim/events.json"} {
			if serve(s, httptest.NewRequest("GET", path, nil)).Code != 200 {
				t.Fatalf("%s fails", path)
			}
		}
	})
}

// Whatever the script: an error, or faults that Script takes.
func FuzzScript(f *testing.F) {
	for _, seed := range []string{
		``, `{"fault":"none"}`, "{\"fault\":\"html\",\"status\":503,\"size\":9}\n{\"fault\":\"hang\",\"for_seconds\":1e-3}",
		`{"fault":"error","code":190,"subcode":463,"transient":true,"message":"x"}`, `{"fault":1}`, `{"fault":"none","fault":"none"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		faults, err := ReadScript(strings.NewReader(text))
		if err != nil {
			if len(faults) != 0 {
				t.Fatal("an error and faults")
			}
			return
		}
		if err := New(Options{}).Script(faults...); err != nil {
			t.Fatalf("read and then not taken: %v", err)
		}
	})
}

// Whatever the query of /tr: no e-mail address on the pages.
func FuzzPixel(f *testing.F) {
	for _, seed := range []string{"ev=Lead", "ev=Lead&eid=a@b.de&cd[x]=a@b.de", "ev=%ff&ud[em]=%40", "ev=a@b.de&cd[a@b.de]=x&dl=https://x/?a%2540b.de", "ev=x&cd[a@b.a@W.dLe]=x", "ev=x&cd[x]=\x19@b.Fde"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		s := New(Options{Now: (&clock{noon}).now})
		r := httptest.NewRequest("GET", "/tr", nil)
		r.URL.RawQuery = "id=1&" + query
		serve(s, r)
		for _, path := range []string{"/_sim/", "/_sim/events.json", "/_sim/counted.json"} {
			page := serve(s, httptest.NewRequest("GET", path, nil)).Body.String()
			for _, shown := range texts(page) {
				if found := emailLike.FindString(shown); found != "" {
					t.Fatalf("%s shows %s for %s", path, found, url.QueryEscape(query))
				}
			}
		}
	})
}

// texts are the strings of a JSON text, keys included, or the page as it is:
// JSON's escapes would look like a part of what stands beside them.
func texts(page string) (out []string) {
	var v any
	if json.Unmarshal([]byte(page), &v) != nil {
		return []string{page}
	}
	visit(v, "", func(_ *place, key, value string) { out = append(out, key, value) })
	return out
}
