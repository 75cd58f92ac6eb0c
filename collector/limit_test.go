package collector_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"matchkey/collector"
)

func TestLimitReached(t *testing.T) {
	day := func(n float64) time.Time {
		return time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n * float64(24*time.Hour)))
	}
	month := collector.Limit{Times: 1, Per: 30 * 24 * time.Hour}
	twice := collector.Limit{Times: 2, Per: 30 * 24 * time.Hour}
	for _, c := range []struct {
		name   string
		limit  collector.Limit
		at     time.Time
		others []time.Time
		want   bool
	}{
		{"none before", month, day(0), nil, false},
		{"one a day before", month, day(1), []time.Time{day(0)}, true},
		{"one a day later, which came first", month, day(0), []time.Time{day(1)}, true},
		{"one at the same time", month, day(0), []time.Time{day(0)}, true},
		{"one a whole period before", month, day(30), []time.Time{day(0)}, false},
		{"one of two", twice, day(1), []time.Time{day(0)}, false},
		{"the third of two", twice, day(2), []time.Time{day(0), day(1)}, true},
		{"between two that are further apart than a period", twice, day(20), []time.Time{day(0), day(40)}, false},
		{"beside two that are none of its business", twice, day(100), []time.Time{day(0), day(1)}, false},
		{"no limit", collector.Limit{}, day(0), []time.Time{day(0), day(0)}, false},
	} {
		if got := c.limit.Reached(c.at, c.others); got != c.want {
			t.Errorf("%s: %t, want %t", c.name, got, c.want)
		}
	}
}

// TestNoStretchHoldsMore: whatever the order in which events arrive, no stretch of
// a period has more than the limit, and none is refused that would have fitted.
func TestNoStretchHoldsMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := collector.Limit{Times: rapid.IntRange(1, 4).Draw(t, "times"), Per: 10 * time.Minute}
		most := func(taken []time.Time) (n int) {
			for _, from := range taken {
				in := 0
				for _, at := range taken {
					if !at.Before(from) && at.Sub(from) < limit.Per {
						in++
					}
				}
				n = max(n, in)
			}
			return n
		}
		var taken []time.Time
		for _, m := range rapid.SliceOfN(rapid.IntRange(0, 60), 0, 60).Draw(t, "minutes") {
			at := time.Unix(int64(m)*60, 0)
			reached := limit.Reached(at, taken)
			with := most(append(append([]time.Time(nil), taken...), at))
			if reached != (with > limit.Times) {
				t.Fatalf("at minute %d beside %v: reached is %t, and with it a period would have %d", m, taken, reached, with)
			}
			if !reached {
				taken = append(taken, at)
			}
		}
	})
}
