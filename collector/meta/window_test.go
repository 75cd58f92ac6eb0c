package meta

import (
	"testing"
	"time"

	"matchkey/collector"
)

func TestWindow(t *testing.T) {
	happened := collector.Event{OccurredAt: now}
	for _, c := range []struct {
		what    string
		noPixel bool
		first   time.Time
		want    time.Time
		why     collector.Reason
	}{
		{"never tried", false, time.Time{}, now.Add(7*24*time.Hour - 10*time.Minute), collector.ReasonWindowPassed},
		{"tried at once", false, now.Add(time.Minute), now.Add(time.Minute + 48*time.Hour - 10*time.Minute), ReasonTwinWindow},
		{"tried late", false, now.Add(6 * 24 * time.Hour), now.Add(7*24*time.Hour - 10*time.Minute), collector.ReasonWindowPassed},
		{"without a Pixel", true, now.Add(time.Minute), now.Add(7*24*time.Hour - 10*time.Minute), collector.ReasonWindowPassed},
	} {
		d, err := New(Config{Name: "main", Dataset: "1", Token: "t", NoPixel: c.noPixel})
		if err != nil {
			t.Fatal(err)
		}
		if got, why := d.Window(happened, c.first); !got.Equal(c.want) || why != c.why {
			t.Errorf("%s: the window ends at %v (%s), want %v (%s)", c.what, got, why, c.want, c.why)
		}
	}
}
