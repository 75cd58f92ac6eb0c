package meta

import (
	"strings"
	"unicode"
)

// name is a first or last name in lower case without blanks, punctuation, symbols
// and control characters; accents, digits and other scripts stay. Meta's libraries
// disagree on hyphens and apostrophes; its documentation says no punctuation
// (capi.md § 3.1, § 3.4). That takes everything along that people type for an
// apostrophe. Pictures stay, as in the parameter builder.
func name(v string) string {
	return strings.Trim(nameNoise.strip(v), "\u200c\u200d") // joiners that join nothing
}

var nameNoise = newNoise(isNameNoise)

// firstPicture is where Unicode's pictures begin.
const firstPicture = '\u2600'

func isNameNoise(r rune) bool {
	switch {
	case '\u02b9' <= r && r <= '\u02bf': // letters, says Unicode, that look like apostrophes
		return true
	case unicode.IsSymbol(r):
		return r < firstPicture
	}
	return isBlank(r) || unicode.IsPunct(r) || unicode.IsControl(r)
}
