package build

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// A Measure is the size of one thing that a page loads.
type Measure struct {
	What string
	Sizes
}

// Report measures a site's tag as it is, and the snippet.
func Report(o TagOptions) ([]Measure, error) {
	script, err := Tag(o)
	if err != nil {
		return nil, err
	}
	snippet, err := newScript([]byte(Snippet(o.Site, path.Dir(o.Endpoint), o.withDefaults().Features...)), "")
	if err != nil {
		return nil, err
	}
	return []Measure{{"the tag of site " + o.Site, script.Sizes}, {"the snippet, in every page", snippet.Sizes}}, nil
}

// A FeatureSize is what a feature costs: what it adds to the core (with what it
// needs), and what leaving it out saves from everything (with what needs it; for a
// feature that is not in everything, from everything and it). The second is less
// where features share code.
type FeatureSize struct {
	Feature     Feature
	Adds, Saves Sizes
}

// SizeTable measures every preset and every feature, for a site with a notice
// and the domain shop.example.
func SizeTable() (presetSizes []Measure, features []FeatureSize, err error) {
	size := func(f []Feature) (s Sizes) {
		if err == nil {
			var script Script
			script, err = Tag(measured(f))
			s = script.Sizes
		}
		return s
	}
	for _, p := range Presets() {
		presetSizes = append(presetSizes, Measure{string(p), size(presets[p])})
	}
	presetSizes = append(presetSizes, Measure{"default with the banner", size(slices.Concat(presets[Default], []Feature{Banner}))})
	for _, hooked := range []struct {
		what     string
		features []Feature
	}{{"the snippet", nil}, {"the snippet with the Pixel's hook", []Feature{Twin}}} {
		snippet, wrong := newScript([]byte(Snippet("shop", "/mk", hooked.features...)), "")
		if wrong != nil {
			return nil, nil, wrong
		}
		presetSizes = append(presetSizes, Measure{hooked.what, snippet.Sizes})
	}
	core := size(presets[Core])
	for _, f := range AllFeatures() {
		chain := []Feature{f}
		for need := needs[f]; need != ""; need = needs[need] {
			chain = append(chain, need)
		}
		whole := presets[Everything]
		if !slices.Contains(whole, f) {
			whole = slices.Concat(whole, []Feature{f})
		}
		without := slices.DeleteFunc(slices.Clone(whole), func(g Feature) bool { return g == f || needsIndeed(g, f) })
		features = append(features, FeatureSize{f, minus(size(chain), core), minus(size(whole), size(without))})
	}
	return presetSizes, features, err
}

// measured are the options of the site that sizes are told of.
func measured(features []Feature) TagOptions {
	if features == nil {
		features = []Feature{}
	}
	o := TagOptions{Site: "shop", Endpoint: "/mk/shop", CookieDomain: "shop.example", Features: features}
	if slices.Contains(features, Consent) {
		// A real one costs what its 64 digits cost: nothing in it repeats.
		o.NoticeHash, o.NoticeLanguage = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "en"
	}
	if !slices.Contains(features, Click) {
		o.IdentifierCookies = []string{}
	}
	return o
}

// needsIndeed reports whether f is of no use without other.
func needsIndeed(f, other Feature) bool {
	for need := needs[f]; need != ""; need = needs[need] {
		if need == other {
			return true
		}
	}
	return false
}

func minus(a, b Sizes) Sizes { return Sizes{a.Min - b.Min, a.Gzip - b.Gzip, a.Brotli - b.Brotli} }

// SizeText renders the table as Markdown.
func SizeText() (string, error) {
	presetSizes, features, err := SizeTable()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("| preset | minified | gzip -9 | brotli 11 | features |\n|---|---|---|---|---|\n")
	for _, m := range presetSizes {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %s |\n", m.What, m.Min, m.Gzip, m.Brotli, list(presets[Preset(m.What)]))
	}
	b.WriteString("\n| feature | adds to core, min/gz/br | saves from everything, min/gz/br |\n|---|---|---|\n")
	for _, f := range features {
		fmt.Fprintf(&b, "| %s | %d/%d/%d | %d/%d/%d |\n", f.Feature, f.Adds.Min, f.Adds.Gzip, f.Adds.Brotli, f.Saves.Min, f.Saves.Gzip, f.Saves.Brotli)
	}
	return b.String(), nil
}
