package dispatch

import "time"

// The schedule: full jitter under a ceiling that doubles from base to cap.
// Full jitter, because many deliveries fail at one moment and must not come
// back at one moment.
const (
	base     = time.Second
	ceiling  = 15 * time.Minute
	maxTries = 60 // at the ceiling, well past any destination's window
	// maxDoubts is how often one delivery is sent again by policy after no
	// answer came. Each time it may be counted twice; then a person decides.
	maxDoubts = 3
)

// never is a due time that does not come.
var never = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

// NextAttempt is how long to wait after the given number of tries; jitter is
// uniform in [0,1). Pure.
func NextAttempt(tries int, jitter float64) time.Duration {
	limit := ceiling
	if tries < 20 {
		limit = min(ceiling, base<<max(tries, 0))
	}
	return time.Duration(jitter * float64(limit))
}
