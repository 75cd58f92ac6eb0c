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
// A number is read by the rules of the region (ISO code) when there is one,
// else as it is written: "+…", "00…", or digits that begin with a country code,
// which Meta asks its senders for. Only numbers of a possible length pass.
func phone(v, region string) (string, collector.Reason) {
	if region != "" {
		if form := possible(v, region); form != "" {
			return form, ""
		}
	}
	digits := phonenumbers.NormalizeDigitsOnly(v)
	switch {
	case v == "" || digits == "":
		return "", collector.ReasonNotNormalisable
	case strings.HasPrefix(v, "+"), strings.HasPrefix(v, "＋"):
		if form := possible(v, ""); form != "" {
			return form, ""
		}
		return valid(strings.TrimLeft(digits, "0"))
	case strings.HasPrefix(digits, "00"):
		return valid(strings.TrimLeft(digits, "0"))
	}
	return bare(v, digits, region)
}

// bareDigits is how many digits a number without "+" needs to be read as one
// that begins with its country code. Ten or fewer may as well be a national
// number of North America.
const bareDigits = 11

// bare reads digits that have neither "+" nor "00".
func bare(v, digits, region string) (string, collector.Reason) {
	written := strings.Trim(v, "0123456789 ()-./\u00a0") == ""
	if written && digits[0] != '0' && len(digits) >= bareDigits {
		if form := possible("+"+digits, ""); form != "" {
			return form, ""
		}
	}
	if region == "" && len(digits) >= 4 && len(digits) <= 15 {
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
// number somewhere; without a region v must begin with "+".
func possible(v, region string) string {
	if form := plainNumber(v, region); form != "" {
		return form
	}
	return parsed(v, region)
}

// parsed is possible by libphonenumber's parser.
func parsed(v, region string) string {
	n, err := phonenumbers.Parse(v, region)
	if err != nil || phonenumbers.IsPossibleNumberWithReason(n) != phonenumbers.IS_POSSIBLE {
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
