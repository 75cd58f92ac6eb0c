package meta

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// emailGrammar is an address of RFC 5322's unquoted kind with a domain of at
// least two labels. Meta's library drops what is none (capi.md § 3.4); hashing
// it would be a key that matches nobody.
var emailGrammar = regexp.MustCompile(
	"^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*" +
		`@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$`)

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
	if !emailGrammar.MatchString(v) {
		return ""
	}
	return v
}
