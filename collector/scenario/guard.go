package scenario

// The guard keeps expressions cheap. The library has no way to stop a running
// expression, and its memory budget does not count the bytes of a string, so
// that one line of configuration can take the machine: a reduce that doubles a
// string is "out of memory", which no recover catches. Disabling functions by
// the library's own switch does not reach those that take a body (reduce, map).
// Therefore the parsed tree is searched before it is compiled, and only what is
// listed here may be in it:
//
//   - no reduce, repeat, replace, split, concat, join …: they make large values of small ones;
//   - no .. : it makes a long list of nothing;
//   - no let: named values double each other, let b = a + a; let c = b + b;
//   - no map within another function over a list: chained, they double as let does;
//   - bodies at most two deep, and every list at most 100 entries (listBounds), so that 100² steps are the end;
//   - fixed patterns only: compiling a pattern is dear, and an event must not choose it;
//   - no now, no dates: the same event must match alike in a replay.
//
// What remains is bounded by the edge, which takes 8 KiB of properties an
// event. The search follows every exported field by reflection and refuses
// kinds it does not know, so a newer library cannot bring in a new one unseen.

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
)

const (
	maxBodies = 2   // functions over a list within each other
	maxList   = 100 // entries of a list that such a function takes; the edge's bound, too
)

// functions are all that may be called. Each is linear in its argument and
// gives at most as much as it was given.
var functions = []string{
	"abs", "all", "any", "ceil", "count", "filter", "find", "first", "float", "floor", "get", "hasPrefix", "hasSuffix",
	"int", "last", "len", "lower", "map", "max", "min", "none", "one", "round", "string", "sum", "trim", "trimPrefix",
	"trimSuffix", "type", "upper",
}

// Functions lists what an expression may call, sorted.
func Functions() []string { return slices.Clone(functions) }

var operators = []string{
	"+", "-", "*", "/", "%", "**", "^", "==", "!=", "<", ">", "<=", ">=", "!", "not", "&&", "||", "and", "or",
	"??", "in", "contains", "startsWith", "endsWith", "matches",
}

// guard returns everything in a tree that may not be there, by place.
func guard(root ast.Node) []Fault {
	var g search
	g.visit(root, place{})
	slices.SortStableFunc(g.faults, func(a, b Fault) int { return cmp.Compare(a.Offset, b.Offset) })
	return g.faults
}

type search struct{ faults []Fault }

// place says where in a tree a node stands.
type place struct {
	bodies int  // bodies around it
	within bool // the list or body of a function over a list
}

func (g *search) fault(n ast.Node, format string, args ...any) {
	g.faults = append(g.faults, Fault{Offset: max(n.Location().From, 0), Message: fmt.Sprintf(format, args...)})
}

// visit judges a node and everything below it. What was refused is not
// searched further, so that one mistake is one fault.
func (g *search) visit(node ast.Node, at place) {
	before := len(g.faults)
	descend := true
	switch n := node.(type) {
	case *ast.NilNode, *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.StringNode, *ast.ArrayNode, *ast.MapNode,
		*ast.PairNode, *ast.ChainNode, *ast.SliceNode, *ast.ConditionalNode, *ast.PointerNode:
	case *ast.UnaryNode:
		g.operator(n, n.Operator)
	case *ast.BinaryNode:
		g.operator(n, n.Operator)
		if _, fixed := n.Right.(*ast.StringNode); n.Operator == "matches" && !fixed {
			g.fault(n, `What follows "matches" has to be a text in quotes: a pattern is compiled once, and never taken from an event.`)
		}
	case *ast.IdentifierNode:
		g.root(n)
	case *ast.MemberNode:
		descend = !g.field(n)
	case *ast.PredicateNode:
		if at.bodies++; at.bodies > maxBodies {
			g.fault(n, "Functions over lists are nested more than %d deep here. Every level multiplies the work; compute this where the event is sent.", maxBodies)
		}
	case *ast.BuiltinNode:
		at = g.function(n, at)
	case *ast.CallNode:
		g.fault(n, "%s", unavailable(callee(n)))
	case *ast.VariableDeclaratorNode:
		g.fault(n, `"let" is not available here: values that build on each other grow without bound. Write the value out.`)
	case *ast.SequenceNode:
		g.fault(n, `";" is not available here: an expression is one value.`)
	default:
		g.fault(n, "This is not part of the language of scenarios (%s).", strings.TrimPrefix(fmt.Sprintf("%T", n), "*ast."))
	}
	if descend && len(g.faults) == before {
		for _, child := range children(node) {
			g.visit(child, at)
		}
	}
}

func (g *search) operator(n ast.Node, op string) {
	switch {
	case slices.Contains(operators, op):
	case op == "..":
		g.fault(n, `".." is not available here: a range is a list of any length. Compare instead, as in event.value >= 1 and event.value <= 10.`)
	default:
		g.fault(n, "The operator %q is not available here.", op)
	}
}

// function judges a call and tells where its arguments stand.
func (g *search) function(n *ast.BuiltinNode, at place) place {
	if !slices.Contains(functions, n.Name) {
		g.fault(n, "%s", unavailable(n.Name))
		return at
	}
	if n.Name == "map" && at.within {
		g.fault(n, `"map" may not stand within another function over a list, because such chains grow without bound. Filter first and map last, or compute this where the event is sent.`)
	}
	at.within = at.within || hasBody(n)
	return at
}

func unavailable(name string) string {
	if _, known := builtin.Index[name]; known {
		return fmt.Sprintf("The function %q is not available here: scenarios run for every event and cannot be stopped, so only functions of small and known cost are, and none that reads the clock. Available are %s.", name, strings.Join(functions, ", "))
	}
	return fmt.Sprintf("There is no function %q.%s Available are %s.", name, didYouMean(name, functions), strings.Join(functions, ", "))
}

func callee(n *ast.CallNode) string {
	switch c := n.Callee.(type) {
	case *ast.IdentifierNode:
		return c.Value
	case *ast.MemberNode:
		if s, ok := c.Property.(*ast.StringNode); ok {
			return s.Value
		}
	}
	return "()"
}

// hasBody reports whether a call is one over a list.
func hasBody(n *ast.BuiltinNode) bool {
	return slices.ContainsFunc(n.Arguments, func(a ast.Node) bool { _, ok := a.(*ast.PredicateNode); return ok })
}

var nodeType = reflect.TypeFor[ast.Node]()

// children returns the nodes directly below a node, whatever its type.
func children(n ast.Node) []ast.Node {
	v := reflect.ValueOf(n)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return nil
	}
	return gather(v.Elem(), nil)
}

func gather(v reflect.Value, found []ast.Node) []ast.Node {
	if v.Type().Implements(nodeType) {
		if n, ok := v.Interface().(ast.Node); ok && !reflect.ValueOf(n).IsNil() {
			found = append(found, n)
		}
		return found
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			found = gather(v.Index(i), found)
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			found = gather(it.Value(), gather(it.Key(), found))
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			found = gather(v.Elem(), found)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				found = gather(v.Field(i), found)
			}
		}
	}
	return found
}

// listBounds lets every function over a list take only lists, and only short
// ones. Without it such a function would also walk a text letter by letter.
type listBounds struct{}

const boundedList = "bounded list" // a name that no expression can write

func (listBounds) Visit(node *ast.Node) {
	if n, ok := (*node).(*ast.BuiltinNode); ok && hasBody(n) {
		list := n.Arguments[0]
		n.Arguments[0] = &ast.CallNode{Callee: &ast.IdentifierNode{Value: boundedList}, Arguments: []ast.Node{list}}
		n.Arguments[0].SetLocation(list.Location())
	}
}

var errNotAList = errors.New("a function over a list was given something else, or more entries than allowed")

func boundedLists() expr.Option {
	return expr.Function(boundedList, func(args ...any) (any, error) {
		v := reflect.ValueOf(args[0])
		if v.Kind() != reflect.Slice || v.Len() > maxList {
			return nil, errNotAList
		}
		if list, ok := args[0].([]any); ok {
			return list, nil
		}
		list := make([]any, v.Len()) // a literal of numbers or texts, folded by the compiler
		for i := range list {
			list[i] = v.Index(i).Interface()
		}
		return list, nil
	}, new(func(any) []any))
}
