package meta

import (
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"

	"matchkey/collector"
)

// phone is the number in international form, digits only: Meta demands the
// country code, even where all numbers are of one country (capi.md § 3.1). A
// prefix is never invented, and zeros are never just cut off: that would
// silently make another country's number (§ 13.15).
//
// A number that begins with the region's own calling code (without "+", as Meta
// asks its senders for) is taken as it is written when it is one there. Else it
// is read by the rules of the region (ISO code) when there is one and the number
// exists there; else as it is written: "+…", "00…", or digits that begin with a
// country code; and last by the rules of the region when it could exist there.
// Only numbers of a possible length pass.
func phone(v, region string) ([]string, collector.Reason) {
	v = numberIn(collector.PlainText(v), region)
	if form := plainNumber(v, region); form != "" {
		return []string{form}, ""
	}
	return anyPhone(v, region)
}

// numberIn cuts away what stands around a number: words before a plus ("tel:"),
// and everything from the first letter on behind the digits, be it an extension
// or a remark ("030 123456 mobil"). Letters are keys of the telephone only in
// North America.
func numberIn(v, region string) string {
	if i := strings.IndexAny(v, "+0123456789"); i > 0 && v[i] == '+' {
		v = v[i:]
	}
	first := strings.IndexAny(v, "0123456789")
	if first < 0 {
		return v
	}
	i := strings.IndexFunc(v[first:], unicode.IsLetter)
	if i < 0 {
		return v
	}
	i += first
	if number := vanity(v, i, region); number != "" {
		return number
	}
	if isPower(v, i) {
		return ""
	}
	return v[:i]
}

// isPower reports whether the letter at i is the E of 1.6505551212E10: a
// spreadsheet's number, which has lost its last digits.
func isPower(v string, i int) bool {
	if v[i]|0x20 != 'e' || i+1 == len(v) || !isDigits(v[i-1:i]) {
		return false
	}
	return v[i+1] == '+' || isDigits(v[i+1:i+2])
}

// vanity reads a number of North America with letters in it (1-800-FLOWERS). The
// letters, the first of them at i, stand behind the area code and at most the
// exchange, and the number is whole with them; everything else is a remark.
func vanity(v string, i int, region string) string {
	home := plans().byRegion[region]
	if !strings.HasPrefix(v, "+1") && (v[0] == '+' || home == nil || home.code != "1") {
		return ""
	}
	before, all := onlyDigits(v[:i]), onlyDigits(phonenumbers.ConvertAlphaCharactersInNumber(v))
	if len(all) == 11 && all[0] == '1' {
		before, all = strings.TrimPrefix(before, "1"), all[1:]
	}
	if len(all) != 10 || len(before) < 3 || len(before) > 6 {
		return ""
	}
	if form := possible("+1"+all, "", true); form != "" {
		return "+" + form
	}
	return ""
}

// onlyDigits returns the ASCII digits of s.
func onlyDigits(s string) string {
	return keep(s, func(r rune) bool { return '0' <= r && r <= '9' })
}

// anyPhone is phone for what people write, libphonenumber asked at each step.
func anyPhone(v, region string) ([]string, collector.Reason) {
	v = withoutMobileOne(v, region)
	if region != "" {
		own, home := withOwnCode(v, region), possible(v, region, true)
		switch {
		case own != "" && home != "" && own != home && len(own) < bareDigits:
			return []string{own, home}, "" // nobody can tell
		case own != "":
			return []string{own}, ""
		case home != "":
			return []string{home}, ""
		}
	}
	form, why := written(v)
	if form == "" && region != "" {
		form = possible(v, region, false)
	}
	switch {
	case form != "":
		return []string{form}, ""
	case why == ReasonPhoneCountry && region != "":
		return nil, collector.ReasonNotNormalisable
	}
	return nil, why
}

// withOwnCode reads digits that begin with the region's own calling code as they
// are written, when that is a person's number there: 4915123456789 in Germany.
// Read by Germany's rules it would be a number, too, of 49 49….
func withOwnCode(v, region string) string {
	digits := onlyDigits(v)
	home := plans().byRegion[region]
	if home == nil || !strings.HasPrefix(digits, home.code) || !isBare(v) {
		return ""
	}
	n, err := phonenumbers.Parse("+"+digits, "")
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return ""
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return e164(n)
	}
	return "" // 91 1800… is no service's number but a mobile's of India
}

// withoutMobileOne takes out the 1 that mobile numbers of Mexico had behind the
// country code until 2019: +52 1 55 1234 5678 is +52 55 1234 5678.
func withoutMobileOne(v, region string) string {
	digits := onlyDigits(v)
	abroad := strings.TrimPrefix(digits, "00")
	switch {
	case len(abroad) != 13 || !strings.HasPrefix(abroad, "521"):
	case strings.HasPrefix(v, "+"), abroad != digits, (region == "" || region == "MX") && isBare(v):
		return "+52" + abroad[3:]
	}
	return v
}

// written reads a number without the help of a region.
func written(v string) (string, collector.Reason) {
	digits := onlyDigits(v)
	switch {
	case digits == "":
		return "", collector.ReasonNotNormalisable
	case strings.HasPrefix(v, "+"):
		if form := possible(v, "", false); form != "" {
			return form, ""
		}
		return valid(strings.TrimLeft(digits, "0"))
	case strings.HasPrefix(digits, "00"):
		return valid(strings.TrimLeft(digits, "0"))
	}
	return bare(v, digits)
}

// bareDigits is how many digits a number without "+" needs to be read as one
// that begins with its country code. Ten or fewer may as well be a national
// number of North America.
const bareDigits = 11

// bare reads digits that have neither "+" nor "00".
func bare(v, digits string) (string, collector.Reason) {
	if isBare(v) && digits[0] != '0' && len(digits) >= bareDigits {
		if form := possible("+"+digits, "", false); form != "" {
			return form, ""
		}
	}
	if len(digits) >= 4 && len(digits) <= 15 {
		return "", ReasonPhoneCountry
	}
	return "", collector.ReasonNotNormalisable
}

// isBare reports whether v is digits with nothing but separators between them.
func isBare(v string) bool { return strings.Trim(v, "0123456789 ()-./") == "" }

// valid reads digits that were taken for an international number after a
// repair; nothing but their validity confirms the reading.
func valid(digits string) (string, collector.Reason) {
	n, err := phonenumbers.Parse("+"+digits, "")
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return "", collector.ReasonNotNormalisable
	}
	return e164(n), ""
}

// possible reads v and returns its digits when their number is that of a whole
// number somewhere, and, if real is asked for, one that is handed out there.
// Without a region v must begin with "+".
func possible(v, region string, real bool) string {
	n, err := phonenumbers.Parse(v, region)
	if err != nil || phonenumbers.IsPossibleNumberWithReason(n) != phonenumbers.IS_POSSIBLE ||
		real && !phonenumbers.IsValidNumber(n) {
		return ""
	}
	// No area code of North America begins with 0 or 1. This catches national
	// numbers of eleven digits that happen to begin with 1, like Brazil's.
	if n.GetCountryCode() == 1 && phonenumbers.GetNationalSignificantNumber(n)[0] < '2' {
		return ""
	}
	return e164(n)
}

func e164(n *phonenumbers.PhoneNumber) string {
	return strings.TrimPrefix(phonenumbers.Format(n, phonenumbers.E164), "+")
}
