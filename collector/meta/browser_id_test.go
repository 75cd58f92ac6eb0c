package meta

import (
	"strings"
	"testing"
	"time"

	"matchkey/collector"
)

var now = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

func parserOf(t testing.TB, cookie string) collector.BrowserIdentifier {
	t.Helper()
	for _, b := range BrowserIdentifiers() {
		if b.Cookie == cookie {
			return b
		}
	}
	t.Fatalf("no cookie %s", cookie)
	return collector.BrowserIdentifier{}
}

func TestBrowserIdentifiers(t *testing.T) {
	fbc, fbp := parserOf(t, "_fbc"), parserOf(t, "_fbp")
	if fbc.Kind != collector.KindClick || fbp.Kind != collector.KindBrowser || fbc.MaxAge != 90*24*time.Hour || fbp.MaxAge != fbc.MaxAge {
		t.Errorf("%+v %+v", fbc, fbp)
	}
	ms := func(at time.Time) string { return itoa(at.UnixMilli()) }
	hourAgo := now.Add(-time.Hour)
	for _, c := range []struct {
		name, cookie, value, kept string
		at                        time.Time
		why                       collector.Reason
	}{
		{"a click", "_fbc", "fb.1." + ms(hourAgo) + ".IwAR0_-x", "fb.1." + ms(hourAgo) + ".IwAR0_-x", hourAgo, ""},
		{"an appendix stays", "_fbc", "fb.1." + ms(hourAgo) + ".IwAR0.AQYAAQMA", "fb.1." + ms(hourAgo) + ".IwAR0.AQYAAQMA", hourAgo, ""},
		{"a short appendix stays", "_fbp", "fb.1." + ms(hourAgo) + ".12.Bg", "fb.1." + ms(hourAgo) + ".12.Bg", hourAgo, ""},
		{"an appendix of no library", "_fbc", "fb.1." + ms(hourAgo) + ".IwAR0.xyz", "", time.Time{}, collector.ReasonMalformed},
		{"two characters that name no language", "_fbp", "fb.1." + ms(hourAgo) + ".12.ZZ", "", time.Time{}, collector.ReasonMalformed},
		{"any eight characters", "_fbp", "fb.1." + ms(hourAgo) + ".12.AbCd_-09", "fb.1." + ms(hourAgo) + ".12.AbCd_-09", hourAgo, ""},
		{"an empty appendix", "_fbp", "fb.1." + ms(hourAgo) + ".12.", "", time.Time{}, collector.ReasonMalformed},
		{"a domain of a hundred dots", "_fbc", "fb.100." + ms(hourAgo) + ".a", "", time.Time{}, collector.ReasonMalformed},
		{"other digits", "_fbc", "fb.1.١٦٠٣١٢٢٩٠٦٨٢٥.a", "", time.Time{}, collector.ReasonMalformed},
		{"blanks around it", "_fbc", " fb.1." + ms(hourAgo) + ".a", "", time.Time{}, collector.ReasonMalformed},
		{"upper case", "_fbc", "FB.1." + ms(hourAgo) + ".a", "", time.Time{}, collector.ReasonMalformed},
		{"a plus that was a blank", "_fbc", "fb.1." + ms(hourAgo) + ".a+b", "", time.Time{}, collector.ReasonMalformed},
		{"seconds of an old click", "_fbc", "fb.1.1603122906.a", "", time.Time{}, collector.ReasonTooOld},
		{"seconds are repaired", "_fbc", "fb.1." + ms(hourAgo)[:10] + ".IwAR0", "fb.1." + ms(hourAgo)[:10] + "000.IwAR0", hourAgo, ""},
		{"case matters", "_fbc", "fb.1." + ms(hourAgo) + ".aAbB", "fb.1." + ms(hourAgo) + ".aAbB", hourAgo, ""},
		{"an old browser id counts", "_fbp", "fb.1.1603122906825.1012802381", "fb.1.1603122906825.1012802381", time.UnixMilli(1603122906825), ""},
		{"the limit of age", "_fbc", "fb.1." + ms(now.Add(-90*24*time.Hour)) + ".x", "fb.1." + ms(now.Add(-90*24*time.Hour)) + ".x", now.Add(-90 * 24 * time.Hour), ""},
		{"over the limit of age", "_fbc", "fb.1." + ms(now.Add(-90*24*time.Hour-time.Second)) + ".x", "", time.Time{}, collector.ReasonTooOld},
		{"a fast clock", "_fbc", "fb.1." + ms(now.Add(time.Minute)) + ".x", "fb.1." + ms(now.Add(time.Minute)) + ".x", now.Add(time.Minute), ""},
		{"the future", "_fbc", "fb.1." + ms(now.Add(61*time.Second)) + ".x", "", time.Time{}, collector.ReasonInFuture},
		{"a future browser id", "_fbp", "fb.1." + ms(now.Add(61*time.Second)) + ".1", "", time.Time{}, collector.ReasonInFuture},
		{"half a click", "_fbc", "fb.1." + ms(hourAgo), "", time.Time{}, collector.ReasonMalformed},
		{"an empty payload", "_fbc", "fb.1." + ms(hourAgo) + ".", "", time.Time{}, collector.ReasonMalformed},
		{"too many segments", "_fbc", "fb.1." + ms(hourAgo) + ".a.b.c", "", time.Time{}, collector.ReasonMalformed},
		{"another prefix", "_fbc", "fx.1." + ms(hourAgo) + ".a", "", time.Time{}, collector.ReasonMalformed},
		{"an index that is none", "_fbc", "fb.a." + ms(hourAgo) + ".a", "", time.Time{}, collector.ReasonMalformed},
		{"a time that is none", "_fbc", "fb.1.16031229x6825.a", "", time.Time{}, collector.ReasonMalformed},
		{"a time of 12 digits", "_fbc", "fb.1.160312290682.a", "", time.Time{}, collector.ReasonMalformed},
		{"a click id with a blank", "_fbc", "fb.1." + ms(hourAgo) + ".a b", "", time.Time{}, collector.ReasonMalformed},
		{"a percent-encoded click id", "_fbc", "fb.1." + ms(hourAgo) + ".a%20b", "", time.Time{}, collector.ReasonMalformed},
		{"a browser id with letters", "_fbp", "fb.1." + ms(hourAgo) + ".12a", "", time.Time{}, collector.ReasonMalformed},
		{"the longest click id", "_fbc", "fb.1." + ms(hourAgo) + "." + strings.Repeat("a", 500), "fb.1." + ms(hourAgo) + "." + strings.Repeat("a", 500), hourAgo, ""},
		{"a longer click id", "_fbc", "fb.1." + ms(hourAgo) + "." + strings.Repeat("a", 501), "", time.Time{}, collector.ReasonMalformed},
		{"nothing", "_fbc", "", "", time.Time{}, collector.ReasonMalformed},
	} {
		kept, at, why := parserOf(t, c.cookie).Parse(c.value, now)
		if kept != c.kept || !at.Equal(c.at) || why != c.why {
			t.Errorf("%s: %q %v %s", c.name, kept, at, why)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("fb.1.1603122906825.1012802381")
	f.Add("fb.1.1795431646.IwAR0_-x.Bg")
	f.Add("fb.1..")
	f.Fuzz(func(t *testing.T, value string) {
		for _, b := range BrowserIdentifiers() {
			kept, at, why := b.Parse(value, now)
			if (why == "") != (kept != "") || (why == "") == at.IsZero() {
				t.Fatalf("%s: %q %v %q", b.Cookie, kept, at, why)
			}
			if why == "" {
				again, at2, why := b.Parse(kept, now)
				if again != kept || !at2.Equal(at) || why != "" {
					t.Fatalf("%s: what was kept reads back as %q %v %s", b.Cookie, again, at2, why)
				}
				if maskBrowserValue(kept) == kept {
					t.Fatalf("%q is not masked", kept)
				}
			}
		}
	})
}
