package edge

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"matchkey/collector"
)

// Whatever strangers send: no panic, and what comes out is bounded, can be
// written as JSON and keeps its rules.

func FuzzBeacon(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte(good))
	f.Add([]byte(refusal("reject", true)))
	f.Add([]byte(`{"v":1,"m":{"_fbp":null},"u":[],"c":null,"e":[7,{"n":"a","i":"b","p":{"a":[[[[[[[]]]]]]]}}]}`))
	f.Add([]byte(`{"v":1,"t":1e308,"e":[{"n":"a","i":"b","t":-1e308}]}`))
	site, err := testSite().prepare()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		b, why := decodeBeacon(body)
		if (b == nil) != (why != "") {
			t.Fatalf("neither read nor refused: %v %q", b, why)
		}
		if b == nil {
			return
		}
		a := &arrival{site: site, receipt: "b_x", at: noon, cookie: func(string) string { return "fb.1.2.3" }}
		kept, cookies := a.keep(b)
		if len(kept) > maxBeaconEvents {
			t.Errorf("%d events", len(kept))
		}
		for _, c := range cookies {
			if c.maxAge <= 0 {
				t.Errorf("a cookie without an age: %v", c)
			}
		}
		checkEvents(t, kept)

		only, withheld := a.leaveOnlyAnswer(b, []collector.Reason{"r"})
		checkEvents(t, only)
		if len(only) > 0 && b.answer == nil || withheld > len(b.events) {
			t.Errorf("%d events and %d withheld of %d", len(only), withheld, len(b.events))
		}
		for _, e := range only {
			if e.Name != collector.EventConsent || len(e.Identifiers) > 0 || e.Session != "" || e.URL != "" || e.Properties != nil ||
				e.Client != (collector.Client{}) || e.Visitor != "" && e.Consent.Action == collector.ConsentAccept {
				t.Errorf("more than the answer was left: %+v", e)
			}
		}
	})
}

func FuzzServerEvents(f *testing.F) {
	f.Add([]byte(`{"events":[`+order+`]}`), false)
	f.Add([]byte(order+"\n"+order), true)
	f.Add([]byte(`{"events":[{"id":"A","id":"B"},null,7,{"customer":{"x":1}}],"events":[]}`), false)
	f.Add([]byte("{\"events\":[\"\xff\"]}"), false)
	f.Add([]byte(`{"id":"A","name":"b","visitor":"v","channel":"store","at":"2026-10-01T00:00:00Z","integrations":{"meta":{"a":{"b":[1]}},"x":1}}`), true)
	site, err := testSite().prepare()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte, lines bool) {
		c := &call{site: site, receipt: "c_x", at: noon}
		read := c.readList
		if lines {
			read = c.readLines
		}
		if why := read(body); why != "" {
			return
		}
		if n := len(c.events) + len(c.rejected); n < 1 || n > maxCallEvents {
			t.Errorf("%d events", n)
		}
		if c.duplicates > max(len(c.events)-1, 0) {
			t.Errorf("%d duplicates of %d", c.duplicates, len(c.events))
		}
		for _, r := range c.rejected {
			if r.Code == "" || r.Index < 0 || len(r.Message) > maxToken {
				t.Errorf("rejected without a reason: %+v", r)
			}
		}
		if _, err := json.Marshal(c.rejected); err != nil {
			t.Errorf("the answer cannot be written: %v", err)
		}
		checkEvents(t, c.events)
	})
}

// checkEvents holds what every stored event promises.
func checkEvents(t *testing.T, events []collector.Event) {
	t.Helper()
	if _, err := json.Marshal(events); err != nil {
		t.Fatalf("the journal cannot write them: %v", err)
	}
	for _, e := range events {
		if !isEventName(e.Name) || len(e.ID) > maxToken+1+4*maxID || e.ID == "" || collector.HoldsEmail(e.ID) ||
			e.Visitor != "" && !isToken(e.Visitor) || collector.HoldsEmail(e.Customer) {
			t.Errorf("badly named: %+v", e)
		}
		if e.OccurredAt.After(e.ReceivedAt) || e.ReceivedAt.Sub(e.OccurredAt) > e.Channel.MaxAge() {
			t.Errorf("occurred at %v, received at %v", e.OccurredAt, e.ReceivedAt)
		}
		for _, url := range []string{e.URL, e.Referrer} {
			if strings.ContainsAny(url, "?#@") && !strings.Contains(url, "/") || strings.ContainsAny(url, "?#") || collector.HoldsEmail(url) {
				t.Errorf("an address kept too much: %q", url)
			}
		}
		if e.Channel != "" && !e.Channel.Known() || len(e.Integrations) > 1 || len(e.Integrations["meta"]) > maxPropertyMembers {
			t.Errorf("channel %q, integrations %v", e.Channel, e.Integrations)
		}
		if len(e.Notes) > 200 || len(e.Identifiers) > 20 || len(e.Properties) > maxPropertyMembers {
			t.Errorf("unbounded: %d notes, %d identifiers, %d properties", len(e.Notes), len(e.Identifiers), len(e.Properties))
		}
		for _, id := range e.Identifiers {
			if id.Value == "" || id.FirstAt.IsZero() || id.LastAt.Before(id.FirstAt) {
				t.Errorf("identifier %+v", id)
			}
		}
	}
}

func FuzzForwarded(f *testing.F) {
	f.Add("203.0.113.5, 10.0.0.2")
	f.Add("[2001:db8::1]:80,::ffff:10.0.0.1,")
	f.Add(strings.Repeat(",", 5000))
	ours := prefixes("10.0.0.0/8", "2001:db8::/32")
	f.Fuzz(func(t *testing.T, header string) {
		peer := netip.MustParseAddr("10.0.0.1")
		got := ours.client(peer, header)
		if !got.IsValid() || got != peer && ours.trust(got) || got.Zone() != "" || got.Is4In6() {
			t.Errorf("%q gave %v", header, got)
		}
		stranger := netip.MustParseAddr("203.0.113.5")
		if got := ours.client(stranger, header); got != stranger {
			t.Errorf("a stranger's %q gave %v", header, got)
		}
	})
}

func FuzzOrigin(f *testing.F) {
	f.Add("https://shop.example/x?y#z")
	f.Add("HTTP://[::1]:80")
	f.Add("https://shop.example/a-b_c.d~e/../f")
	f.Add("http://-./")
	f.Fuzz(func(t *testing.T, address string) {
		origin, ok := originOf(address)
		if !ok {
			return
		}
		again, ok := originOf(origin)
		if !ok || again != origin {
			t.Errorf("%q gave %q, which gives %q %v", address, origin, again, ok)
		}
		if host, path, plain := plainAddress(address); plain {
			u, err := url.Parse(address)
			if err != nil || host != origin || path != u.EscapedPath() {
				t.Errorf("%q is not plainly %q and %q: %v", address, host, path, err)
			}
		}
		kept, _ := pageURL(address)
		if kept != "" && !strings.HasPrefix(kept, "http") {
			t.Errorf("%q was kept as %q", address, kept)
		}
	})
}
