package edge

import (
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"matchkey/collector"
)

// Integrations are what a site's back end tells one kind of destination and no
// other ("integrations":{"<kind>":{…}}). Here they are opaque JSON: bounded and
// searched for contact data like properties, and read by that kind alone. So
// the edge learns no vendor's words, and needs no change for a new field.

// readIntegrations reads the integrations of an event. What as a whole is no
// object of bounded size gives why and nothing else; a kind of destination that
// is not known, and a value that cannot be kept, are left out with a note each.
func (s *site) readIntegrations(raw jsontext.Value) (kept map[string]map[string]any, notes []collector.Note, why collector.Reason) {
	if len(raw) == 0 || raw.Kind() == 'n' {
		return nil, nil, ""
	}
	if raw.Kind() != '{' || len(raw) > maxPropertyBytes {
		return nil, nil, collector.ReasonIntegrations
	}
	var all map[string]jsontext.Value
	if err := json.Unmarshal(raw, &all); err != nil || len(all) > maxPropertyMembers {
		return nil, nil, collector.ReasonIntegrations
	}
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		field := propertyField("integrations", kind)
		if !slices.Contains(s.integrations, kind) {
			notes = append(notes, collector.Note{Field: field, Reason: collector.ReasonUnknownField})
			continue
		}
		var values map[string]any
		if err := json.Unmarshal(all[kind], &values); err != nil || len(values) > maxPropertyMembers {
			notes = append(notes, collector.Note{Field: field, Reason: collector.ReasonIntegrations})
			continue
		}
		notes = append(notes, keepValues(values, field, 3)...)
		if len(values) == 0 {
			continue
		}
		if kept == nil {
			kept = map[string]map[string]any{}
		}
		kept[kind] = values
	}
	return kept, notes, ""
}
