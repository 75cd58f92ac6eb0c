package scenario

// Names: every expression begins at event, session or profile, and what it may
// say after that is known. A wrong name is answered with the right one.

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// A root is a name at which an expression begins, with its fields.
type root struct {
	name   string
	fields []string
}

var roots = func() (all []root) {
	for group := range reflect.TypeFor[env]().Fields() {
		r := root{name: group.Tag.Get("expr")}
		for field := range group.Type.Fields() {
			r.fields = append(r.fields, field.Tag.Get("expr"))
		}
		all = append(all, r)
	}
	return all
}()

func rootOf(name string) (root, bool) {
	i := slices.IndexFunc(roots, func(r root) bool { return r.name == name })
	if i < 0 {
		return root{}, false
	}
	return roots[i], true
}

// root judges a name that stands alone.
func (g *search) root(n *ast.IdentifierNode) {
	if r, ok := rootOf(n.Value); ok {
		g.fault(n, "%q alone is not a value. Name a field of it: %s.", n.Value, strings.Join(r.fields, ", "))
		return
	}
	g.fault(n, "There is no %q here.%s", n.Value, suggestRoot(n.Value))
}

func suggestRoot(name string) string {
	var names []string
	for _, r := range roots {
		if slices.Contains(r.fields, name) {
			return fmt.Sprintf(" Did you mean %s.%s?", r.name, name)
		}
		names = append(names, r.name)
	}
	if s := didYouMean(name, names); s != "" {
		return s
	}
	return " An expression begins at event, session or profile; a text stands in quotes."
}

// field judges root.field; done is false when the node is something else.
func (g *search) field(n *ast.MemberNode) (done bool) {
	id, ok := n.Node.(*ast.IdentifierNode)
	if !ok {
		return false
	}
	r, known := rootOf(id.Value)
	name, fixed := n.Property.(*ast.StringNode)
	if !known || !fixed {
		return false
	}
	if !slices.Contains(r.fields, name.Value) {
		g.fault(n, "%q has no field %q.%s", r.name, name.Value, suggestField(r, name.Value))
	}
	return true
}

func suggestField(r root, name string) string {
	s := didYouMean(name, r.fields)
	if r.name == "event" {
		return s + fmt.Sprintf(" The site's own properties are written event.properties.%s.", name)
	}
	if s != "" {
		return s
	}
	return fmt.Sprintf(" It has %s.", strings.Join(r.fields, ", "))
}

// didYouMean names the candidate that is at most two letters away, if any.
func didYouMean(word string, candidates []string) string {
	best, at := "", 3
	if len(word) > 64 {
		return ""
	}
	for _, c := range candidates {
		if d := distance(word, c); d < at && 2*d < len(c) {
			best, at = c, d
		}
	}
	if best == "" {
		return ""
	}
	return " Did you mean " + strconv.Quote(best) + "?"
}

// distance counts the letters to insert, remove or replace (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
