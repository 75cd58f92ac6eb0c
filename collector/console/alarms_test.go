package console

import (
	"strings"
	"testing"

	"matchkey/collector"
)

func TestAlarmsOfTheNode(t *testing.T) {
	h, err := New(Options{Reader: shop(), Operations: shop(), Sentences: collector.Sentences(), Alarms: func() []collector.Alarm {
		return []collector.Alarm{{Reason: collector.ReasonScenarioShare, Detail: "scenario <views>: 150 of 200"}}
	}})
	if err != nil {
		t.Fatal(err)
	}
	page := text(t, get(t, h, "/").Body.String())
	for _, want := range []string{"A scenario makes conversions of a larger share", "scenario <views>: 150 of 200"} {
		if !strings.Contains(page, want) {
			t.Errorf("the overview lacks %q", want)
		}
	}
	if answer := get(t, h, "/api/alarms").Body.String(); !strings.Contains(answer, `"reason": "scenario_takes_much"`) {
		t.Errorf("the API answers %s", answer)
	}
}
