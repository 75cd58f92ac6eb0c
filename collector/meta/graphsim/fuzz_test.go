package graphsim

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// To run one of these for long, add -fuzzminimizetime 10x: the good purchase is
// large, and Go's fuzzer otherwise spends a minute on making each find smaller.

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

// Whatever the inspection's body and content type: JSON, and no token in it.
func FuzzInspection(f *testing.F) {
	for _, seed := range []struct{ kind, body string }{
		{"application/json", `{"input_token":"` + goodToken + `","method":"get"}`}, {"application/json", `{"input_token":7,"method":null}`},
		{"application/x-www-form-urlencoded", "input_token=" + goodToken + "&method=get"}, {"application/x-www-form-urlencoded", "input_token=%zz&method=get&a;b"},
		{"multipart/form-data; boundary=x", "--x"}, {"", ""}, {"application/json; charset=\"", "[]"},
	} {
		f.Add(seed.kind, seed.body)
	}
	f.Fuzz(func(t *testing.T, kind, body string) {
		s := New(Options{Token: goodToken, Now: (&clock{noon}).now})
		w := serve(s, ask(kind, body))
		if json.Unmarshal(w.Body.Bytes(), new(any)) != nil || strings.Contains(w.Body.String(), goodToken) {
			t.Fatalf("the answer is no JSON, or quotes the token: %q", w.Body)
		}
		if len(s.TokenChecks()) != 1 || len(s.Requests()) != 0 {
			t.Fatal("not written down as an inspection")
		}
	})
}

// Whatever the path, query and headers: an answer, and no token in the record
// or in what is answered.
func FuzzRequestLine(f *testing.F) {
	f.Add(goodPath, "", "Bearer "+goodToken, "application/json")
	f.Add("/v25.0/debug_token", "input_token=x&access_token="+goodToken, "", "")
	f.Add("/v25.0/"+goodToken+"/events", "access_token=%zz&appsecret_proof=%00", "bearer  x", "application/json; charset=\"")
	f.Add("//v.0//events", "a=b;c", "Basic", "multipart/form-data")
	f.Add("/v99999999999.0/1/events", "%", "Bearer", "text/html")
	f.Fuzz(func(t *testing.T, path, query, authorization, kind string) {
		if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "/tr") || strings.HasPrefix(path, "/_sim") {
			return
		}
		s := New(Options{Dataset: goodDataset, Token: goodToken, AppSecret: "the-secret-of-the-app", Now: (&clock{noon}).now})
		r := request(purchase(t))
		r.URL.Path, r.URL.RawQuery = path, query
		r.Header["Authorization"], r.Header["Content-Type"] = []string{authorization}, []string{kind}
		w := serve(s, r)
		if json.Unmarshal(w.Body.Bytes(), new(any)) != nil || strings.Contains(w.Body.String(), goodToken) {
			t.Fatalf("the answer is no JSON, or quotes the token: %q", w.Body)
		}
		for _, r := range append(s.Requests(), s.TokenChecks()...) {
			if strings.Contains(fmt.Sprint(r), goodToken) {
				t.Fatalf("the record holds the token: %+v", r)
			}
		}
	})
}

// Our reader of objects and lists agrees with the library's.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{`{}`, `[]`, `{"a" : 1 , "b":[ 1 ,2],"c":{"d":"}"}}`, `[ "a" , {"b":null},[[]], -1.5e3 ]`, `{"a\u0062":"\u00e9\n"}`, `"x\"y"`, `1e999`, `-0`, `9223372036854775808`, `{"":""}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		v := jsontext.Value(body)
		if !v.IsValid() { // what is read has been through parseBody
			return
		}
		v = jsontext.Value(strings.TrimSpace(string(v)))
		var wantObject map[string]jsontext.Value
		if o, ok := members(v); ok != (json.Unmarshal(v, &wantObject) == nil && v.Kind() == '{') || ok && !equalObjects(o, wantObject) {
			t.Fatalf("members of %s: %v %t, want %v", v, o, ok, wantObject)
		}
		var wantList []jsontext.Value
		l, ok := list(v)
		if ok != (json.Unmarshal(v, &wantList) == nil && v.Kind() == '[') || len(l) != len(wantList) {
			t.Fatalf("list of %s: %v %t, want %v", v, l, ok, wantList)
		}
		for i := range l {
			if string(l[i]) != string(wantList[i]) {
				t.Fatalf("list of %s: %v, want %v", v, l, wantList)
			}
		}
		var wantText string
		if s, ok := text(v); ok != (v.Kind() == '"' && json.Unmarshal(v, &wantText) == nil) || ok && s != wantText {
			t.Fatalf("text of %s: %q %t", v, s, ok)
		}
		var wantInteger int64
		if n, ok := integer(v); ok != (v.Kind() == '0' && json.Unmarshal(v, &wantInteger) == nil) || ok && n != wantInteger {
			t.Fatalf("integer of %s: %d %t", v, n, ok)
		}
	})
}

func equalObjects(a object, b map[string]jsontext.Value) bool {
	for key, v := range b {
		if got, ok := a.find(key); !ok || string(got) != string(v) {
			return false
		}
	}
	return len(a) == len(b)
}

// Whatever the cookie: refused or a form that is kept when it is read again.
func FuzzCookie(f *testing.F) {
	for _, seed := range []string{"fb.1.1795400000000.IwAR0abc", "fb.1.1795400000000.123.AQECAQMB", "fb.1.1795400000.x", "....", "fb.1.1795400000000..Bg", "fb.99.9999999999999.1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if checkClick(s, noon.Unix(), noon) == nil && (strings.Count(s, ".") < 3 || !strings.HasPrefix(s, "fb.")) {
			t.Fatalf("fbc %q was accepted", s)
		}
		if c, ok := parseCookie(s); ok && checkBrowserID(s, noon) == nil && !digits(c.payload) {
			t.Fatalf("fbp %q was accepted", s)
		}
		isPublicAddress(s)
		isLoopback(s)
		masked(s)
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
