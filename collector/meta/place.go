package meta

// Where a person lives: city, region, postal code, country.

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

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
		plain := strings.TrimSuffix(strings.TrimPrefix(form, "stateof"), "state")
		for _, name := range []string{form, plain} {
			if code, ok := stateCodes[name]; ok {
				return code
			}
		}
		// The codes of ISO 3166-2, such as US-CA, which maps and databases of
		// addresses give.
		if len(v) == len("US-CA") && v[2] == '-' && (form[:2] == "us" || form[:2] == "ca") && knownState[form[2:]] {
			return form[2:]
		}
	}
	return form
}

var stateNoise = newNoise(func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })

// zipDigits is how many digits of a United States' ZIP count.
const zipDigits = 5

// isZipPlus reports whether a code is a United States' ZIP with an extension, or
// with the dash of one: five digits, a dash, and four more or nothing. Brazil's
// (five, dash, three) is another thing.
func isZipPlus(v string) bool {
	if len(v) <= zipDigits || v[zipDigits] != '-' || !isDigits(v[:zipDigits]) {
		return false
	}
	rest := v[zipDigits+1:]
	return strings.Trim(rest, "-") == "" || len(rest) >= 4 && isDigits(rest[:4])
}

// postalCode is the code in lower case without blanks and dashes; of the United
// States' the first five digits. A single character is none.
func postalCode(v, region string) string {
	v = strings.Map(func(r rune) rune {
		switch {
		case isBlank(r):
			return -1
		case unicode.Is(unicode.Pd, r):
			return '-'
		}
		return r
	}, v)
	if region == "US" || region == "" && isZipPlus(v) {
		if zip := firstZip(v); zip != "" {
			return zip
		}
	}
	form := postalNoise.strip(v)
	if utf8.RuneCountInString(form) < 2 {
		return ""
	}
	return form
}

// firstZip returns the first five digits that stand together.
func firstZip(v string) string {
	run := 0
	for i := range len(v) {
		if run++; v[i] < '0' || v[i] > '9' {
			run = 0
		}
		if run == zipDigits {
			return v[i+1-zipDigits : i+1]
		}
	}
	return ""
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
	if code, ok := countryAliases[lower(keep(v, unicode.IsLetter))]; ok {
		return code
	}
	for _, name := range []string{v, keep(v, isPlainLetter)} {
		if code := countries.ByName(name).Alpha2(); len(code) == 2 {
			return strings.ToLower(code)
		}
	}
	return ""
}

func isPlainLetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

// countryAliases are ways to write a country that the list of names lacks.
var countryAliases = map[string]string{
	"palestinestateof":  "ps",
	"stateofpalestine":  "ps",
	"thenetherlands":    "nl",
	"america":           "us",
	"theunitedstates":   "us",
	"hongkongsar":       "hk",
	"turkiye":           "tr",
	"republicofireland": "ie",
	"brasil":            "br",
	"italia":            "it",
	"españa":            "es",
	"espana":            "es",
}
