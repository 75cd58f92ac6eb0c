package meta

// Where a person lives: city, region, postal code, country.

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/biter777/countries"
	"golang.org/x/text/unicode/norm"

	"matchkey/collector"
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
// Canada, and where no country is known, a name becomes its two letters (capi.md
// § 3.1). Elsewhere names stay whole: Meta's parameter builder would cut Bavaria
// to "ba" (§ 3.4).
func state(v, region string) string {
	form := stateNoise.strip(v)
	switch region {
	case "", "US", "CA":
		if code := stateCode(form, region); code != "" {
			return code
		}
		// "California (CA)", "California, USA", and the codes of ISO 3166-2, which
		// maps and databases of addresses give: US-CA.
		first, second, _ := strings.Cut(v, "(")
		if first == v {
			first, second, _ = strings.Cut(v, ",")
		}
		if country := stateCountries[stateNoise.strip(second)]; first != v && (country || strings.Contains(v, "(")) {
			if code := stateCode(stateNoise.strip(first), region); code != "" {
				return code
			}
		}
		country, code, _ := strings.Cut(v, "-")
		if code = stateNoise.strip(code); stateCountries[stateNoise.strip(country)] && knownState[code] {
			return code
		}
	}
	return form
}

// stateCountries are the countries that have these states.
var stateCountries = map[string]bool{
	"us": true, "usa": true, "unitedstates": true, "unitedstatesofamerica": true, "ca": true, "can": true, "canada": true,
}

// stateCode returns the two letters of a state or province, or nothing. What is
// short for a name may be another country's name for something, so it is read
// only where the country is known.
func stateCode(form, region string) string {
	plain := strings.TrimSuffix(form, "state")
	for _, prefix := range []string{"stateof", "commonwealthof", "provinceof", "provincede", "territoryof"} {
		plain = strings.TrimPrefix(plain, prefix)
	}
	for _, name := range []string{form, plain} {
		if code, ok := stateCodes[name]; ok {
			return code
		}
		if code, ok := shortStates[name]; ok && region == code.country {
			return code.letters
		}
	}
	return ""
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

// postalCode is the code in lower case without blanks, dashes and whatever else is
// no letter or digit; of the United States' and their territories' the first five
// digits (capi.md § 3.1). A single character is none.
func postalCode(v, region string) string {
	if !isASCII(v) {
		v = collector.PlainText(v)
	}
	v = without(withoutCarCode(v, region), isBlank)
	if usesZIP[region] || region == "" && isZipPlus(v) {
		if zip := firstZip(v); zip != "" {
			return zip
		}
	}
	form := postalNoise.strip(v)
	if zip := firstZip(form); zip != "" && usesZIP[region] {
		return zip
	}
	if utf8.RuneCountInString(form) < 2 || form == "na" {
		return ""
	}
	return form
}

// usesZIP are the United States and the territories that have their codes.
var usesZIP = map[string]bool{"US": true, "PR": true, "GU": true, "VI": true, "AS": true, "MP": true}

// carCodes are what people put before a code on a letter from abroad: D-80331.
var carCodes = map[string]string{
	"DE": "D", "AT": "A", "CH": "CH", "FR": "F", "IT": "I", "ES": "E", "BE": "B", "NL": "NL", "LU": "L",
	"DK": "DK", "SE": "S", "NO": "N", "FI": "FIN", "PL": "PL", "CZ": "CZ", "PT": "P",
}

// withoutCarCode cuts the country's own letters and a dash before a digit.
func withoutCarCode(v, region string) string {
	letters, code, ok := strings.Cut(v, "-")
	code = strings.TrimLeft(code, " ")
	letters = strings.ToUpper(trim(letters))
	car := carCodes[region]
	if !ok || car == "" || letters != car && letters != region || code == "" || !isDigits(code[:1]) {
		return v
	}
	return code
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

var postalNoise = newNoise(func(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsNumber(r)
})

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
	if v == "" || len(v) > 100 || !isCountryText(v) {
		return ""
	}
	given := v
	v = foldAccents(given)
	name := lower(keep(v, isLetterOrMark))
	if code, ok := countryNames[name]; ok {
		return code
	}
	// A code is written with letters and perhaps dots: C/O is no code.
	if len(name) <= 3 && strings.Trim(v, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ. []{}()") != "" {
		return ""
	}
	code := codeOf(v)
	if code == "" && !isASCII(given) {
		code = codeOf(given) // the library knows some names with their accents only
	}
	if withdrawn[code] || len(name) == 2 && code != name {
		return ""
	}
	return code
}

// codeOf asks the library's list of names; empty when it has none like it.
func codeOf(name string) string {
	code := strings.ToLower(countries.ByName(strings.ReplaceAll(name, "&", " and ")).Alpha2())
	if len(code) != 2 {
		return ""
	}
	return code
}

// isCountryText reports whether v may name a country: letters, and what stands
// between them in names. "No 5" is no Norway, and not available is no Namibia.
func isCountryText(v string) bool {
	switch strings.ToLower(without(v, isBlank)) {
	case "n/a", "n.a.", "n.a":
		return false
	}
	for _, r := range v {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !isBlank(r) && !unicode.Is(unicode.Pd, r) && !strings.ContainsRune(".,'’&()[]{}_", r) {
			return false
		}
	}
	return true
}

// withdrawn are codes that ISO 3166-1 no longer has, and the list of names does.
var withdrawn = map[string]bool{"yu": true, "an": true}

// foldAccents writes letters without their accents, so that a letter is never
// left out: Çad without its first one would be Andorra.
func foldAccents(s string) string {
	if isASCII(s) {
		return s
	}
	s = without(norm.NFD.String(s), func(r rune) bool { return unicode.Is(unicode.Mn, r) })
	return norm.NFC.String(strings.ReplaceAll(s, "ı", "i"))
}

func isLetterOrMark(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) }

func isPlainLetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }
