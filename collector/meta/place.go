package meta

// Where a person lives: city, region, postal code, country.

import (
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/biter777/countries"
)

// city is the name in lower case: letters and digits only, in any script.
// Meta's documentation allows UTF-8; its parameter builder drops every letter
// outside a to z. Where the two differ both forms are sent, which costs nothing
// (capi.md § 3.4). A name that begins with a digit is an address line.
func city(v string) []string {
	form := cityNoise.strip(v)
	if form == "" || '0' <= form[0] && form[0] <= '9' {
		return nil
	}
	ascii := keep(form, func(r rune) bool {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9'
	})
	if ascii == form || !startsWithLetter(ascii) {
		return []string{form}
	}
	return []string{form, ascii}
}

var cityNoise = newNoise(func(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsNumber(r)
})

func startsWithLetter(s string) bool { return s != "" && 'a' <= s[0] && s[0] <= 'z' }

// state is the region in lower case, letters only. For the United States and
// Canada, and where no country is known, a name becomes its two letters.
// Elsewhere names stay whole: Meta's parameter builder would cut Bavaria to
// "ba" (capi.md § 3.4).
func state(v, region string) string {
	form := stateNoise.strip(v)
	switch region {
	case "", "US", "CA":
		if code, ok := stateCodes[form]; ok {
			return code
		}
	}
	return form
}

var stateNoise = newNoise(func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })

// zipPlus is a United States' ZIP with an extension, or with the dash of one.
// Brazil's (five, dash, three) is another thing.
var zipPlus = regexp.MustCompile(`^[0-9]{5}-(?:[0-9]{4}.*|-*)$`)

// postalCode is the code in lower case without blanks and dashes; of the United
// States' the first five. A single character is none.
func postalCode(v, region string) string {
	if region == "US" || region == "" && zipPlus.MatchString(v) {
		v, _, _ = strings.Cut(v, "-")
		v = without(v, isBlank)
		if len(v) > 5 {
			v = v[:5]
		}
	}
	form := postalNoise.strip(v)
	if len([]rune(form)) < 2 {
		return ""
	}
	return form
}

var postalNoise = newNoise(func(r rune) bool { return isBlank(r) || unicode.Is(unicode.Pd, r) })

// regionOf is the country's ISO code in upper case, as rules that differ by
// country are written.
func regionOf(where string) string { return strings.ToUpper(country(where)) }

// country is the ISO 3166-1 alpha-2 code in lower case, from a code of two or
// three letters or an English name.
func country(v string) string {
	if len(v) == 2 && isPlainLetter(rune(v[0])) && isPlainLetter(rune(v[1])) {
		return twoLetters()[letterIndex(v[0])][letterIndex(v[1])]
	}
	return anyCountry(v)
}

// twoLetters has the answers of anyCountry for the codes that nearly everybody sends.
var twoLetters = sync.OnceValue(func() *[26][26]string {
	var codes [26][26]string
	for i := range codes {
		for j := range codes[i] {
			codes[i][j] = anyCountry(string([]byte{'a' + byte(i), 'a' + byte(j)}))
		}
	}
	return &codes
})

func letterIndex(c byte) byte { return c | 0x20 - 'a' }

func anyCountry(v string) string {
	if v == "" || len(v) > 100 {
		return ""
	}
	for _, name := range []string{v, keep(v, isPlainLetter)} {
		if code, ok := countryAliases[strings.ToLower(keep(name, isPlainLetter))]; ok {
			return code
		}
		if code := countries.ByName(name).Alpha2(); len(code) == 2 {
			return strings.ToLower(code)
		}
	}
	return ""
}

func isPlainLetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

// countryAliases are ways to write a country that the list of names lacks.
var countryAliases = map[string]string{
	"palestinestateof": "ps",
	"stateofpalestine": "ps",
	"thenetherlands":   "nl",
	"america":          "us",
	"hongkongsar":      "hk",
}
