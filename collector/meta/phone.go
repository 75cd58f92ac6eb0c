package meta

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	"matchkey/collector"
)

// phone is the number in international form, digits only: Meta demands the
// country code, even where all numbers are of one country (capi.md § 3.1). A
// prefix is never invented, and zeros are never just cut off: that would
// silently make another country's number (§ 13.15).
//
// A number is read by the rules of the region (ISO code) when there is one and
// the number exists there; else as it is written: "+…", "00…", or digits that
// begin with a country code, which Meta asks its senders for; and last by the
// rules of the region when it could exist there. Only numbers of a possible
// length pass.
func phone(v, region string) (string, collector.Reason) {
	v = withoutWords(v)
	if form := plainNumber(v, region); form != "" {
		return form, ""
	}
	return anyPhone(v, region)
}

// withoutWords cuts what stands before a number with a plus ("tel:", "Phone:"),
// which says nothing about it.
func withoutWords(v string) string {
	if i := strings.IndexAny(v, "+＋0123456789"); i > 0 && (v[i] == '+' || v[i] > '9') {
		return v[i:]
	}
	return v
}

// anyPhone is phone for what people write, libphonenumber asked at each step.
func anyPhone(v, region string) (string, collector.Reason) {
	if region != "" {
		if form := possible(v, region, true); form != "" {
			return form, ""
		}
	}
	form, why := written(v)
	if form == "" && region != "" {
		form = possible(v, region, false)
	}
	switch {
	case form != "":
		return form, ""
	case why == ReasonPhoneCountry && region != "":
		return "", collector.ReasonNotNormalisable
	}
	return "", why
}

// written reads a number without the help of a region.
func written(v string) (string, collector.Reason) {
	digits := phonenumbers.NormalizeDigitsOnly(v)
	switch {
	case v == "" || digits == "":
		return "", collector.ReasonNotNormalisable
	case strings.HasPrefix(v, "+"), strings.HasPrefix(v, "＋"):
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
	plain := strings.Trim(v, "0123456789 ()-./\u00a0") == ""
	if plain && digits[0] != '0' && len(digits) >= bareDigits {
		if form := possible("+"+digits, "", false); form != "" {
			return form, ""
		}
	}
	if len(digits) >= 4 && len(digits) <= 15 {
		return "", ReasonPhoneCountry
	}
	return "", collector.ReasonNotNormalisable
}

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
