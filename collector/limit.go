package collector

import (
	"slices"
	"time"
)

// A Limit bounds how many of a scenario's conversions one person has within a
// period: within any stretch of that length, wherever it begins, by when the
// events occurred. The zero Limit bounds nothing.
type Limit struct {
	Times int
	Per   time.Duration
}

// MaxLimit is the largest Limit.Times: twice as many rows may be read for one event.
const MaxLimit = 100

// IsZero reports whether l bounds nothing.
func (l Limit) IsZero() bool { return l.Times <= 0 || l.Per <= 0 }

// Reached reports whether one more conversion at a time is one too many beside
// those of the same person that count, in any order. It does not depend on the
// order in which they arrive. Pure.
func (l Limit) Reached(at time.Time, others []time.Time) bool {
	if l.IsZero() || len(others) < l.Times {
		return false
	}
	all := append(slices.Clone(others), at)
	slices.SortFunc(all, time.Time.Compare)
	for i := 0; i+l.Times < len(all); i++ {
		first, last := all[i], all[i+l.Times]
		if last.Sub(first) < l.Per && !at.Before(first) && !at.After(last) {
			return true
		}
	}
	return false
}

// ReachedBeside is Reached for an event beside those that count, itself perhaps
// among them.
func (l Limit) ReachedBeside(id string, at time.Time, counted []Counted) bool {
	var others []time.Time
	for _, o := range counted {
		if o.EventID != id {
			others = append(others, o.OccurredAt)
		}
	}
	return l.Reached(at, others)
}

// A Counted is an event that counts to a limit.
type Counted struct {
	EventID    string
	OccurredAt time.Time
}
