package main

import (
	"maps"

	"matchkey/collector/config"
	"matchkey/collector/meta"
	"matchkey/collector/scenario"
)

// resolved is a scenario of the file with its preset written out, as the console
// shows it. What the file says itself wins.
func resolved(sc config.Scenario) scenario.Spec {
	spec := scenario.Spec{
		Name: sc.Name, On: sc.On, When: sc.When, Category: sc.Consent, Wait: sc.Wait, Delay: sc.Delay, Limit: limit(sc.Limit),
		Send: sc.Send, To: sc.To, Properties: sc.Properties, Identifiers: sc.Identifiers,
	}
	preset, ok := meta.FindPreset(sc.Preset)
	if !ok {
		return spec
	}
	if spec.On == "" {
		spec.On, spec.Also, spec.Premise = preset.On[0], preset.On[1:], preset.When
	}
	if spec.Send == "" {
		spec.Send = preset.Send
	}
	spec.Properties = mergedProperties(preset.Properties, sc.Properties)
	return spec
}

// mergedProperties are a preset's properties, changed as the file says. Without
// the event's other properties, off takes one of the preset's out of the list.
func mergedProperties(preset, own map[string]string) map[string]string {
	all := maps.Clone(preset)
	_, others := own[scenario.Others]
	for name, text := range own {
		if _, known := preset[name]; known && text == scenario.Off && !others {
			delete(all, name)
			continue
		}
		all[name] = text
	}
	return all
}
