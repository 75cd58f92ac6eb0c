package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"matchkey/collector"
	"matchkey/collector/config"
	"matchkey/collector/meta"
	"matchkey/collector/scenario"
)

// What is allowed and yet bad practice, as far as it takes a destination's
// vocabulary to see it. What the file alone tells is warned of in package config.

// advise adds the warnings about a site's scenarios and what they ask for.
func advise(c *config.Config, site int, faults *config.Faults) {
	adviseUnnamed(c, site, faults)
	for i, sc := range c.Sites[site].Scenarios {
		at := fmt.Sprintf("sites[%d].scenarios[%d]", site, i)
		spec := resolved(sc)
		adviseFrequent(c, at, sc, spec, faults)
		adviseValue(c, at, spec, faults)
		advisePrefetched(c, at, sc, spec, faults)
		for _, name := range slices.Sorted(maps.Keys(sc.Properties)) {
			advisePersonal(c, at, sc, name, faults)
		}
	}
}

// adviseFrequent warns of a preset's event that happens at every other page.
func adviseFrequent(c *config.Config, at string, sc config.Scenario, spec scenario.Spec, faults *config.Faults) {
	if sc.Preset == "view_item" && sc.On == "" && sc.When == "" {
		faults.Warn(c.Fault(at+".preset", 0, fmt.Sprintf(
			"The scenario %q makes a conversion of every %s, which is much of the traffic. Narrow it with when, or bound it with limit.", sc.Name, strings.Join(spec.Names(), " and "))))
	}
}

// advisePrefetched warns of opened e-mails of which a machine's are conversions, too.
func advisePrefetched(c *config.Config, at string, sc config.Scenario, spec scenario.Spec, faults *config.Faults) {
	asks := slices.ContainsFunc(scenario.Mentions(sc.When), func(m scenario.Mention) bool { return m.Path == "event.properties.prefetched" })
	if slices.Contains(spec.Names(), collector.EventEmailOpen) && !asks {
		faults.Warn(c.Fault(at, 0, fmt.Sprintf(
			"The scenario %q makes a conversion of every fetched picture of an e-mail, and most are fetched by machines. Add when: event.properties.prefetched == false.", sc.Name)))
	}
}

// adviseValue warns of a mapping that leaves money out of an event for which the
// destination optimises by it.
func adviseValue(c *config.Config, at string, spec scenario.Spec, faults *config.Faults) {
	if !meta.WantsValue(spec.Send) || len(spec.Properties) == 0 || spec.Properties[scenario.Others] == scenario.On {
		return
	}
	var lacks []string
	for _, name := range []string{"value", "currency"} {
		if _, given := spec.Properties[name]; !given {
			lacks = append(lacks, name)
		}
	}
	if len(lacks) == 0 {
		return
	}
	message := fmt.Sprintf("The scenario %q sends %s without %s, so that nobody can optimise for what it is worth.", spec.Name, spec.Send, strings.Join(lacks, " and "))
	if meta.NeedsValue(spec.Send) {
		message = fmt.Sprintf("The scenario %q sends %s without %s, and each one would be refused.", spec.Name, spec.Send, strings.Join(lacks, " and "))
	}
	faults.Warn(c.Fault(at+".properties", 0, message+" Map both, such as value: event.value and currency: event.currency."))
}

// advisePersonal warns of a property that carries something personal.
func advisePersonal(c *config.Config, at string, sc config.Scenario, name string, faults *config.Faults) {
	text, path := sc.Properties[name], at+".properties."+name
	if text == scenario.Off || name == scenario.Others {
		return
	}
	const instead = "What a person is recognised by goes under identifiers, where consent decides about it"
	if meta.PersonalProperty(name) {
		faults.Warn(c.Fault(path, 0, fmt.Sprintf("The property %q reads as personal data, and is left out of everything that is sent. %s.", name, instead)))
		return
	}
	for _, m := range scenario.Mentions(text) {
		if m.Path == "event.customer" || m.Path == "event.visitor" || meta.PersonalProperty(m.Last()) && !strings.HasPrefix(m.Path, "session.") {
			faults.Warn(c.Fault(path, m.Offset, fmt.Sprintf("The property %q is made of %s, which reads as personal data and has no place among properties. %s.", name, m.Path, instead)))
			return
		}
	}
}

// adviseUnnamed warns of a category that scenarios need and that none of the texts
// which people are shown now calls by its label or id: nobody agrees to what they
// were not told of. It is a guess by words.
func adviseUnnamed(c *config.Config, site int, faults *config.Faults) {
	s := c.Sites[site]
	var texts []string
	for _, n := range s.Consent.Notices {
		if n.Current {
			texts = append(texts, strings.ToLower(n.Text))
		}
	}
	for i, category := range s.Consent.Categories {
		used := slices.ContainsFunc(s.Scenarios, func(sc config.Scenario) bool { return sc.Consent == category.ID })
		named := slices.ContainsFunc(texts, func(text string) bool {
			return strings.Contains(text, strings.ToLower(category.Label)) || strings.Contains(text, strings.ToLower(category.ID))
		})
		if used && !named {
			faults.Warn(c.Fault(fmt.Sprintf("sites[%d].consent.categories[%d]", site, i), 0, fmt.Sprintf(
				"No current notice of the site names the category %q, by its label or its id. Say in the text what people agree to, in the words of the label.", category.ID)))
		}
	}
}
