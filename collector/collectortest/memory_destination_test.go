package collectortest_test

import (
	"testing"

	"matchkey/collector"
	"matchkey/collector/collectortest"
)

func TestMemoryDestination(t *testing.T) {
	collectortest.Destination(t, func(t *testing.T) collectortest.DestinationWorld {
		d := collectortest.NewMemoryDestination("memory")
		return collectortest.DestinationWorld{
			Destination: d,
			Script:      func(script func(string) collectortest.Behaviour) { d.Script(answering(script)) },
			Received: func() (ids []string) {
				for _, p := range d.Received() {
					ids = append(ids, p.Key.EventID)
				}
				return ids
			},
			Bodies: func() (bodies []string) {
				for _, p := range d.Received() {
					bodies = append(bodies, string(p.Body))
				}
				return bodies
			},
		}
	})
}

// answering says behaviours in verdicts, as the script of a MemoryDestination
// wants them.
func answering(script func(string) collectortest.Behaviour) func(collector.Parcel) collector.Verdict {
	verdicts := map[collectortest.Behaviour]collector.Verdict{
		collectortest.Take:   {Ruling: collector.Accepted},
		collectortest.Refuse: {Ruling: collector.Rejected, Reason: "refused_by_script"},
		collectortest.Fail:   {Ruling: collector.Retry},
		collectortest.Shut:   {Ruling: collector.Blocked, Reason: "shut_by_script"},
		collectortest.Cut:    {Ruling: collector.InDoubt, Reason: collector.ReasonNoAnswer},
		collectortest.Hang:   {},
	}
	return func(p collector.Parcel) collector.Verdict { return verdicts[script(p.Key.EventID)] }
}

func TestMemoryBodyShowsWhatWouldBeSent(t *testing.T) {
	d := collectortest.NewMemoryDestination("memory")
	payload, refusal := d.Compose(collector.Composition{
		Delivery: collector.DeliveryKey{Send: "Purchase"},
		Event: collector.Event{ID: "purchase.1", Identifiers: []collector.Identifier{
			{Kind: collector.KindPhone, Value: "p"}, {Kind: collector.KindEmail, Value: "e"}, {Kind: collector.KindEmail, Value: "e2"},
		}},
		Decision: collector.Decision{Strip: []collector.Kind{collector.KindPhone}, Reasons: []collector.Reason{"contact_data_stripped"}},
	})
	if refusal != nil {
		t.Fatal(refusal)
	}
	body, err := collectortest.ReadMemoryBody(payload.Body)
	if err != nil || body.EventID != "purchase.1" || body.Send != "Purchase" || len(body.Kinds) != 1 || body.Kinds[0] != collector.KindEmail {
		t.Errorf("%+v, %v", body, err)
	}
}
