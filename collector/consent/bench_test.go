package consent

import (
	"testing"
	"time"

	"matchkey/collector"
)

// BenchmarkDecide measures one decision about a customer with a linked browser
// who agreed to everything: six records, three purposes, opt-in.
func BenchmarkDecide(b *testing.B) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	visitor, customer := collector.Visitor("shop", "v"), collector.Customer("shop", "c")
	purposes := []string{PurposeMeasurement, PurposeMatching, PurposePersonalisation}
	r := NewRegister([]Category{{ID: "advertising", Label: "Advertising", Purposes: purposes}}, []Notice{{Text: "May we?", Language: "en", Recipients: []string{"meta"}, Epoch: 1}})
	answer := collector.ConsentAnswer{
		Action: collector.ConsentAccept, At: now.Add(-time.Hour), Source: "banner", Explicit: true,
		Notice: Notice{Text: "May we?", Language: "en", Recipients: []string{"meta"}, Epoch: 1}.Hash(),
	}
	event := collector.Event{ID: "purchase.1", Site: "shop", Name: "purchase", OccurredAt: now.Add(-time.Minute), ReceivedAt: now, Customer: "c"}
	policy := Defaults()
	policy.NoticeEpoch = r.Epoch()
	d := New(policy)
	q := collector.Question{
		Now: now, Event: event, Direct: []collector.Subject{customer}, Linked: []collector.Subject{visitor},
		Records: r.Records(answer, []collector.Subject{visitor, customer}, event, 1), Purposes: purposes,
		Has: append(collector.ContactKinds(), collector.KindClick, collector.KindBrowser, collector.KindCustomer, collector.KindUserAgent, collector.KindIP),
	}
	b.ReportAllocs()
	for b.Loop() {
		if got := d.Decide(q); got.Outcome != collector.SendFull {
			b.Fatal(got.Reasons)
		}
	}
}
