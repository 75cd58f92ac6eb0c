package meta

// What must not travel in custom_data: personal data that a site put among the
// properties. It is known by its key, by its form (an e-mail address, a phone
// number in international form), or because it is one of the person's own
// identifiers, for which consent is asked elsewhere. Peers strip the same by
// default (capi.md § 4.1). Loops and not patterns: every property passes here.

import (
	"slices"
	"strings"

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
	return collector.HoldsEmail(s) || collector.HoldsPhone(s) || d.isOwnIdentifier(s)
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
