package build

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Feature is something that a tag can do and a site may not need. What a site
// does not take is not in its script.
type Feature string

// The features. Their names stand in configurations and in the size table.
const (
	Consent     Feature = "consent"      // the gate: our own API, the memory of an answer, refusals told
	GPC         Feature = "gpc"          // the browser's privacy signal is a refusal
	TCF         Feature = "tcf"          // consent managers of the IAB in Europe
	GPP         Feature = "gpp"          // consent managers of the IAB in the US
	ConsentMode Feature = "consent_mode" // Google's consent mode may refuse
	// ConsentModeGrants lets it grant as well, where the banner names Meta.
	ConsentModeGrants Feature = "consent_mode_grants"
	PixelConsent      Feature = "pixel_consent" // fbq('consent', …) grants and refuses
	Click             Feature = "click"         // fbclid and _fbc
	InApp             Feature = "in_app"        // the click id that Meta's in-app browsers keep
	// Landing keeps the landing page's click id in session storage before an
	// answer. It is the one thing that is stored before one.
	Landing     Feature = "landing"
	DomainProbe Feature = "domain_probe" // the cookies' domain by trying, for sites of several domains
	Session     Feature = "session"      // 30-minute sessions and session_start
	Hints       Feature = "hints"        // client hints, language and screen with session_start
	SPA         Feature = "spa"          // page views of single-page applications
	HashRoutes  Feature = "hash_routes"  // the hash of an address counts as well
	PageLife    Feature = "page_life"    // prerendered pages wait, pages from the back/forward cache count
	Retry       Feature = "retry"        // back-off, and a queue that outlives the page
	FetchLater  Feature = "fetch_later"  // what a page leaves behind, by fetchLater where it exists
	Image       Feature = "image"        // an image where a page blocks every connection
	Identify    Feature = "identify"     // customer id and contact data
	Hashing     Feature = "hashing"      // contact data hashed in the page
	Twin        Feature = "twin"         // the Pixel's calls, under the same ids
	Get         Feature = "get"          // what the tag knows, for the page's own scripts
	Reasons     Feature = "reasons"      // ?matchkey_debug=1 says what is not sent and why, and the edge counts it
	Banner      Feature = "banner"       // asks with the edge's notice; in no preset
)

// needs says without which other feature one is of no use, or asks for more than
// it may: a banner has to know of the browser's signal.
var needs = map[Feature]Feature{
	GPC: Consent, TCF: Consent, GPP: Consent, ConsentMode: Consent, ConsentModeGrants: ConsentMode, PixelConsent: Twin,
	Banner: GPC, InApp: Click, Landing: Click, Hints: Session, HashRoutes: SPA, Hashing: Identify,
}

// A Preset is a set of features with a name.
type Preset string

// The presets, from the smallest.
const (
	// Core reports page views and custom events of a visitor, for a site that
	// loads its tag only for people who have agreed, or need not.
	Core Preset = "core"
	// Default is what a site gets that asks for nothing else.
	Default Preset = "default"
	// Typical is a site with the Pixel and without the rest.
	Typical Preset = "typical"
	// Everything is every feature but the banner, which most sites have already.
	Everything Preset = "everything"
)

var presets = map[Preset][]Feature{
	Core:    {},
	Typical: {Consent, Click, Session, SPA, Retry, Twin},
	Default: {Consent, GPC, Click, Session, SPA, PageLife, Retry, Identify, Get, Reasons},
	Everything: {
		Consent, GPC, TCF, GPP, ConsentMode, ConsentModeGrants, PixelConsent, Click, InApp, Landing, DomainProbe, Session,
		Hints, SPA, HashRoutes, PageLife, Retry, FetchLater, Image, Identify, Hashing, Twin, Get, Reasons,
	},
}

// Presets are the names of all presets, from the smallest script to the largest.
func Presets() []Preset { return []Preset{Core, Typical, Default, Everything} }

// AllFeatures are all features, in the order of the size table.
func AllFeatures() []Feature { return slices.Concat(presets[Everything], []Feature{Banner}) }

// Features returns a preset's features with some more and without others, each
// once and in the order of [AllFeatures]. It fails on a name that it does not
// know, and on a feature without the one that it needs.
func Features(preset Preset, with, without []Feature) ([]Feature, error) {
	base, ok := presets[preset]
	if !ok {
		return nil, fmt.Errorf("there is no preset %q; there are %s", preset, list(Presets()))
	}
	taken := map[Feature]bool{}
	for _, f := range base {
		taken[f] = true
	}
	for _, f := range slices.Concat(with, without) {
		if !slices.Contains(AllFeatures(), f) {
			return nil, fmt.Errorf("there is no feature %q; there are %s", f, list(AllFeatures()))
		}
		taken[f] = !slices.Contains(without, f)
	}
	var all []Feature
	for _, f := range AllFeatures() {
		if !taken[f] {
			continue
		}
		if need := needs[f]; need != "" && !taken[need] {
			return nil, fmt.Errorf("the feature %s does nothing without %s", f, need)
		}
		all = append(all, f)
	}
	return all, nil
}

func list[T ~string](names []T) string {
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = string(n)
	}
	return strings.Join(texts, ", ")
}

// constant is a feature's name in tag/src/constants.d.ts.
func (f Feature) constant() string { return strings.ToUpper(string(f)) }

// switches are the constants of all features.
func switches(taken []Feature) map[string]any {
	all := maps.Collect(func(yield func(string, any) bool) {
		for _, f := range AllFeatures() {
			if !yield(f.constant(), slices.Contains(taken, f)) {
				return
			}
		}
	})
	return all
}
