package edge

import (
	"context"
	"net"
	"testing"

	"github.com/valyala/fasthttp"

	"matchkey/collector"
)

// usual is a beacon as most are: one page view of a known visitor.
const usual = `{"v":1,"t":1000,"b":"23c060e1","i":"` + visitor + `","k":"toybxa6aof","p":"x7","l":"https://shop.example/cart?x=1",` +
	`"m":{"_fbp":"` + browser + `","_fbc":"` + click + `"},"c":` + accepted + `,"e":[{"n":"page_view","i":"k3","t":990}]}`

// TestBeaconCost guards against accidents, not against the clock: the way of a
// usual beacon from bytes to events stays within some allocations.
func TestBeaconCost(t *testing.T) {
	site, err := testSite().prepare()
	if err != nil {
		t.Fatal(err)
	}
	a := &arrival{site: site, receipt: "b_x", at: noon, cookie: func(string) string { return "" }}
	body := []byte(usual)
	allocations := testing.AllocsPerRun(100, func() {
		b, why := decodeBeacon(body)
		if why != "" {
			t.Fatal(why)
		}
		a.keep(b)
	})
	if allocations > 20 {
		t.Errorf("%v allocations from body to events", allocations)
	}
}

// A forgetfulJournal is durable at once and remembers nothing.
type forgetfulJournal struct{}

func (forgetfulJournal) Append(context.Context, []collector.Event) (collector.Offset, error) {
	return 1, nil
}
func (forgetfulJournal) Healthy() error { return nil }

// BenchmarkBeacon is the edge's own share of a beacon: from a parsed request
// to the answer, without network and journal.
func BenchmarkBeacon(b *testing.B) {
	s, err := New(Options{Sites: []Site{testSite()}, Journal: forgetfulJournal{}})
	if err != nil {
		b.Fatal(err)
	}
	peer := &net.TCPAddr{IP: net.IPv4(203, 0, 113, 5), Port: 4711}
	var req fasthttp.Request
	req.Header.SetMethod("POST")
	req.SetRequestURI("/mk/shop")
	req.Header.SetHost("shop.example")
	req.Header.Set("Origin", origin)
	req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36")
	req.SetBodyString(usual)
	// A connection uses one context for all its requests.
	var ctx fasthttp.RequestCtx
	ctx.Init(&req, peer, nil)
	b.ReportAllocs()
	for b.Loop() {
		ctx.Response.Reset()
		s.Handler(&ctx)
		if ctx.Response.StatusCode() != 204 {
			b.Fatal(ctx.Response.StatusCode())
		}
	}
}
