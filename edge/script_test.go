package edge

import (
	"testing"

	"matchkey/collector"
)

func TestScript(t *testing.T) {
	f := start(t)
	const short, forever = "public, max-age=300", "public, max-age=31536000, immutable"
	for _, c := range []struct {
		name, path, accept, ifNone            string
		status                                int
		body, encoding, etag, cache, language string
	}{
		{"plain", "/mk/shop.js", "", "", 200, "plain()", "", `"23c060e1"`, short, ""},
		{"brotli first", "/mk/shop.js", "gzip, deflate, br", "", 200, "brotli bytes", "br", `"23c060e1-br"`, short, ""},
		{"gzip", "/mk/shop.js", "gzip", "", 200, "gzip bytes", "gzip", `"23c060e1-gzip"`, short, ""},
		{"brotli refused", "/mk/shop.js", "br;q=0, gzip;q=0.5", "", 200, "gzip bytes", "gzip", `"23c060e1-gzip"`, short, ""},
		{"for ever", "/mk/shop.23c060e1.js", "br", "", 200, "brotli bytes", "br", `"23c060e1-br"`, forever, ""},
		{"the browser has it", "/mk/shop.js", "br", `"23c060e1-br"`, 304, "", "", `"23c060e1-br"`, short, ""},
		{"the browser has it, weakly", "/mk/shop.js", "br", `"x", W/"23c060e1-br"`, 304, "", "", `"23c060e1-br"`, short, ""},
		{"any will do", "/mk/shop.js", "", `*`, 304, "", "", `"23c060e1"`, short, ""},
		{"the browser has another encoding", "/mk/shop.js", "br", `"23c060e1"`, 200, "brotli bytes", "br", `"23c060e1-br"`, short, ""},
		{"with a query", "/mk/shop.js?v=1", "", "", 200, "plain()", "", `"23c060e1"`, short, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var header []string
			if c.accept != "" {
				header = append(header, "Accept-Encoding", c.accept)
			}
			if c.ifNone != "" {
				header = append(header, "If-None-Match", c.ifNone)
			}
			r := f.do("GET", c.path, "", header...)
			if r.StatusCode != c.status || r.body != c.body || r.Header.Get("Content-Encoding") != c.encoding ||
				r.Header.Get("ETag") != c.etag || r.Header.Get("Cache-Control") != c.cache {
				t.Errorf("got %d %q %v", r.StatusCode, r.body, r.Header)
			}
			if r.Header.Get("Vary") != "Accept-Encoding" || r.Header.Get("X-Content-Type-Options") != "nosniff" ||
				r.Header.Get("Access-Control-Allow-Origin") != "*" || len(r.Header["Set-Cookie"]) != 0 {
				t.Errorf("headers: %v", r.Header)
			}
			if got := r.Header.Get("Content-Type"); c.status == 200 && got != "text/javascript; charset=utf-8" {
				t.Errorf("content type %q", got)
			}
		})
	}
	r := f.do("HEAD", "/mk/shop.js", "")
	if r.StatusCode != 200 || r.body != "" || r.ContentLength != int64(len("plain()")) || r.Header.Get("ETag") == "" {
		t.Errorf("HEAD: %d %d %v", r.StatusCode, r.ContentLength, r.Header)
	}
}

func TestSiteWithoutScript(t *testing.T) {
	f := start(t, func(o *Options) { o.Sites[0].Script = Script{} })
	if r := f.do("GET", "/mk/shop.js", ""); r.StatusCode != 404 || r.reason() != collector.ReasonNotFound {
		t.Errorf("got %d %q", r.StatusCode, r.reason())
	}
}

func TestOwnPrefix(t *testing.T) {
	f := start(t, func(o *Options) {
		o.Sites[0].Prefix = "/measure/x"
		second := testSite()
		second.Name, second.Origins = "second", []string{"https://second.example"}
		o.Sites = append(o.Sites, second)
	})
	if r := f.do("POST", "/measure/x/shop", good, "Origin", origin); r.StatusCode != 204 {
		t.Errorf("own prefix: %d", r.StatusCode)
	}
	if r := f.do("POST", "/mk/second", good, "Origin", "https://second.example"); r.StatusCode != 204 {
		t.Errorf("default prefix: %d", r.StatusCode)
	}
	if r := f.do("POST", "/mk/second", good, "Origin", origin); r.StatusCode != 403 {
		t.Errorf("another site's page: %d", r.StatusCode)
	}
	if e := f.journal.stored(); len(e) != 2 || e[0].Site != "shop" || e[1].Site != "second" {
		t.Errorf("stored: %v", e)
	}
}
