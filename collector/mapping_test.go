package collector_test

import (
	"slices"
	"testing"

	"matchkey/collector"
)

func TestMappingHas(t *testing.T) {
	m := collector.Mapping{Kinds: []collector.MappedKind{
		{Kind: collector.KindIP, Why: collector.ReasonLeftOut},
		{Kind: collector.KindEmail, Values: []collector.Identifier{{Kind: collector.KindEmail}}},
		{Kind: collector.KindPhone, Why: collector.ReasonMappedToNothing},
		{Kind: collector.KindClick, Values: []collector.Identifier{{Kind: collector.KindClick}}},
	}}
	known := []collector.Kind{collector.KindIP, collector.KindEmail, collector.KindPhone, collector.KindBrowser}
	got := m.Has(known)
	slices.Sort(got)
	if want := []collector.Kind{collector.KindBrowser, collector.KindClick, collector.KindEmail}; !slices.Equal(got, want) {
		t.Errorf("has %v, want %v", got, want)
	}
	if got := (collector.Mapping{}).Has(known); !slices.Equal(got, known) {
		t.Errorf("a mapping that says nothing changes %v to %v", known, got)
	}
}
