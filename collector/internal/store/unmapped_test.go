package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"matchkey/collector"
)

// TestUnmapped: what a scenario gave in place of what is known goes with the copy that
// brought it; what others brought stays.
func TestUnmapped(t *testing.T) {
	of := func(kind collector.Kind, value, receipt string) collector.Identifier {
		return collector.Identifier{Kind: kind, Value: value, Receipt: receipt}
	}
	gone := collector.Event{Receipt: "c_2", Identifiers: []collector.Identifier{of(collector.KindEmail, "theirs", "c_2")}}
	was := collector.Mapping{Properties: []string{"coupon"}, Kinds: []collector.MappedKind{
		{Kind: collector.KindIP, Why: collector.ReasonLeftOut},
		{Kind: collector.KindEmail, Values: []collector.Identifier{of(collector.KindEmail, "theirs", "c_1"), of(collector.KindEmail, "own", "c_1")}},
		{Kind: collector.KindPhone, Values: []collector.Identifier{of(collector.KindPhone, "any", "c_2")}},
	}}
	want := collector.Mapping{Properties: []string{"coupon"}, Kinds: []collector.MappedKind{
		{Kind: collector.KindIP, Why: collector.ReasonLeftOut},
		{Kind: collector.KindEmail, Values: []collector.Identifier{of(collector.KindEmail, "own", "c_1")}},
		{Kind: collector.KindPhone, Why: collector.ReasonMappedToNothing},
	}}
	if diff := cmp.Diff(want, unmapped(was, gone)); diff != "" {
		t.Error(diff)
	}
	if len(was.Kinds[1].Values) != 2 || was.Kinds[2].Why != "" {
		t.Errorf("what was given was changed: %+v", was)
	}
}
