package collector

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What is plainly contact data in a text that should hold none: the edge asks
// before anything is kept, and a destination before anything is sent.

// HoldsEmail reports whether s contains something that reads as an e-mail
// address, also percent-encoded, once or twice, as HTML or scripts write it, or
// typed with the characters of another keyboard. Customer ids, order ids, paths
// and properties are kept as they come, and people do put addresses there. Pure.
func HoldsEmail(s string) bool { return holds(s, "@", holdsEmail) }

// HoldsPhone reports whether there is a phone number in international form in a
// text: a plus or 00 and at least 8 digits that begin with a country's code, with no
// more than three of " ().-/" between them. It sees through the same disguises as
// [HoldsEmail]. A national number looks like any other number. Pure.
func HoldsPhone(s string) bool { return holds(s, "+0", holdsPhone) }

// holds looks into a text as it is and as it is once and twice decoded. marks
// are the characters without one of which there is nothing to find.
func holds(s, marks string, found func(string) bool) bool {
	for range 3 {
		plain := PlainText(s)
		if strings.ContainsAny(plain, marks) && found(plain) {
			return true
		}
		decoded := unescaped(percentDecoded(plain))
		if decoded == plain {
			return false
		}
		s = decoded
	}
	return false
}

// unescaped undoes what HTML and JavaScript make of the characters that count here.
func unescaped(s string) string {
	if strings.IndexByte(s, '&') < 0 && !strings.Contains(s, "u00") {
		return s
	}
	return escapes.Replace(s)
}

var escapes = strings.NewReplacer(
	"&#64;", "@", "&#064;", "@", "&#x40;", "@", "&#X40;", "@", "&commat;", "@", "%u0040", "@", `\u0040`, "@",
	"&#43;", "+", "&#043;", "+", "&#x2b;", "+", "&#x2B;", "+", "&plus;", "+", "%u002b", "+", "%u002B", "+", `\u002b`, "+", `\u002B`, "+",
)

// holdsEmail looks for an address around each '@'.
func holdsEmail(s string) bool {
	for i := range len(s) {
		if s[i] == '@' && i > 0 && isLocalByte(s[i-1]) && startsWithDomain(s[i+1:]) {
			return true
		}
	}
	return false
}

// percentDecoded undoes one percent-encoding. What is none stays: "50% off" is
// no fault here.
func percentDecoded(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	plain := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if b, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				plain = append(plain, b[0])
				i += 2
				continue
			}
		}
		plain = append(plain, s[i])
	}
	return string(plain)
}

// isLocalByte reports whether c may end the part before the '@' (RFC 5322). The
// slash may, too, but is left out: medium.com/@jane.doe is a page.
func isLocalByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c >= utf8.RuneSelf || strings.IndexByte("._%+-'\"!#$&*=?^`{|}~", c) >= 0
}

// startsWithDomain reports whether s begins with a host name that has a
// top-level domain of letters, or with an address of the Internet. "2x.png" is
// none: pictures for dense screens are called logo@2x.png.
func startsWithDomain(s string) bool {
	host := s
	if end := strings.IndexFunc(s, func(r rune) bool {
		return !unicode.In(r, unicode.Letter, unicode.Mark, unicode.Digit) && r != '.' && r != '-'
	}); end >= 0 {
		host = s[:end]
	}
	host = strings.Trim(host, ".-")
	dot := strings.LastIndexByte(host, '.')
	if dot < 1 {
		return false
	}
	if density := host[:dot]; len(density) == 2 && '0' <= density[0] && density[0] <= '9' && density[1] == 'x' {
		return false
	}
	top := host[dot+1:]
	notLetter := func(r rune) bool { return !unicode.In(r, unicode.Letter, unicode.Mark) }
	if strings.HasPrefix(top, "xn--") || len(top) >= 2 && !strings.ContainsFunc(top, notLetter) {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}

// Bounds of a phone number.
const (
	minPhoneDigits = 8
	maxPhoneDigits = 15
	// solidPhoneDigits is how many a number behind 00 has when nothing separates
	// its digits: order numbers are filled up with zeros, too.
	solidPhoneDigits = 11
	maxPhoneGap      = 3 // of separators: ") / "
)

// holdsPhone looks for a number behind each plus and each 00 that begins a word.
func holdsPhone(s string) bool {
	for i := range len(s) {
		switch {
		case s[i] == '+':
			if n := readPhone(s[i+1:]); n.isOne() && !n.isCoordinate() {
				return true
			}
		case strings.HasPrefix(s[i:], "00") && (i == 0 || !isWordByte(s[i-1])):
			if n := readPhone(s[i+2:]); n.isOne() && n.digits <= maxPhoneDigits && n.national != '0' && n.isDialled(s[i:]) {
				return true
			}
		}
	}
	return false
}

// isWordByte reports whether c goes on with a number or a name before 00: that
// of 1.005 or A-001 begins nothing.
func isWordByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || strings.IndexByte(".,-_", c) >= 0 || c >= utf8.RuneSelf
}

// A phoneRead is what stands behind a plus or 00.
type phoneRead struct {
	digits   int    // in all
	code     string // the country's code, empty when there is none
	national byte   // the first digit behind the code
	gaps     int    // how often something stands between digits
	before   int    // digits before the first gap
	gap      byte   // the first character of the first gap
}

func readPhone(s string) (n phoneRead) {
	s = strings.Replace(s, "(0)", "", 1) // the trunk zero, which is not dialled
	var buf [maxPhoneDigits + 1]byte
	gap := 0
	for i := range len(s) {
		c := s[i]
		switch {
		case '0' <= c && c <= '9' && n.digits < len(buf):
			if gap > 0 && n.digits > 0 {
				if n.gaps == 0 {
					n.before, n.gap = n.digits, s[i-gap]
				}
				n.gaps++
			}
			buf[n.digits] = c
			n.digits++
			gap = 0
			continue
		case strings.IndexByte(" ().-/", c) >= 0 && gap < maxPhoneGap && (n.digits > 0 || gap == 0):
			gap++
			continue
		}
		break
	}
	n.code = callingCode(string(buf[:n.digits]))
	if len(n.code) < n.digits {
		n.national = buf[len(n.code)]
	}
	return n
}

func (n phoneRead) isOne() bool {
	return n.code != "" && n.digits >= minPhoneDigits
}

// isCoordinate tells +48.858844 from a number: one point behind at most three
// digits, and few enough
// behind it, or more than a number can have.
func (n phoneRead) isCoordinate() bool {
	return n.gaps == 1 && n.gap == '.' && n.before <= 3 && (n.digits-n.before <= 8 || n.digits > maxPhoneDigits)
}

// isDialled tells 0049 171 3920042 from a number that was filled up with zeros,
// and from the article number of a trade item, whose last digit checks the others.
func (n phoneRead) isDialled(s string) bool {
	if n.gaps > 0 {
		return n.gap != '.'
	}
	return n.digits >= solidPhoneDigits && (n.code != "1" || n.digits == 11 && n.national >= '2') && !isArticleNumber(s[:n.digits+2])
}

// isArticleNumber reports whether digits are a GTIN of 13 or 14 digits, as UPCs
// are written that were filled up with zeros. Those of 2, 4 and 5 are no articles:
// weights, shops' own and coupons.
func isArticleNumber(digits string) bool {
	if len(digits) != 13 && (len(digits) != 14 || strings.IndexByte("245", digits[2]) >= 0) {
		return false
	}
	sum := 0
	for i := range len(digits) {
		weight := 1
		if (len(digits)-i)%2 == 0 {
			weight = 3
		}
		sum += weight * int(digits[i]-'0')
	}
	return sum%10 == 0
}

// callingCode returns the country's code with which digits begin (ITU-T E.164),
// or nothing: 28, 83 and 89 are no codes' beginnings.
func callingCode(digits string) string {
	if digits == "" || digits[0] == '0' {
		return ""
	}
	length := 2
	switch {
	case digits[0] == '1' || digits[0] == '7':
		length = 1
	case len(digits) < 3:
		return ""
	default:
		switch digits[:2] {
		case "28", "83", "89":
			return ""
		case "21", "22", "23", "24", "25", "26", "29", "35", "37", "38", "42", "50", "59", "67", "68", "69", "80", "85", "87", "88", "96", "97", "99":
			length = 3
		}
	}
	return digits[:length]
}
