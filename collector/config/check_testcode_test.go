package config

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestTestEventCodeByTheDay(t *testing.T) {
	text, err := os.ReadFile("testdata/good_full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	end := time.Date(2026, 12, 31, 17, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		until string // in place of the file's
		now   time.Time
		want  string
	}{
		{"2026-12-31T18:00:00+01:00", end.Add(-time.Second), "is sent until 2026-12-31T17:00:00Z"},
		{"2026-12-31T18:00:00+01:00", end, "ended at 2026-12-31T17:00:00Z"},
		{"2026-12-31", end, "is sent until 2027-01-01T00:00:00Z"}, // a day counts whole
		{"2026-12-31", end.Add(7 * time.Hour), "ended at 2027-01-01T00:00:00Z"},
	} {
		conf, faults := Parse("testdata/good_full.yaml", []byte(strings.Replace(string(text), "2026-12-31T18:00:00+01:00", c.until, 1)), env, readFile)
		if err := faults.Err(); err != nil {
			t.Fatal(err)
		}
		before := len(faults.Warnings)
		conf.CheckAt(c.now, &faults)
		if len(faults.Warnings) != before+1 || !strings.Contains(faults.String(), c.want) {
			t.Errorf("until %s, at %v: want %q in\n%s", c.until, c.now, c.want, faults.String())
		}
	}
	conf, faults := Parse("testdata/test.yaml", []byte("destinations: [{name: x}]"), env, readFile)
	before := len(faults.Warnings)
	if conf.CheckAt(end, &faults); len(faults.Warnings) != before {
		t.Errorf("a destination without a block: %s", faults.String())
	}
}
