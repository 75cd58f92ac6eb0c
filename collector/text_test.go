package collector

import (
	"testing"
	"unicode"
)

func TestParseDecimal(t *testing.T) {
	for text, want := range map[string]float64{
		"59.90": 59.9, " 59.90\u00a0": 59.9, "0": 0, "-1.5": -1.5, "007": 7, "999999999999999": 999999999999999, "0.000001": 0.000001,
	} {
		if got, ok := ParseDecimal(text); !ok || got != want {
			t.Errorf("%q: %v %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", " ", "-", ".", "5.", ".5", "59,90", "1.234,50", "1e3", "+5", "--5", "5 €", "0x10", "Inf", "NaN", "1_000", "1234567890123456", "0.1234567", "٥"} {
		if got, ok := ParseDecimal(text); ok {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

// TestDecimalDigit holds the assumption that every script has its digits ten in
// a row, from the zero on, against the tables of this Go.
func TestDecimalDigit(t *testing.T) {
	for r, want := range map[rune]byte{'0': '0', '9': '9', '٣': '3', '०': '0', '९': '9', '５': '5', '𝟗': '9', '𝟘': '0'} {
		if got, ok := DecimalDigit(r); !ok || got != want {
			t.Errorf("%c: %c %v, want %c", r, got, ok, want)
		}
	}
	for _, r := range []rune{'a', '²', '½', '〇', 'Ⅳ', ' '} {
		if _, ok := DecimalDigit(r); ok {
			t.Errorf("%c is no decimal digit", r)
		}
	}
	for _, t16 := range unicode.Nd.R16 {
		if (t16.Hi-t16.Lo+1)%10 != 0 || t16.Stride != 1 {
			t.Errorf("%U to %U are not tens", t16.Lo, t16.Hi)
		}
	}
	for _, t32 := range unicode.Nd.R32 {
		if (t32.Hi-t32.Lo+1)%10 != 0 || t32.Stride != 1 {
			t.Errorf("%U to %U are not tens", t32.Lo, t32.Hi)
		}
	}
}

func TestPlainText(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a-b 1": "a-b 1", "＋４９（１７１）": "+49(171)", "٠١٧١": "0171", "+49\u00a0171\u2011392": "+49 171-392",
		"a\u00adb\u200bc\u200dd": "abcd", "a﹫b。de": "a@b.de", "１９９７／０２": "1997/02", "Zürich": "Zürich", "−5": "-5",
	} {
		if got := PlainText(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
