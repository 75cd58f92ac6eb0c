package meta

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"matchkey/collector"
)

// mapped is what a scenario says of one kind, with a value that all may have.
func mapped(kind collector.Kind, value string) collector.MappedKind {
	if value == "" {
		return collector.MappedKind{Kind: kind, Why: collector.ReasonLeftOut}
	}
	return collector.MappedKind{Kind: kind, Values: []collector.Identifier{identifier(kind, value, "c_7f3a", "purchase")}}
}

// pathOf is where a kind goes.
func pathOf(kind collector.Kind) string {
	switch kind {
	case collector.KindCustomer:
		return "user_data.external_id"
	case collector.KindClick:
		return "user_data.fbc"
	case collector.KindBrowser:
		return "user_data.fbp"
	case collector.KindIP:
		return "user_data.client_ip_address"
	case collector.KindUserAgent:
		return "user_data.client_user_agent"
	}
	return "user_data." + keyOf[kind]
}

// mappedValues are what a scenario may give in place of each kind, by what is
// known of it: the value, and what of it stands in the body.
var mappedValues = func() map[collector.Kind][2]string {
	values := map[collector.Kind][2]string{
		collector.KindCustomer:  {"crm-77", hash("crm-77")},
		collector.KindClick:     {clickAt(occurred.Add(-3600e9), "IwOther0000000000000000"), "IwOther0000000000000000"},
		collector.KindBrowser:   {"fb.1.1603122906825.777", "fb.1.1603122906825.777"},
		collector.KindIP:        {"198.51.100.77", "198.51.100.77"},
		collector.KindUserAgent: {"Mapped/1.0", "Mapped/1.0"},
	}
	for _, kind := range collector.ContactKinds() {
		h := hash("mapped " + string(kind))
		values[kind] = [2]string{h, h}
	}
	return values
}()

func mappableKinds() (kinds []collector.Kind) {
	for kind := range mappedValues {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

func TestEachKindIsLeftOutAndReplaced(t *testing.T) {
	plain := string(compose(t, completeComposition()).Body)
	for _, kind := range mappableKinds() {
		key := strings.TrimPrefix(pathOf(kind), "user_data.")
		c := completeComposition()
		c.Scenario, c.Mapping.Kinds = "narrow", []collector.MappedKind{mapped(kind, "")}
		payload := compose(t, c)
		f := field(t, payload.Fields, pathOf(kind))
		if f.Dropped != collector.ReasonLeftOut || f.From != "scenario narrow" || strings.Contains(string(payload.Body), `"`+key+`":`) {
			t.Errorf("%s off: %+v, body %s", kind, f, payload.Body)
		}

		value := mappedValues[kind]
		c.Mapping.Kinds = []collector.MappedKind{mapped(kind, value[0])}
		payload = compose(t, c)
		if body := string(payload.Body); strings.Count(body, value[1]) != 1 || strings.Contains(plain, value[1]) {
			t.Errorf("%s given: %s is not there once in %s", kind, value[1], body)
		}
		if f := field(t, payload.Fields, pathOf(kind)); f.Dropped != "" || strings.Contains(f.Shown, value[0]) && kind != collector.KindUserAgent {
			t.Errorf("%s given: lineage %+v", kind, f)
		}
	}
}

func TestLeftOutPropertiesStandInLineage(t *testing.T) {
	c := completeComposition()
	delete(c.Properties, "coupon")
	c.Scenario, c.Mapping.Properties = "narrow", []string{"coupon", "mary@example.com"}
	fields := compose(t, c).Fields
	for _, path := range []string{"custom_data.coupon", "custom_data.*"} {
		if f := field(t, fields, path); f.Dropped != collector.ReasonLeftOut || f.From != "scenario narrow" {
			t.Errorf("%s: %+v", path, f)
		}
	}
}

// TestConsentWinsOverTheMapping: whatever a scenario leaves out or gives, nothing of
// a kind that the decision strips is in the body, and consent's reason is the one
// that lineage gives.
func TestConsentWinsOverTheMapping(t *testing.T) {
	kinds := mappableKinds()
	rapid.Check(t, func(t *rapid.T) {
		c := completeComposition()
		c.Decision.Outcome, c.Decision.Reasons = collector.SendReduced, []collector.Reason{"contact_data_stripped"}
		c.Decision.Strip = rapid.SliceOfDistinct(rapid.SampledFrom(kinds), rapid.ID).Draw(t, "strip")
		for _, kind := range rapid.SliceOfDistinct(rapid.SampledFrom(kinds), rapid.ID).Draw(t, "mapped") {
			value := mappedValues[kind][0]
			if rapid.Bool().Draw(t, "off") {
				value = ""
			}
			c.Mapping.Kinds = append(c.Mapping.Kinds, mapped(kind, value))
		}
		payload, refusal := Compose(c)
		for _, kind := range c.Decision.Strip {
			key := `"` + strings.TrimPrefix(pathOf(kind), "user_data.") + `":`
			if body := string(payload.Body); strings.Contains(body, key) || strings.Contains(body, mappedValues[kind][1]) {
				t.Fatalf("%s is stripped and in the body %s", kind, body)
			}
			for _, f := range payload.Fields {
				if f.Path == pathOf(kind) && f.Dropped == "" || f.Path == pathOf(kind) && f.Dropped == collector.ReasonLeftOut {
					t.Fatalf("%s is stripped and lineage says %+v", kind, f)
				}
			}
		}
		if refusal == nil && len(payload.Body) == 0 {
			t.Fatal("neither a body nor a refusal")
		}
	})
}
