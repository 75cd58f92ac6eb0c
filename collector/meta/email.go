package meta

import (
	"regexp"
	"strings"
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
// fold them.
func email(v string) string {
	v = strings.ToLower(v)
	if len(v) > maxEmail || !emailGrammar.MatchString(v) {
		return ""
	}
	return v
}

// emailInside finds what looks like an e-mail address in a longer text.
var emailInside = regexp.MustCompile(`[^\s@/?&=:;,<>"']+@[^\s@/?&=:;,<>"']+\.[^\s@/?&=:;,<>"'.]+`)
