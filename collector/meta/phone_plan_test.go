package meta

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"

	"matchkey/collector"
)

// TestPlainNumbersAreReadAsTheParserReadsThem: the loop is there for speed and
// may never say anything else than the rules, each asked of libphonenumber.
func TestPlainNumbersAreReadAsTheParserReadsThem(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	regions := append(slices.Sorted(maps.Keys(phonenumbers.GetSupportedRegions())), "", "AQ", "ZZ")
	read, asked := 0, 0
	for range 150 {
		for _, region := range regions {
			v := phoneText(r, region)
			asked++
			if checkPlain(t, v, region) {
				read++
			}
		}
	}
	if read < asked/10 {
		t.Errorf("only %d of %d numbers were read by the loop: it is of no use", read, asked)
	}
}

// checkPlain compares both readings; read tells whether the loop had one.
func checkPlain(t *testing.T, v, region string) (read bool) {
	t.Helper()
	v = numberIn(collector.PlainText(v), region)
	plain := plainNumber(v, region)
	if plain == "" {
		return false
	}
	if want, why := anyPhone(v, region); len(want) != 1 || plain != want[0] {
		t.Errorf("%q of %q: the loop reads %q, the parser %q (%s)", v, region, plain, want, why)
	}
	return true
}

// phoneText is a number of a region as people write it: right, nearly right, or
// only made of the same characters.
func phoneText(r *rand.Rand, region string) string {
	code := phonenumbers.GetCountryCodeForRegion(region)
	digits := fmt.Sprint(r.Uint64N(1e18))[:r.IntN(12)+1]
	if n := phonenumbers.GetExampleNumberForType(region, phonenumbers.PhoneNumberType(r.IntN(4))); n != nil && r.IntN(4) > 0 {
		digits = phonenumbers.GetNationalSignificantNumber(n)
		if r.IntN(2) == 0 { // another number of the same plan
			digits = digits[:len(digits)/2] + fmt.Sprint(r.Uint64N(1e18))[:len(digits)-len(digits)/2]
		}
	}
	if code == 0 || r.IntN(8) == 0 {
		code = r.IntN(999) + 1
	}
	trunk := []string{"", "", "0", "1", "8", "06", phonenumbers.GetNddPrefixForRegion(region, true)}[r.IntN(7)]
	lead := []string{
		"", "", "", "+" + fmt.Sprint(code), "+" + fmt.Sprint(code), "(+" + fmt.Sprint(code) + ")",
		fmt.Sprint(code), "00" + fmt.Sprint(code), "011" + fmt.Sprint(code), "++" + fmt.Sprint(code), "0",
	}[r.IntN(11)]
	var b strings.Builder
	for _, c := range lead + trunk + digits {
		b.WriteRune(c)
		if r.IntN(4) == 0 {
			b.WriteString([]string{" ", "-", ".", "/", "(", ")", " (0) ", "  "}[r.IntN(8)])
		}
	}
	return trim(b.String())
}

func FuzzPlainNumber(f *testing.F) {
	for _, v := range []string{"+49 151 23456789", "(415) 555-2671", "0044 (0)20 7946 0958", "8 (912) 345-67-89", "+39 06 6982", "11987654321"} {
		for _, region := range []string{"US", "DE", "GB", "BR", "RU", "IT", ""} {
			f.Add(v, region)
		}
	}
	f.Fuzz(func(t *testing.T, v, region string) { checkPlain(t, v, region) })
}
