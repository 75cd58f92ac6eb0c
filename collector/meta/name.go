package meta

import "unicode"

// name is a first or last name in lower case without blanks and punctuation;
// accents, digits and other scripts stay. Meta's libraries disagree on hyphens
// and apostrophes; its documentation says no punctuation (capi.md § 3.4). That
// takes the typographic apostrophe of phone keyboards along.
func name(v string) string { return nameNoise.strip(v) }

var nameNoise = newNoise(isNameNoise)

func isNameNoise(r rune) bool {
	return isBlank(r) || unicode.IsPunct(r) || r < unicode.MaxASCII && unicode.IsSymbol(r)
}
