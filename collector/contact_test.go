package collector

import "testing"

func TestHoldsEmail(t *testing.T) {
	for _, yes := range []string{
		"anna@example.com", "Anna <anna@example.com>", "mailto:a.b+c@mail.example.co.uk", "anna%40example.com", "x=anna@example.com&y",
		"jörg@müller.de", "a@b.xn--p1ai", "anna@example.com.", "(anna@example.com)", "@@anna@example.com",
		"anna!@example.com", "anna$@example.com", "anna#@example.com", "anna~@example.com", "anna=@example.com", "anna}@example.com", "anna*@example.com",
		"anna@exam\u00adple.com", "an\u200bna\u200b@\u200bexample.com", "anna﹫example.com", "anna＠example。com", "anna@example．com",
		"anna&#64;example.com", "anna&#x40;example.com", "anna%u0040example.com", `anna\u0040example.com`, "anna%26%2364;example.com", "a@1.2.3.4", "anna%2540example.com",
	} {
		if !HoldsEmail(yes) {
			t.Errorf("%q was not seen", yes)
		}
	}
	for _, no := range []string{
		"", "@", "anna", "anna@", "@example.com", "anna@localhost", "2 @ 3.50", "logo@2x.png", "logo@3x.webp", "a@b.1", "user@host:22", "50%40", "@media.x",
		"react@18.2.0", "medium.com/@jane.doe", "5 @ 1.99 EUR", "a@1.2.3.4.5", "a@999.2.3.4", "R&D", "Tom &amp; Co.", "100% @ home",
	} {
		if HoldsEmail(no) {
			t.Errorf("%q is none", no)
		}
	}
}

func TestHoldsPhone(t *testing.T) {
	for _, yes := range []string{
		"+491701234567", "call +49 170 1234567", "+49 (170) 123-4567", "+1/650/555-1212.", "x+44 20 7946 0958y", "1+1, +49 170 1234567",
		"0049 171 3920042", "0049171 3920042", "0049-171-3920042", "0049 (0) 171 3920042", "00491713920042", "call 0016505551212 now", "/u/00491713920042/x", "tel=0049 171 3920042",
		"+0049 170 1234567", "+49\u00a0171\u00a03920042", "+49\u2011171\u20113920042", "+49–171–3920042", "＋49 171 3920042", "＋４９１７１３９２００４２", "+٤٩١٧١٣٩٢٠٠٤٢", "%2B491713920042", "%252B491713920042", "&#43;491713920042",
		"+49 (0) 171 / 39 200 42", "+49 - 171 - 3920042", "+1.6505551212", "A+491713920042", "/u/+491713920042/x", "+49\u200b171\u00ad3920042",
	} {
		if !HoldsPhone(yes) {
			t.Errorf("%q was not seen", yes)
		}
	}
	for _, no := range []string{"", "+", "0170 1234567", "1+1=2", "+49 170", "+1 item, 20 pieces, 3456789", "A+B", "2026-11-25",
		// Prices, and what is taken off them.
		"59.90", "+12.50", "+1,234,567.89 €", "1.234.567,89", "100+100", "0.0012345678", "00.12345678",
		// Things, orders and articles.
		"SKU-00491713", "A-0049171392", "0012345678", "000000000012345678", "0049000028911", "00649000028913", "0012345678905", "00123456789012", "9780306406157", "4006381333931", "INV-2026-0049-171", "1004917139200",
		// Times and places.
		"2026-11-25T17:04:54+01:00", "2026-11-25 17:04:54 +0100", "20261125170454", "+48.858844", "+48.8588443,+002.2943506", "48.858844, 2.294351", "00:49:17", "00-00-5E-00-53-01",
		// Words.
		"Notepad++", "C++ 17", "18+", "iPhone 15+", "10+1", "28+281234567", "+28 1234 5678", "+0", "00", "0000000000000000", "+48.858844300000001",
	} {
		if HoldsPhone(no) {
			t.Errorf("%q is none", no)
		}
	}
}
