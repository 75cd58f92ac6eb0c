package engine

import "testing"

func TestGivesWay(t *testing.T) {
	for _, c := range []struct {
		crowd, lag, maxLag int
		want               bool
	}{
		{0, 0, 1000, false},           // nobody waits
		{crowded - 1, 0, 1000, false}, // those of one fsync
		{crowded, 0, 1000, true},
		{crowded, 499, 1000, true},
		{crowded, 500, 1000, false}, // lag has its turn
		{crowded, 2000, 1000, false},
		{crowded, 0, 1, false}, // no room at all
	} {
		if got := givesWay(c.crowd, c.lag, c.maxLag); got != c.want {
			t.Errorf("%d wait, %d of %d behind: gives way %v", c.crowd, c.lag, c.maxLag, got)
		}
	}
}
