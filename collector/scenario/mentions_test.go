package scenario

import (
	"slices"
	"testing"
)

func TestMentions(t *testing.T) {
	var got []string
	for _, m := range Mentions(`event.customer == event.properties?.who.email and any(event.properties.items, .item_id == 1)`) {
		got = append(got, m.Path)
		if m.Last() == "" {
			t.Errorf("%q has no last name", m.Path)
		}
	}
	for _, want := range []string{"event.customer", "event.properties.who.email", ".item_id", "event.properties.items"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is not among %v", want, got)
		}
	}
	if got := Mentions("event."); got != nil {
		t.Errorf("what cannot be read mentions %v", got)
	}
}
