package meta

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"matchkey/collector"
)

// The golden hashes of capi.md § 3.3; those of Meta's documentation are marked D.
func TestGoldenHashes(t *testing.T) {
	for _, c := range []struct{ key, value, country, form, sha string }{
		{"em", "John_Smith@gmail.com", "", "john_smith@gmail.com", "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"}, // D
		{"em", "mary@example.com", "", "mary@example.com", "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79"},         // D
		{"em", "user+tag@Example.CO.UK", "", "user+tag@example.co.uk", "7b8a6e03ce872608896365b0d9de0e8a3bf4c400c409d5620af6d710fb8ebb00"},
		{"ph", "(650)555-1212", "US", "16505551212", "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"}, // D
		{"ph", "+16505551212", "", "16505551212", "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"},
		{"ph", "15559876543", "", "15559876543", "1ef970831d7963307784fa8688e8fce101a15685d62aa765fed23f3a2c576a4e"}, // D
		{"ph", "12345678901", "", "12345678901", "254aa248acb47dd654ca3ea53f48c2c26d641d23d7e2e93a1ec56258df7674c4"}, // D
		{"ph", "14251234567", "", "14251234567", "6f4fcb9deaeadc8f9746ae76d97ce1239e98b404efe5da3ee0b7149740f89ad6"}, // D
		{"fn", "Mary", "", "mary", "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec"},               // D
		{"fn", "정", "", "정", "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14"},                     // D
		{"fn", "Valéry", "", "valéry", "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c"},           // D
		{"fn", "Vale\u0301ry", "", "valéry", "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c"},     // NFD on the way in
		{"fn", "Jean-Luc", "", "jeanluc", "7fef38066db9900f992fa9926eea8cc648f44c2af50c4d511c415422196c8ef5"},
		{"ln", "O'Brien", "", "obrien", "b4cb6cb33fe4b865868de825023a1e2790dc12ac01ecc8d7c5afe8254071c8ba"},
		{"ln", "O’Brien", "", "obrien", "b4cb6cb33fe4b865868de825023a1e2790dc12ac01ecc8d7c5afe8254071c8ba"}, // a phone keyboard's apostrophe
		{"ln", "van der Berg", "", "vanderberg", "aad607ca3121d5d843c2cd64e8c73c2a24fa3a4cb890ed8d40a1efa8af7a14d5"},
		{"db", "2/16/1997", "", "19970216", "01acdbf6ec7b4f478a225f1a246e5d6767eeab1a7ffa17f025265b5b94f40f0c"}, // D
		{"ge", "Female", "", "f", "252f10c83610ebca1a059c0bae8255eba2f95be4d1d7bcfa89d7248a82d9f111"},
		{"ge", "Male", "", "m", "62c66a7a5dd70c3146618063c344e531e6d4b59e379808443ce962b3abd63c5a"},
		{"ct", "New York", "", "newyork", "350c754ba4d38897693aa077ef43072a859d23f613443133fecbbd90a3512ca5"},
		{"ct", "St. Louis", "", "stlouis", "8ba24bdf99947996f3000259be455de791b06fcc0e802ce05031030df1ee8ea3"},
		{"ct", "Zürich", "", "zürich", "201f10d5d64518d86d2d3a47d28675d1c788762c5345df643dadec71d4e0a91e"},
		{"st", "California", "", "ca", "6959097001d10501ac7d54c0bdb8db61420f658f2922cc26e46d536119a31126"},
		{"st", "AZ", "", "az", "9c0ada37bf74aeefae949fdfc90db0cf6eaf90192eff67d65887771f0585e055"},
		{"zp", "94035-1234", "", "94035", "1794327a4d443904421f5ca1f3d72d0a62ba2f0770d80755ec2220fc0efb052e"},
		{"zp", "75018", "", "75018", "8dc3075ea745609c169d1c120d3fcd1c42673d16f18b423f4374e894d34a098a"},
		{"zp", "M1 1AE", "", "m11ae", "1dc694c2070e697769fb959b50671d76cafd430d8ca191fbdd0affcaea344ac5"},
		{"country", "United States", "", "us", "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621"},  // D
		{"country", "United Kingdom", "", "gb", "0b407281768f0e833afef47ed464b6571d01ca4d53c12ce5c51d1462f4ad6677"}, // D
	} {
		forms, why := Normalise(c.key, c.value, c.country)
		if why != "" || forms[0] != c.form || hash(forms[0]) != c.sha {
			t.Errorf("%s %q (%s): %v %s, want %q", c.key, c.value, c.country, forms, why, c.form)
		}
	}
}

// Hashes that a wrong normal form would give; none of our forms may.
func TestGoldenNegatives(t *testing.T) {
	withPlus, withoutCode := "1e231c66011e7a2d867a9cfae267a6aff103cf4913640b6e71a99850fc0ffbc8", "5eed6d50c9a69704a9a72b4af7d14d04d33e4460039e101b525f5d4f8a106a38"
	for _, value := range []string{"+16505551212", "6505551212", "(650) 555-1212", "1 650 555 1212"} {
		for _, country := range []string{"", "US"} {
			forms, _ := Normalise("ph", value, country)
			for _, form := range forms {
				if h := hash(form); h == withPlus || h == withoutCode {
					t.Errorf("%q (%s) became %q", value, country, form)
				}
			}
		}
	}
}

func TestNormalise(t *testing.T) {
	dropped := []string(nil)
	for _, c := range []struct {
		key, value, country string
		want                []string
		why                 collector.Reason
	}{
		// Where Meta's libraries disagree: capi.md § 3.4, last column.
		{"ct", "São Paulo", "", []string{"sãopaulo", "sopaulo"}, ""},
		{"ct", "Zürich", "", []string{"zürich", "zrich"}, ""},
		{"ct", "東京", "", []string{"東京"}, ""},
		{"st", "Bavaria", "DE", []string{"bavaria"}, ""},
		{"st", "Île-de-France", "FR", []string{"îledefrance"}, ""},
		{"zp", "123-4567", "JP", []string{"1234567"}, ""},
		{"country", "UK", "", []string{"gb"}, ""},
		{"ph", "0044 (0)20 7946 0958", "", []string{"442079460958"}, ""},
		{"ph", "0044 (0)20 7946 0958", "US", []string{"442079460958"}, ""},
		{"external_id", " User 42 ", "", []string{"user42"}, ""},
		{"em", "not an email", "", dropped, collector.ReasonNotNormalisable},

		{"em", "\ufeffA@B.com\u200b", "", []string{"a@b.com"}, ""},
		{"em", "jörg@example.com", "", dropped, collector.ReasonNotNormalisable},
		{"em", strings.Repeat("a", 250) + "@b.com", "", dropped, collector.ReasonNotNormalisable},
		{"em", "test\xff@example.com", "", dropped, collector.ReasonNotNormalisable},

		// A country code is never invented.
		{"ph", "030 12345678", "DE", []string{"493012345678"}, ""},
		{"ph", "030 12345678", "Germany", []string{"493012345678"}, ""},
		{"ph", "030 12345678", "", dropped, ReasonPhoneCountry},
		{"ph", "030 12345678", "Nowhere", dropped, ReasonPhoneCountry},
		{"ph", "06 12 34 56 78", "FR", []string{"33612345678"}, ""},
		{"ph", "06 6982 1234", "IT", []string{"390669821234"}, ""}, // Italy keeps its zero
		{"ph", "442079460958", "GB", []string{"442079460958"}, ""},
		{"ph", "11987654321", "", dropped, ReasonPhoneCountry}, // Brazil's, begins with 1
		{"ph", "11987654321", "BR", []string{"5511987654321"}, ""},
		{"ph", "432 555 1234", "", dropped, ReasonPhoneCountry}, // would be a number in Austria
		{"ph", "+43 2555 1234", "", []string{"4325551234"}, ""},
		{"ph", "+1-555-123-4567 ext. 123", "", []string{"15551234567"}, ""},
		{"ph", "911", "US", dropped, collector.ReasonNotNormalisable},
		{"ph", "+123456789012345678", "", dropped, collector.ReasonNotNormalisable},
		{"ph", "", "US", dropped, collector.ReasonNotNormalisable},

		{"db", "1997-02-30", "", dropped, collector.ReasonNotNormalisable},
		{"db", "16.02.97", "", dropped, collector.ReasonNotNormalisable}, // no century is guessed
		{"db", "1899-12-31", "", dropped, collector.ReasonNotNormalisable},
		{"db", "99999999999999999999-1-1", "", dropped, collector.ReasonNotNormalisable},

		{"ct", "123 Main Street", "", dropped, collector.ReasonNotNormalisable},
		{"ct", "मुंबई", "", []string{"मुंबई"}, ""}, // marks belong to their letters
		{"st", "Georgia", "US", []string{"ga"}, ""},
		{"st", "Georgia", "", []string{"ga"}, ""},
		{"st", "Victoria", "AU", []string{"victoria"}, ""},
		{"zp", "12345-678", "", []string{"12345678"}, ""}, // Brazil's
		{"zp", "12345 6789", "US", []string{"12345"}, ""},
		{"zp", "12345-6789", "SA", []string{"123456789"}, ""},
		{"country", "Deutschland", "", []string{"de"}, ""},
		{"country", "XYZ", "", dropped, collector.ReasonNotNormalisable},

		{"em", strings.Repeat("A1", 32), "", []string{strings.Repeat("a1", 32)}, ""},
		{"em", hash(""), "", dropped, ReasonPlaceholderEmpty},
		{"ph", strings.ToUpper(hash("null")), "", dropped, ReasonPlaceholderNull},
		{"fn", "test", "", dropped, ReasonPlaceholderTest},
		{"external_id", "undefined", "", dropped, ReasonPlaceholderUndefined},
		{"external_id", "", "", dropped, collector.ReasonNotNormalisable},
		{"external_id", strings.Repeat("x", maxValue+1), "", dropped, collector.ReasonNotNormalisable},
		{"zodiac", "virgo", "", dropped, ReasonKeyUnknown},
	} {
		got, why := Normalise(c.key, c.value, c.country)
		if !slices.Equal(got, c.want) || why != c.why {
			t.Errorf("%s %q (%s): %q %s, want %q %s", c.key, c.value, c.country, got, why, c.want, c.why)
		}
	}
}

func TestYearOfBirthEndsWithTheClock(t *testing.T) {
	defer func(year func() int) { thisYear = year }(thisYear)
	thisYear = func() int { return 2026 }
	if got := birth("01/15/2026", ""); got != "20260115" {
		t.Errorf("this year gives %q", got)
	}
	if got := birth("01/15/2027", ""); got != "" {
		t.Errorf("next year gives %q", got)
	}
}

func TestHasher(t *testing.T) {
	h := Hasher()
	values := map[collector.Kind]string{
		collector.KindEmail: " Mary@Example.com", collector.KindPhone: "(650)555-1212", collector.KindFirstName: "Mary",
		collector.KindLastName: "O'Brien", collector.KindDateOfBirth: "2/16/1997", collector.KindGender: "Female",
		collector.KindCity: "Zürich", collector.KindRegion: "California", collector.KindPostalCode: "94035-1234",
		collector.KindCountry: "US",
	}
	for _, kind := range collector.ContactKinds() {
		hashes, how, why := h(kind, values[kind], "US")
		if why != "" || how == "" || len(hashes) == 0 {
			t.Errorf("%s: %v %q %s", kind, hashes, how, why)
		}
		for _, x := range hashes {
			if !isHash(x) || x != strings.ToLower(x) {
				t.Errorf("%s: %q is no hash", kind, x)
			}
		}
	}
	if hashes, _, _ := h(collector.KindCity, "Zürich", ""); len(hashes) != 2 {
		t.Errorf("a city of two readings has %d hashes", len(hashes))
	}
	already := hash("mary@example.com")
	if hashes, how, why := h(collector.KindEmail, strings.ToUpper(already), ""); why != "" || !slices.Equal(hashes, []string{already}) || !strings.Contains(how, "already") {
		t.Errorf("a hash is not passed through: %v %q %s", hashes, how, why)
	}
	if hashes, _, why := h(collector.KindEmail, "nobody", ""); why != collector.ReasonNotNormalisable || hashes != nil {
		t.Errorf("%v %s", hashes, why)
	}
	for _, kind := range []collector.Kind{collector.KindCustomer, collector.KindClick, collector.KindIP, "zodiac"} {
		if hashes, _, why := h(kind, "x", ""); why != ReasonKeyUnknown || hashes != nil {
			t.Errorf("%s is hashed: %v", kind, hashes)
		}
	}
}

func FuzzNormalise(f *testing.F) {
	for _, v := range []string{" A@b.com", "+49 (0)30 123", "00", "São Paulo", "31/12/1999", "\xff", "ＵＫ", "１２３", "İ\u0323", "e-\u0301", "ΟΔΥΣΣΕΥΣ", "\u202a+49 171 3920042\u202c", "US-CA", "tel:+1;ext=5"} {
		f.Add(v, "US")
		f.Add(v, "")
	}
	f.Fuzz(func(t *testing.T, value, country string) {
		for key := range howOf {
			forms, why := Normalise(key, value, country)
			if (len(forms) == 0) == (why == "") {
				t.Fatalf("%s: %d forms and reason %q", key, len(forms), why)
			}
			for _, form := range forms {
				if form == "" || deniedHash[hash(form)] != "" || !norm.NFC.IsNormalString(form) {
					t.Fatalf("%s: form %q", key, form)
				}
				if key == "ph" || key == "st" { // read by the country, which a form has behind it
					continue
				}
				if again, _ := Normalise(key, form, country); !slices.Contains(again, form) {
					t.Fatalf("%s: the form %q of %q has the forms %q", key, form, value, again)
				}
			}
			if key == "ph" && why == "" && !isHash(forms[0]) && (!isDigits(forms[0]) || forms[0][0] == '0' || len(forms[0]) > 18) {
				t.Fatalf("the phone number's form is %q", forms[0])
			}
		}
	})
}
