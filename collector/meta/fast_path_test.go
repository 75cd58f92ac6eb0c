package meta

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"matchkey/collector"
)

// What is written as a loop for speed says what the plain rule says.

// emailGrammar and noDomain are the rule of isEmail.
var noDomain = regexp.MustCompile(`\.[0-9]+$`)

var emailGrammar = regexp.MustCompile(
	"^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*" +
		`@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$`)

func FuzzIsEmail(f *testing.F) {
	for _, v := range []string{
		"mary@example.com", "a.b+c@d-e.co.uk", ".a@b.c", "a..b@c.d", "a@b", "a@b.", "a@.b", "a@-b.c", "a@b-.c", "a@b@c.d",
		"@b.c", "a@", "", "a b@c.d", "a@b.c\n", "ä@b.c", "a@b.ü", "a_b@c_d.e", "1@2.3", "a@b..c",
	} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		if got, want := isEmail(v), emailGrammar.MatchString(v) && !noDomain.MatchString(v); got != want {
			t.Errorf("%q: %v, the grammar says %v", v, got, want)
		}
	})
}

func FuzzNoise(f *testing.F) {
	for _, v := range []string{"Jean-Luc", "O'Brien", "São Paulo", "M1 1AE", "İSTANBUL", "\x7f\x00", strings.Repeat("Ab ", 40), "东京"} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		for _, n := range []*noise{nameNoise, blanks, cityNoise, stateNoise, postalNoise} {
			if got, want := n.strip(v), n.stripAny(v); got != want {
				t.Errorf("%q: %q, want %q", v, got, want)
			}
		}
	})
}

func TestTwoLetterCountries(t *testing.T) {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for _, a := range letters {
		for _, b := range letters {
			code := string([]rune{a, b})
			if got, want := country(code), anyCountry(code); got != want {
				t.Errorf("%s: %q, want %q", code, got, want)
			}
		}
	}
}

// TestLowerKnowsTheLettersThatNeedMore: all others are lowered one for one.
func TestLowerKnowsTheLettersThatNeedMore(t *testing.T) {
	full := cases.Lower(language.Und)
	for r := range rune(unicode.MaxRune + 1) {
		if !utf8.ValidRune(r) {
			continue
		}
		s := "a" + string(r) + "b" + string(r)
		if got, want := lower(s), norm.NFC.String(full.String(s)); got != want {
			t.Errorf("%U: %q, want %q", r, got, want)
		}
	}
}

func FuzzShownNumber(f *testing.F) {
	for _, v := range []float64{0, 59.9, 1e6, 123456789, 1e21, 1e-7, -0.5, math.Copysign(0, -1)} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v float64) {
		if got, want := shown(v), fmt.Sprint(v); got != want {
			t.Errorf("shown as %q, want %q", got, want)
		}
	})
}

// TestDraftsForget composes different events at the same time: a draft that is
// used again must bring nothing along from another person.
func TestDraftsForget(t *testing.T) {
	all := slices.Collect(maps.Values(compositionsBySource()))
	all = append(all, completeComposition(), collector.Composition{Now: now})
	var want []collector.Payload
	for _, c := range all {
		p, _ := Compose(c)
		want = append(want, p)
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 200 {
				n := (i*7 + worker) % len(all)
				if got, _ := Compose(all[n]); !reflect.DeepEqual(got, want[n]) {
					t.Errorf("composed %s, alone it is %s", got.Body, want[n].Body)
					return
				}
			}
		})
	}
	wg.Wait()
}
