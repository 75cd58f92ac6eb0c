package config

import (
	"fmt"
	"time"
)

// A test event code is no sandbox: events with it count like all others. It is
// put in for an hour and forgotten for a year, so it has an end. Without one it
// is not sent, and that is a warning and not an error: whoever restarts at night
// with an old file needs a process that runs, and gets one that does no harm.

func (k checker) testCode(path string, m *Meta) {
	code, until := path+".test_event_code", path+".test_event_code_until"
	if m.TestEventCode != "" && !testCodeForm.MatchString(m.TestEventCode) {
		k.err(code, "`%s` is no test code. It is the word that the Test Events window shows, such as TEST12345.", code)
	}
	_, ok := readUntil(m.TestEventCodeUntil)
	switch {
	case m.TestEventCodeUntil != "" && !ok:
		k.err(until, "`%s` is %q, which is neither a day nor a time. Write 2026-12-31, which counts whole in UTC, or 2026-12-31T18:00:00Z.", until, shorten(m.TestEventCodeUntil))
	case m.TestEventCode != "" && m.TestEventCodeUntil == "":
		k.warn(code, "`%s` is set and has no end, so it is not sent and nothing shows up in the Test Events window. Set test_event_code_until beside it, or take it out.", code)
	case m.TestEventCode == "" && m.TestEventCodeUntil != "":
		k.warn(until, "`%s` ends a test event code that is not there. It has no effect.", until)
	}
}

// TestUntil returns when the test event code is sent no more; the zero time when
// there is no code, or no end to it.
func (m *Meta) TestUntil() time.Time {
	if m.TestEventCode == "" {
		return time.Time{}
	}
	until, _ := readUntil(m.TestEventCodeUntil)
	return until
}

// readUntil reads a day, which ends with the next one in UTC, or a time.
func readUntil(text string) (until time.Time, ok bool) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.AddDate(0, 0, 1), true
	}
	at, err := time.Parse(time.RFC3339, text)
	return at, err == nil
}

// CheckAt adds the warnings that depend on the day on which the file is used:
// a test event code that is being sent, or was forgotten. It reads no clock.
func (c *Config) CheckAt(now time.Time, f *Faults) {
	for i, d := range c.Destinations {
		if d.Meta == nil || d.Meta.TestUntil().IsZero() {
			continue
		}
		path := fmt.Sprintf("destinations[%d].meta.test_event_code", i)
		until := d.Meta.TestUntil().UTC().Format(time.RFC3339)
		if now.Before(d.Meta.TestUntil()) {
			f.Warn(c.Fault(path, 0, fmt.Sprintf("A test event code is sent until %s: until then every conversion shows up in the Test Events window, and counts for measurement and targeting all the same.", until)))
		} else {
			f.Warn(c.Fault(path, 0, fmt.Sprintf("The test event code ended at %s and is sent no more. Take it out of the file, together with its end.", until)))
		}
	}
}
