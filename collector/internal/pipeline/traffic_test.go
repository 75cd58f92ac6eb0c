package pipeline

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"matchkey/collector"
)

func TestSharesAreOfTheLastHours(t *testing.T) {
	p := &Pipeline{Options: Options{Sites: map[string]Site{"shop": {ShareMax: 50}}}}
	views := []collector.Conversion{{Scenario: "views"}}
	count := func(n int, at time.Time, origin collector.Origin, conversions []collector.Conversion) {
		for range n {
			p.traffic.count(collector.Event{Site: "shop", Origin: origin, ReceivedAt: at}, conversions)
		}
	}
	count(150, noon, collector.OriginBrowser, views)
	count(1000, noon, collector.OriginServer, views) // a back end's orders
	count(50, noon.Add(time.Hour), collector.OriginBrowser, nil)
	want := collector.Share{Site: "shop", Scenario: "views", Matched: 150, Events: 200, Max: 50}
	if got := p.Shares(); len(got) != 1 || !cmp.Equal(got[0], want) || !got[0].Alarming() || got[0].Percent() != 75 {
		t.Errorf("shares %+v, want %+v as an alarm", got, want)
	}
	count(100, noon.Add(2*time.Hour), collector.OriginBrowser, views)
	want = collector.Share{Site: "shop", Scenario: "views", Matched: 100, Events: 150, Max: 50}
	if got := p.Shares(); len(got) != 1 || !cmp.Equal(got[0], want) || got[0].Alarming() {
		t.Errorf("an hour later %+v, want %+v, of too few events for an alarm", got, want)
	}
	count(1, noon.Add(9*time.Hour), collector.OriginBrowser, nil)
	if got := p.Shares(); len(got) != 0 {
		t.Errorf("hours later %+v, want none", got)
	}
}
