package scenario

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func TestFaults(t *testing.T) {
	tests := []struct {
		when, message string // message: how it begins
		offset        int
	}{
		{"event.valu > 0", `"event" has no field "valu". Did you mean "value"? The site's own properties are written event.properties.valu.`, 6},
		{`event.action == "add"`, `"event" has no field "action". The site's own properties are written event.properties.action.`, 6},
		{`event["valeu"] > 0`, `"event" has no field "valeu". Did you mean "value"?`, 5},
		{`"ü" == event.nam`, `"event" has no field "nam". Did you mean "name"?`, 13},
		{"session.age > 3", `"session" has no field "age". It has country, region, landing_url, age_minutes, browser, mobile, bot.`, 8},
		{"profile.hasclick", `"profile" has no field "hasclick". Did you mean "has_click"?`, 8},
		{"evnt.value > 0", `There is no "evnt" here. Did you mean "event"?`, 0},
		{"value > 0", `There is no "value" here. Did you mean event.value?`, 0},
		{"DE == session.country", `There is no "DE" here. An expression begins at event, session or profile`, 0},
		{`$env["event"] == nil`, `There is no "$env" here.`, 0},
		{"event == nil", `"event" alone is not a value. Name a field of it: name,`, 0},
		{"event[event.name] == 1", `"event" alone is not a value.`, 0},
		{"session.age_minutes", "The condition has to be true or false, as event.value > 0 is: expected bool, but got float64.", 0},
		{"event.url > 3", "The expression cannot work: invalid operation: > (mismatched types string and int).", 10},
		{"event.value >", "The expression cannot be read: unexpected token EOF.", 12},
		{"event.value = 3", "The expression cannot be read: unexpected token", 12},
		{`event.url matches "("`, "The expression cannot work: error parsing regexp: missing closing )", 10},
		{"any(event.url, true)", "The expression cannot work: builtin any takes only array", 10},
		{`any(map(event.properties.contents, {"id": .sku}), true)`, "Within map, filter and their like, { opens the body; a map needs two", 40},
		{`event.properties.contents | map({ id: .sku })`, "Within map, filter and their like", 36},
		{"event.vlaue > 0 and event.curency == 1", `"event" has no field "vlaue".`, 6},
		{"ceiling(event.value) > 1", `There is no function "ceiling". Available are abs, all,`, 0},
		{"rond(event.value) > 1", `There is no function "rond". Did you mean "round"?`, 0},
		{"event.properties.run()", `There is no function "run".`, 17},
		{"any(event.properties, true)", "The expression cannot work: builtin any takes only array", 10},
		{"\xff", "The expression is not valid UTF-8.", 0},
	}
	for _, tt := range tests {
		_, faults := Compile([]Spec{{}, {Name: "s", On: "purchase", When: tt.when}})
		if len(faults) == 0 {
			t.Errorf("%s: no fault", tt.when)
			continue
		}
		f := faults[0]
		if f.Scenario != "s" || f.Index != 1 || f.Field != "when" || f.Offset != tt.offset || !strings.HasPrefix(f.Message, tt.message) {
			t.Errorf("%s:\nwant %d %s\ngot  %+v", tt.when, tt.offset, tt.message, f)
		}
	}
}

func TestBraceHintOnlyInsideAFunction(t *testing.T) {
	if _, faults := Compile([]Spec{{Properties: map[string]string{"p": `{"id": event.id : 1}`}}}); len(faults) != 1 || strings.Contains(faults[0].Message, "{{") {
		t.Errorf("want a fault without the hint, got %+v", faults)
	}
}

func TestAllFaultsAtOnceInOrder(t *testing.T) {
	many := map[string]string{}
	for i := range MaxProperties + 1 {
		many[fmt.Sprint(i)] = "1"
	}
	set, faults := Compile([]Spec{
		{Name: "a", When: "event.vlaue > 0 and event.curency == 1", Properties: map[string]string{"z": "1 +", "b": " ", "c": "event.value"}},
		{Name: "good", When: "event.value > 0"},
		{Name: "c", When: "true", Properties: many},
	})
	if set != nil {
		t.Error("a set with faults must not be usable")
	}
	var got []string
	for _, f := range faults {
		got = append(got, fmt.Sprintf("%d %s %s %d", f.Index, f.Scenario, f.Field, f.Offset))
	}
	want := []string{"0 a when 6", "0 a when 26", "0 a properties.b 0", "0 a properties.z 2", "2 c properties 0"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("want %q\ngot  %q", want, got)
	}
}

func TestBlankConditionHoldsAlways(t *testing.T) {
	mustCompile(t, Spec{When: " \n"})
}

func TestSetKeepsNothingOfTheSpec(t *testing.T) {
	spec := Spec{On: "lead", Purposes: []string{"p"}, To: []string{"main"}, Properties: map[string]string{"a": "1"}}
	set := mustCompile(t, spec)
	spec.To[0], spec.Purposes[0] = "x", "x"
	clear(spec.Properties)
	if r := set.on["lead"][0]; r.to[0] != "main" || r.purposes[0] != "p" || len(r.properties) != 1 {
		t.Errorf("the set changed with the spec: %+v", r)
	}
}

// TestDocumentedNames: the table in doc.go and the functions' list are what an
// analyst writes by, so they must be the truth.
func TestDocumentedNames(t *testing.T) {
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^//\t(\w+\.\w+) +(string|number|bool|int|map|any) `).FindAllStringSubmatch(string(source), -1) {
		documented[m[1]] = m[2]
	}
	words := map[reflect.Kind]string{reflect.String: "string", reflect.Float64: "number", reflect.Bool: "bool", reflect.Int: "int", reflect.Map: "map", reflect.Interface: "any"}
	seen := map[string]string{}
	for group := range reflect.TypeFor[env]().Fields() {
		for field := range group.Type.Fields() {
			seen[group.Tag.Get("expr")+"."+field.Tag.Get("expr")] = words[field.Type.Kind()]
		}
	}
	if !reflect.DeepEqual(documented, seen) {
		t.Errorf("doc.go says %v\nthe environment is %v", documented, seen)
	}
}
