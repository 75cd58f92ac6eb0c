package meta

// What must not travel in custom_data: personal data that a site put among the
// properties. It is known by its key, by its form (an e-mail address, a phone
// number in international form), or because it is one of the person's own
// identifiers, for which consent is asked elsewhere. Peers strip the same by
// default (capi.md § 4.1). Loops and not patterns: every property passes here.

import (
	"strings"

	"matchkey/collector"
)

// personalNouns say that a value is about a person when the key ends with one of
// them, or with one and details of it ("billing_email", "phone_number_hash"): the
// last noun of a key is what it is. A phone_case is a case.
var personalNouns = set(`
	email emails mail mails emailaddress mailaddress
	phone phones phonenumber telephone telephonenumber telefon telefonnummer tel mobile mobiles mobilephone mobilenumber cellphone
	handy handynummer fax whatsapp msisdn
	firstname lastname fullname surname givenname familyname middlename maidenname nickname fname lname
	vorname nachname prenom apellido apellidos recipient recipientname cardholder cardholdername addressee
	address addresses addr adresse street streetaddress strasse zip zipcode postcode postal postalcode plz
	birth birthday birthdate birthdaydate dateofbirth dob geburtstag geburtsdatum
	password passwort passwd pwd token accesstoken secret apikey cvv cvc passport ssn iban creditcard cardnumber taxid accountnumber`)

// personalDetails may stand behind a noun and change nothing about it.
var personalDetails = set(`
	number numbers nr no hash hashed sha md plain raw normalized value line code name initial
	date year month day place city state country zip primary home work`)

// personalKeys make a key personal when they are all of it, without separators.
// The keys of user_data are among them: what belongs there passes consent there.
var personalKeys = set(`
	em ph fn ln db ge zp name first last nom nombre gender sex line1 line2
	username customername customerid userid externalid visitorid ip ipaddress
	useragent clientuseragent fbc fbp fbclid madid leadid ctwaclid`)

// personalPairs are two words that say it together.
var personalPairs = set(`
	first.name last.name full.name given.name family.name middle.name maiden.name user.name customer.name client.name
	shipping.name billing.name delivery.name contact.name recipient.name buyer.name guest.name holder.name cardholder.name
	account.name to.name api.key private.key secret.key access.key tax.id national.id passport.id
	account.number bank.account credit.card card.number social.security`)

// belongings are whose e-mail address, phone … it is, written as one word with it.
var belongings = strings.Fields(`
	customer client user shipping billing delivery contact home work mobile buyer guest recipient invoice account private personal`)

func set(words string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// personalKey reports whether a key says that its value is about a person. The
// places that Meta documents for real estate (postal_code, city, region, country:
// capi.md § 4.1) are about the property for sale and never get here; written
// otherwise they are somebody's.
func personalKey(key string) bool {
	var room [12]string
	words := keyWords(key, room[:0])
	whole := strings.Join(words, "")
	if personalKeys[whole] || personalNouns[whole] || isBelonging(whole) {
		return true
	}
	for i := len(words) - 1; i >= 0; i-- {
		w := strings.TrimRight(words[i], "0123456789")
		before := ""
		if i > 0 {
			before = words[i-1]
		}
		switch {
		case personalPairs[before+"."+w]:
			return true
		case (w == "phone" || w == "phones") && phoneThings[before]:
			return false
		case personalNouns[w], isBelonging(w):
			return true
		case w != "" && !personalDetails[w]:
			return false
		}
	}
	return false
}

// phoneThings make of a phone behind them a thing of a catalogue.
var phoneThings = set("i head ear smart micro")

// isBelonging reads words that somebody wrote together: billingphone.
func isBelonging(word string) bool {
	for _, whose := range belongings {
		if rest, ok := strings.CutPrefix(word, whose); ok && personalNouns[rest] {
			return true
		}
	}
	return false
}

// keyWords takes a key apart, in lower case: words end at anything but letters
// and digits, and where an upper-case letter begins the next one.
func keyWords(key string, words []string) []string {
	begin := 0
	end := func(i int) {
		if i > begin {
			words = append(words, strings.ToLower(key[begin:i]))
		}
	}
	for i := range len(key) {
		c := key[i]
		upper := 'A' <= c && c <= 'Z'
		switch {
		case !upper && !('a' <= c && c <= 'z') && !('0' <= c && c <= '9'):
			end(i)
			begin = i + 1
		case upper && i > begin && (isLowerOrDigit(key[i-1]) || i+1 < len(key) && 'a' <= key[i+1] && key[i+1] <= 'z'):
			end(i)
			begin = i
		}
	}
	end(len(key))
	return words
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
	for _, mapped := range d.c.Mapping.Kinds {
		for i := range mapped.Values {
			if strings.EqualFold(mapped.Values[i].Value, s) {
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
