package graphsim

import (
	"strconv"
	"strings"
	"time"
)

// apiVersions are the versions of the Graph API that have been alive lately
// (capi.md § 1.2), newest first. A zero end: not announced.
var apiVersions = []struct {
	name           string
	released, ends time.Time
}{
	{"v26.0", day(2026, 7, 29), time.Time{}},
	{"v25.0", day(2026, 2, 18), day(2028, 7, 29)},
	{"v24.0", day(2025, 10, 8), day(2028, 2, 18)},
	{"v23.0", day(2025, 5, 29), day(2027, 10, 8)},
	{"v22.0", day(2025, 1, 21), day(2027, 5, 20)},
	{"v21.0", day(2024, 10, 2), day(2027, 1, 21)},
	{"v20.0", day(2024, 5, 21), day(2026, 9, 24)},
	{"v19.0", day(2024, 1, 23), day(2026, 5, 21)},
}

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

type versionState int

const (
	versionUnknown versionState = iota // never released, or later than this table
	versionAlive
	versionDead // answered all the same, by an upgrade nobody asked for
)

func stateOfVersion(v string, now time.Time) versionState {
	for _, known := range apiVersions {
		if known.name != v {
			continue
		}
		switch {
		case now.Before(known.released):
			return versionUnknown
		case known.ends.IsZero() || now.Before(known.ends):
			return versionAlive
		}
		return versionDead
	}
	if major, ok := majorOf(v); ok && major < 19 {
		return versionDead
	}
	return versionUnknown
}

// majorOf reads "v18.0" and the likes; false for anything that is no version.
func majorOf(v string) (int, bool) {
	digits, ok := strings.CutPrefix(v, "v")
	if !ok {
		return 0, false
	}
	a, b, ok := strings.Cut(digits, ".")
	major, err := strconv.ParseUint(a, 10, 16)
	if _, err2 := strconv.ParseUint(b, 10, 16); !ok || err != nil || err2 != nil || major == 0 {
		return 0, false
	}
	return int(major), true
}
