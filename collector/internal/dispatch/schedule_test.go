package dispatch

import (
	"testing"
	"time"
)

func TestNextAttempt(t *testing.T) {
	for tries, limit := range map[int]time.Duration{
		-1: time.Second, 0: time.Second, 1: 2 * time.Second, 9: 512 * time.Second, 10: ceiling, 19: ceiling, 1 << 20: ceiling,
	} {
		if got := NextAttempt(tries, 0); got != 0 {
			t.Errorf("after %d tries with no jitter: %s, want 0", tries, got)
		}
		if got := NextAttempt(tries, 0.5); got != limit/2 {
			t.Errorf("after %d tries with half the jitter: %s, want %s", tries, got, limit/2)
		}
	}
}

// TestTriesOutlastTheWindow: a week of outage must end by the window, which
// says why, and not by a count.
func TestTriesOutlastTheWindow(t *testing.T) {
	var lasts time.Duration
	for n := range maxTries {
		lasts += NextAttempt(n, 0.5)
	}
	if lasts < 8*24*time.Hour {
		t.Errorf("on average the tries are spent after %s, before the window's seven days are over", lasts)
	}
}

func TestPortion(t *testing.T) {
	for tries, want := range map[int]int{0: 100, 3: 100, 4: 50, 5: 25, 10: 1, 1 << 20: 1} {
		if got := portion(100, tries); got != want {
			t.Errorf("after %d tries a batch has up to %d, want %d", tries, got, want)
		}
	}
}
