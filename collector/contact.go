package collector

import (
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What is plainly contact data in a text that should hold none: the edge asks
// before anything is kept, and a destination before anything is sent.

// HoldsEmail reports whether s contains something that reads as an e-mail
// address, also percent-encoded, once or twice. Customer ids, order ids, paths
// and properties are kept as they come, and people do put addresses there. Pure.
func HoldsEmail(s string) bool {
	for range 2 {
		if holdsEmail(s) {
			return true
		}
		plain := percentDecoded(s)
		if len(plain) == len(s) {
			return false
		}
		s = plain
	}
	return holdsEmail(s)
}

// holdsEmail looks for an address behind each '@', however it is written.
func holdsEmail(s string) bool {
	for i := range len(s) {
		var after string
		switch {
		case s[i] == '@':
			after = s[i+1:]
		case strings.HasPrefix(s[i:], "%40"):
			after = s[i+len("%40"):]
		case strings.HasPrefix(s[i:], fullWidthAt):
			after = s[i+len(fullWidthAt):]
		default:
			continue
		}
		if i > 0 && isLocalByte(s[i-1]) && startsWithDomain(after) {
			return true
		}
	}
	return false
}

// fullWidthAt is U+FF20, which East Asian keyboards type for '@'.
const fullWidthAt = "\uFF20"

// percentDecoded undoes one percent-encoding. What is none stays: "50% off" is
// no fault here.
func percentDecoded(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	plain := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if b, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				plain = append(plain, b[0])
				i += 2
				continue
			}
		}
		plain = append(plain, s[i])
	}
	return string(plain)
}

// isLocalByte reports whether c may end the part before the '@'.
func isLocalByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c >= utf8.RuneSelf || strings.IndexByte("._%+-'\"", c) >= 0
}

// startsWithDomain reports whether s begins with a host name that has a
// top-level domain of letters. "2x.png" is none: pictures for dense screens are
// called logo@2x.png.
func startsWithDomain(s string) bool {
	host := s
	if end := strings.IndexFunc(s, func(r rune) bool {
		return !unicode.In(r, unicode.Letter, unicode.Mark, unicode.Digit) && r != '.' && r != '-'
	}); end >= 0 {
		host = s[:end]
	}
	host = strings.Trim(host, ".-")
	dot := strings.LastIndexByte(host, '.')
	if dot < 1 {
		return false
	}
	if density := host[:dot]; len(density) == 2 && '0' <= density[0] && density[0] <= '9' && density[1] == 'x' {
		return false
	}
	top := host[dot+1:]
	notLetter := func(r rune) bool { return !unicode.In(r, unicode.Letter, unicode.Mark) }
	return strings.HasPrefix(top, "xn--") || len(top) >= 2 && !strings.ContainsFunc(top, notLetter)
}

// HoldsPhone reports whether there is a phone number in international form
// in a text: a plus and 8 to 15 digits, with no more than two of " ().-/"
// between them. A national number looks like any other number. Pure.
func HoldsPhone(s string) bool {
	for i := strings.IndexByte(s, '+'); i >= 0; {
		digits, gap := 0, 0
		for _, c := range []byte(s[i+1:]) {
			if '0' <= c && c <= '9' && (digits > 0 || c != '0') {
				digits, gap = digits+1, 0
			} else if gap++; digits == 0 || gap > 2 || strings.IndexByte(" ().-/", c) < 0 {
				break
			}
		}
		if digits >= 8 {
			return true
		}
		next := strings.IndexByte(s[i+1:], '+')
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}
