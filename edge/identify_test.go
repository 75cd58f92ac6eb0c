package edge

import (
	"testing"
	"time"

	"matchkey/collector"
)

// TestRepairsAreSaid: what was changed on its way in is not "to the letter".
func TestRepairsAreSaid(t *testing.T) {
	inSeconds := func(value string, now time.Time) (string, time.Time, collector.Reason) {
		if value == "fb.1.1700000000.x" {
			value = "fb.1.1700000000000.x"
		}
		return value, now, ""
	}
	s := &site{identifiers: []collector.BrowserIdentifier{{Kind: collector.KindClick, Cookie: "_fbc", Parse: inSeconds}}}
	for _, c := range []struct {
		sent   []member
		cookie string
		how    string
	}{
		{[]member{{"_fbc", "fb.1.1700000000000.x", true}}, "", ""},
		{[]member{{"_fbc", "fb.1.1700000000.x", true}}, "", "repaired"},
		{nil, "fb.1.1700000000000.x", ""},
		{nil, "fb.1.1700000000.x", "repaired"},
	} {
		found, _, _ := s.browserIdentifiers(c.sent, func(string) string { return c.cookie }, false, noon)
		if len(found) != 1 || found[0].value != "fb.1.1700000000000.x" || found[0].how != c.how {
			t.Errorf("%v %q: found %+v", c.sent, c.cookie, found)
		}
	}
}
