package collector

import "testing"

func TestHoldsEmail(t *testing.T) {
	for _, yes := range []string{
		"anna@example.com", "Anna <anna@example.com>", "mailto:a.b+c@mail.example.co.uk", "anna%40example.com", "x=anna@example.com&y",
		"jörg@müller.de", "a@b.xn--p1ai", "anna@example.com.", "(anna@example.com)", "@@anna@example.com",
	} {
		if !HoldsEmail(yes) {
			t.Errorf("%q was not seen", yes)
		}
	}
	for _, no := range []string{
		"", "@", "anna", "anna@", "@example.com", "anna@localhost", "2 @ 3.50", "logo@2x.png", "logo@3x.webp", "a@b.1", "user@host:22", "50%40", "@media.x",
	} {
		if HoldsEmail(no) {
			t.Errorf("%q is none", no)
		}
	}
}

func TestHoldsPhone(t *testing.T) {
	for _, yes := range []string{
		"+491701234567", "call +49 170 1234567", "+49 (170) 123-4567", "+1/650/555-1212.", "x+44 20 7946 0958y", "1+1, +49 170 1234567",
	} {
		if !HoldsPhone(yes) {
			t.Errorf("%q was not seen", yes)
		}
	}
	for _, no := range []string{"", "+", "0170 1234567", "+0049 170 1234567", "1+1=2", "+49 170", "+1 item, 20 pieces, 3456789", "A+B", "2026-11-25"} {
		if HoldsPhone(no) {
			t.Errorf("%q is none", no)
		}
	}
}
