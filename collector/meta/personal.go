package meta

// What must not travel in custom_data: personal data that a site put among the
// properties. It is known by its key, by its form (an e-mail address, a phone
// number in international form), or because it is one of the person's own
// identifiers, for which consent is asked elsewhere. Peers strip the same by
// default (capi.md § 4.1). Loops and not patterns: every property passes here.

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"matchkey/collector"
)

// personalWords make a key personal wherever they stand in it, personalKeys
// when they are all of it; both without separators and in lower case. The keys
// of user_data are among them: what belongs there passes consent there.
var (
	personalWords = []string{
		"email", "phone", "firstname", "lastname", "fullname", "surname", "givenname", "familyname",
		"birth", "password", "street", "address", "iban", "creditcard", "cardnumber",
	}
	personalKeys = []string{
		"mail", "em", "ph", "tel", "mobile", "msisdn", "fn", "ln", "db", "dob", "ge", "gender", "name", "zp",
		"username", "customername", "customerid", "userid", "externalid", "visitorid", "ip", "ipaddress",
		"useragent", "clientuseragent", "fbc", "fbp", "fbclid", "madid", "leadid", "ctwaclid", "ssn",
	}
	// things are what ends like a telephone and belongs into a shop's catalogue.
	things = strings.NewReplacer("headphone", "", "earphone", "", "microphone", "", "smartphone", "", "iphone", "", "saxophone", "")
)

// personalKey reports whether a key says that its value is about a person.
func personalKey(key string) bool {
	var plain [maxCustomKey]byte
	n := 0
	for i := 0; i < len(key) && n < len(plain); i++ {
		c := key[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			plain[n] = c
			n++
		}
	}
	word := string(plain[:n])
	if strings.Contains(word, "phone") {
		word = things.Replace(word)
	}
	return slices.Contains(personalKeys, word) ||
		slices.ContainsFunc(personalWords, func(w string) bool { return strings.Contains(word, w) })
}

// maxCustomKey bounds a key of the site's own, in bytes.
const maxCustomKey = 64

// isCustomKey reports whether a key of the site's own looks like one: a letter,
// then letters, digits and "_. -".
func isCustomKey(key string) bool {
	if key == "" || len(key) > maxCustomKey {
		return false
	}
	for i := range len(key) {
		c := key[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || !('0' <= c && c <= '9' || c == '_' || c == '.' || c == ' ' || c == '-')) {
			return false
		}
	}
	return true
}

// personalText reports whether a text is personal by what it says.
func (d *draft) personalText(s string) bool {
	return looksLikeEmail(s) || looksLikePhone(s) || d.isOwnIdentifier(s)
}

// isOwnIdentifier reports whether a text is one of the person's identifiers: a
// hash of contact data or of the customer id, a click or a browser id. Short
// texts are passed over: an order's number may be a customer's, too.
func (d *draft) isOwnIdentifier(s string) bool {
	const shortest = 20
	if len(s) < shortest {
		return false
	}
	for _, list := range [][]collector.Identifier{d.c.Event.Identifiers, d.c.Profile.Identifiers} {
		for i := range list {
			if strings.EqualFold(list[i].Value, s) {
				return true
			}
		}
	}
	if !isHash(s) {
		return false
	}
	id, ok := d.customerID()
	return ok && strings.EqualFold(hash(externalID(id.Value)), s)
}

// looksLikeEmail reports whether there is an e-mail address in a text, also one
// that is percent-encoded, once or twice, as in the query of an address.
func looksLikeEmail(s string) bool {
	for range 3 {
		if holdsEmail(s) {
			return true
		}
		plain, changed := percentDecoded(s)
		if !changed {
			return false
		}
		s = plain
	}
	return false
}

// holdsEmail looks around each "@", also the wide one of East Asian keyboards:
// something that may end a local part before it, a domain with a dot behind it.
func holdsEmail(s string) bool {
	for i := 0; i < len(s); i++ {
		var after string
		switch {
		case s[i] == '@':
			after = s[i+1:]
		case strings.HasPrefix(s[i:], "＠"):
			after = s[i+len("＠"):]
		default:
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		if i > 0 && !unicode.IsSpace(before) && !strings.ContainsRune("@<>\"'(),;:/?=&", before) && beginsWithDomain(after) {
			return true
		}
	}
	return false
}

// beginsWithDomain reports whether two labels with a dot between them come first.
func beginsWithDomain(s string) bool {
	label, dotted := 0, false
	for _, r := range s {
		switch {
		case r == '-' || unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r):
			if label++; dotted {
				return true
			}
		case r == '.' && label > 0:
			label, dotted = 0, true
		default:
			return false
		}
	}
	return false
}

// percentDecoded undoes one percent-encoding. What is none stays: "50% off" is
// no fault here.
func percentDecoded(s string) (plain string, changed bool) {
	if strings.IndexByte(s, '%') < 0 {
		return s, false
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1:i+3]) {
			out = append(out, nibble(s[i+1])<<4|nibble(s[i+2]))
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return string(out), len(out) != len(s)
}

// nibble is the value of one hexadecimal digit.
func nibble(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// looksLikePhone reports whether there is a phone number in international form
// in a text: a plus and 8 to 15 digits, with no more than two of " ().-/"
// between them. A national number looks like any other number.
func looksLikePhone(s string) bool {
	for i := strings.IndexByte(s, '+'); i >= 0; {
		digits, gap := 0, 0
		for _, c := range []byte(s[i+1:]) {
			if '0' <= c && c <= '9' && (digits > 0 || c != '0') {
				digits, gap = digits+1, 0
			} else if gap++; digits == 0 || gap > 2 || strings.IndexByte(" ().-/", c) < 0 {
				break
			}
		}
		if digits >= 8 {
			return true
		}
		next := strings.IndexByte(s[i+1:], '+')
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}
