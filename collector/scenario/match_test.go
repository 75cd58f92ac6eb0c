package scenario

import (
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/expr-lang/expr/vm"
	"github.com/google/go-cmp/cmp"

	"matchkey/collector"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// mustCompile compiles scenarios that have no faults.
func mustCompile(t testing.TB, specs ...Spec) *Set {
	t.Helper()
	set, faults := Compile(specs)
	if len(faults) > 0 {
		t.Fatalf("unexpected faults: %+v", faults)
	}
	return set
}

func event(name string, properties map[string]any) collector.Event {
	return collector.Event{
		ID: name + ".A-1001", Site: "shop", Name: name, Origin: collector.OriginServer, OccurredAt: noon,
		Customer: "c42", URL: "https://shop.example/thanks", Properties: properties,
	}
}

// fourKinds are the scenarios that a shop begins with.
var fourKinds = []Spec{
	{
		Name: "purchase", On: "purchase", When: "event.value > 0", Category: "advertising",
		Purposes: []string{"ads_measurement", "ads_matching"}, Wait: 2 * time.Minute, Send: "Purchase", To: []string{"main", "second"},
	},
	{Name: "lead", On: "lead", Category: "advertising", Send: "Lead", To: []string{"main"}},
	{Name: "add_to_cart", On: "cart_update", When: `event.properties.action == "add"`, Send: "AddToCart", To: []string{"main"}},
	{
		Name: "trial", On: "trial_started", Send: "StartTrial", To: []string{"main"},
		Properties: map[string]string{"value": "event.value * 2", "plan": "event.properties.plan", "gone": "event.properties.gone"},
	},
}

func TestFourKinds(t *testing.T) {
	set := mustCompile(t, fourKinds...)
	paid := map[string]any{"value": 59.9, "currency": "EUR", "contents": []any{map[string]any{"id": "sku"}}}
	added := map[string]any{"action": "add", "value": 5.0}
	tests := []struct {
		name string
		ev   collector.Event
		want []collector.Conversion
		note collector.Reason
	}{
		{"a purchase", event("purchase", paid), []collector.Conversion{{
			Scenario: "purchase", Send: "Purchase", Destinations: []string{"main", "second"}, Category: "advertising",
			Purposes: []string{"ads_measurement", "ads_matching"}, Wait: 2 * time.Minute, Properties: paid,
		}}, ""},
		{"a free purchase is none", event("purchase", map[string]any{"value": 0.0}), nil, ""},
		{"a purchase whose value is a text counts as its number", event("purchase", map[string]any{"value": "59.90"}), []collector.Conversion{{
			Scenario: "purchase", Send: "Purchase", Destinations: []string{"main", "second"}, Category: "advertising",
			Purposes: []string{"ads_measurement", "ads_matching"}, Wait: 2 * time.Minute, Properties: map[string]any{"value": "59.90"},
		}}, ""},
		{"a purchase of a value that nobody can read says so", event("purchase", map[string]any{"value": "59,90"}), nil, ReasonConditionFailed},
		{"a purchase of no value says so", event("purchase", map[string]any{"value": nil}), nil, ReasonConditionFailed},
		{"a purchase without properties says so", event("purchase", nil), nil, ReasonConditionFailed},
		{"a lead", event("lead", nil), []collector.Conversion{{Scenario: "lead", Send: "Lead", Destinations: []string{"main"}, Category: "advertising"}}, ""},
		{"something put into the cart", event("cart_update", added), []collector.Conversion{{
			Scenario: "add_to_cart", Send: "AddToCart", Destinations: []string{"main"}, Properties: added,
		}}, ""},
		{"something taken out of the cart", event("cart_update", map[string]any{"action": "remove"}), nil, ""},
		{"a cart update that says nothing", event("cart_update", nil), nil, ""},
		{"a name of the site's own", event("trial_started", map[string]any{"value": 5.0, "plan": "pro", "secret": "x"}), []collector.Conversion{{
			Scenario: "trial", Send: "StartTrial", Destinations: []string{"main"},
			Properties: map[string]any{"value": 10.0, "plan": "pro"},
		}}, ""},
		{"an event that nobody listens to", event("page_view", paid), nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, notes := set.Match(tt.ev, collector.Profile{})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("conversions (-want +got):\n%s", diff)
			}
			var want []collector.Note
			if tt.note != "" {
				want = []collector.Note{{Field: "scenario." + tt.ev.Name + ".when", Reason: tt.note}}
			}
			if diff := cmp.Diff(want, notes); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}

// TestMoneyIsNeverFilledIn: a mapping gives the value that the site sent, and
// where it sent none there is none, so that the destination can say so. A 0 in
// its place would make revenue wrong and nobody would see it (capi.md § 13.34).
func TestMoneyIsNeverFilledIn(t *testing.T) {
	set := mustCompile(t, Spec{Name: "s", On: "purchase", Properties: map[string]string{
		"value": "event.value", "currency": "event.currency", "gross": "event.value * 2",
	}})
	for _, c := range []struct {
		sent, value, gross any
	}{
		{59.9, 59.9, 119.8}, {"59.90", 59.9, 119.8}, {" 7 ", 7.0, 14.0}, {0.0, 0.0, 0.0}, {3, 3.0, 6.0},
		{"59,90", "59,90", nil}, {"", "", nil}, {nil, nil, nil}, {true, true, nil},
	} {
		ev := event("purchase", map[string]any{"value": c.sent, "currency": "EUR"})
		got, notes := set.Match(ev, collector.Profile{})
		if len(got) != 1 {
			t.Fatalf("%v: %d conversions", c.sent, len(got))
		}
		if p := got[0].Properties; p["value"] != c.value || p["gross"] != c.gross || p["currency"] != "EUR" || (len(notes) == 0) != (c.gross != nil) {
			t.Errorf("%#v gives %v with notes %v", c.sent, p, notes)
		}
	}
}

func TestTwoScenariosOfOneEvent(t *testing.T) {
	set := mustCompile(t,
		Spec{Name: "any", On: "purchase", Send: "Purchase", To: []string{"main"}},
		Spec{Name: "big", On: "purchase", When: "event.value >= 100", Send: "BigOrder", To: []string{"main"}},
	)
	ev := event("purchase", map[string]any{"value": 100.0})
	got, _ := set.Match(ev, collector.Profile{})
	if len(got) != 2 || got[0].Scenario != "any" || got[1].Scenario != "big" {
		t.Fatalf("want any and big in this order, got %+v", got)
	}
	got[0].Properties["value"], got[0].Destinations[0] = 1.0, "elsewhere"
	if again, _ := set.Match(ev, collector.Profile{}); again[0].Properties["value"] != 100.0 || again[0].Destinations[0] != "main" || got[1].Properties["value"] != 100.0 {
		t.Error("writing to one conversion changed the event, the set or another conversion")
	}
	if got, _ := set.Match(event("purchase", map[string]any{"value": 99.0}), collector.Profile{}); len(got) != 1 {
		t.Errorf("want only one conversion below the limit, got %+v", got)
	}
}

func TestWhatAnExpressionSees(t *testing.T) {
	ev := event("purchase", map[string]any{"value": 59.9, "currency": "EUR", "contents": []any{
		map[string]any{"sku": "a", "price": 20.0, "n": 2.0}, map[string]any{"sku": "b", "price": 19.9, "n": 1.0},
	}})
	ev.Visitor, ev.Channel = "v1", collector.ChannelApp
	session := func(at time.Time, country string) collector.SessionStart {
		return collector.SessionStart{At: at, URL: "https://shop.example/", Client: collector.Client{Geo: collector.Geo{Country: country, Region: "BE"}}}
	}
	known := collector.Profile{
		Subject:     collector.Customer("shop", "c42"),
		Identifiers: []collector.Identifier{{Kind: collector.KindBrowser}, {Kind: collector.KindClick}, {Kind: collector.KindEmail}, {Kind: collector.KindPhone}},
		Sessions:    []collector.SessionStart{session(noon.Add(time.Minute), "FR"), session(noon.Add(-90*time.Second), "DE")},
	}
	unknown, anonymous := collector.Profile{}, ev
	anonymous.Customer, anonymous.Properties = "", nil

	for text, want := range map[string]any{
		"event.name": "purchase", "event.origin": "server", "event.channel": "app", "event.id": "purchase.A-1001", "event.url": "https://shop.example/thanks",
		"event.value": 59.9, "event.currency": "EUR", "event.customer": "c42", "event.visitor": "v1",
		"session.country": "DE", "session.region": "BE", "session.landing_url": "https://shop.example/", "session.age_minutes": 1.5,
		"profile.has_click": true, "profile.has_browser": true, "profile.has_email": true, "profile.has_phone": true,
		"profile.visits": 2.0, "profile.known_customer": true,

		`event["currency"]`:                                                    "EUR",
		"event?.properties?.contents[0].sku":                                   "a",
		"sum(event.properties.contents, .price * .n)":                          59.9,
		`map(event.properties.contents, {{"id": .sku, "n": .n}})[1]`:           map[string]any{"id": "b", "n": 1.0},
		"event.properties.contents | filter(.n > 1) | map(.sku)":               []any{"a"},
		`any([1, 2], # == 2) and any(["x"], # startsWith "x")`:                 true,
		`event.url matches "^https://shop[.]example/" ? "ours" : "theirs"`:     "ours",
		`session.country in ["DE", "AT"]`:                                      true,
		"[1, 2]":                                                               []any{1.0, 2.0},
		`{"id": event.id, "none": nil}`:                                        map[string]any{"id": "purchase.A-1001"},
		"get(event.properties.contents, 9)?.sku ?? \"none\"":                   "none",
		"len(event.properties.contents)":                                       2.0,
		"round(event.value)":                                                   60.0,
		"any(event.properties.contents, any(event.properties.contents, true))": true,
		"if event.value > 50 { \"big\" } else { \"small\" }":                   "big",
		"event.properties.nothing":                                             nil,
	} {
		if got := evaluate(t, text, ev, known); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: want %#v, got %#v", text, want, got)
		}
	}
	for text, want := range map[string]any{
		"event.value": nil, "event.value ?? 0": 0.0, "event.currency": "", "event.customer": "", "session.country": "", "session.age_minutes": 0.0,
		"profile.has_click": false, "profile.has_browser": false, "profile.has_email": false, "profile.has_phone": false,
		"profile.visits": 0.0, "profile.known_customer": false,
		`event.properties.plan == "pro"`:                      false,
		`any(event.properties.contents ?? [], .sku == "a")`:   false,
		`map(event.properties.contents ?? [], {{"id": .id}})`: []any{},
	} {
		if got := evaluate(t, text, anonymous, unknown); !reflect.DeepEqual(got, want) {
			t.Errorf("%s of nobody: want %#v, got %#v", text, want, got)
		}
	}
}

// evaluate maps one property; nil means that it was left out.
func evaluate(t *testing.T, text string, ev collector.Event, p collector.Profile) any {
	t.Helper()
	set, faults := Compile([]Spec{{Name: "s", On: ev.Name, Properties: map[string]string{"p": text}}})
	if len(faults) > 0 {
		t.Errorf("%s: %+v", text, faults)
		return nil
	}
	got, notes := set.Match(ev, p)
	if len(got) != 1 || len(notes) > 0 {
		t.Errorf("%s: want one conversion and no note, got %+v, %v", text, got, notes)
		return nil
	}
	return got[0].Properties["p"]
}

func TestFailures(t *testing.T) {
	long := make([]any, maxList+1)
	ev := event("purchase", map[string]any{"value": 1.0, "list": long, "text": "abc", "umlaut": "ü"})
	for _, text := range []string{
		"event.properties.plan > 3",                                // nil compared
		"event.properties.a.b == 1",                                // a field of nil
		"event.properties.text > 3",                                // a text and a number
		`event.properties.text[9] == "x"`,                          // beyond the end
		"any(event.properties.list, # == 1)",                       // more entries than allowed
		"any(event.properties.text, true)",                         // a text is no list
		"any(event.properties.text + event.properties.text, true)", // nor is a long one
		"any(event.properties.nothing, true)",                      // nor nothing
		"int(event.properties.text) == 1",
		"1 % event.properties.zero == 1",
		"event.properties.text ?? false",         // no bool
		"!event.properties.nothing",              // not of nil
		`{(event.value): 1} == {"a": 1}`,         // a key that is no text
		"event.properties.value matches \"abc\"", // a number has no letters
	} {
		set, faults := Compile([]Spec{{Name: "s", On: "purchase", When: text}, {Name: "other", On: "purchase"}})
		if len(faults) > 0 {
			t.Errorf("%s: refused already when compiled: %v", text, faults)
			continue
		}
		got, notes := set.Match(ev, collector.Profile{})
		if want := []collector.Note{{Field: "scenario.s.when", Reason: ReasonConditionFailed}}; !reflect.DeepEqual(notes, want) {
			t.Errorf("%s: want %v, got %v", text, want, notes)
		}
		if len(got) != 1 || got[0].Scenario != "other" {
			t.Errorf("%s: want the other scenario alone, got %+v", text, got)
		}
	}
	mapping := map[string]string{
		"good": "event.value", "infinite": "1 / 0", "half_a_letter": "event.properties.umlaut[0:1]", "missing": "event.properties.a.b",
		"large": `map(filter(event.properties.list, false) ?? [], 1)`,
	}
	got, notes := mustCompile(t, Spec{Name: "s", On: "purchase", Properties: mapping}).Match(ev, collector.Profile{})
	if len(got) != 1 || len(notes) != 4 {
		t.Fatalf("want one conversion and four notes, got %+v, %v", got, notes)
	}
	for i, name := range []string{"half_a_letter", "infinite", "large", "missing"} {
		if want := (collector.Note{Field: "scenario.s.properties." + name, Reason: ReasonMappingFailed}); notes[i] != want {
			t.Errorf("want %v, got %v", want, notes[i])
		}
	}
	if diff := cmp.Diff(map[string]any{"good": 1.0}, got[0].Properties); diff != "" {
		t.Error(diff)
	}
}

func TestAbsentFlagDoesNotHold(t *testing.T) {
	set := mustCompile(t, Spec{Name: "gift", On: "purchase", When: "event.properties.gift"})
	for flag, want := range map[any]int{true: 1, false: 0, nil: 0} {
		got, notes := set.Match(event("purchase", map[string]any{"gift": flag}), collector.Profile{})
		if len(got) != want || len(notes) > 0 {
			t.Errorf("gift %v: want %d conversions and no note, got %v, %v", flag, want, got, notes)
		}
	}
}

func TestPanicBecomesAnError(t *testing.T) {
	program, _ := compileCondition("event.value > 0")
	program.Bytecode = nil
	program.Arguments = nil
	if out, err := run(nil, env{}); err == nil {
		t.Errorf("want an error of no program, got %v", out)
	}
	if _, ok := (rule{when: []*vm.Program{program}}).holds(env{}); !ok {
		t.Error("an empty program gives nil, which does not hold")
	}
}

func TestValuesThatCannotBeSent(t *testing.T) {
	deep := any(1)
	for range maxValueDepth + 1 {
		deep = []any{deep}
	}
	for name, v := range map[string]any{
		"a deep list": deep, "a large text": string(make([]byte, maxValueBytes+1)), "a large list": make([]any, maxValueBytes),
		"a large key": map[string]any{string(make([]byte, maxValueBytes)): 1}, "another map": map[int]int{}, "a time": noon,
		"a list of times": []any{noon}, "a map of times": map[string]any{"a": noon},
	} {
		if got, err := plain(v); err == nil {
			t.Errorf("%s went through as %v", name, got)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	set := mustCompile(t, fourKinds...)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				value := float64(i*50 + j + 1)
				got, _ := set.Match(event("trial_started", map[string]any{"value": value}), collector.Profile{})
				if len(got) != 1 || got[0].Properties["value"] != 2*value {
					t.Errorf("value %v gave %+v", value, got)
				}
			}
		})
	}
	wg.Wait()
}

func TestSentences(t *testing.T) {
	for _, r := range []collector.Reason{ReasonConditionFailed, ReasonMappingFailed} {
		if Sentences()[r] == "" {
			t.Errorf("%s has no sentence", r)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	set := mustCompile(b, fourKinds...)
	ev := event("purchase", map[string]any{"value": 59.9, "currency": "EUR"})
	b.ReportAllocs()
	for b.Loop() {
		if got, _ := set.Match(ev, collector.Profile{}); len(got) != 1 {
			b.Fatal(fmt.Sprint(got))
		}
	}
}
