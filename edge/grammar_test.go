package edge

import (
	"strings"
	"testing"
	"unicode/utf8"

	"matchkey/collector"
)

func TestPageURL(t *testing.T) {
	for _, c := range []struct {
		in, want string
		why      collector.Reason
	}{
		{"", "", ""},
		{"https://shop.example", "https://shop.example/", ""},
		{"HTTPS://Shop.Example:443/A/b?c=d#e", "https://shop.example/A/b", ""},
		{"http://shop.example:8080/?fbclid=x", "http://shop.example:8080/", ""},
		{"https://user:pass@shop.example/", "https://shop.example/", ""},
		{"https://shop.example/caf%C3%A9/ü", "https://shop.example/caf%C3%A9/%C3%BC", ""},
		{"https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443/x", ""},
		{"https://shop.example/u/anna@example.com", "https://shop.example/", ReasonContactData},
		{"https://shop.example/u/anna%2540example.com", "https://shop.example/", ReasonContactData},
		{"https://shop.example/u/+491713920042/x", "https://shop.example/", ReasonContactData},
		{"https://shop.example/u/%2B491713920042", "https://shop.example/", ReasonContactData},
		{"https://shop.example/u/0049%20171%203920042", "https://shop.example/", ReasonContactData},
		{"https://shop.example/p/0049000028911/2026-11-25", "https://shop.example/p/0049000028911/2026-11-25", ""},
		{"?fbclid=x", "", ""},
		{"/path", "", collector.ReasonMalformed},
		{"file:///etc/passwd", "", collector.ReasonMalformed},
		{"about:blank", "", collector.ReasonMalformed},
		{"https://", "", collector.ReasonMalformed},
		{"https://:443/", "", collector.ReasonMalformed},
		{"https://shop.example/%zz", "", collector.ReasonMalformed},
		{"https://shop.example/" + strings.Repeat("x", maxURL), "", collector.ReasonFieldTooLong},
		{"https://shop.example/?" + strings.Repeat("x", 9000), "https://shop.example/", ""},
	} {
		if got, why := pageURL(c.in); got != c.want || why != c.why {
			t.Errorf("%.60q: %q %q, want %q %q", c.in, got, why, c.want, c.why)
		}
	}
}

// An id that is contact data is refused, an order number is not.
func TestContactDataIsNoID(t *testing.T) {
	for _, id := range []string{"anna@example.com", "+491713920042", "A+491713920042", "00491713920042", "%2B491713920042"} {
		if why := checkEventID("purchase", "purchase."+id); why != ReasonContactData && why != collector.ReasonEventID {
			t.Errorf("event id %q: %q", id, why)
		}
		if why := checkEventID("purchase", id); why != ReasonContactData {
			t.Errorf("event id %q: %q", id, why)
		}
		if why := checkCustomer(id); why != ReasonContactData {
			t.Errorf("customer id %q: %q", id, why)
		}
	}
	for _, id := range []string{"A-1001", "0012345678", "2026-11-25+1", "000000000012345678", "0049000028911", "491713920042"} {
		if event, customer := checkEventID("purchase", id), checkCustomer(id); event != "" || customer != "" {
			t.Errorf("%q: %q %q", id, event, customer)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "abc"}, {"aä", 2, "a"}, {"ää", 2, "ä"}, {"a\xff", 9, "a\uFFFD"}, {"", 0, ""}, {"ä", 1, ""},
	} {
		if got := cut(c.in, c.n); got != c.want || !utf8.ValidString(got) {
			t.Errorf("cut(%q, %d) = %q", c.in, c.n, got)
		}
	}
}

func TestCookieValues(t *testing.T) {
	for _, bad := range []string{"", "a;b", "a b", "a\r\nSet-Cookie: x=y", "a,b", `a"b`, `a\b`, "ä", "a\x7f"} {
		if isCookieValue(bad) {
			t.Errorf("%q can end a cookie", bad)
		}
	}
	if !isCookieValue(click) || !isCookieValue(visitor) {
		t.Error("our own values cannot be set")
	}
}

// TestIdentifierThatIsNoCookie: a grammar that lets a semicolon through must
// not write attributes.
func TestIdentifierThatIsNoCookie(t *testing.T) {
	f := start(t)
	r := f.beacon(strings.Replace(full, browser, "fb.1.2.x; Domain=evil.example", 1))
	if r.StatusCode != 204 || strings.Contains(strings.Join(r.Header["Set-Cookie"], "\n"), "evil") || len(r.Header["Set-Cookie"]) != 2 {
		t.Errorf("got %d %q", r.StatusCode, r.Header["Set-Cookie"])
	}
}
