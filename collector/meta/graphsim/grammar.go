package graphsim

// The forms of single values: hashes, addresses, fbc and fbp (capi.md § 3.1,
// § 3.5, § 5.1, § 5.3).

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// isHash: exactly 64 lower-case hex digits. The library's form with an
// appendix behind it (§ 5.1, "pii") is not accepted: it would claim to be made
// by Meta's library.
func isHash(s string) bool { return len(s) == 64 && isHex(s) }

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// looksHashed: SHA-256 or MD5 in hex of either case.
func looksHashed(s string) bool {
	return (len(s) == 64 || len(s) == 32) && isHex(strings.ToLower(s))
}

// notPublic are ranges that are no browser's address on the Internet and that
// netip does not name itself. The ranges for documentation are left in: tests
// and demonstrations live there.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"),
}

// isPublicAddress: one IPv4 or IPv6 address, without spaces, port or zone,
// that can be a browser's.
func isPublicAddress(s string) bool {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// A cookie value is fb.<index>.<ms>.<payload>[.<appendix>], § 5.1.
type cookieValue struct {
	madeMS  int64
	payload string
}

func parseCookie(s string) (c cookieValue, ok bool) {
	part := strings.Split(s, ".")
	if len(part) != 4 && len(part) != 5 || part[0] != "fb" {
		return c, false
	}
	if len(part[1]) > 2 || !digits(part[1]) {
		return c, false
	}
	// 13 digits are milliseconds from 2001 to 2286; 10 are seconds, § 13.1.
	if len(part[2]) != 13 || !digits(part[2]) {
		return c, false
	}
	if len(part) == 5 && !isAppendix(part[4]) {
		return c, false
	}
	c.madeMS, _ = strconv.ParseInt(part[2], 10, 64)
	c.payload = part[3]
	return c, true
}

// isAppendix: two characters for a language, or any eight, § 5.4.
func isAppendix(s string) bool {
	switch len(s) {
	case 2:
		return slices.Contains([]string{"AQ", "Ag", "Aw", "BA", "BQ", "Bg"}, s)
	case 8:
		return isBase64URL(s)
	}
	return false
}

func isBase64URL(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return len(s) > 0
}

const (
	maxClickID  = 500                 // Meta's client library ignores longer ones, § 5.1
	maxClickAge = 90 * 24 * time.Hour // § 5.3
)

// checkClick: an fbc that is malformed, too old, from the future, or later
// than the event it is to explain (§ 5.3). For the last two a minute's grace is
// ours: clocks differ, and nothing is documented.
func checkClick(s string, eventTime int64, now time.Time) *refusal {
	c, ok := parseCookie(s)
	if !ok || !isBase64URL(c.payload) || len(c.payload) > maxClickID {
		return bad(subClickID, "The click id is not of the form fb.index.milliseconds.fbclid.")
	}
	const grace = maxAhead * 1000
	switch nowMS := now.UnixMilli(); {
	case c.madeMS > nowMS+grace:
		return bad(subClickID, "The click lies in the future.")
	case c.madeMS > eventTime*1000+grace:
		return bad(subClickID, "The click is later than the event.")
	case nowMS-c.madeMS > maxClickAge.Milliseconds():
		return bad(subClickID, "The click is older than 90 days.")
	}
	return nil
}

// checkBrowserID: fbp. Meta raises a diagnostic (§ 5.3); the fake refuses.
func checkBrowserID(s string, now time.Time) *refusal {
	c, ok := parseCookie(s)
	if !ok || !digits(c.payload) {
		return bad(subNotUsable, "The browser id is not of the form fb.index.milliseconds.number.")
	}
	if c.madeMS > now.UnixMilli()+maxAhead*1000 {
		return bad(subNotUsable, "The browser id was made in the future.")
	}
	return nil
}
