package edge

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"matchkey/collector"
)

// good is the smallest beacon that is kept.
const good = `{"v":1,"t":1000,"c":{"a":"accept","t":900,"s":"banner","x":true},"e":[{"n":"page_view","i":"k3","t":990}]}`

func TestRefusals(t *testing.T) {
	key := []string{"Authorization", "Bearer " + writeKey, "Content-Type", "application/json"}
	page := []string{"Origin", origin}
	many := func(n int, event string) string {
		return strings.TrimSuffix(strings.Repeat(event+",", n), ",")
	}
	deep := strings.Repeat("[", 20000) + strings.Repeat("]", 20000)

	for _, c := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
		reason                   collector.Reason
		site                     string
	}{
		{"nothing there", "GET", "/", "", nil, 404, collector.ReasonNotFound, "unknown"},
		{"nothing there, deeper", "GET", "/mk/shop/x/y", "", nil, 404, collector.ReasonNotFound, "unknown"},
		{"unknown site's beacon", "POST", "/mk/shoop", good, page, 404, collector.ReasonUnknownSite, "unknown"},
		{"unknown site's tag", "GET", "/mk/shoop.js", "", nil, 404, collector.ReasonUnknownSite, "unknown"},
		{"unknown site's events", "POST", "/v1/shoop/events", "{}", key, 404, collector.ReasonUnknownSite, "unknown"},
		{"old build of the tag", "GET", "/mk/shop.00000000.js", "", nil, 404, collector.ReasonNotFound, "unknown"},
		{"other API address", "POST", "/v1/shop/other", "{}", key, 404, collector.ReasonNotFound, "unknown"},

		{"GET on the beacon", "GET", "/mk/shop", "", page, 405, collector.ReasonMethod, "shop"},
		{"POST on the tag", "POST", "/mk/shop.js", "", page, 405, collector.ReasonMethod, "shop"},
		{"GET on events", "GET", "/v1/shop/events", "", key, 405, collector.ReasonMethod, "shop"},
		{"OPTIONS on events", "OPTIONS", "/v1/shop/events", "", page, 405, collector.ReasonMethod, "shop"},
		{"DELETE on health", "DELETE", "/livez", "", nil, 405, collector.ReasonMethod, "unknown"},

		{"other origin", "POST", "/mk/shop", good, []string{"Origin", "https://evil.example"}, 403, collector.ReasonWrongOrigin, "shop"},
		{"origin with other port", "POST", "/mk/shop", good, []string{"Origin", origin + ":8443"}, 403, collector.ReasonWrongOrigin, "shop"},
		{"origin that begins alike", "POST", "/mk/shop", good, []string{"Origin", origin + ".evil.example"}, 403, collector.ReasonWrongOrigin, "shop"},
		{"sandboxed frame", "POST", "/mk/shop", good, []string{"Origin", "null", "Referer", origin + "/"}, 403, collector.ReasonWrongOrigin, "shop"},
		{"neither origin nor referrer", "POST", "/mk/shop", good, nil, 403, collector.ReasonWrongOrigin, "shop"},
		{"other referrer", "POST", "/mk/shop", good, []string{"Referer", "https://evil.example/" + origin}, 403, collector.ReasonWrongOrigin, "shop"},
		{"preflight of another origin", "OPTIONS", "/mk/shop", "", []string{"Origin", "https://evil.example"}, 403, collector.ReasonWrongOrigin, "shop"},

		{"empty beacon", "POST", "/mk/shop", "", page, 400, collector.ReasonBodyEmpty, "shop"},
		{"beacon too large", "POST", "/mk/shop", `{"v":1,"x":"` + strings.Repeat("x", maxBeaconBytes) + `"}`, page, 413, collector.ReasonBodyTooLarge, "shop"},
		{"compressed beacon", "POST", "/mk/shop", good, append([]string{"Content-Encoding", "gzip"}, page...), 415, collector.ReasonEncoding, "shop"},
		{"no JSON", "POST", "/mk/shop", "hello", page, 400, collector.ReasonMalformedJSON, "shop"},
		{"a list", "POST", "/mk/shop", "[]", page, 400, collector.ReasonMalformedJSON, "shop"},
		{"cut off", "POST", "/mk/shop", good[:len(good)-2], page, 400, collector.ReasonMalformedJSON, "shop"},
		{"something behind it", "POST", "/mk/shop", good + "x", page, 400, collector.ReasonMalformedJSON, "shop"},
		{"two answers", "POST", "/mk/shop", strings.Replace(good, `"e"`, `"c":{"a":"reject","t":900},"e"`, 1), page, 400, collector.ReasonMalformedJSON, "shop"},
		{"duplicate name deep inside", "POST", "/mk/shop", strings.Replace(good, `"t":990`, `"p":{"a":{"b":1,"b":2}}`, 1), page, 400, collector.ReasonMalformedJSON, "shop"},
		{"bottomless", "POST", "/mk/shop", `{"v":1,"x":` + deep + `}`, page, 400, collector.ReasonMalformedJSON, "shop"},
		{"invalid UTF-8", "POST", "/mk/shop", strings.Replace(good, "k3", "k\xff", 1), page, 400, collector.ReasonInvalidUTF8, "shop"},
		{"no version", "POST", "/mk/shop", `{"e":[]}`, page, 400, collector.ReasonUnknownVersion, "shop"},
		{"version 2", "POST", "/mk/shop", `{"v":2,"t":"now"}`, page, 400, collector.ReasonUnknownVersion, "shop"},
		{"51 events", "POST", "/mk/shop", `{"v":1,"e":[` + many(51, `{"n":"a","i":"b"}`) + `]}`, page, 413, collector.ReasonTooManyEvents, "shop"},
		{"no event", "POST", "/mk/shop", `{"v":1,"e":[]}`, page, 400, collector.ReasonNoEvents, "shop"},
		{"only a bad name", "POST", "/mk/shop", `{"v":1,"e":[{"n":"page view","i":"k"}]}`, page, 400, collector.ReasonEventName, "shop"},
		{"only a bad id", "POST", "/mk/shop", `{"v":1,"e":[{"n":"page_view"}]}`, page, 400, collector.ReasonEventID, "shop"},
		{"events are no list", "POST", "/mk/shop", `{"v":1,"e":{}}`, page, 400, collector.ReasonMalformedJSON, "shop"},
		{"an answer that is none", "POST", "/mk/shop", strings.Replace(good, `{"a":"accept","t":900,"s":"banner","x":true}`, `"yes"`, 1), page, 400, collector.ReasonMalformedJSON, "shop"},
		{"an answer without a time", "POST", "/mk/shop", strings.Replace(good, `"t":900,`, "", 1), page, 400, collector.ReasonMalformedJSON, "shop"},

		{"no key", "POST", "/v1/shop/events", "{}", nil, 401, collector.ReasonNoKey, "shop"},
		{"other scheme", "POST", "/v1/shop/events", "{}", []string{"Authorization", "Basic " + writeKey}, 401, collector.ReasonNoKey, "shop"},
		{"empty key", "POST", "/v1/shop/events", "{}", []string{"Authorization", "Bearer "}, 401, collector.ReasonNoKey, "shop"},
		{"wrong key", "POST", "/v1/shop/events", "{}", []string{"Authorization", "Bearer " + writeKey + "x"}, 401, collector.ReasonWrongKey, "shop"},
		{"half a key", "POST", "/v1/shop/events", "{}", []string{"Authorization", "Bearer " + writeKey[:8]}, 401, collector.ReasonWrongKey, "shop"},
		{"form data", "POST", "/v1/shop/events", "{}", []string{"Authorization", "Bearer " + writeKey, "Content-Type", "multipart/form-data; boundary=x"}, 415, ReasonContentType, "shop"},
		{"no content type at all", "POST", "/v1/shop/events", "{}", []string{"Authorization", "Bearer " + writeKey, "Content-Type", ";"}, 415, ReasonContentType, "shop"},
		{"brotli", "POST", "/v1/shop/events", "{}", append([]string{"Content-Encoding", "br"}, key...), 415, collector.ReasonEncoding, "shop"},
		{"no gzip", "POST", "/v1/shop/events", "{}", append([]string{"Content-Encoding", "gzip"}, key...), 400, collector.ReasonEncodingBroken, "shop"},
		{"half a gzip", "POST", "/v1/shop/events", zipped(t, "{}")[:12], append([]string{"Content-Encoding", "gzip"}, key...), 400, collector.ReasonEncodingBroken, "shop"},
		{"gzip of nothing", "POST", "/v1/shop/events", zipped(t, ""), append([]string{"Content-Encoding", "gzip"}, key...), 400, collector.ReasonBodyEmpty, "shop"},
		{"gzip bomb", "POST", "/v1/shop/events", zipped(t, strings.Repeat(" ", 64<<20)), append([]string{"Content-Encoding", "gzip"}, key...), 413, collector.ReasonBodyTooLarge, "shop"},
		{"events too large", "POST", "/v1/shop/events", strings.Repeat(" ", maxCallBytes+1), key, 413, collector.ReasonBodyTooLarge, "shop"},
		{"empty call", "POST", "/v1/shop/events", "", key, 400, collector.ReasonBodyEmpty, "shop"},
		{"call is no JSON", "POST", "/v1/shop/events", "hello", key, 400, collector.ReasonMalformedJSON, "shop"},
		{"call is cut off", "POST", "/v1/shop/events", `{"events":[{"id":"A","name":"b","customer":{"id":"c"}}`, key, 400, collector.ReasonMalformedJSON, "shop"},
		{"call of another shape", "POST", "/v1/shop/events", `{"event":[]}`, key, 400, collector.ReasonUnknownField, "shop"},
		{"events twice", "POST", "/v1/shop/events", `{"events":[],"events":[]}`, key, 400, collector.ReasonMalformedJSON, "shop"},
		{"call without events", "POST", "/v1/shop/events", `{"events":[]}`, key, 400, collector.ReasonNoEvents, "shop"},
		{"1,001 events", "POST", "/v1/shop/events", `{"events":[` + many(1001, `{"id":"A","name":"b","customer":{"id":"c"}}`) + `]}`, key, 413, collector.ReasonTooManyEvents, "shop"},
		{"call of invalid UTF-8 only", "POST", "/v1/shop/events", "{\"events\":[{\"id\":\"\xff\"}]}", key, 400, collector.ReasonInvalidUTF8, "shop"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := start(t)
			r := f.do(c.method, c.path, c.body, c.header...)
			if r.StatusCode != c.status || r.reason() != c.reason {
				t.Errorf("got %d %q, want %d %q", r.StatusCode, r.reason(), c.status, c.reason)
			}
			if want := allSentences()[c.reason]; want == "" || !strings.Contains(r.body, want) {
				t.Errorf("the body has no sentence for people: %q", r.body)
			}
			if n := len(f.journal.stored()); n != 0 {
				t.Errorf("%d events were stored", n)
			}
			if len(r.Header["Set-Cookie"]) != 0 {
				t.Errorf("cookies were set: %q", r.Header["Set-Cookie"])
			}
			if got := f.count("refused_total", "site", c.site, "reason", string(c.reason)); got != 1 {
				t.Errorf("counted %v times for site %s", got, c.site)
			}
			if want := []Refusal{{noon, c.site, c.reason, 1}}; !slices.Equal(f.refusals(), want) {
				t.Errorf("the observer was told %v, want %v", f.refusals(), want)
			}
			for _, name := range []string{"Server", "Date"} {
				if v := r.Header.Get(name); v != "" {
					t.Errorf("the answer tells its %s: %q", name, v)
				}
			}
		})
	}
}

func TestRefusalHeaders(t *testing.T) {
	f := start(t)
	if got := f.do("PUT", "/mk/shop", "", "Origin", origin).Header.Get("Allow"); got != "POST, OPTIONS" {
		t.Errorf("Allow of the beacon: %q", got)
	}
	if got := f.do("PUT", "/mk/shop.js", "").Header.Get("Allow"); got != "GET, HEAD" {
		t.Errorf("Allow of the tag: %q", got)
	}
	if got := f.do("POST", "/v1/shop/events", "{}").Header.Get("WWW-Authenticate"); got != "Bearer" {
		t.Errorf("WWW-Authenticate: %q", got)
	}
	if got := f.do("POST", "/v1/shop/events", "{}", "Origin", origin).Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("server-side events may be read by a page: %q", got)
	}
	// A refusal can be read by the tag, but only in the site's own pages.
	r := f.beacon("hello")
	if r.Header.Get("Access-Control-Allow-Origin") != origin || r.Header.Get("Access-Control-Allow-Credentials") != "true" ||
		r.Header.Get("Vary") != "Origin" || r.Header.Get("Access-Control-Expose-Headers") != "X-Matchkey-Reason, Retry-After" {
		t.Errorf("CORS of a refusal: %v", r.Header)
	}
	r = f.do("POST", "/mk/shop", good, "Origin", "https://evil.example")
	if r.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a strange page may read the refusal: %v", r.Header)
	}
}

func TestPreflight(t *testing.T) {
	f := start(t)
	r := f.do("OPTIONS", "/mk/shop", "", "Origin", origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type")
	if r.StatusCode != 204 || r.Header.Get("Access-Control-Allow-Origin") != origin ||
		r.Header.Get("Access-Control-Allow-Methods") != "POST" || r.Header.Get("Access-Control-Allow-Headers") != "Content-Type" {
		t.Errorf("got %d %v", r.StatusCode, r.Header)
	}
}

func TestLabelsAreBounded(t *testing.T) {
	f := start(t)
	for _, path := range []string{"/a", "/mk/b", "/mk/c.js", "/v1/d/events", "/mk/%73hop2", "/mk/e%00"} {
		f.do("GET", path, "")
	}
	families, err := f.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == "site" && l.GetValue() != "unknown" && l.GetValue() != "shop" {
					t.Errorf("%s has a label from a stranger: %q", family.GetName(), l.GetValue())
				}
			}
		}
	}
}

func TestPanicIsAnswered(t *testing.T) {
	f := start(t, func(o *Options) {
		o.Sites[0].MayKeep = func(*collector.ConsentAnswer, collector.Signals, collector.Geo) (bool, []collector.Reason) {
			panic("anna@example.com " + visitor)
		}
	})
	r := f.beacon(good)
	if r.StatusCode != 500 || r.reason() != collector.ReasonInternal || r.Header.Get("Date") != "" {
		t.Errorf("got %d %v", r.StatusCode, r.Header)
	}
	if got := f.log.String(); !strings.Contains(got, "panic=string") || strings.Contains(got, "anna") || strings.Contains(got, visitor) {
		t.Errorf("the log says: %s", got)
	}
	if r := f.do("GET", "/livez", ""); r.StatusCode != 200 {
		t.Errorf("afterwards: %d", r.StatusCode)
	}
}

func TestRandomnessFails(t *testing.T) {
	f := start(t, func(o *Options) { o.Random = failingReader{} })
	if r := f.beacon(good); r.StatusCode != 500 || r.reason() != collector.ReasonInternal {
		t.Errorf("a beacon without a receipt: %d %q", r.StatusCode, r.reason())
	}
	if r := f.call(`{"events":[{"id":"A","name":"b","customer":{"id":"c"}}]}`); r.StatusCode != 500 {
		t.Errorf("a call without a receipt: %d", r.StatusCode)
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("no entropy") }

func TestEveryReasonHasASentence(t *testing.T) {
	all := allSentences()
	for why := range statuses {
		if all[why] == "" {
			t.Errorf("%s has a status and no sentence", why)
		}
	}
}

// TestUnreadableRequests speaks broken HTTP.
func TestUnreadableRequests(t *testing.T) {
	for _, c := range []struct {
		name, raw string
		status    string
		reason    collector.Reason
	}{
		{"not HTTP", "hello\r\n\r\n", "400", ReasonRequestMalformed},
		{"headers too large", "GET /livez HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("a", 20000) + "\r\n\r\n", "431", ReasonHeadersTooLarge},
		{"too large by its header", "POST /mk/shop HTTP/1.1\r\nHost: x\r\nOrigin: " + origin + "\r\nContent-Length: 90000\r\n\r\n" + strings.Repeat(" ", 90000), "413", collector.ReasonBodyTooLarge},
		{"too large in chunks", "POST /mk/shop HTTP/1.1\r\nHost: x\r\nOrigin: " + origin + "\r\nTransfer-Encoding: chunked\r\n\r\n" +
			strings.Repeat("8000\r\n"+strings.Repeat(" ", 0x8000)+"\r\n", 3) + "0\r\n\r\n", "413", collector.ReasonBodyTooLarge},
		{"broken chunk", "POST /mk/shop HTTP/1.1\r\nHost: x\r\nOrigin: " + origin + "\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400", ReasonRequestMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := start(t)
			got := f.raw(c.raw)
			if !strings.HasPrefix(got, "HTTP/1.1 "+c.status) || !strings.Contains(got, "X-Matchkey-Reason: "+string(c.reason)+"\r\n") {
				t.Errorf("got %.300q", got)
			}
			if strings.Contains(got, "Server:") || strings.Contains(got, "Date:") {
				t.Errorf("the answer tells too much: %.300q", got)
			}
		})
	}
}

// TestStalledRequests never finish; the edge does not wait for ever.
func TestStalledRequests(t *testing.T) {
	for name, raw := range map[string]string{
		"in the headers": "POST /mk/shop HTTP/1.1\r\nHost: x",
		"in the body":    "POST /mk/shop HTTP/1.1\r\nHost: x\r\nOrigin: " + origin + "\r\nContent-Length: 60000\r\n\r\n" + strings.Repeat(" ", 10000),
		"in a chunk":     "POST /mk/shop HTTP/1.1\r\nHost: x\r\nOrigin: " + origin + "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			f.server.http.ReadTimeout = 20 * time.Millisecond
			if got := f.raw(raw); !strings.HasPrefix(got, "HTTP/1.1 408") || !strings.Contains(got, string(ReasonRequestTimeout)) {
				t.Errorf("got %.200q", got)
			}
			if n := len(f.journal.stored()); n != 0 {
				t.Errorf("%d events were stored", n)
			}
		})
	}
}

// TestBodyInChunks is a beacon whose length is not known in advance.
func TestBodyInChunks(t *testing.T) {
	f := start(t)
	half := len(good) / 2
	chunk := func(s string) string { return strings.Join([]string{hexLen(s), s, ""}, "\r\n") }
	got := f.raw("POST /mk/shop HTTP/1.1\r\nHost: x\r\nOrigin: " + origin + "\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" +
		chunk(good[:half]) + chunk(good[half:]) + "0\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 204") || len(f.journal.stored()) != 1 {
		t.Errorf("got %.200q", got)
	}
}
