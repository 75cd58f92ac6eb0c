package collector

import "slices"

// A Mapping is what a scenario says about what goes along beside the properties.
// The zero Mapping says nothing: everything goes that is known and allowed. It
// only ever takes the place of what would be chosen; what a [Decision] strips
// stays stripped.
type Mapping struct {
	// Kinds are the kinds of identifier that the scenario speaks of, each once.
	Kinds []MappedKind `json:"kinds,omitempty"`
	// Properties are names of the event's properties that the scenario leaves out.
	Properties []string `json:"properties,omitempty"`
}

// A MappedKind says what goes along of one kind of identifier.
type MappedKind struct {
	Kind Kind `json:"kind"`
	// Values go in place of all that is known of the kind; contact kinds hold
	// hashes, as everywhere.
	Values []Identifier `json:"values,omitempty"`
	// Why says why nothing goes along; empty when there are values.
	Why Reason `json:"why,omitempty"`
}

// Of returns what m says of a kind; nil when it says nothing. The result aliases m.
func (m Mapping) Of(k Kind) *MappedKind {
	for i := range m.Kinds {
		if m.Kinds[i].Kind == k {
			return &m.Kinds[i]
		}
	}
	return nil
}

// Has returns of the kinds that could go along those that m lets, and adds those
// that it brings. known is not changed.
func (m Mapping) Has(known []Kind) []Kind {
	if len(m.Kinds) == 0 {
		return known
	}
	var kinds []Kind
	for _, k := range known {
		if m.Of(k) == nil {
			kinds = append(kinds, k)
		}
	}
	for _, mapped := range m.Kinds {
		if len(mapped.Values) > 0 && !slices.Contains(kinds, mapped.Kind) {
			kinds = append(kinds, mapped.Kind)
		}
	}
	return kinds
}
