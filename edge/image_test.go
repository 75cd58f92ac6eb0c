package edge

import (
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The tag's reasons, in its own source and here.
func TestTagReasonsAreTheTags(t *testing.T) {
	source, err := os.ReadFile("../tag/src/ignore.ts")
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, m := range regexp.MustCompile(`(?m)^  \| '(\w+)'`).FindAllSubmatch(source, -1) {
		said = append(said, string(m[1]))
		if tagReasons[string(m[1])] == "" {
			t.Errorf("the edge has no sentence for the tag's reason %q", m[1])
		}
	}
	if len(said) != len(tagReasons) {
		t.Errorf("the tag says %d reasons %q, the edge knows %d", len(said), said, len(tagReasons))
	}
	docs, err := os.ReadFile("../docs/tag.md")
	if err != nil {
		t.Fatal(err)
	}
	for why := range tagReasons {
		if !strings.Contains(string(docs), "`"+why+"`") {
			t.Errorf("docs/tag.md does not explain %q", why)
		}
	}
}

func TestWhatTheTagIgnoredIsCounted(t *testing.T) {
	f := start(t)
	f.beacon(strings.Replace(good, `"v":1,`, `"v":1,"x":{"full":3,"made up":2,"large":-1,"told":"x","fault":999999},`, 1))
	f.beacon(strings.Replace(good, `"v":1,`, `"v":1,"x":["full"],`, 1))
	for why, want := range map[string]float64{"full": 3, "other": 2, "large": 0, "told": 0, "fault": maxIgnored} {
		if got := f.count("tag_ignored_total", "site", "shop", "reason", why); got != want {
			t.Errorf("%s: %v, want %v", why, got, want)
		}
	}
}

func TestOwnIPv6Address(t *testing.T) {
	for said, want := range map[string]string{
		"2a00:1450:4001::7": "2a00:1450:4001::7",
		"fe80::1":           "192.0.2.7", // of one link only
		"fd00::1":           "192.0.2.7", // private
		"::1":               "192.0.2.7",
		"::ffff:192.0.2.9":  "192.0.2.7",
		"203.0.113.9":       "192.0.2.7", // the connection's own is as good
		"x":                 "192.0.2.7",
	} {
		f := start(t)
		if r := f.beacon(strings.Replace(good, `"v":1,`, `"v":1,"a":"`+said+`",`, 1)); r.StatusCode != 204 {
			t.Fatalf("%s: %d %s", said, r.StatusCode, r.body)
		}
		if got := f.journal.stored()[0].Client.IP; got != want {
			t.Errorf("%s: the client is %s, want %s", said, got, want)
		}
	}
}

func TestCallerAddress(t *testing.T) {
	f := start(t)
	if r := f.do("GET", "/mk/shop/ip", "", "Origin", origin); r.StatusCode != 200 || r.body != "192.0.2.7" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %d %q %v", r.StatusCode, r.body, r.Header)
	}
	if r := f.do("GET", "/mk/shop/ip", "", "Origin", "https://elsewhere.example"); r.StatusCode != 403 {
		t.Errorf("another site's page got %d %q", r.StatusCode, r.body)
	}
}

func TestImageBeacon(t *testing.T) {
	f := start(t)
	query := strings.ReplaceAll(url.QueryEscape(good), "+", "%20")
	r := f.do("GET", "/mk/shop.gif?"+query, "", "Referer", origin+"/cart?secret=1", "Host", strings.TrimPrefix(origin, "https://"),
		"Cookie", "_mkv=1.toybxa.0123456789abcdef; _mks=toybxa6aof")
	if r.StatusCode != 200 || r.Header.Get("Content-Type") != "image/gif" || !strings.HasPrefix(r.body, "GIF89a") {
		t.Fatalf("got %d %q %v", r.StatusCode, r.body, r.Header)
	}
	e := f.journal.stored()[0]
	if e.Visitor != "1.toybxa.0123456789abcdef" || e.Session != "toybxa6aof" || e.URL != origin+"/cart" {
		t.Errorf("stored %+v", e)
	}
	refused := strings.ReplaceAll(url.QueryEscape(strings.Replace(good, `"accept"`, `"reject"`, 1)), "+", "%20")
	if r := f.do("GET", "/mk/shop.gif?"+refused, "", "Referer", origin+"/"); r.StatusCode != 200 || !slices.ContainsFunc(r.Header["Set-Cookie"], func(c string) bool { return strings.HasPrefix(c, "_mkv=; Max-Age=0") }) {
		t.Errorf("a refusal got %d %v", r.StatusCode, r.Header)
	}
	for _, bad := range []string{"", "%zz", "x", url.QueryEscape(`{"v":2}`)} {
		if r := f.do("GET", "/mk/shop.gif?"+bad, "", "Referer", origin+"/"); r.StatusCode != 400 {
			t.Errorf("%q got %d", bad, r.StatusCode)
		}
	}
}
