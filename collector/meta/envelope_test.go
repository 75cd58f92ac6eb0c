package meta

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"matchkey/collector"
)

// A test event code counts as production traffic (capi.md § 13.25), so it ends
// by the clock, in a process that runs on.
func TestTestEventCodeEnds(t *testing.T) {
	g := newGraph(t)
	clock := now
	d := g.destination(func(c *Config) {
		c.TestEventCode, c.TestEventCodeUntil, c.Now = "TEST123", now.Add(time.Hour), func() time.Time { return clock }
	})
	without := g.destination(func(c *Config) { c.TestEventCode = "TEST123" })
	for _, c := range []struct {
		d    *Destination
		at   time.Time
		sent bool
	}{
		{d, now, true}, {d, now.Add(time.Hour - time.Second), true}, {d, now.Add(time.Hour), false}, {d, now.Add(1000 * time.Hour), false},
		{without, now, false},
	} {
		clock = c.at
		c.d.Send(t.Context(), []collector.Parcel{{Body: []byte(`{"event_id":"e"}`)}})
		requests := g.Requests()
		if got := strings.Contains(requests[len(requests)-1].body, `"test_event_code":"TEST123"`); got != c.sent {
			t.Errorf("at %v the code is sent: %v", c.at, got)
		}
	}
}

func TestAppSecretProof(t *testing.T) {
	g := newGraph(t)
	const secret = "0123456789abcdef0123456789abcdef"
	d := g.destination(func(c *Config) { c.AppSecret = secret })
	d.Send(t.Context(), []collector.Parcel{{Body: []byte(`{"event_id":"e"}`)}})
	r := g.Requests()[0]
	// printf %s "$TOKEN" | openssl dgst -sha256 -hmac "$SECRET"
	const want = `,"appsecret_proof":"8692924daf9fa9017327846ecd901733531f2532679381961208be3474c52dc6"}`
	if !strings.HasSuffix(r.body, want) {
		t.Errorf("body %s, want it to end with %s", r.body, want)
	}
	for _, header := range r.header {
		if strings.Contains(strings.Join(header, " "), secret) {
			t.Error("the secret itself is sent")
		}
	}
	if strings.Contains(r.url+r.body, secret) || strings.Contains(r.url, "proof") {
		t.Error("the secret is sent, or the proof is in the URL")
	}
	if shown := fmt.Sprintf("%v %+v %#v %v", d, d, *d, Config{AppSecret: secret}); strings.Contains(shown, secret) {
		t.Errorf("the secret is printed: %s", shown)
	}
	if _, err := New(Config{Name: "m", Dataset: "1", Token: "t", AppSecret: "a b"}); err == nil || !strings.Contains(err.Error(), "secret") {
		t.Errorf("a secret with a blank: %v", err)
	}
}
