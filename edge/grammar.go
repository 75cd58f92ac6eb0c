package edge

import (
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"

	"matchkey/collector"
)

// What may be called how. These rules are part of the wire format.

const (
	maxToken      = 64   // event names, visitor, session and page view ids
	maxID         = 128  // own ids of events and customers, in characters
	maxIdentifier = 1024 // a browser identifier, in bytes; Meta ignores an fbclid beyond 500
	maxContact    = 256  // one field of contact data, in bytes
	maxUserAgent  = 512  // bytes; parsers choke on more (reference/deps.md § 5)
)

// isToken reports whether s has 1 to 64 of [A-Za-z0-9_.-].
func isToken(s string) bool { return spelledWith(s, "_.-") }

// isEventName reports whether s has 1 to 64 of [A-Za-z0-9_.:-].
func isEventName(s string) bool { return spelledWith(s, "_.:-") }

// spelledWith reports whether s has 1 to 64 letters, digits and the given
// punctuation, ASCII only.
func spelledWith(s, punctuation string) bool {
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && strings.IndexByte(punctuation, s[i]) < 0 {
			return false
		}
	}
	return s != "" && len(s) <= maxToken
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// isOwnID reports whether s is 1 to 128 printable characters without blanks:
// an order number, a lead number.
func isOwnID(s string) bool {
	for _, r := range s {
		if unicode.IsSpace(r) || !unicode.IsGraphic(r) {
			return false
		}
	}
	n := utf8.RuneCountInString(s)
	return n >= 1 && n <= maxID
}

// checkEventID says what is wrong with an event id, if anything. The id may be
// a deterministic one, "<name>.<own id>"; the bound is the own id's.
func checkEventID(name, id string) collector.Reason {
	if own := strings.TrimPrefix(id, name+"."); !isOwnID(own) {
		return collector.ReasonEventID
	}
	if looksLikeEmail(id) {
		return ReasonContactData
	}
	return ""
}

// checkCustomer says what is wrong with a customer id, if anything. Blanks
// inside are the site's own affair.
func checkCustomer(id string) collector.Reason {
	if utf8.RuneCountInString(id) > maxID {
		return collector.ReasonFieldTooLong
	}
	for _, r := range id {
		if !unicode.IsPrint(r) {
			return collector.ReasonMalformed
		}
	}
	if strings.TrimSpace(id) == "" {
		return collector.ReasonMalformed
	}
	if looksLikeEmail(id) {
		return ReasonContactData
	}
	return ""
}

// cut shortens s to at most n bytes without splitting a character, and replaces
// bytes that are no UTF-8, which JSON cannot carry.
func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// looksLikeEmail reports whether s contains something that reads as an e-mail
// address, also percent-encoded, once or twice. Customer ids, order ids, paths
// and properties are kept as they come, and people do put addresses there.
func looksLikeEmail(s string) bool {
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
	return isAlphanumeric(c) || c >= utf8.RuneSelf || strings.IndexByte("._%+-'\"", c) >= 0
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
