package config

import (
	"testing"
	"time"
)

func TestDurations(t *testing.T) {
	good := map[string]time.Duration{
		"0": 0, "0s": 0, "500ms": 500 * time.Millisecond, "30s": 30 * time.Second, "2m": 2 * time.Minute,
		"1h30m": 90 * time.Minute, "1.5h": 90 * time.Minute, "180d": 180 * 24 * time.Hour, "1d12h": 36 * time.Hour,
	}
	for text, want := range good {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "10", "1.5", "-5s", "5 s", "12h1d", "1w", "5 parsecs", "999999d", "99999999h99999999h", "1e3s", "d", "5us", "NaN"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
	for text, d := range map[string]time.Duration{"180d": 180 * 24 * time.Hour, "1h30m": 90 * time.Minute, "2m": 2 * time.Minute, "24h1m": 24*time.Hour + time.Minute, "0s": 0, "10s": 10 * time.Second, "10m": 10 * time.Minute, "20h": 20 * time.Hour} {
		if got := formatDuration(d); got != text {
			t.Errorf("%v is written as %s, not %s", d, got, text)
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"origins", "on", "to", "token", "consent"}
	for word, want := range map[string]string{"orgins": "origins", "tokne": "token", "Consent": "consent", "of": "", "xyz": "", "": ""} {
		if got := nearest(word, words); got != want {
			t.Errorf("%q is near %q, not %q", word, got, want)
		}
	}
}
