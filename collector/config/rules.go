package config

import (
	"reflect"
	"strconv"
	"strings"
	"time"
)

// rules are what a field's tags say about its key; see config.go.
type rules struct {
	required   bool
	hasDefault bool
	fallback   string
	enum       []string
	min, max   *int
	minItems   int
	maxLength  int
	example    string
	bounds     *[2]time.Duration
	item       bool // an entry of a list: may not be empty
}

// hint shows how the key may look, to somebody who left it out.
func (r rules) hint(name string) string {
	if r.example == "" {
		return " docs/configuration.md explains every key."
	}
	return " For example: " + name + ": " + r.example
}

// A field is one key that a struct knows.
type field struct {
	name  string
	index int
	rules rules
}

func find(fields []field, name string) (field, bool) {
	for _, f := range fields {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

// fieldsOf lists the keys of a struct in the order of the type.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		if name := f.Tag.Get("yaml"); name != "" {
			fields = append(fields, field{name, i, parseRules(f.Tag)})
		}
	}
	return fields
}

func parseRules(tag reflect.StructTag) rules {
	var r rules
	for part := range strings.SplitSeq(tag.Get("jsonschema"), ",") {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "required":
			r.required = true
		case "default":
			r.hasDefault, r.fallback = true, value
		case "enum":
			r.enum = append(r.enum, value)
		case "minimum":
			r.min = number(value)
		case "maximum":
			r.max = number(value)
		case "minItems":
			r.minItems = *number(value)
		case "maxLength":
			r.maxLength = *number(value)
		case "example":
			r.example = value
		}
	}
	if low, high, ok := strings.Cut(tag.Get("bounds"), ".."); ok {
		r.bounds = &[2]time.Duration{mustDuration(low), mustDuration(high)}
	}
	return r
}

// number and mustDuration read tags, which are right in a correct program.
func number(s string) *int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic("BUG: a tag of a configuration field holds no number: " + s)
	}
	return &n
}

func mustDuration(s string) time.Duration {
	d, err := parseDuration(s)
	if err != nil {
		panic("BUG: a tag of a configuration field holds no duration: " + s)
	}
	return d
}
