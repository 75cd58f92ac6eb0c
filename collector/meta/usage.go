package meta

// What the headers of an answer say of Meta's rate limits (capi.md § 6.6). All
// shares are percentages of what is allowed. Meta sends no Retry-After; a proxy
// before it may.

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"matchkey/collector"
)

// Bounds of what is believed and kept of the headers.
const (
	// maxPause bounds how long a destination is left alone by a header's word.
	maxPause = time.Hour
	// throttlePause is how long it is left alone when it says it is used up, and
	// no header says for how long.
	throttlePause = time.Minute
	maxPercent    = 1000
	maxSaid       = 160 // bytes
)

// A share is what one limit says of itself.
type share struct {
	Calls float64 `json:"call_count"`
	Time  float64 `json:"total_time"`
	CPU   float64 `json:"total_cputime"`
}

func (s share) percent() float64 { return max(s.Calls, s.Time, s.CPU) }

func (s share) String() string {
	return fmt.Sprintf("calls %s %%, time %s %%, cpu %s %%", percentText(s.Calls), percentText(s.Time), percentText(s.CPU))
}

func percentText(f float64) string { return strconv.Itoa(percent(f)) }

// percent is a share as a whole number, rounded up and within bounds.
func percent(f float64) int {
	if !(f > 0) {
		return 0
	}
	return int(math.Ceil(min(f, maxPercent)))
}

// usage reads the headers of an answer.
func usage(h http.Header) (u collector.Usage) {
	var said []string
	var app share
	if text := h.Get("X-App-Usage"); text != "" && json.Unmarshal([]byte(text), &app) == nil {
		u.Percent = percent(app.percent())
		said = append(said, "app: "+app.String())
	}
	var business map[string][]struct {
		share
		Type    string  `json:"type"`
		Minutes float64 `json:"estimated_time_to_regain_access"`
	}
	if text := h.Get("X-Business-Use-Case-Usage"); text != "" && json.Unmarshal([]byte(text), &business) == nil {
		for _, id := range slices.Sorted(maps.Keys(business)) {
			for _, limit := range business[id] {
				u.Percent = max(u.Percent, percent(limit.percent()))
				u.RegainSeconds = max(u.RegainSeconds, seconds(units(limit.Minutes, time.Minute)))
				said = append(said, scrub(cmp.Or(limit.Type, "business"))+": "+limit.share.String())
			}
		}
	}
	var account struct {
		Percent float64 `json:"acc_id_util_pct"`
		Reset   float64 `json:"reset_time_duration"`
	}
	if text := h.Get("X-Ad-Account-Usage"); text != "" && json.Unmarshal([]byte(text), &account) == nil {
		u.Percent = max(u.Percent, percent(account.Percent))
		u.RegainSeconds = max(u.RegainSeconds, seconds(units(account.Reset, time.Second)))
		said = append(said, "account: "+percentText(account.Percent)+" %")
	}
	u.Said = shorten(strings.Join(said, "; "), maxSaid)
	return u
}

// pause is how long an answer that says "too much" asks to wait.
func pause(h http.Header) time.Duration {
	longest := time.Duration(usage(h).RegainSeconds) * time.Second
	if s, err := strconv.ParseFloat(h.Get("Retry-After"), 64); err == nil {
		longest = max(longest, units(s, time.Second))
	}
	if longest == 0 {
		return throttlePause
	}
	return longest
}

// units is n units of time between 0 and maxPause.
func units(n float64, unit time.Duration) time.Duration {
	if !(n > 0) {
		return 0
	}
	return time.Duration(min(n*float64(unit), float64(maxPause)))
}

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
