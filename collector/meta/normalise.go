package meta

// Normal forms: what is hashed for each key of user_data. Here is what all keys
// share; each idea (e-mail, phone, place …) has its own file, and the rule of
// each key with its source stands in docs/normalisation.md.

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"matchkey/collector"
)

// The keys of user_data that are hashed.
const (
	keyEmail      = "em"
	keyPhone      = "ph"
	keyFirstName  = "fn"
	keyLastName   = "ln"
	keyBirth      = "db"
	keyGender     = "ge"
	keyCity       = "ct"
	keyState      = "st"
	keyPostalCode = "zp"
	keyCountry    = "country"
	keyExternalID = "external_id"
)

// keyOf translates our kinds of contact data into Meta's keys.
var keyOf = map[collector.Kind]string{
	collector.KindEmail:       keyEmail,
	collector.KindPhone:       keyPhone,
	collector.KindFirstName:   keyFirstName,
	collector.KindLastName:    keyLastName,
	collector.KindDateOfBirth: keyBirth,
	collector.KindGender:      keyGender,
	collector.KindCity:        keyCity,
	collector.KindRegion:      keyState,
	collector.KindPostalCode:  keyPostalCode,
	collector.KindCountry:     keyCountry,
	collector.KindCustomer:    keyExternalID,
}

// maxValue bounds a value in bytes; what is longer is no contact datum.
const maxValue = 16 << 10

// A normaliser gives the normal forms of a clean value (valid, trimmed, NFC,
// not empty), or none when there is none. where is the country as it was given.
type normaliser func(value, where string) []string

// normalisers has one rule per key; phone numbers have their own, because they
// have more than one reason to fail.
var normalisers = map[string]normaliser{
	keyEmail:      one(email),
	keyFirstName:  one(name),
	keyLastName:   one(name),
	keyBirth:      func(v, where string) []string { return list(birth(v, regionOf(where))) },
	keyGender:     one(gender),
	keyCity:       func(v, _ string) []string { return city(v) },
	keyState:      func(v, where string) []string { return list(state(v, regionOf(where))) },
	keyPostalCode: func(v, where string) []string { return list(postalCode(v, regionOf(where))) },
	keyCountry:    one(country),
	keyExternalID: one(externalID),
}

func one(rule func(string) string) normaliser {
	return func(v, _ string) []string { return list(rule(v)) }
}

func list(form string) []string {
	if form == "" {
		return nil
	}
	return []string{form}
}

// Normalise returns the forms of a value that are hashed for a key of
// user_data (em, ph, fn, ln, db, ge, ct, st, zp, country, external_id), most
// documented form first; more than one where Meta's own libraries disagree. A
// value that is a SHA-256 in hex already is its own form, in lower case.
//
// country is where the person lives, as ISO code or English name, or empty; it
// decides how a bare phone number, a postal code and a region are read. why
// says why there is no form. Safe for concurrent use; it reads nothing but its
// arguments and, for dates of birth, the current year.
func Normalise(key, value, country string) (forms []string, why collector.Reason) {
	forms, _, why = normalise(key, value, country)
	return forms, why
}

// normalise does the work of Normalise; hashed tells that the only form is a
// hash that the caller gave.
func normalise(key, value, where string) (forms []string, hashed bool, why collector.Reason) {
	rule, known := normalisers[key]
	if !known && key != keyPhone {
		return nil, false, ReasonKeyUnknown
	}
	if len(value) > maxValue || !utf8.ValidString(value) {
		return nil, false, collector.ReasonNotNormalisable
	}
	if !isASCII(value) { // ASCII is NFC
		value = norm.NFC.String(value)
	}
	value = trim(value)
	if why := placeholder(value); why != "" {
		return nil, false, why
	}
	if isHash(value) {
		value = strings.ToLower(value)
		if why := deniedHash[value]; why != "" {
			return nil, false, why
		}
		return []string{value}, true, ""
	}
	if key == keyPhone {
		if forms, why = phone(value, regionOf(where)); why != "" {
			return nil, false, why
		}
	} else {
		forms = rule(value, where)
	}
	if len(forms) == 0 {
		return nil, false, collector.ReasonNotNormalisable
	}
	if why := deniedForm[forms[0]]; why != "" {
		return nil, false, why
	}
	return forms, false, ""
}

// hash is the lower-case hex of the SHA-256 of the form's UTF-8 bytes.
func hash(form string) string {
	sum := sha256.Sum256([]byte(form))
	var text [2 * sha256.Size]byte
	hex.Encode(text[:], sum[:])
	return string(text[:])
}

// deniedForm lists what broken senders send in place of a value. Meta's own
// sample payload ships the hashes of two of them as phone numbers (capi.md § 3.3).
var deniedForm = map[string]collector.Reason{
	"":          ReasonPlaceholderEmpty,
	"null":      ReasonPlaceholderNull,
	"undefined": ReasonPlaceholderUndefined,
	"test":      ReasonPlaceholderTest,
}

// placeholder names a value that is one, whatever its key. One that is simply
// empty has another reason.
func placeholder(value string) collector.Reason {
	const longest = len("undefined")
	if value == "" || len(value) > longest {
		return ""
	}
	return deniedForm[strings.ToLower(value)]
}

// deniedHash lists the hashes of deniedForm.
var deniedHash = func() map[string]collector.Reason {
	hashes := make(map[string]collector.Reason, len(deniedForm))
	for form, why := range deniedForm {
		hashes[hash(form)] = why
	}
	return hashes
}()

// isHash reports whether s is exactly 64 hexadecimal digits. The test is
// anchored: a longer string that contains 64 is no hash (capi.md § 13.19), and
// an MD5 is none that Meta supports.
func isHash(s string) bool { return len(s) == sha256.Size*2 && isHex(s) }

// asHash returns a SHA-256 in hex in lower case, in one pass; ok is false when v
// is none.
func asHash(v string) (h string, ok bool) {
	if len(v) != sha256.Size*2 {
		return "", false
	}
	var seen hexClass // no branch per digit: every hash of every event passes here
	for i := range len(v) {
		seen |= hexClasses[v[i]]
	}
	switch {
	case seen&notHex != 0:
		return "", false
	case seen&upperHex != 0:
		v = strings.ToLower(v)
	}
	return v, true
}

// A hexClass says what a byte is to a hexadecimal number.
type hexClass byte

const (
	upperHex hexClass = 1 << iota
	notHex
)

var hexClasses = func() (classes [256]hexClass) {
	for c := range classes {
		switch {
		case '0' <= c && c <= '9' || 'a' <= c && c <= 'f':
		case 'A' <= c && c <= 'F':
			classes[c] = upperHex
		default:
			classes[c] = notHex
		}
	}
	return classes
}()

// isHex reports whether s has only hexadecimal digits, of either case.
func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; !('0' <= s[i] && s[i] <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return true
}

// trim takes blanks from both ends.
func trim(s string) string { return strings.TrimFunc(s, isBlank) }

// isBlank is one answer for us, the edge and conditions.
func isBlank(r rune) bool { return collector.IsBlank(r) }

// lower is the text in lower case as JavaScript and Python write it, so that the
// Pixel and Meta's libraries hash the same: "İ" keeps its dot as a combining
// one, and a sigma at a word's end is the final one. Package strings knows only
// one letter for one letter. It is the last step of a form, so it is NFC again:
// an accent may have lost its letter, or met another one.
func lower(s string) string {
	switch {
	case isASCII(s):
		return strings.ToLower(s)
	case strings.ContainsAny(s, manyForOne):
		s = cases.Lower(language.Und).String(s)
	default: // it comes to the same, without a machine for each value
		s = strings.ToLower(s)
	}
	return norm.NFC.String(s)
}

// manyForOne are the two letters whose lower case is not one letter for one.
const manyForOne = "İΣ"

// A noise is what a key's form leaves out.
type noise struct {
	is    func(rune) bool
	ascii [utf8.RuneSelf]bool // is, of ASCII
}

func newNoise(is func(rune) bool) *noise {
	n := &noise{is: is}
	for r := range n.ascii {
		n.ascii[r] = is(rune(r))
	}
	return n
}

// strip returns s in lower case without the noise. Most values are short and
// ASCII, and need neither Unicode's tables nor a second pass.
func (n *noise) strip(s string) string {
	var buf [64]byte
	if len(s) > len(buf) {
		return n.stripAny(s)
	}
	form := buf[:0]
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			return n.stripAny(s)
		case n.ascii[c]:
		case 'A' <= c && c <= 'Z':
			form = append(form, c+'a'-'A')
		default:
			form = append(form, c)
		}
	}
	if string(form) == s {
		return s
	}
	return string(form)
}

func (n *noise) stripAny(s string) string { return lower(without(s, n.is)) }

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// keep returns the characters of s for which ok is true.
func keep(s string, ok func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if ok(r) {
			return r
		}
		return -1
	}, s)
}

// without returns s without the characters for which bad is true.
func without(s string, bad func(rune) bool) string {
	return keep(s, func(r rune) bool { return !bad(r) })
}

// thisYear is the greatest year of birth; tests replace it.
var thisYear = func() int { return time.Now().Year() }
