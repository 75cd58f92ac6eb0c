package meta

import (
	"strings"
	"unicode/utf8"
)

// maxEmail is RFC 5321's limit of an address.
const maxEmail = 254

// email is the address in lower case. Dots and plus parts stay: Meta does not
// fold them. Letters outside of ASCII are refused before they are lowered, since
// some become an ASCII letter by it: "İ" is no "i".
func email(v string) string {
	if len(v) > maxEmail || strings.ContainsFunc(v, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return ""
	}
	v = strings.ToLower(v)
	if !isEmail(v) {
		return ""
	}
	return v
}

// isEmail reports whether v, in lower case, is an address of RFC 5322's
// unquoted kind with a domain of at least two labels. Meta's library drops what
// is none (capi.md § 3.4); hashing it would be a key that matches nobody.
func isEmail(v string) bool {
	local, domain, ok := strings.Cut(v, "@")
	if !ok || !strings.Contains(domain, ".") {
		return false
	}
	for atom := range strings.SplitSeq(local, ".") {
		if !isAtom(atom) {
			return false
		}
	}
	last := ""
	for last = range strings.SplitSeq(domain, ".") {
		if !isLabel(last) {
			return false
		}
	}
	return !isDigits(last) // an address of the Internet is no domain
}

// isAtom reports whether s may stand between the dots before the "@".
func isAtom(s string) bool {
	for i := range len(s) {
		if !isLowerOrDigit(s[i]) && strings.IndexByte("!#$%&'*+/=?^_`{|}~-", s[i]) < 0 {
			return false
		}
	}
	return s != ""
}

// isLabel reports whether s may stand between the dots of a domain.
func isLabel(s string) bool {
	for i := range len(s) {
		if !isLowerOrDigit(s[i]) && s[i] != '-' {
			return false
		}
	}
	return s != "" && s[0] != '-' && s[len(s)-1] != '-'
}

func isLowerOrDigit(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
