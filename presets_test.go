package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"matchkey/collector"
	"matchkey/collector/config"
	"matchkey/collector/meta"
	"matchkey/collector/scenario"
)

// TestPresetsAreThoseOfTheFile: a preset that the file knows is one, and compiles.
func TestPresetsAreThoseOfTheFile(t *testing.T) {
	field, _ := reflect.TypeFor[config.Scenario]().FieldByName("Preset")
	var known, made []string
	for part := range strings.SplitSeq(field.Tag.Get("jsonschema"), ",") {
		known = append(known, strings.TrimPrefix(part, "enum="))
	}
	for _, p := range meta.Presets() {
		made = append(made, p.Name)
		spec := resolved(config.Scenario{Preset: p.Name, Name: p.Name})
		if _, faults := scenario.Compile([]scenario.Spec{spec}); len(faults) > 0 {
			t.Errorf("preset %s: %+v", p.Name, faults)
		}
	}
	if !slices.Equal(known, made) {
		t.Errorf("config knows the presets %v and meta makes %v; bring the enum of config.Scenario.Preset in line", known, made)
	}
}

// TestUnknownPreset: the fault is the preset's, and not that of all which it would have
// said.
func TestUnknownPreset(t *testing.T) {
	file := processConfig(t, "http://127.0.0.1:9")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(text), "scenarios:")
	if err := os.WriteFile(file, []byte(before+"scenarios: [{preset: purchas, consent: advertising, to: [main]}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, errs, code := command(t, map[string]string{"TEST_TOKEN": "x", "TEST_KEY": processKey}, "", "check", "--config", file)
	if code == 0 || strings.Count(errs, "error:") != 1 || !strings.Contains(errs, `Did you mean "purchase"?`) {
		t.Errorf("exit %d\n%s", code, errs)
	}
}

// TestFaultsAtOnce: an expression that is wrong is told beside what else is, and not only
// when that has been mended.
func TestFaultsAtOnce(t *testing.T) {
	file := processConfig(t, "http://127.0.0.1:9")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	wrong := strings.NewReplacer("event.value > 0", "event.valu > 0", "to: [main]", "to: [mian]").Replace(string(text))
	if err := os.WriteFile(file, []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	_, errs, _ := command(t, map[string]string{"TEST_TOKEN": "x", "TEST_KEY": processKey}, "", "check", "--config", file)
	if !strings.Contains(errs, `"mian"`) || !strings.Contains(errs, "valu") || !strings.Contains(errs, "2 errors") {
		t.Errorf("%s", errs)
	}
}

// sentBy is what a destination gets of an event under one preset.
func sentBy(t *testing.T, sc config.Scenario, name, properties string) (meta.ServerEvent, []collector.Field) {
	t.Helper()
	set, faults := scenario.Compile([]scenario.Spec{resolved(sc)})
	if len(faults) > 0 {
		t.Fatalf("faults: %+v", faults)
	}
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	ev := collector.Event{ID: name + ".A-1", Site: "shop", Name: name, Origin: collector.OriginServer, OccurredAt: now, ReceivedAt: now, Customer: "c42"}
	if err := json.Unmarshal([]byte(properties), &ev.Properties); err != nil {
		t.Fatal(err)
	}
	conversions, notes := set.Match(ev, collector.Profile{})
	if len(conversions) != 1 || len(notes) > 0 {
		t.Fatalf("%s %s: %d conversions, notes %v", name, properties, len(conversions), notes)
	}
	c := conversions[0]
	payload, refusal := meta.Compose(collector.Composition{
		Now: now, Event: ev, Properties: c.Properties, Mapping: c.Mapping, Scenario: c.Scenario,
		Delivery: collector.DeliveryKey{Send: c.Send, EventID: ev.ID}, Decision: collector.Decision{Outcome: collector.SendFull},
	})
	if refusal != nil {
		t.Fatalf("%s %s: refused: %+v", name, properties, *refusal)
	}
	var sent meta.ServerEvent
	if err := json.Unmarshal(payload.Body, &sent); err != nil {
		t.Fatal(err)
	}
	return sent, payload.Fields
}

// TestPresetsReadWhatShopsSend: the same order as our own API, GA4 and Segment write
// it is the same to the destination, and nothing of it is faulty.
func TestPresetsReadWhatShopsSend(t *testing.T) {
	const wantContents = `[{"id":"sku-1","quantity":2,"item_price":49.9,"title":"Shoe"}]`
	for _, c := range []struct{ preset, event, properties, send string }{
		{"purchase", "purchase", `{"value":99.8,"currency":"EUR","order_id":"A-1","contents":[{"id":"sku-1","quantity":2,"item_price":49.9,"title":"Shoe"}]}`, "Purchase"},
		{"purchase", "purchase", `{"value":99.8,"currency":"EUR","transaction_id":"A-1","items":[{"item_id":"sku-1","item_name":"Shoe","price":49.9,"quantity":2}]}`, "Purchase"},
		{"purchase", "order_completed", `{"total":99.8,"currency":"EUR","order_id":"A-1","products":[{"product_id":"sku-1","name":"Shoe","price":49.9,"quantity":2}]}`, "Purchase"},
		{"purchase", "order_completed", `{"revenue":"99.80","currency":"EUR","order_id":"A-1","products":[{"sku":"sku-1","name":"Shoe","price":"49.90","quantity":2}]}`, "Purchase"},
		{"add_to_cart", "add_to_cart", `{"value":99.8,"currency":"EUR","items":[{"item_id":"sku-1","item_name":"Shoe","price":49.9,"quantity":2}]}`, "AddToCart"},
		{"add_to_cart", "product_added", `{"value":99.8,"currency":"EUR","product_id":"sku-1","name":"Shoe","price":49.9,"quantity":2}`, "AddToCart"},
		{"add_to_cart", "cart_update", `{"action":"add","value":99.8,"currency":"EUR","contents":[{"id":"sku-1","quantity":2,"item_price":49.9,"title":"Shoe"}]}`, "AddToCart"},
		{"begin_checkout", "begin_checkout", `{"value":99.8,"currency":"EUR","items":[{"item_id":"sku-1","item_name":"Shoe","price":49.9,"quantity":2}]}`, "InitiateCheckout"},
		{"begin_checkout", "checkout_started", `{"value":99.8,"currency":"EUR","products":[{"product_id":"sku-1","name":"Shoe","price":49.9,"quantity":2}]}`, "InitiateCheckout"},
		{"view_item", "product_viewed", `{"value":99.8,"currency":"EUR","product_id":"sku-1","name":"Shoe","price":49.9,"quantity":2}`, "ViewContent"},
		{"search", "search", `{"value":99.8,"currency":"EUR","search_term":"shoe","items":[{"item_id":"sku-1","item_name":"Shoe","price":49.9,"quantity":2}]}`, "Search"},
		{"lead", "generate_lead", `{"value":99.8,"currency":"EUR"}`, "Lead"},
		{"sign_up", "signed_up", `{"value":99.8,"currency":"EUR"}`, "CompleteRegistration"},
		{"subscribe", "subscription_renewed", `{"value":99.8,"currency":"EUR"}`, "Subscribe"},
	} {
		sent, fields := sentBy(t, config.Scenario{Name: "s", Preset: c.preset, To: []string{"main"}}, c.event, c.properties)
		if sent.EventName != c.send || sent.Custom["value"] != 99.8 || sent.Custom["currency"] != "EUR" {
			t.Errorf("%s %s gives %s %v", c.event, c.properties, sent.EventName, sent.Custom)
		}
		if contents, _ := json.Marshal(sent.Custom["contents"]); strings.Contains(c.properties, "sku-1") && !sameJSON(t, string(contents), wantContents) {
			t.Errorf("%s %s gives the contents %s, want %s", c.event, c.properties, contents, wantContents)
		}
		if c.preset == "purchase" && sent.Custom["order_id"] != "A-1" {
			t.Errorf("%s %s gives the order %v", c.event, c.properties, sent.Custom["order_id"])
		}
		for _, f := range fields {
			if strings.HasPrefix(f.Path, "custom_data") && f.Dropped != "" {
				t.Errorf("%s %s: %s is left out: %s", c.event, c.properties, f.Path, f.Dropped)
			}
		}
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	return reflect.DeepEqual(x, y)
}

func TestWhatTheFileSaysWinsOverThePreset(t *testing.T) {
	sc := config.Scenario{Name: "s", Preset: "purchase", On: "bought", Send: "Order", Properties: map[string]string{
		"order_id": "off", "value": "event.value * 2", "coupon": "event.properties.coupon",
	}}
	sent, _ := sentBy(t, sc, "bought", `{"value":10,"currency":"EUR","order_id":"A-1","coupon":"AUTUMN","secret":"x"}`)
	want := meta.CustomData{"value": 20.0, "currency": "EUR", "coupon": "AUTUMN"}
	if sent.EventName != "Order" || !reflect.DeepEqual(sent.Custom, want) {
		t.Errorf("sent %s %v, want Order %v", sent.EventName, sent.Custom, want)
	}
	sc.Properties["*"] = "on"
	if sent, _ = sentBy(t, sc, "bought", `{"value":10,"currency":"EUR","order_id":"A-1","plan":"pro"}`); !reflect.DeepEqual(sent.Custom, meta.CustomData{"value": 20.0, "currency": "EUR", "plan": "pro"}) {
		t.Errorf("with the others too: %v", sent.Custom)
	}
}

// TestPresetsStandInTheDocumentation: the table of docs/scenarios.md is that of
// meta.Presets, row by row.
func TestPresetsStandInTheDocumentation(t *testing.T) {
	text, err := os.ReadFile("docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range meta.Presets() {
		row := fmt.Sprintf("| `%s` | `%s` | `%s` | %s |\n", p.Name, strings.Join(p.On, "`, `"), p.Send, strings.Join(slices.Sorted(maps.Keys(p.Properties)), ", "))
		if !strings.Contains(string(text), row) {
			t.Errorf("docs/scenarios.md lacks the row\n%s", row)
		}
	}
}

// TestThreeLinesAreAScenario: a shop's usual purchase.
func TestThreeLinesAreAScenario(t *testing.T) {
	text := strings.Replace(fmt.Sprintf(leastFile, `
      - preset: purchase
        consent: advertising
        to: [main]
`), "\t", "", -1)
	_, errs, code := checkFile(t, text)
	if code != 0 {
		t.Errorf("exit %d:\n%s", code, errs)
	}
}
