package meta

// The usual phone number, read by a loop. libphonenumber reads anything that
// people write, with regular expressions, and is by far the dearest part of
// hashing. Nearly all numbers are digits with blanks, dashes and the like
// between them; of these its own metadata says what it would come to.

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// A plan is what libphonenumber knows of the numbers of one region.
type plan struct {
	code string // the country's calling code
	// lengths has bit n set when a number may have n digits, calling code and
	// trunk prefix not counted.
	lengths uint64
	// abroad is what is dialled before a calling code, trunk what is dialled
	// before a national number and is no part of it.
	abroad, trunk beginning
	// number is the pattern of national numbers.
	number func() *regexp.Regexp
}

func (p *plan) has(length int) bool { return p.lengths>>length&1 != 0 }

// A beginning is a pattern for the first digits: a list of digits where it is
// no more than that, else an expression.
type beginning struct {
	literals []string
	other    func() *regexp.Regexp
}

// of returns how many digits the pattern takes; known is false when only
// libphonenumber can tell what then becomes of them.
func (b beginning) of(digits string) (n int, known bool) {
	if b.other != nil {
		return 0, !b.other().MatchString(digits)
	}
	for _, l := range b.literals {
		if strings.HasPrefix(digits, l) {
			return len(l), true
		}
	}
	return 0, true
}

func newBeginning(pattern string, plain bool) beginning {
	switch {
	case pattern == "":
		return beginning{}
	case plain && strings.Trim(pattern, "0123456789|") == "":
		return beginning{literals: strings.Split(pattern, "|")}
	}
	return beginning{other: expression("^(?:" + pattern + ")")}
}

// expression compiles when it is first used: most regions never are.
func expression(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// phonePlans are the plans of all regions, and of calling codes, where the plan
// of the code's main region counts. A code with a nil plan exists and is not
// read here.
type phonePlans struct {
	byRegion, byCode map[string]*plan
}

var plans = sync.OnceValue(func() phonePlans {
	p := phonePlans{map[string]*plan{}, map[string]*plan{}}
	metadata, err := phonenumbers.MetadataCollection()
	if err != nil {
		return p // never: the package has read it at its start
	}
	regions := phonenumbers.GetSupportedRegions()
	for _, m := range metadata.GetMetadata() {
		if regions[m.GetId()] && m.GetInternationalPrefix() != "" && m.GetGeneralDesc().GetNationalNumberPattern() != "" {
			p.byRegion[m.GetId()] = newPlan(m)
		}
	}
	for code := range phonenumbers.GetSupportedCallingCodes() {
		p.byCode[strconv.Itoa(code)] = p.byRegion[phonenumbers.GetRegionCodeForCountryCode(code)]
	}
	return p
})

func newPlan(m *phonenumbers.PhoneMetadata) *plan {
	general := m.GetGeneralDesc()
	p := &plan{
		code:   strconv.Itoa(int(m.GetCountryCode())),
		abroad: newBeginning(m.GetInternationalPrefix(), true),
		// With a rule a prefix is not cut off but rewritten.
		trunk:  newBeginning(m.GetNationalPrefixForParsing(), m.GetNationalPrefixTransformRule() == ""),
		number: expression("^(?:" + general.GetNationalNumberPattern() + ")$"),
	}
	for _, n := range general.GetPossibleLength() {
		if 0 < n && n < 64 {
			p.lengths |= 1 << n
		}
	}
	return p
}

// maxPhoneText is the longest text that libphonenumber reads, in bytes.
const maxPhoneText = 250

// maxPhoneDigits is the longest number that is read here.
const maxPhoneDigits = 17

// plainNumber returns what anyPhone makes of v, a number of a possible length in
// international form, digits only; or nothing when that is not certain without
// asking libphonenumber. Both always agree; a test compares them. It does not ask
// whether the number is handed out, because it reads only what comes to the same
// number in the region and as it is written, or is nothing but the region's.
func plainNumber(v, region string) string {
	if len(v) > maxPhoneText {
		return ""
	}
	var buf [maxPhoneDigits]byte
	n, plus := 0, false
	for i := range len(v) {
		switch c := v[i]; {
		case '0' <= c && c <= '9' && n < len(buf):
			buf[n] = c
			n++
		case c == '+' && n == 0 && !plus:
			plus = true
		case c == ' ', c == '-', c == '.', c == '/', c == '(', c == ')':
		default:
			return ""
		}
	}
	digits := buf[:n]
	if plus || region == "" && len(digits) >= bareDigits && digits[0] != '0' {
		return international(digits)
	}
	return national(string(digits), region)
}

// international reads digits that begin with a calling code.
func international(digits []byte) string {
	codes := plans().byCode
	for n := 1; n <= 3 && n < len(digits); n++ {
		p, exists := codes[string(digits[:n])]
		if !exists {
			continue
		}
		form := string(digits)
		if p == nil || !p.takes(form[n:]) {
			return ""
		}
		if cut, known := p.trunk.of(form[n:]); cut > 0 || !known {
			return ""
		}
		return form
	}
	return ""
}

// takes reports whether rest can be a whole number of the plan, without trunk
// prefix. Leading zeros, which a few countries have, are not read here.
func (p *plan) takes(rest string) bool {
	return rest != "" && rest[0] != '0' && p.has(len(rest)) && (p.code != "1" || rest[0] >= '2')
}

// readsAbroad reports whether digits may be an international number as they are
// written, which goes before what the region could make of them (written, bare).
func readsAbroad(digits string) bool {
	return strings.HasPrefix(digits, "00") || len(digits) >= bareDigits && digits[0] != '0'
}

// national reads digits by the rules of a region.
func national(digits, region string) string {
	p := plans().byRegion[region]
	if p == nil || strings.HasPrefix(digits, p.code) || readsAbroad(digits) {
		return ""
	}
	if n, known := p.abroad.of(digits); n > 0 || !known {
		return ""
	}
	cut, known := p.trunk.of(digits)
	if !known || cut > 0 && (!p.has(len(digits)-cut) || p.number().MatchString(digits)) {
		return ""
	}
	main := plans().byCode[p.code]
	if main == nil || !main.takes(digits[cut:]) {
		return ""
	}
	return p.code + digits[cut:]
}
