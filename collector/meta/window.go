package meta

// Until when an event may be sent.

import (
	"time"

	"matchkey/collector"
)

const (
	// windowSafety is what we keep free of a window: one event over it costs a
	// whole request.
	windowSafety = 10 * time.Minute
	// twinWindow is how long after the first copy Meta collapses another one of
	// the same name and id (§ 7). A later copy would count again.
	twinWindow = 48 * time.Hour
)

// resends is how often an event in doubt is sent again by itself.
const resends = 2

func (c *Config) resends() int {
	if c.AskWhenInDoubt {
		return 0
	}
	return resends
}

// Window is the end of Meta's window for the event, less ten minutes. An event
// of a page whose Pixel sends the same ends 48 hours after its first attempt, if
// that is earlier: by then Meta no longer takes the two copies for one (§ 6.7).
func (d *Destination) Window(e collector.Event, firstAttempt time.Time) (time.Time, collector.Reason) {
	end, why := window(e), collector.ReasonWindowPassed
	if d.twin && !firstAttempt.IsZero() && mayHaveTwin(e) {
		if twin := firstAttempt.Add(twinWindow - windowSafety); twin.Before(end) {
			end, why = twin, ReasonTwinWindow
		}
	}
	return end, why
}

// mayHaveTwin reports whether the Pixel can have seen the event: it sees what
// happens in pages.
func mayHaveTwin(e collector.Event) bool {
	return e.Channel == collector.ChannelWeb || e.Channel == ""
}

// windowLength is how old an event may be when it arrives (capi.md § 2): seven
// days, and 62 in a store.
func windowLength(c collector.Channel) time.Duration {
	const day = 24 * time.Hour
	if c == collector.ChannelStore {
		return 62 * day
	}
	return 7 * day
}

// window is the last moment at which an event may be sent.
func window(e collector.Event) time.Time {
	return e.OccurredAt.Add(windowLength(e.Channel) - windowSafety)
}
