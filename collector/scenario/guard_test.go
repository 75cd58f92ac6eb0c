package scenario

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/parser"

	"matchkey/collector"
)

// bombs take memory or time without end when there is no guard: the first few
// were seen to (reference/deps.md § 3), the others follow from how the library
// evaluates. None may get as far as being compiled, so none is ever run.
var bombs = []string{
	// from the evaluation of the library (deps.md § 3)
	`reduce(1..10000, #acc + #acc, "xxxxxxxxxx")`,
	`let a = 1..999; all(a, all(a, all(a, all(a, # > 0))))`,
	`let a = split(event.url, ""); all(a, all(a, true))`,
	`repeat("x", 1000000)`,
	// the same without let or range
	`::reduce([1, 2], #acc + #acc, "x")`,
	`[1, 2] | reduce(#acc + #acc, "x")`,
	`all([1], all([1], all([1], true)))`,
	`all(filter([1], all([1], all([1], true))), true)`,
	`all([1], all([1], count([1], true) > 0))`,
	`count(1..1000000) > 1`,
	// doubling without reduce
	`let a = "xxxxxxxxxx"; let b = a + a; let c = b + b; c == c`,
	`map(map(map(["xxxxxxxxxx"], # + #), # + #), # + #)`,
	`["x"] | map([#, #]) | map([#, #]) | map([#, #])`,
	`[first(map(["x"], # + #))] | map(# + #)`,
	`any(map(event.properties.a, # + #), true)`,
	`map(event.properties.a, map(event.properties.a, event.url + event.url))`,
	`replace(replace("aa", "a", "aaaaaaaa"), "a", "aaaaaaaa")`,
	`concat([1], [1])`, `flatten([[1]])`, `toJSON(event.properties)`, `join(["a", "b"], event.url)`,
	`splitAfter(event.url, "")`, `groupBy([1], #)`, `sortBy([1], #)`, `toPairs(event.properties)`,
	// a pattern chosen by the event
	`event.url matches event.currency`,
	// not the same tomorrow
	`now() > date("2026-01-01")`, `timezone("Europe/Berlin") == nil`, `duration("1h") == duration("1h")`,
	// not a value
	`1; 2`, `b"abc"`,
}

func TestBombsAreRefused(t *testing.T) {
	for _, text := range bombs {
		for field, compile := range map[string]Spec{"when": {When: text}, "property": {Properties: map[string]string{"p": text}}} {
			if _, faults := Compile([]Spec{compile}); len(faults) == 0 {
				t.Errorf("as %s not refused: %s", field, text)
			} else if m := faults[0].Message; strings.HasPrefix(m, "The expression cannot") {
				t.Errorf("refused by the library and not by the guard: %s: %s", text, m)
			}
		}
	}
}

func TestBounds(t *testing.T) {
	for text, want := range map[string]string{
		strings.Repeat("!", MaxNodes) + "true":             "The expression has more than 200 parts.",
		`"` + strings.Repeat("ü", MaxCharacters-1) + `"`:   "The expression has 2001 characters, and may have 2000.",
		strings.Repeat("(", MaxCharacters):                 "The expression cannot be read:",
		strings.Repeat("[", MaxCharacters):                 "The expression cannot be read:",
		strings.Repeat("if true {", MaxCharacters/9):       "The expression has more than 200 parts.",
		strings.Repeat("1+", MaxNodes) + "1 > 0":           "The expression has more than 200 parts.",
		"event" + strings.Repeat("?.a", MaxNodes) + " > 0": "The expression has more than 200 parts.",
	} {
		_, faults := Compile([]Spec{{When: text}})
		if len(faults) != 1 || !strings.HasPrefix(faults[0].Message, want) {
			t.Errorf("%.20s…: want %q, got %+v", text, want, faults)
		}
	}
	mustCompile(t, Spec{Properties: map[string]string{"p": `"` + strings.Repeat("ü", MaxCharacters-2) + `"`}})
}

// TestWorstThatIsAllowed runs the most work that passes: two bodies over the
// longest list, a text of the edge's greatest length at every step.
func TestWorstThatIsAllowed(t *testing.T) {
	long := make([]any, maxList)
	for i := range long {
		long[i] = float64(i)
	}
	ev := event("purchase", map[string]any{"a": long, "s": strings.Repeat("x", 1024)})
	set := mustCompile(t, Spec{On: "purchase", When: `all(event.properties.a, all(event.properties.a, not (event.properties.s contains "y")))`})
	if got, notes := set.Match(ev, collector.Profile{}); len(got) != 1 || len(notes) > 0 {
		t.Errorf("want one conversion, got %v, %v", got, notes)
	}
}

// TestEveryFunctionOfTheLibraryIsDecided: a function that a newer library
// brings is refused until it is listed, and what is listed exists.
func TestEveryFunctionOfTheLibraryIsDecided(t *testing.T) {
	if !slices.IsSorted(functions) {
		t.Error("the list is not sorted")
	}
	for _, name := range functions {
		if _, ok := builtin.Index[name]; !ok {
			t.Errorf("%s is listed and does not exist", name)
		}
	}
	for _, name := range builtin.Names {
		if faults := guard(&ast.BuiltinNode{Name: name}); slices.Contains(functions, name) == (len(faults) > 0) {
			t.Errorf("%s: %v", name, faults)
		}
	}
	Functions()[0] = "changed"
	if functions[0] == "changed" {
		t.Error("Functions gives away the list itself")
	}
}

// counter counts the nodes that the library's own walk visits.
type counter int

func (c *counter) Visit(*ast.Node) { *c++ }

func countAll(n ast.Node) int {
	total := 1
	for _, child := range children(n) {
		total += countAll(child)
	}
	return total
}

// TestReflectionVisitsEverything compares our walk with the library's.
func TestReflectionVisitsEverything(t *testing.T) {
	for _, text := range append([]string{
		`{"a": [1, 2.5, "x", nil, true], (event.name): event?.properties["a"][1:2][:3][1:]}`,
		`-1 + 2 in [3] ? not true : event.url ?? "x"; filter([1], # > 1 and #index < 2)`,
		`if a { b } else if c { d } else { e }`,
	}, bombs...) {
		tree, err := parser.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		var want counter
		ast.Walk(&tree.Node, &want)
		if got := countAll(tree.Node); got != int(want) {
			t.Errorf("%s: the library visits %d nodes and we %d", text, want, got)
		}
	}
}

// strange stands for a kind of node that a newer library might bring.
type strange struct {
	ast.NilNode
	Inner struct {
		Deep  map[string][]ast.Node
		Other *struct{ Node ast.Node }
	}
}

func TestUnknownNodesAreRefusedAndSearched(t *testing.T) {
	n := &strange{}
	n.Inner.Deep = map[string][]ast.Node{"a": {&ast.NilNode{}, nil}}
	n.Inner.Other = &struct{ Node ast.Node }{&ast.BuiltinNode{Name: "reduce", Arguments: []ast.Node{&ast.NilNode{}}}}
	if got := fmt.Sprintf("%T", children(n)); got != "[]ast.Node" || countAll(n) != 4 {
		t.Errorf("want 4 nodes, got %d", countAll(n))
	}
	faults := guard(&ast.ArrayNode{Nodes: []ast.Node{n}})
	if len(faults) != 1 || !strings.HasPrefix(faults[0].Message, "This is not part of the language of scenarios") {
		t.Errorf("an unknown kind was let through: %v", faults)
	}
}

func TestOperatorsAreListed(t *testing.T) {
	for _, n := range []ast.Node{
		&ast.BinaryNode{Operator: "<=>", Left: &ast.NilNode{}, Right: &ast.NilNode{}},
		&ast.UnaryNode{Operator: "~", Node: &ast.NilNode{}},
	} {
		if len(guard(n)) != 1 {
			t.Errorf("%T with an unknown operator was let through", n)
		}
	}
}
