package dispatch

import (
	"testing"
	"time"

	"matchkey/collector"
)

// An ageing destination's body says when it was composed, and is good for an hour.
type ageing struct{ collector.Destination }

func (ageing) Compose(c collector.Composition) (collector.Payload, *collector.Refusal) {
	return collector.Payload{Body: []byte(c.Now.Format(time.Kitchen)), GoodUntil: c.Now.Add(time.Hour)}, nil
}

// TestBodyIsRepeatedWhileItIsGood: to the letter, and never once it is stale.
func TestBodyIsRepeatedWhileItIsGood(t *testing.T) {
	d := &Dispatcher{Options: Options{Destination: ageing{}}}
	var dl collector.Delivery
	noon := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	full := collector.Decision{Outcome: collector.SendFull}
	for _, try := range []struct {
		after    time.Duration
		decision collector.Decision
		want     string
	}{
		{0, full, "12:00PM"},
		{time.Minute, full, "12:00PM"},
		{time.Hour - 1, full, "12:00PM"},
		{time.Hour, full, "1:00PM"},
		{90 * time.Minute, full, "1:00PM"},
		{95 * time.Minute, collector.Decision{Outcome: collector.SendFull, Strip: []collector.Kind{collector.KindIP}}, "1:35PM"},
	} {
		if s := d.compose(&dl, collector.Event{}, collector.Profile{}, try.decision, noon.Add(try.after)); s != nil {
			t.Fatalf("settled %+v", s)
		}
		if got := string(dl.Payload.Body); got != try.want {
			t.Errorf("after %v: the body of %s, want that of %s", try.after, got, try.want)
		}
	}
}
