package meta

import (
	"slices"
	"strings"
	"testing"

	"matchkey/collector"
)

// What people and their systems send, each with the rule that it goes by. An
// empty form is one that is dropped: a hash that matches nobody helps nobody.
func TestTrickyValues(t *testing.T) {
	for _, c := range []struct{ rule, key, value, country, form string }{
		{"an address and nothing else: nobody guesses", "em", "Ann <a@b.com>", "", ""},
		{"", "em", "mailto:a@b.com", "", ""},
		{"", "em", "a@b.com,c@d.com", "", ""},
		{"", "em", "'a@b.com'", "", ""},
		{"", "em", "a@b.com.", "", ""},
		{"", "em", "a b@c.com", "", ""},
		{"", "em", "a..b@c.com", "", ""},
		{"", "em", "a@localhost", "", ""},
		{"", "em", "a@b_c.com", "", ""},
		{"", "em", "a@-b.com", "", ""},
		{"", "em", "user@192.168.1.1", "", ""},
		{"", "em", "user@163.com", "", "user@163.com"},
		{"", "em", "a@[127.0.0.1]", "", ""},
		{"", "em", `"a b"@c.com`, "", ""},
		{"ASCII only, before it is lowered", "em", "a@bücher.de", "", ""},
		{"", "em", "a＠b.com", "", ""},
		{"", "em", "ａ@b.com", "", ""},
		{"", "em", "İ@b.com", "", ""},
		{"", "em", "a\u200d@b.com", "", ""},
		{"a domain's ASCII form is a domain", "em", "A@XN--BCHER-KVA.de", "", "a@xn--bcher-kva.de"},
		{"marks of direction at the ends are blanks", "em", "\u202aa@b.com\u202c", "", "a@b.com"},
		{"an MD5 is no hash", "em", "5D41402ABC4B2A76B9719D911017C592", "", ""},
		{"a hash with something on it is none", "em", "0x" + hash("a"), "", ""},
		{"", "em", hash("a") + ".AQYAAQMA", "", ""},
		{"blanks around a hash go", "ph", " " + hash("a") + "\n", "", hash("a")},

		{"a number that says its country needs none", "ph", "tel:+1-650-555-1212", "", "16505551212"},
		{"", "ph", "Phone: +1 650 555 1212", "DE", "16505551212"},
		{"", "ph", "＋１６５０５５５１２１２", "", "16505551212"},
		{"", "ph", "\u202a+49 171 3920042\u202c", "", "491713920042"},
		{"", "ph", "+1\u00a0650\u2013555\u20131212", "", "16505551212"},
		{"the trunk zero goes, by the country's rules", "ph", "+49 (0) 171 3920042", "", "491713920042"},
		{"", "ph", "+44 (0)20 7946 0958", "", "442079460958"},
		{"", "ph", "8 495 123-45-67", "RU", "74951234567"},
		{"", "ph", "0171 3920042", "DE", "491713920042"},
		{"", "ph", "171 3920042", "DE", "491713920042"},
		{"Italy keeps it", "ph", "+39 02 1234 5678", "", "390212345678"},
		{"the country by name", "ph", "0171 3920042", "Germany", "491713920042"},
		{"", "ph", "020 7946 0958", "UK", "442079460958"},
		{"digits of every script", "ph", "٠١٧١٣٩٢٠٠٤٢", "DE", "491713920042"},
		{"00 is a plus", "ph", "0016505551212", "DE", "16505551212"},
		{"", "ph", "0016505551212", "", "16505551212"},
		{"so is the country's own prefix", "ph", "01149171 3920042", "US", "491713920042"},
		{"a number that is none in the country may name its own", "ph", "16505551212", "DE", "16505551212"},
		{"", "ph", "491713920042", "US", "491713920042"},
		{"an extension is no part of it", "ph", "(650) 555-1212 ext. 5", "US", "16505551212"},
		{"", "ph", "650-555-1212x5", "US", "16505551212"},
		{"", "ph", "+1 650 555 1212;ext=5", "", "16505551212"},
		{"letters are keys of the telephone in North America", "ph", "1-800-FLOWERS", "US", "18003569377"},
		{"", "ph", "(800) 4MY-HOME", "CA", "18004694663"},
		{"", "ph", "+1 888 555 HELP", "DE", "18885554357"},
		{"and nowhere else", "ph", "030 123456 mobil", "DE", "4930123456"},
		{"", "ph", "0171 3920042 privat", "DE", "491713920042"},
		{"", "ph", "+49 171 3920042 (Büro)", "", "491713920042"},
		{"", "ph", "0171 3920042 モバイル", "DE", "491713920042"},
		{"", "ph", "06 12 34 56 78 maison", "FR", "33612345678"},
		{"a word behind a whole number is none of it", "ph", "650-555-1212 home", "US", "16505551212"},
		{"", "ph", "650 2121 mob", "US", ""},
		{"", "ph", "555-1212 mob", "US", ""},
		{"the country's own code without plus, as Meta asks for it", "ph", "4915123456789", "DE", "4915123456789"},
		{"", "ph", "49 1512 3456789", "DE", "4915123456789"},
		{"", "ph", "628123456789", "ID", "628123456789"},
		{"", "ph", "46812345678", "SE", "46812345678"},
		{"", "ph", "4681234567", "SE", "4681234567"},
		{"", "ph", "38344123456", "XK", "38344123456"},
		{"", "ph", "12025550143", "US", "12025550143"},
		{"a national number may begin so, too", "ph", "9118001234", "IN", "919118001234"},
		{"", "ph", "55 99999-1234", "BR", "5555999991234"},
		{"", "ph", "47123456", "NO", "4747123456"},
		{"Mexico's mobile numbers have lost their 1", "ph", "+52 1 55 1234 5678", "", "525512345678"},
		{"", "ph", "5215512345678", "", "525512345678"},
		{"", "ph", "5215512345678", "MX", "525512345678"},
		{"", "ph", "005215512345678", "DE", "525512345678"},
		{"digits of every script without a country", "ph", "+९१ ९८१०१ २३४५६", "", "919810123456"},
		{"", "ph", "٩٦٦٥٠١٢٣٤٥٦٧", "", "966501234567"},
		{"", "ph", "４９１７１３９２００４２", "", "491713920042"},
		{"", "ph", "＋４９（１７１）３９２００４２", "", "491713920042"},
		{"mobile numbers change on the way abroad", "ph", "011 15 2345-6789", "AR", "5491123456789"},
		{"no prefix is invented", "ph", "6505551212", "", ""},
		{"", "ph", "(650) 555-1212", "", ""},
		{"", "ph", "4917139200", "", ""},
		{"what is too short is none", "ph", "5551212", "US", ""},
		{"", "ph", "(0)", "DE", ""},
		{"", "ph", "000", "DE", ""},
		{"", "ph", "+1", "US", ""},
		{"two numbers are none", "ph", "+447911123456 / +442079460958", "", ""},
		{"a spreadsheet's number has lost its digits", "ph", "1.6505551212E10", "", ""},

		{"lowered as JavaScript and Python do", "fn", "İbrahim", "", "i̇brahim"},
		{"not as Turkish does", "fn", "IŞIK", "", "işik"},
		{"", "ln", "ΟΔΥΣΣΕΥΣ", "", "οδυσσευς"},
		{"ß is a letter of its own", "ln", "Straße", "", "straße"},
		{"", "ln", "STRASSE", "", "strasse"},
		{"NFC at the end, too", "fn", "Jose-\u0301", "", "josé"},
		{"no punctuation", "ln", "d’Artagnan", "", "dartagnan"},
		{"", "fn", "María-José", "", "maríajosé"},
		{"", "fn", "Dr. Mary", "", "drmary"},
		{"nor what is typed for it", "ln", "D´Arcy", "", "darcy"},
		{"", "ln", "OʼBrien", "", "obrien"},
		{"", "ln", "O`Brien", "", "obrien"},
		{"", "ln", "O‘Brien", "", "obrien"},
		{"", "ln", "Oʻahu", "", "oahu"},
		{"symbols go", "fn", "M€ry™ 1°", "", "mry1"},
		{"", "fn", "Ma\u0000ry\u007f", "", "mary"},
		{"a joiner that joins nothing goes", "fn", "Mary\u200d", "", "mary"},
		{"pictures stay", "fn", "Mary 😀", "", "mary😀"},
		{"a family of joined emoji stays joined", "fn", "👩\u200d👧", "", "👩\u200d👧"},
		{"joiners are letters' business", "fn", "می\u200cخواهم", "", "می\u200cخواهم"},
		{"marks that show nothing go", "fn", "\u202eMary\u00ad Ann", "", "maryann"},
		{"NFC is not NFKC", "fn", "Ｍａｒｙ", "", "ｍａｒｙ"},

		{"a time behind the date is not looked at", "db", "1990-12-31T23:59:59Z", "", "19901231"},
		{"", "db", "19901231T235959", "", "19901231"},
		{"", "db", "1990-12-31 00:00:00.000+02:00", "", "19901231"},
		{"the one over 12 is the day", "db", "31/12/1999", "", "19991231"},
		{"the month comes first when both could be", "db", "1/2/2000", "", "20000102"},
		{"", "db", "03/04/1997", "US", "19970304"},
		{"", "db", "03-04-1997", "Canada", "19970304"},
		{"not where it does not", "db", "03/04/1997", "GB", "19970403"},
		{"", "db", "03-04-1997", "Germany", "19970403"},
		{"", "db", "02/16/1997", "DE", "19970216"},
		{"", "db", "03/04/1997", "Nowhere", "19970304"},
		{"never with dots", "db", "1.2.2000", "", "20000201"},
		{"", "db", "04.03.1997", "DE", "19970304"},
		{"", "db", "04.03.1997", "US", "19970304"},
		{"", "db", "04. 03. 1997", "", "19970304"},
		{"always behind a year", "db", "1997-03-04", "DE", "19970304"},
		{"", "db", "1997.03.04", "", "19970304"},
		{"", "db", "1997. 03. 04.", "HU", "19970304"},
		{"", "db", "1997年2月16日", "JP", "19970216"},
		{"", "db", "1997년 2월 16일", "KR", "19970216"},
		{"", "db", "geb. 04.03.1997", "DE", "19970304"},
		{"one kind of separator, and no word between", "db", "Sun Feb 16 1997 01:00:00 GMT+0100", "", ""},
		{"", "db", "16 February 1997 10:30", "", ""},
		{"", "db", "Feb 16, 1997 3:00 PM", "", ""},
		{"", "db", "16-Feb-1997 11:00", "", ""},
		{"", "db", "1997-W07-7", "", ""},
		{"", "db", "1997-047", "", ""},
		{"", "db", "age 5, 1997-02-16", "", ""},
		{"", "db", "02/1997 12:00", "", ""},
		{"", "db", "02 1997 12:00", "", ""},
		{"", "db", "1997 02 12:00", "", ""},
		{"", "db", "16/1997/02", "", ""},
		{"", "db", "1/2/3/1997", "", ""},
		{"", "db", "02-16/1997", "", ""},
		{"", "db", "16021997-1", "", ""},
		{"a time may stand behind it", "db", "16.02.1997, 10:30", "", "19970216"},
		{"", "db", "02/16/1997 3:00 PM", "", "19970216"},
		{"without separators it has to be YYYYMMDD", "db", "31121990", "", ""},
		{"", "db", "12311990", "", ""},
		{"", "db", "662688000", "", ""},
		{"no century is guessed", "db", "31/12/99", "", ""},
		{"", "db", "99-12-31", "", ""},
		{"months are not read as words", "db", "Dec 31, 1999", "", ""},
		{"digits of every script", "db", "２０００-01-02", "", "20000102"},
		{"", "db", "١٦/٠٢/١٩٩٧", "EG", "19970216"},
		{"there has to be such a day", "db", "1990-00-10", "", ""},
		{"", "db", "1990-02-29", "", ""},

		{"English words", "ge", " FEMALE ", "", "f"},
		{"", "ge", "Gentleman", "", "m"},
		{"and no others", "ge", "Frau", "", ""},
		{"", "ge", "W", "", ""},
		{"", "ge", "mâle", "", ""},
		{"", "ge", "non-binary", "", ""},
		{"", "ge", "1", "", ""},
		{"", "ge", "Ｆ", "", ""},

		{"letters and digits of any script", "ct", "Saint-Étienne", "", "saintétienne"},
		{"", "ct", "Москва", "", "москва"},
		{"", "ct", "Straßburg", "", "straßburg"},
		{"", "ct", "İstanbul", "", "i̇stanbul"},
		{"an address line is no city", "ct", "80331 München", "", ""},
		{"", "ct", "!!!", "", ""},

		{"two letters in the US and Canada", "st", "D.C.", "US", "dc"},
		{"", "st", "Washington, D.C.", "US", "dc"},
		{"", "st", "Puerto Rico", "", "pr"},
		{"", "st", "U.S. Virgin Islands", "", "vi"},
		{"", "st", "QUÉBEC", "", "qc"},
		{"", "st", "newfoundland & labrador", "CA", "nl"},
		{"", "st", "New York State", "US", "ny"},
		{"", "st", "State of Washington", "US", "wa"},
		{"a code of ISO 3166-2 has the country before it", "st", "US-CA", "", "ca"},
		{"", "st", "CA-ON", "CA", "on"},
		{"a state's digits are a postal code's", "st", "TX 75001", "", "tx"},
		{"usual short forms, and what stands around a name", "st", "Calif.", "US", "ca"},
		{"", "st", "California (CA)", "US", "ca"},
		{"", "st", "CALIFORNIA, USA", "US", "ca"},
		{"", "st", "Commonwealth of Massachusetts", "US", "ma"},
		{"", "st", "USA-CA", "US", "ca"},
		{"", "st", "N. Mex.", "US", "nm"},
		{"", "st", "Wash.", "US", "wa"},
		{"", "st", "PEI", "CA", "pe"},
		{"", "st", "P.E.I.", "CA", "pe"},
		{"", "st", "Que.", "CA", "qc"},
		{"", "st", "Nouveau-Brunswick", "CA", "nb"},
		{"", "st", "Province of Ontario", "CA", "on"},
		{"", "st", "Wash.", "", "wash"},
		{"", "st", "Man", "CI", "man"},
		{"", "st", "Springfield, Ohio", "US", "springfieldohio"},
		{"names elsewhere stay whole", "st", "Georgia", "GE", "georgia"},
		{"", "st", "Baja California", "MX", "bajacalifornia"},
		{"", "st", "New South Wales", "AU", "newsouthwales"},
		{"", "st", "Île-de-France", "FR", "îledefrance"},

		{"five digits in the US", "zp", "940351234", "US", "94035"},
		{"", "zp", "94035 1234", "US", "94035"},
		{"", "zp", "CA 94035", "US", "94035"},
		{"", "zp", "94035–1234", "", "94035"},
		{"nobody says that it is the US", "zp", "940351234", "", "940351234"},
		{"no blanks, no dashes", "zp", "sw1a1aa", "GB", "sw1a1aa"},
		{"", "zp", "SW1A 1AA", "GB", "sw1a1aa"},
		{"", "zp", "K1A-0B1", "CA", "k1a0b1"},
		{"", "zp", "1234 AB", "NL", "1234ab"},
		{"", "zp", "01310-100", "BR", "01310100"},
		{"the territories' are the United States'", "zp", "00901-1234", "PR", "00901"},
		{"", "zp", "96910-1234", "Guam", "96910"},
		{"no punctuation, no symbols", "zp", "01.310-100", "BR", "01310100"},
		{"", "zp", "〒123-4567", "JP", "1234567"},
		{"", "zp", "１２３−４５６７", "JP", "1234567"},
		{"", "zp", "N/A", "US", ""},
		{"", "zp", "n.a.", "", ""},
		{"letters for the post from abroad go", "zp", "D-80331", "DE", "80331"},
		{"", "zp", "DE-80331", "DE", "80331"},
		{"", "zp", "A-1010", "AT", "1010"},
		{"", "zp", "LV-1010", "LV", "lv1010"}, // part of the code there
		{"", "zp", "D-80331", "IE", "d80331"},
		{"a zero at the front counts", "zp", "04109", "DE", "04109"},

		{"codes of two and three letters", "country", "DEU", "", "de"},
		{"", "country", "U.K.", "", "gb"},
		{"names", "country", "Scotland", "", "gb"},
		{"", "country", "The United States", "", "us"},
		{"", "country", "Türkiye", "", "tr"},
		{"", "country", "Turkiye", "", "tr"},
		{"", "country", "Côte d'Ivoire", "", "ci"},
		{"", "country", "España", "", "es"},
		{"a letter is never left out", "country", "Çin", "", ""},
		{"", "country", "Mısır", "", "eg"},
		{"", "country", "Çad", "", "td"},
		{"the countries' own names", "country", "México", "", "mx"},
		{"", "country", "Österreich", "", "at"},
		{"", "country", "ÖSTERREICH", "", "at"},
		{"", "country", "Česko", "", "cz"},
		{"", "country", "Îles Féroé", "", ""},
		{"", "country", "Nederland", "", "nl"},
		{"", "country", "Sverige", "", "se"},
		{"", "country", "Norge", "", "no"},
		{"", "country", "Polska", "", "pl"},
		{"", "country", "日本", "", "jp"},
		{"", "country", "中国", "", "cn"},
		{"", "country", "Россия", "", "ru"},
		{"", "country", "Україна", "", "ua"},
		{"", "country", "भारत", "", "in"},
		{"", "country", "ไทย", "", "th"},
		{"", "country", "대한민국", "", "kr"},
		{"", "country", "Ελλάδα", "", "gr"},
		{"the names of shops' forms", "country", "Trinidad & Tobago", "", "tt"},
		{"", "country", "Hong Kong SAR China", "", "hk"},
		{"", "country", "Turks & Caicos Islands", "", "tc"},
		{"", "country", "Congo - Kinshasa", "", "cd"},
		{"", "country", "Myanmar (Burma)", "", "mm"},
		{"", "country", "Korea, Republic of", "", "kr"},
		{"", "country", "U. S. A.", "", "us"},
		{"", "country", "NA", "", "na"},
		{"not available is no Namibia", "country", "N/A", "", ""},
		{"", "country", "n.a.", "", ""},
		{"", "country", "C/O", "", ""},
		{"", "country", "No 5", "", ""},
		{"", "country", "Guiana", "", ""},
		{"what ISO 3166-1 withdrew", "country", "YU", "", ""},
		{"", "country", "CS", "", ""},
		{"", "country", "AN", "", ""},
		{"", "country", "FX", "", ""},
		{"", "country", "Yugoslavia", "", ""},
		{"a language is no country", "country", "en_US", "", ""},
		{"nor is what ISO 3166 does not have", "country", "EU", "", ""},
		{"", "country", "ZZ", "", ""},
		{"", "country", "276", "", ""},

		{"the same for browser and server", "external_id", "İ-1", "", "i̇-1"},
		{"", "external_id", "0", "", "0"},
		{"", "external_id", "a\u00a0b", "", "ab"},
	} {
		forms, why := Normalise(c.key, c.value, c.country)
		form := ""
		if len(forms) > 0 {
			form = forms[0]
		}
		if form != c.form || (form == "") != (why != "") {
			t.Errorf("%s %q (%s): %q %s, want %q: %s", c.key, c.value, c.country, forms, why, c.form, c.rule)
		}
	}
}

// A placeholder is refused by its name, as a value and as a hash.
func TestPlaceholdersHaveNames(t *testing.T) {
	for placeholder, want := range map[string]collector.Reason{
		"null": ReasonPlaceholderNull, "undefined": ReasonPlaceholderUndefined, "test": ReasonPlaceholderTest, "": ReasonPlaceholderEmpty,
	} {
		for key := range howOf {
			if _, why := Normalise(key, hash(placeholder), ""); why != want {
				t.Errorf("%s, the hash of %q: %s, want %s", key, placeholder, why, want)
			}
		}
		for key := range howOf {
			if _, why := Normalise(key, " "+strings.ToUpper(placeholder)+" ", "US"); why != want && placeholder != "" {
				t.Errorf("%s %q: %s, want %s", key, placeholder, why, want)
			}
		}
	}
}

// A short number that is one both ways is sent both ways.
func TestNumberThatIsOneBothWays(t *testing.T) {
	if got, _ := Normalise("ph", "3906123456", "IT"); !slices.Equal(got, []string{"3906123456", "393906123456"}) {
		t.Errorf("%q", got)
	}
}

// Where Meta's libraries disagree and lists are allowed, both go (capi.md § 3.4).
func TestBothFormsGo(t *testing.T) {
	for value, want := range map[string][]string{
		"São Paulo": {"sãopaulo", "sopaulo"}, "İstanbul": {"i̇stanbul", "istanbul"},
		"München 2": {"münchen2", "mnchen2"}, "東京": {"東京"}, "Århus": {"århus", "rhus"}, "Berlin": {"berlin"},
	} {
		if got, _ := Normalise("ct", value, ""); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
}
