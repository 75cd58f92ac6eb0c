package consent

import (
	"slices"
	"strings"

	"matchkey/collector"
)

// Which rules apply where (reference/consent.md § 4.1 and 4.2). What is not
// listed asks first. GeoIP gives several parts of the European Union and of
// the United States countries of their own; a plain list of member states
// would miss over two million residents.

// A regime is a set of rules.
type regime string

const (
	optIn    regime = "opt_in"     // nothing without a yes
	optOutUS regime = "opt_out_us" // until a no; then restricted processing where there is such
	optOut   regime = "opt_out"    // until a no
	notice   regime = "notice"     // until a no; people have to be told
)

// A place is what geography says about the rules.
type place struct {
	regime regime
	why    collector.Reason
	// us is true where US law applies or, for want of knowledge, may apply.
	us bool
	// state is the US state, when it is known.
	state string
}

var (
	// asksFirst: EU-27, EEA, EU territories with codes of their own, the United
	// Kingdom with its dependencies, and neighbours with like law.
	asksFirst = set(`AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK
		IS LI NO GF GP MQ YT RE MF AX GB GI JE GG IM CH MC AD SM VA FO GL`)
	// wantsNotice: people have to be told and may refuse.
	wantsNotice = set(`AU NZ SG MX HK`)
	// usTerritories have country codes of their own and no privacy law.
	usTerritories = set(`PR GU VI AS MP UM`)
	// statesWithLaw have a comprehensive privacy law in force.
	statesWithLaw = set(`CA VA CO CT UT TX OR MT FL DE IA NE NH NJ TN MN MD IN KY RI`)
	// provinces of Canada and its territories, Quebec apart, which asks first.
	provinces = set(`AB BC MB NB NL NS NT NU ON PE SK YT`)
	// nowhere are codes that databases and proxies use for "not known".
	nowhere = set(`XX ZZ`)
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// place says which rules apply under the policy, which may only tighten them.
// The reason goes on naming the place.
func (p *Policy) place(g collector.Geo) place {
	at := placeOf(g)
	if p.OptInEverywhere || p.asksIn(strings.ToUpper(g.Country), strings.ToUpper(g.Region)) || p.OptInNotice && at.regime == notice || p.OptInCanada && at.regime == optOut {
		at.regime = optIn
	}
	return at
}

// asksIn reports whether the operator asks first in a place. Where that is so in a
// part of a country and the part is not known, it may be that one.
func (p *Policy) asksIn(country, region string) bool {
	return slices.ContainsFunc(p.OptIn, func(where string) bool {
		of, part, _ := strings.Cut(where, "-")
		return of == country && (part == "" || part == region || region == "")
	})
}

func placeOf(g collector.Geo) place {
	country, region := strings.ToUpper(g.Country), strings.ToUpper(g.Region)
	switch {
	case g.Conflict:
		return place{regime: optIn, why: ReasonGeoConflict, us: true}
	case !isCountryCode(country) || nowhere[country]:
		return place{regime: optIn, why: ReasonGeoUnknown, us: true}
	case asksFirst[country]:
		return place{regime: optIn, why: ReasonRegimeOptIn}
	case wantsNotice[country]:
		return place{regime: notice, why: ReasonRegimeNotice}
	case country == "CA" && provinces[region]:
		return place{regime: optOut, why: ReasonRegimeCanada}
	case country == "CA": // Quebec, or perhaps Quebec
		return place{regime: optIn, why: ReasonRegimeOptIn}
	case country == "US" && region == "":
		return place{regime: optOutUS, why: ReasonUSRegionUnknown, us: true}
	case country == "US" && statesWithLaw[region]:
		return place{regime: optOutUS, why: ReasonRegimeUSLaw, us: true, state: region}
	case country == "US", usTerritories[country]:
		return place{regime: optOutUS, why: ReasonRegimeUSNoStateLaw, us: true}
	}
	return place{regime: optIn, why: ReasonRegimeDefaultOptIn}
}

func isCountryCode(s string) bool {
	return len(s) == 2 && 'A' <= s[0] && s[0] <= 'Z' && 'A' <= s[1] && s[1] <= 'Z'
}
