package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"matchkey/collector"
)

// TestAScenarioThatTakesMuchIsAnAlarm: a scenario on what happens all the time shows
// up by itself; orders of a back end never do.
func TestAScenarioThatTakesMuchIsAnAlarm(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.append(answered(collector.ConsentAccept, "v1", ""))
		for i := range 300 {
			ev := browsed("v1", "")
			ev.ID = fmt.Sprint("purchase.B-", i)
			if i%2 == 0 {
				ev.Name = collector.EventPurchase
			}
			w.append(ev, bought(fmt.Sprint("A-", i), "c42"))
		}
		time.Sleep(time.Minute)
		wantMetrics(w, "half of the traffic", map[string]float64{
			"scenario_share_percent{scenario=purchase,site=shop}": 49, // the answer is an event, too
			"scenario_alarm{scenario=purchase,site=shop}":         1,
		})
		alarms := w.engine.Alarms()
		if len(alarms) != 1 || alarms[0].Reason != collector.ReasonScenarioShare || !strings.Contains(alarms[0].Detail, "scenario purchase of site shop: 150 of 30") {
			t.Errorf("alarms %+v", alarms)
		}
	})
}
