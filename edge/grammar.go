package edge

import (
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
	maxHint       = 256  // brands of a browser, in bytes
	maxLocale     = 35   // a language, in bytes (RFC 5646 § 4.4.1)
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
	own := strings.TrimPrefix(id, name+".")
	if !isOwnID(own) {
		return collector.ReasonEventID
	}
	if collector.HoldsEmail(own) || collector.HoldsPhone(own) {
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
	if collector.HoldsEmail(id) || collector.HoldsPhone(id) {
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
