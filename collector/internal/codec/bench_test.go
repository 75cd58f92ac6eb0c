package codec

import (
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"matchkey/collector"
)

// BenchmarkEvent compares the binary form of a page view with the JSON of format 2.
func BenchmarkEvent(b *testing.B) {
	at := time.Date(2026, 11, 25, 10, 0, 0, 123_000_000, time.UTC)
	ev := collector.Event{
		ID: "abcdefghijkl0", Site: "shop", Name: "page_view", Origin: "browser", Receipt: "b_asdkjlasdkjlad0", OccurredAt: at, ReceivedAt: at,
		Visitor: "1.mcxzc0.12345", Session: "asdkljas0", PageView: "asdlkasj0",
		Client: collector.Client{
			IP:        "203.0.113.44",
			UserAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1",
			Locale:    "de-DE", Geo: collector.Geo{Country: "DE", Region: "BE", Source: "geoip"},
		},
		URL: "https://shop.example/products/123", Referrer: "https://www.example.com/",
		Identifiers: []collector.Identifier{{Kind: "browser", Value: "1.1764064800123.1234567890", FirstAt: at, LastAt: at, Receipt: "b_asdkjlasdkjlad0", Event: "page_view"}},
		Consent: &collector.ConsentAnswer{
			Action: "accept", At: at, ClaimedAt: at, Notice: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Language: "en", Source: "banner", Explicit: true,
		},
	}
	binary, err := AppendEvent(nil, &ev)
	if err != nil {
		b.Fatal(err)
	}
	text, err := json.Marshal(&ev, json.Deterministic(true))
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 0, 2048)
	for name, run := range map[string]func() error{
		"binary/write": func() error { _, err := AppendEvent(buf[:0], &ev); return err },
		"binary/read":  func() error { var is collector.Event; return ReadEvent(binary, &is) },
		"json/write":   func() error { _, err := json.Marshal(&ev, json.Deterministic(true)); return err },
		"json/read":    func() error { var is collector.Event; return json.Unmarshal(text, &is) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			began := processorTime()
			b.SetBytes(int64(map[bool]int{true: len(binary), false: len(text)}[name[0] == 'b']))
			for b.Loop() {
				if err := run(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(processorTime()-began)/float64(b.N), "cpu-ns/op")
		})
	}
}

// processorTime is what this process has used of processors, on a machine that
// others use as well.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
