package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Fault is one thing that is wrong, or dangerous, in a file.
type Fault struct {
	// Line and Column count from 1, columns in characters. Both are 0 when the
	// fault is about the file as a whole.
	Line, Column int
	// Path names the key, such as sites[0].origins[1]; empty for syntax.
	Path string
	// Message is a sentence: what, which, why and what to do.
	Message string
}

// Faults is everything that was found in one file. Errors forbid its use,
// warnings do not. Both are in the order of the file.
type Faults struct {
	// File is the name that is printed before each line number.
	File string
	// Errors and Warnings are the findings.
	Errors, Warnings []Fault

	source source
}

// Err returns nil when there is no error, and otherwise one error whose text
// is all of them, printed as [Faults.WriteTo] does.
func (f Faults) Err() error {
	if len(f.Errors) == 0 {
		return nil
	}
	f.Warnings = nil
	return errors.New(strings.TrimSuffix(f.String(), "\n"))
}

// Add appends errors that another package found (see [Config.Fault]) and sorts.
func (f *Faults) Add(errs ...Fault) {
	f.Errors = append(f.Errors, errs...)
	f.sort()
}

// Warn appends warnings that another package found and sorts.
func (f *Faults) Warn(warnings ...Fault) {
	f.Warnings = append(f.Warnings, warnings...)
	f.sort()
}

func (f *Faults) sort() {
	byPlace := func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Message, b.Message))
	}
	slices.SortStableFunc(f.Errors, byPlace)
	slices.SortStableFunc(f.Warnings, byPlace)
}

// String is what WriteTo writes.
func (f Faults) String() string {
	var b strings.Builder
	_, _ = f.WriteTo(&b) // a Builder does not fail
	return b.String()
}

// WriteTo writes errors, then warnings, then how many there are: each with its
// place, its sentence, its source line and a caret. Secrets in the source line
// are masked. It writes nothing when there is nothing to say.
func (f Faults) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	for _, e := range f.Errors {
		f.print(&b, "error", e)
	}
	for _, e := range f.Warnings {
		f.print(&b, "warning", e)
	}
	if len(f.Errors)+len(f.Warnings) > 0 {
		fmt.Fprintf(&b, "%s, %s in %s.\n", count(len(f.Errors), "error"), count(len(f.Warnings), "warning"), f.File)
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

func (f Faults) print(b *strings.Builder, kind string, e Fault) {
	if e.Line == 0 {
		fmt.Fprintf(b, "%s: %s: %s\n\n", f.File, kind, e.Message)
		return
	}
	fmt.Fprintf(b, "%s:%d:%d: %s: %s\n", f.File, e.Line, e.Column, kind, e.Message)
	if line, caret, ok := f.source.show(e.Line, e.Column); ok {
		gutter := fmt.Sprintf("%5d | ", e.Line)
		fmt.Fprintf(b, "%s%s\n%s| %s^\n", gutter, line, strings.Repeat(" ", len(gutter)-2), caret)
	}
	b.WriteByte('\n')
}

func count(n int, what string) string {
	switch n {
	case 0:
		return "no " + what + "s"
	case 1:
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
