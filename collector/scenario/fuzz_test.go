package scenario

import (
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"matchkey/collector"
)

// FuzzExpression: whatever stands in the configuration, compiling and matching
// neither panic nor give what cannot be written as JSON.
func FuzzExpression(f *testing.F) {
	for _, text := range append([]string{
		"", "event.value > 0", `event.properties.action == "add"`, "event.value * 1.19", "1 / 0", "event.properties.a.b",
		`map(event.properties.contents, {{"id": .sku}})`, `map(event.properties.contents, {"id": .sku})`,
		`event.properties.contents | filter(.n > 1) | map(.sku)`, `event.url matches "^https"`, "event.url[0:3]", "event.valu", "evnt",
		`session.country in ["DE", "AT"] and profile.visits > 1`, "if true { 1 } else { 2 }", "-event.value ?? nil", "\xff", "::len([1])",
	}, bombs...) {
		f.Add(text)
	}
	ev := event("purchase", map[string]any{
		"value": 59.9, "currency": "EUR", "text": "ü\u0000", "flag": true, "nothing": nil,
		"contents": []any{map[string]any{"sku": "a", "n": 2.0}, map[string]any{"sku": "b", "n": 1.0}},
	})
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2*MaxCharacters {
			return
		}
		for _, spec := range []Spec{{Name: "s", On: "purchase", When: text}, {Name: "s", On: "purchase", Properties: map[string]string{"p": text}}} {
			set, faults := Compile([]Spec{spec})
			for _, f := range faults {
				if f.Message == "" || f.Offset < 0 || f.Offset > utf8.RuneCountInString(text) {
					t.Errorf("%q: fault %+v", text, f)
				}
			}
			if len(faults) > 0 {
				continue
			}
			got, notes := set.Match(ev, collector.Profile{})
			if len(got) > 1 || len(notes) > 1 {
				t.Errorf("%q: %d conversions, %d notes", text, len(got), len(notes))
			}
			if _, err := json.Marshal(got); err != nil {
				t.Errorf("%q: %v", text, err)
			}
		}
	})
}
