package dispatch

import (
	"time"

	"matchkey/collector"
)

// The schedule: full jitter under a ceiling that doubles from base to cap.
// Full jitter, because many deliveries fail at one moment and must not come
// back at one moment.
const (
	base    = time.Second
	ceiling = 15 * time.Minute
	// maxTries only bounds what is counted: at the ceiling's average it lasts
	// longer than any destination's window, so that it is the window that ends a
	// long outage (a test holds the two together).
	maxTries = 2000
	// portionFrom tries do not yet speak against a delivery: outages do that.
	portionFrom = 3
)

// never is a time that does not come.
var never = collector.Never

// NextAttempt is how long to wait after the given number of tries; jitter is
// uniform in [0,1). Pure.
func NextAttempt(tries int, jitter float64) time.Duration {
	limit := ceiling
	if tries < 20 {
		limit = min(ceiling, base<<max(tries, 0))
	}
	return time.Duration(jitter * float64(limit))
}

// portion is how large a batch may be that holds a delivery after some tries:
// each further one halves it. So what makes a request fail without saying so
// (a crash of the far side, say) ends up alone and holds up nothing else.
func portion(batch, tries int) int {
	return max(1, batch>>min(max(0, tries-portionFrom), 30))
}
