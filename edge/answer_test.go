package edge

import (
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"matchkey/collector"
)

// TestDateAnswer: only differences of a browser's clock are right, and no clock
// makes a refusal older than it is.
func TestDateAnswer(t *testing.T) {
	received := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	const slow = 1_000_000_000_000 // the sender's clock at sending, 25 years behind
	for _, c := range []struct {
		action     string
		sent, said int64
		want       time.Time
	}{
		{"accept", slow, slow - 60_000, received.Add(-time.Minute)},
		{"accept", slow, slow + 1, received}, // given after it was sent
		{"accept", slow, 1, received.Add(-(slow - 1) * time.Millisecond)},
		{"accept", 0, slow, received}, // nobody says when it was sent
		{"accept", 1 << 52, 1, received},
		{"reject", slow, slow - 7_200_000, received},
		{"withdraw", slow, 1, received},
		{"something new", slow, slow - 1, received},
	} {
		b := beacon{sentAt: c.sent, answer: &collector.ConsentAnswer{Action: c.action, ClaimedAt: fromMillis(c.said)}}
		if b.dateAnswer(received); !b.answer.At.Equal(c.want) {
			t.Errorf("%s, sent %d, said %d: %s, want %s", c.action, c.sent, c.said, b.answer.At, c.want)
		}
	}
}

func TestPrivacySignal(t *testing.T) {
	for _, c := range []struct {
		headers []string
		want    bool
	}{
		{nil, false}, {[]string{"1"}, true}, {[]string{" 1 "}, true}, {[]string{"1, 1"}, true}, {[]string{"0", "1"}, true},
		{[]string{"0"}, false}, {[]string{"true"}, false}, {[]string{"1;x"}, false}, {[]string{"11"}, false}, {[]string{""}, false},
	} {
		var h fasthttp.RequestHeader
		for _, v := range c.headers {
			h.Add("Sec-GPC", v)
		}
		if got := privacySignal(&h); got != c.want {
			t.Errorf("Sec-GPC %q: %t, want %t", c.headers, got, c.want)
		}
	}
}

func TestContactDataByName(t *testing.T) {
	for name, want := range map[string]bool{
		"phone": true, "customer_phone": true, "billingEmail": true, "Mobile": true, "tel": true,
		"hotel": false, "phone_model": false, "motel": false, "channel": false, "thermophone": false,
	} {
		if got := checkName(name, []any{"x"}) == ReasonContactData; got != want {
			t.Errorf("a list named %s: contact data %t, want %t", name, got, want)
		}
	}
	for _, text := range []string{"ada\uff20example.com", "ada%2540example.com", "ada%40example.com"} {
		if !collector.HoldsEmail(text) {
			t.Errorf("%s is not seen as an e-mail address", text)
		}
	}
}

func TestPathsAreTakenToTheLetter(t *testing.T) {
	site := &route{label: "events"}
	s := &Server{routes: map[string]*route{"/v1/shop/events": site}}
	for path, want := range map[string]*route{
		"/v1/shop/events": site, "/mk/%2e%2e/v1/shop/events": nil, "//v1/shop/events": nil, "/mk/../v1/shop/events": nil, "/v1/shop/%65vents": nil,
	} {
		var uri fasthttp.URI
		if err := uri.Parse([]byte("x"), []byte(path)); err != nil {
			t.Fatal(err)
		}
		if got, why := s.route(&uri); got != want || got == nil && why == "" {
			t.Errorf("%s leads to %v (%s)", path, got, why)
		}
	}
}
