package consent

import (
	"strings"
	"testing"

	"matchkey/collector"
)

func TestPlaces(t *testing.T) {
	// Written out a second time, from reference/consent.md § 4.1: a country that
	// moves between rules by accident is noticed here.
	for _, c := range []struct {
		places string // country or country-region
		regime regime
		why    collector.Reason
	}{
		{"AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO " +
			"GF GP MQ YT RE MF AX GB GI JE GG IM CH MC AD SM VA FO GL de gb", optIn, ReasonRegimeOptIn},
		{"CA-QC CA CA-XX ca-qc", optIn, ReasonRegimeOptIn},
		{"BR KR JP CN TR TH VN ZA IN CL UA RU IL AE", optIn, ReasonRegimeDefaultOptIn},
		{"US-CA US-VA US-CO US-CT US-UT US-TX US-OR US-MT US-FL US-DE US-IA US-NE US-NH US-NJ US-TN US-MN US-MD US-IN US-KY US-RI us-ca", optOutUS, ReasonRegimeUSLaw},
		{"US-NY US-WA US-DC US-AL PR GU VI AS MP UM", optOutUS, ReasonRegimeUSNoStateLaw},
		{"US", optOutUS, ReasonUSRegionUnknown},
		{"CA-ON CA-BC CA-AB CA-NU", optOut, ReasonRegimeCanada},
		{"AU NZ SG MX HK", notice, ReasonRegimeNotice},
		{"XX ZZ T1 D DEU -CA", optIn, ReasonGeoUnknown},
	} {
		for _, name := range strings.Fields(c.places) {
			country, region, _ := strings.Cut(name, "-")
			got := placeOf(collector.Geo{Country: country, Region: region})
			if got.regime != c.regime || got.why != c.why {
				t.Errorf("%s: %s for %s, want %s for %s", name, got.regime, got.why, c.regime, c.why)
			}
		}
	}
}

func TestAPolicyOnlyTightensPlaces(t *testing.T) {
	for _, c := range []struct {
		policy Policy
		place  collector.Geo
		want   regime
	}{
		{Policy{OptInEverywhere: true}, collector.Geo{Country: "US", Region: "NY"}, optIn},
		{Policy{OptInEverywhere: true}, collector.Geo{Country: "DE"}, optIn},
		{Policy{OptInNotice: true}, collector.Geo{Country: "AU"}, optIn},
		{Policy{OptInNotice: true}, collector.Geo{Country: "CA", Region: "ON"}, optOut},
		{Policy{OptInCanada: true}, collector.Geo{Country: "CA", Region: "ON"}, optIn},
		{Policy{OptInCanada: true}, collector.Geo{Country: "AU"}, notice},
		{Policy{OptIn: []string{"AU", "US-CA"}}, collector.Geo{Country: "au"}, optIn},
		{Policy{OptIn: []string{"AU", "US-CA"}}, collector.Geo{Country: "US", Region: "CA"}, optIn},
		{Policy{OptIn: []string{"AU", "US-CA"}}, collector.Geo{Country: "US"}, optIn}, // it may be California
		{Policy{OptIn: []string{"AU", "US-CA"}}, collector.Geo{Country: "US", Region: "NY"}, optOutUS},
		{Policy{OptIn: []string{"AU", "US-CA"}}, collector.Geo{Country: "NZ"}, notice},
	} {
		got := c.policy.place(c.place)
		if got.regime != c.want || got.why != placeOf(c.place).why {
			t.Errorf("%+v: %s for %s, want %s and the place's own reason", c.place, got.regime, got.why, c.want)
		}
	}
}

func TestEveryStateWithLimitedUseHasALaw(t *testing.T) {
	codes := map[int]string{}
	for state, code := range limitedUse {
		if !statesWithLaw[state] {
			t.Errorf("%s has restricted processing and no law: its code would never be used", state)
		}
		if other := codes[code]; other != "" {
			t.Errorf("%s and %s have one code", state, other)
		}
		codes[code] = state
	}
	for _, none := range []string{"VA", "UT", "IA", "IN", "KY", "TN"} {
		if limitedUse[none] != 0 {
			t.Errorf("%s has no restricted processing", none)
		}
	}
}
