package scenario

import (
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// A Mention is a name that an expression reads.
type Mention struct {
	// Path is the whole name from its root (event.properties.email), or what is
	// read of a list's entry (.email).
	Path string
	// Offset counts the characters of the expression before it.
	Offset int
}

// Mentions lists the names that an expression reads, in no order; none of one that
// cannot be read. It is for advice, not for safety: a name may be computed.
func Mentions(text string) []Mention {
	tree, err := parser.Parse(text)
	if err != nil {
		return nil
	}
	var all mentions
	ast.Walk(&tree.Node, &all)
	return all
}

type mentions []Mention

// Visit implements ast.Visitor.
func (m *mentions) Visit(node *ast.Node) {
	if member, ok := (*node).(*ast.MemberNode); ok {
		if path := pathOf(member); path != "" {
			*m = append(*m, Mention{path, max(member.Location().From, 0)})
		}
	}
}

// pathOf writes a chain of names as the file does; nothing when it is none.
func pathOf(node ast.Node) string {
	switch n := node.(type) {
	case *ast.IdentifierNode:
		return n.Value
	case *ast.ChainNode:
		return pathOf(n.Node)
	case *ast.MemberNode:
		name, fixed := n.Property.(*ast.StringNode)
		if !fixed {
			return ""
		}
		return pathOf(n.Node) + "." + name.Value
	}
	return ""
}

// Last is the last name of the path.
func (m Mention) Last() string { return m.Path[strings.LastIndexByte(m.Path, '.')+1:] }
