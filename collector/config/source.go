package config

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// source is the text of the file as faults print it: without what should not
// have been written into it. People paste this output into tickets.
type source struct {
	lines []string
	// hidden are the places of values that must not be printed.
	hidden []span
	// unparsed is true when the file has no structure to tell what is secret.
	unparsed bool
}

// A span is a value in a line: from a column (from 1, in characters) on, for
// a number of characters, or to the line's end when that is not known. Lines
// after the first, down to last, are hidden whole.
type span struct{ line, column, length, last int }

func newSource(text string) source {
	return source{lines: strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")}
}

// hide marks everything beneath n as not to be printed.
func (s *source) hide(n *yaml.Node) {
	if len(n.Content) > 0 {
		for i, c := range n.Content {
			if n.Kind != yaml.MappingNode || i%2 == 1 {
				s.hide(c)
			}
		}
		return
	}
	if n.Kind != yaml.ScalarNode || n.Value == "" {
		return
	}
	sp := span{line: n.Line, column: n.Column, last: n.Line}
	written := n.Value
	switch n.Style &^ yaml.TaggedStyle {
	case yaml.SingleQuotedStyle:
		written = "'" + written + "'"
	case yaml.DoubleQuotedStyle:
		written = `"` + written + `"`
	}
	if n.Line <= len(s.lines) && strings.HasPrefix(from(s.lines[n.Line-1], n.Column), written) {
		sp.length = len([]rune(written))
	} else { // escapes, several lines, tags: hide more rather than less
		sp.last = s.lastLine(n)
	}
	s.hidden = append(s.hidden, sp)
}

// settle puts what is hidden in the order of the text.
func (s *source) settle() {
	slices.SortFunc(s.hidden, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	s.hidden = slices.Compact(s.hidden)
}

// lastLine is an upper bound of where a scalar over several lines ends: the
// last following line that is indented deeper than the line it begins in.
func (s *source) lastLine(n *yaml.Node) int {
	indent := func(l string) int { return len(l) - len(strings.TrimLeft(l, " ")) }
	last := n.Line
	for last < len(s.lines) {
		next := s.lines[last]
		if strings.TrimSpace(next) != "" && indent(next) <= indent(s.lines[n.Line-1]) {
			break
		}
		last++
	}
	return last
}

// show returns a line as it may be printed, and the blanks that put a caret
// under a column of it.
func (s *source) show(line, column int) (shown, caret string, ok bool) {
	if line < 1 || line > len(s.lines) {
		return "", "", false
	}
	runes := []rune(strings.TrimPrefix(s.lines[line-1], "\ufeff"))
	at := min(max(column-1, 0), len(runes)) // the caret, counted from 0
	for i := len(s.hidden) - 1; i >= 0; i-- {
		sp := s.hidden[i]
		if line > sp.line && line <= sp.last {
			return masked, "", true
		}
		if line != sp.line || sp.column-1 > len(runes) {
			continue
		}
		start, end := sp.column-1, len(runes)
		if sp.length > 0 {
			end = min(start+sp.length, end)
		}
		runes = append(append(append([]rune{}, runes[:start]...), []rune(masked)...), runes[end:]...)
		switch {
		case at >= end:
			at += len(masked) - (end - start)
		case at > start:
			at = start
		}
	}
	if s.unparsed {
		runes, at = maskByLook(string(runes), at)
	}
	if len(runes) > 160 { // a long line is shown around the caret
		lo := max(0, at-80)
		hi := min(len(runes), lo+160)
		runes, at = runes[lo:hi], at-lo
	}
	return printable(string(runes)), strings.Repeat(" ", min(at, len(runes))), true
}

// secretLook finds what may be a secret in a line of a file that does not
// parse: the value after a key with such a name, or a list's item without key.
var secretLook = regexp.MustCompile(`(?i)((?:token|password|write_keys|secret|key|previous)["']?\s*:\s*)(.+)$|^(\s*-\s+)([^\s:]{8,})\s*$`)

func maskByLook(line string, at int) ([]rune, int) {
	m := secretLook.FindStringSubmatchIndex(line)
	if m == nil {
		return []rune(line), at
	}
	start := m[4]
	if start < 0 {
		start = m[8]
	}
	if rest := strings.TrimLeft(line[start:], `"'[ `); strings.HasPrefix(rest, "${") {
		return []rune(line), at
	}
	return []rune(line[:start] + masked), min(at, len([]rune(line[:start])))
}

// from returns a line from a column on, counted from 1 in characters.
func from(line string, column int) string {
	runes := []rune(strings.TrimPrefix(line, "\ufeff"))
	if column-1 > len(runes) {
		return ""
	}
	return string(runes[column-1:])
}

// printable replaces what would disturb a terminal; a tab counts as one
// character for YAML and has to for the caret.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}
