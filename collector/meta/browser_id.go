package meta

// The two cookies of Meta's Pixel: _fbp, the browser's id, and _fbc, the click.
//
//	fb "." subdomain index "." creation time in ms "." payload [ "." appendix ]
//
// This gate stands at the edge and again before every payload: one malformed
// click costs Meta's whole request, not one field (capi.md § 5.3, § 13.5).

import (
	"strconv"
	"strings"
	"time"

	"matchkey/collector"
)

// The cookies' names.
const (
	clickCookie   = "_fbc"
	browserCookie = "_fbp"
)

const (
	// cookieLife is how long both cookies live, and how long a click counts
	// (capi.md § 5.2, § 5.3).
	cookieLife = 90 * 24 * time.Hour
	// clockSlack is how far a browser's clock may be ahead (§ 5.3).
	clockSlack = time.Minute
	// maxClickID bounds an fbclid; Meta's own library ignores longer ones (§ 5.1).
	maxClickID = 500
)

// BrowserIdentifiers says how browser id and click travel between browser and
// server, for the edge: _fbp is a [collector.KindBrowser] and _fbc a
// [collector.KindClick], both for 90 days.
//
// Parse keeps a value to the letter, an appendix of Meta's libraries included,
// with one repair: a creation time in seconds (10 digits, which Meta's own shop
// plug-in writes, capi.md § 13.1) becomes milliseconds. It refuses what is
// malformed, what lies more than a minute ahead, and a click that is older than
// 90 days; a browser id has no age limit.
func BrowserIdentifiers() []collector.BrowserIdentifier {
	return []collector.BrowserIdentifier{
		{Kind: collector.KindBrowser, Cookie: browserCookie, MaxAge: cookieLife, Parse: parseBrowserID},
		{Kind: collector.KindClick, Cookie: clickCookie, MaxAge: cookieLife, Parse: parseClick},
	}
}

func parseBrowserID(value string, now time.Time) (string, time.Time, collector.Reason) {
	v, ok := readBrowserValue(value, isRandomPart)
	switch {
	case !ok:
		return "", time.Time{}, collector.ReasonMalformed
	case v.at.After(now.Add(clockSlack)):
		return "", time.Time{}, collector.ReasonInFuture
	}
	return v.text, v.at, ""
}

func parseClick(value string, now time.Time) (string, time.Time, collector.Reason) {
	v, ok := readBrowserValue(value, isClickID)
	switch {
	case !ok:
		return "", time.Time{}, collector.ReasonMalformed
	case v.at.After(now.Add(clockSlack)):
		return "", time.Time{}, collector.ReasonInFuture
	case now.Sub(v.at) > cookieLife:
		return "", time.Time{}, collector.ReasonTooOld
	}
	return v.text, v.at, ""
}

// A browserValue is a cookie's value taken apart.
type browserValue struct {
	text    string // the value, repaired
	at      time.Time
	payload string // fbclid or random number: segment 3, never "after the last dot" (§ 5.2)
}

// readBrowserValue takes a value apart; ok is false when it does not follow the
// grammar or isPayload does not accept its payload.
func readBrowserValue(value string, isPayload func(string) bool) (v browserValue, ok bool) {
	if len(value) > maxClickID+64 {
		return v, false
	}
	var parts [5]string // not Split: the gate is passed twice by every event
	n := 0
	for part := range strings.SplitSeq(value, ".") {
		if n == len(parts) {
			return v, false
		}
		parts[n] = part
		n++
	}
	if n < 4 || parts[0] != "fb" || len(parts[1]) > 2 || !isDigits(parts[1]) || !isDigits(parts[2]) || !isPayload(parts[3]) {
		return v, false
	}
	if n == 5 && !isAppendix(parts[4]) {
		return v, false
	}
	if len(parts[2]) == 10 {
		parts[2] += "000"
		value = strings.Join(parts[:n], ".")
	}
	if len(parts[2]) != 13 {
		return v, false
	}
	ms, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return v, false
	}
	return browserValue{value, time.UnixMilli(ms).UTC(), parts[3]}, true
}

// isAppendix accepts what Meta's libraries hang on: two characters that name one
// of six languages, or any eight (capi.md § 5.4). With another one they take the
// cookie for broken, and so do we.
func isAppendix(s string) bool {
	switch s {
	case "AQ", "Ag", "Aw", "BA", "BQ", "Bg":
		return true
	}
	return len(s) == 8 && isBase64URL(s)
}

// isRandomPart accepts any digits: Meta's libraries make up to 18 of them (§ 5.1).
func isRandomPart(s string) bool { return len(s) <= 20 && isDigits(s) }

// isClickID accepts what real fbclids are made of; they contain "-" and "_".
func isClickID(s string) bool { return len(s) <= maxClickID && isBase64URL(s) }

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func isBase64URL(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '-' || c == '_') {
			return false
		}
	}
	return s != ""
}
