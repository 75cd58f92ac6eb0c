package collector

import (
	"strconv"
	"strings"
	"unicode"
)

// What single characters mean in a text, for all who read what people and their
// systems wrote: conditions, the edge and destinations have to read the same.

// IsBlank reports whether a character shows nothing and means nothing: what
// Unicode counts as blank, the byte order mark, the zero-width space, the word
// joiner, the soft hyphen, and the marks of direction that telephones put around
// what is copied from an address book. The joiners of Persian and of emoji are
// not among them: they are letters' business. Pure.
func IsBlank(r rune) bool {
	switch r {
	case '\ufeff', '\u200b', '\u2060', '\u00ad':
		return true
	}
	return unicode.IsSpace(r) || r > unicode.MaxLatin1 && unicode.Is(unicode.Bidi_Control, r)
}

// DecimalDigit returns the ASCII digit that a decimal digit of any script
// stands for; ok is false when r is none. Pure.
func DecimalDigit(r rune) (digit byte, ok bool) {
	if r <= unicode.MaxASCII {
		return byte(r), '0' <= r && r <= '9'
	}
	// Every script has its ten in a row, beginning with the zero.
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + byte((r-rune(t.Lo))%10), true
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + byte((r-rune(t.Lo))%10), true
		}
	}
	return 0, false
}

// ParseDecimal reads a text that is a plain decimal number and nothing else, but
// for blanks around it: up to 15 digits, and up to 6 behind a point. No exponent,
// no comma, no separator of thousands, nothing that two people may read as two
// numbers. Pure.
func ParseDecimal(text string) (f float64, ok bool) {
	text = strings.TrimFunc(text, IsBlank)
	whole, part, pointed := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if !isDigits(whole, 15) || pointed && !isDigits(part, 6) {
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil
}

// isDigits reports whether s has 1 to most ASCII digits and nothing else.
func isDigits(s string, most int) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && len(s) <= most
}

// PlainText writes a text with ASCII's digits and punctuation where it has those
// of other keyboards: digits of every script, full-width and small forms,
// typographic dashes and blanks. What shows nothing is left out. Letters stay.
// It is for reading numbers and for finding addresses, never what is hashed. Pure.
func PlainText(text string) string {
	for i := range len(text) {
		if text[i] > unicode.MaxASCII {
			return strings.Map(plainRune, text)
		}
	}
	return text
}

func plainRune(r rune) rune {
	if r <= unicode.MaxASCII {
		return r
	}
	if d, ok := DecimalDigit(r); ok {
		return rune(d)
	}
	switch {
	case unicode.IsSpace(r):
		return ' '
	case IsBlank(r), r == '\u200c', r == '\u200d', unicode.Is(unicode.Variation_Selector, r):
		return -1
	case unicode.Is(unicode.Pd, r), r == '\u2212': // the minus sign
		return '-'
	case '\uff01' <= r && r <= '\uff5e': // full-width ASCII
		return r - '\uff01' + '!'
	}
	switch r {
	case '\ufe62':
		return '+'
	case '\ufe6b':
		return '@'
	case '\u3002', '\uff61', '\ufe52': // the full stops of East Asia
		return '.'
	case '\u2044', '\u2215':
		return '/'
	}
	return r
}
