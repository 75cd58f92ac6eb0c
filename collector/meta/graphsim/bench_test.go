package graphsim

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"

	"github.com/go-json-experiment/json"
)

// thousand is a request body of n good purchases, each with an id of its own.
func thousand(t testing.TB, n int) []byte {
	t.Helper()
	var top struct{ Data []map[string]any }
	if err := json.Unmarshal(purchase(t), &top, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.WriteString(`{"data":[`)
	for i := range n {
		top.Data[0]["event_id"] = fmt.Sprintf("purchase.A-%d", i)
		event, err := json.Marshal(top.Data[0])
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(event)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// BenchmarkThousandEvents is one full request, from its bytes to its answer.
func BenchmarkThousandEvents(b *testing.B) {
	s := New(Options{Dataset: goodDataset, Token: goodToken, Now: (&clock{noon}).now})
	body := thousand(b, maxEvents)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if w := serve(s, request(body)); w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
	b.ReportMetric(float64(b.N)*maxEvents/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkSenders is the same from as many senders as there are processors.
func BenchmarkSenders(b *testing.B) {
	s := New(Options{Dataset: goodDataset, Token: goodToken, Now: (&clock{noon}).now})
	body := thousand(b, maxEvents)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if w := serve(s, request(body)); w.Code != http.StatusOK {
				b.Error(w.Body)
			}
		}
	})
	b.ReportMetric(float64(b.N)*maxEvents/b.Elapsed().Seconds(), "events/s")
}
