package scenario

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"matchkey/collector"
)

// shout hashes what it upper-cased; "none" has no normal form.
func shout(_ collector.Kind, value, country string) ([]string, string, collector.Reason) {
	if value == "none" {
		return nil, "", collector.ReasonNotNormalisable
	}
	sum := sha256.Sum256([]byte(strings.ToUpper(value) + country))
	return []string{hex.EncodeToString(sum[:])}, "upper-cased, SHA-256", ""
}

func hashOf(value string) string {
	h, _, _ := shout("", value, "DE")
	return h[0]
}

func TestIdentifiersAreMapped(t *testing.T) {
	set := mustCompile(t, Spec{
		Name: "s", On: "purchase", Hash: shout, Country: "DE",
		Identifiers: map[string]string{
			"ip": "off", "device": "off", "city": "on", "customer": "event.properties.crm_id",
			"email": "event.properties.mails", "phone": "event.properties.missing", "country": "event.properties.country",
			"last_name": "event.properties.object", "click": `event.properties.missing ?? "fb.1.2.x"`,
		},
	})
	got, notes := set.Match(event("purchase", map[string]any{
		"crm_id": 4711.0, "mails": []any{"a@b.example", " ", "c@d.example"}, "country": "none", "object": map[string]any{},
	}), collector.Profile{})
	if len(got) != 1 {
		t.Fatalf("%d conversions, want one", len(got))
	}
	id := func(kind collector.Kind, value, how string) collector.Identifier {
		return collector.Identifier{Kind: kind, Value: value, FirstAt: noon, LastAt: noon, Event: "purchase", How: how}
	}
	const hashed = "given by the scenario, upper-cased, SHA-256"
	want := []collector.MappedKind{
		{Kind: "click", Values: []collector.Identifier{id("click", "fb.1.2.x", "given by the scenario")}},
		{Kind: "country", Why: collector.ReasonNotNormalisable},
		{Kind: "customer", Values: []collector.Identifier{id("customer", "4711", "given by the scenario")}},
		{Kind: "device", Why: collector.ReasonLeftOut},
		{Kind: "email", Values: []collector.Identifier{id("email", hashOf("a@b.example"), hashed), id("email", hashOf("c@d.example"), hashed)}},
		{Kind: "ip", Why: collector.ReasonLeftOut},
		{Kind: "last_name", Why: collector.ReasonMappedToNothing},
		{Kind: "phone", Why: collector.ReasonMappedToNothing},
	}
	if diff := cmp.Diff(want, got[0].Mapping.Kinds, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("mapping (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]collector.Note{{Field: "scenario.s.identifiers.last_name", Reason: ReasonMappingFailed}}, notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestContactDataIsNeverKeptInTheClear(t *testing.T) {
	for _, kind := range collector.ContactKinds() {
		set := mustCompile(t, Spec{Name: "s", On: "purchase", Identifiers: map[string]string{string(kind): "event.properties.it"}})
		got, _ := set.Match(event("purchase", map[string]any{"it": "in the clear"}), collector.Profile{})
		if m := got[0].Mapping.Of(kind); m == nil || len(m.Values) > 0 || m.Why == "" {
			t.Errorf("without a hasher %s is mapped to %+v", kind, m)
		}
	}
}

func TestIdentifierFaults(t *testing.T) {
	for _, c := range []struct{ kind, text, message string }{
		{"emial", "off", `There is no identifier "emial". Did you mean "email"? It is one of customer,`},
		{"em", "off", `There is no identifier "em". It is one of customer,`},
		{"account", "event.customer", "What is known as account has several places"},
		{"email", "event.value >", "The expression cannot be read"},
		{"email", "event.valu", `"event" has no field "valu". Did you mean "value"?`},
		{"email", "event.value > 3", "An identifier is a text or a list of texts, and this gives true or false."},
		{"ip", `{"a": 1}`, "An identifier is a text or a list of texts, and this gives an object."},
		{"email", "", "The expression is empty."},
	} {
		_, faults := Compile([]Spec{{Name: "s", Identifiers: map[string]string{c.kind: c.text}}})
		if len(faults) != 1 || faults[0].Field != "identifiers."+c.kind || !strings.HasPrefix(faults[0].Message, c.message) {
			t.Errorf("%s: %s\nwant %s\ngot  %+v", c.kind, c.text, c.message, faults)
		}
	}
}

func TestPropertiesBesideTheOthers(t *testing.T) {
	sent := map[string]any{"value": 10.0, "coupon": "AUTUMN", "plan": "pro"}
	for _, c := range []struct {
		name       string
		properties map[string]string
		want       map[string]any
		left       []string
	}{
		{"nothing said", nil, sent, nil},
		{"only what is listed", map[string]string{"value": "event.value"}, map[string]any{"value": 10.0}, nil},
		{"others as they are", map[string]string{"*": "on"}, sent, nil},
		{"one left out", map[string]string{"*": "on", "coupon": "off", "gone": "off"}, map[string]any{"value": 10.0, "plan": "pro"}, []string{"coupon"}},
		{"one changed", map[string]string{"*": "on", "value": "event.value * 2"}, map[string]any{"value": 20.0, "coupon": "AUTUMN", "plan": "pro"}, nil},
		{"one whose expression gives nothing", map[string]string{"*": "on", "plan": "event.properties.missing"}, map[string]any{"value": 10.0, "coupon": "AUTUMN"}, nil},
		{"one whose expression fails", map[string]string{"*": "on", "plan": "event.properties.missing + 1"}, map[string]any{"value": 10.0, "coupon": "AUTUMN"}, nil},
	} {
		got, _ := mustCompile(t, Spec{Name: "s", On: "purchase", Properties: c.properties}).Match(event("purchase", sent), collector.Profile{})
		if diff := cmp.Diff(c.want, got[0].Properties); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if diff := cmp.Diff(c.left, got[0].Mapping.Properties); diff != "" {
			t.Errorf("%s, left out (-want +got):\n%s", c.name, diff)
		}
	}
	for _, bad := range []map[string]string{{"coupon": "off"}, {"*": "off"}, {"*": "event.properties"}} {
		if _, faults := Compile([]Spec{{Name: "s", Properties: bad}}); len(faults) != 1 {
			t.Errorf("%v: faults %+v, want one", bad, faults)
		}
	}
}
