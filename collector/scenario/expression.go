package scenario

// One expression: from text to a checked program, and its run. Everything that
// touches the expression library's machine is here and in guard.go; both its
// errors and, should it ever panic, its panics end here.

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// MaxCharacters and MaxNodes bound an expression: its text, and the parts it
// is read into.
const (
	MaxCharacters = 2000
	MaxNodes      = 200
)

// compileCondition compiles an expression that has to give true or false.
func compileCondition(text string) (*vm.Program, []Fault) { return compile(text, expr.AsBool()) }

// compileProperty compiles an expression that gives a property's value.
func compileProperty(text string) (*vm.Program, []Fault) { return compile(text, expr.AsAny()) }

func compile(text string, expect expr.Option) (program *vm.Program, faults []Fault) {
	// The library has panicked on strange input in earlier versions; a
	// configuration must be told so and not stop the program.
	defer func() {
		if r := recover(); r != nil {
			program, faults = nil, []Fault{{Message: "The expression cannot be compiled. Write it in another way."}}
		}
	}()
	if f, ok := checkText(text); !ok {
		return nil, []Fault{f}
	}
	limits := conf.CreateNew()
	limits.MaxNodes = MaxNodes
	tree, err := parser.ParseWithConfig(text, limits)
	if err != nil {
		return nil, []Fault{syntaxFault(text, err)}
	}
	if faults := guard(tree.Node); len(faults) > 0 {
		return nil, faults
	}
	checks := []expr.Option{expr.Env(env{}), expr.MaxNodes(MaxNodes), expect}
	// Twice: the bound on lists takes whatever it is given, and so hides from
	// the type checker that a text is no list.
	if _, err := expr.Compile(text, checks...); err != nil {
		return nil, []Fault{typeFault(err)}
	}
	program, err = expr.Compile(text, append(checks, boundedLists(), expr.Patch(listBounds{}))...)
	if err != nil {
		return nil, []Fault{typeFault(err)}
	}
	return program, nil
}

func checkText(text string) (Fault, bool) {
	switch n := utf8.RuneCountInString(text); {
	case !utf8.ValidString(text):
		return Fault{Message: "The expression is not valid UTF-8."}, false
	case n > MaxCharacters:
		return Fault{Message: fmt.Sprintf("The expression has %d characters, and may have %d. Compute the value where the event is sent.", n, MaxCharacters)}, false
	case strings.TrimSpace(text) == "":
		return Fault{Message: "The expression is empty. Name a value, such as event.value, or leave the property out."}, false
	}
	return Fault{}, true
}

// braceBefore finds the beginning of a map literal that the language reads as
// the body of a function over a list: {"id", directly after a comma, or after
// the parenthesis of a piped call.
var braceBefore = regexp.MustCompile(`[,(]\s*\{\s*("[^"]*"|'[^']*'|[A-Za-z_]\w*)\s*$`)

// syntaxFault puts a parser's error into a sentence.
func syntaxFault(text string, err error) Fault {
	f := located(err)
	runes := []rune(text)
	before, after := string(runes[:f.Offset]), string(runes[f.Offset:])
	switch {
	case strings.HasPrefix(after, ":") && braceBefore.MatchString(before):
		f.Message = `Within map, filter and their like, { opens the body; a map needs two, as in map(event.properties.contents, {{"id": .sku}}).`
	case strings.Contains(f.Message, "maximum allowed nodes"):
		f.Message = fmt.Sprintf("The expression has more than %d parts. Compute the value where the event is sent.", MaxNodes)
	default:
		f.Message = "The expression cannot be read: " + f.Message + "."
	}
	return f
}

// typeFault puts a type checker's error into a sentence.
func typeFault(err error) Fault {
	f := located(err)
	var at *file.Error
	if errors.As(err, &at) {
		f.Message = "The expression cannot work: " + f.Message + "."
	} else { // the only error without a place: not a bool
		f.Message = "The condition has to be true or false, as event.value > 0 is: " + f.Message + "."
	}
	return f
}

// located takes the library's message and place; its snippet of the text is
// left to whoever shows the fault.
func located(err error) Fault {
	var at *file.Error
	if errors.As(err, &at) {
		return Fault{Offset: max(at.From, 0), Message: at.Message}
	}
	return Fault{Message: err.Error()}
}

// run evaluates a program. The library turns its own panics into errors; the
// recover is for those it would not. An error's text may quote the event and
// therefore goes no further than the caller's "it failed".
func run(program *vm.Program, e env) (out any, err error) {
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, errors.New("the expression panicked")
		}
	}()
	return expr.Run(program, e)
}
