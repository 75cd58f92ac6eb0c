package edge

import (
	"strings"
	"testing"

	"matchkey/collector"
)

func TestHintsAndLocale(t *testing.T) {
	body := `{"v":1,"t":1000,"i":"1.a.b","c":` + accepted + `,"e":[{"n":"page_view","i":"x","t":1000}]}`
	brands := `"Chromium";v="140", "Not=A?Brand";v="24"`
	for name, c := range map[string]struct {
		header []string
		hints  collector.Hints
		locale string
	}{
		"Chromium":             {[]string{"Sec-CH-UA", brands, "Sec-CH-UA-Platform", `"Linux"`, "Sec-CH-UA-Mobile", "?0", "Accept-Language", "de-AT,de;q=0.9"}, collector.Hints{Brands: brands, Platform: `"Linux"`, Mobile: "?0"}, "de-AT"},
		"Firefox":              {[]string{"Accept-Language", "en"}, collector.Hints{}, "en"},
		"anything":             {[]string{"Accept-Language", "*"}, collector.Hints{}, ""},
		"no language":          {[]string{"Accept-Language", "a@example.com, de"}, collector.Hints{}, ""},
		"a language that long": {[]string{"Accept-Language", strings.Repeat("a", 65)}, collector.Hints{}, ""},
		"a hint that long":     {[]string{"Sec-CH-UA", strings.Repeat("a", 1000)}, collector.Hints{Brands: strings.Repeat("a", maxHint)}, ""},
	} {
		f := start(t)
		f.beacon(body, c.header...)
		got := f.journal.stored()[0].Client
		if got.Hints != c.hints || got.Locale != c.locale {
			t.Errorf("%s: %+v %q, want %+v %q", name, got.Hints, got.Locale, c.hints, c.locale)
		}
	}
}
