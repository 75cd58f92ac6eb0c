package config

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// A position is where the value of a key stands, and how it is written; the
// latter places a fault that another package found inside the value.
type position struct {
	line, column int
	style        yaml.Style
	value        string
}

// Position returns where the value of a key stands in the file, both from 1.
// path is written as in [Fault.Path]: sites[0].scenarios[1].when. A key that
// the file leaves out has the position of what would hold it; a path of
// nowhere has 0, 0.
func (c *Config) Position(path string) (line, column int) {
	p := c.position(path)
	return p.line, p.column
}

func (c *Config) position(path string) position {
	for {
		if p, ok := c.positions[path]; ok {
			return p
		}
		i := strings.LastIndexAny(path, ".[")
		if i < 0 {
			return c.positions[""]
		}
		path = path[:i]
	}
}

// Fault makes a fault of another package's finding about the value at path.
// offset counts characters into the value, as a condition's compiler reports
// it; 0 points at the value's beginning. The message is a sentence.
func (c *Config) Fault(path string, offset int, message string) Fault {
	p := c.position(path)
	f := Fault{Line: p.line, Column: p.column, Path: path, Message: message}
	if offset <= 0 || offset > utf8.RuneCountInString(p.value) || strings.Contains(p.value, "\n") {
		return f // the beginning is as near as we can tell
	}
	switch p.style &^ yaml.TaggedStyle {
	case 0: // plain: character for character
		f.Column += offset
	case yaml.SingleQuotedStyle:
		f.Column += 1 + offset + strings.Count(string([]rune(p.value)[:offset]), "'")
	case yaml.DoubleQuotedStyle:
		if !strings.ContainsAny(p.value, "\"\\\t") {
			f.Column += 1 + offset
		}
	}
	return f
}
