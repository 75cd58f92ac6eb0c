package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// The decoder walks the YAML tree beside the types of config.go. It is our own,
// because the library's stops at a mistake's first half: it knows no required
// keys, no defaults, no "did you mean", and it loses where a good value stood,
// which the checks after it need.

// maxNodes bounds the walk; aliases could make a small file a very large tree.
const maxNodes = 100_000

type decoder struct {
	outside
	faults    *Faults
	positions map[string]position
	budget    int
}

func (d *decoder) fault(n *yaml.Node, path, format string, args ...any) {
	d.faults.Errors = append(d.faults.Errors, Fault{n.Line, n.Column, path, fmt.Sprintf(format, args...)})
}

func (d *decoder) warn(n *yaml.Node, path, format string, args ...any) {
	d.faults.Warnings = append(d.faults.Warnings, Fault{n.Line, n.Column, path, fmt.Sprintf(format, args...)})
}

func (d *decoder) errorAt(path, format string, args ...any) {
	p := (&Config{positions: d.positions}).position(path)
	d.faults.Errors = append(d.faults.Errors, Fault{p.line, p.column, path, fmt.Sprintf(format, args...)})
}

// decodeRoot decodes the document into c.
func (d *decoder) decodeRoot(n *yaml.Node, c *Config) {
	d.positions[""] = position{line: n.Line, column: n.Column}
	d.decode(n, reflect.ValueOf(c).Elem(), "", rules{})
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	prefixType   = reflect.TypeFor[netip.Prefix]()
	secretType   = reflect.TypeFor[Secret]()
)

// decode puts n into v. What is wrong is reported, and v keeps its zero there.
func (d *decoder) decode(n *yaml.Node, v reflect.Value, path string, r rules) {
	if d.budget--; d.budget < 0 {
		if d.budget == -1 {
			d.fault(n, path, "The file is too large once its aliases (*name) are written out.")
		}
		return
	}
	if n.Kind == yaml.AliasNode {
		if n.Alias.Kind != yaml.ScalarNode {
			d.fault(n, path, "%s is an alias of a whole block. Write the block out: faults could not be placed otherwise.", named(path))
			return
		}
		n = n.Alias
	}
	if _, known := d.positions[path]; !known && n.Line > 0 { // a default stands nowhere
		d.positions[path] = position{n.Line, n.Column, n.Style, n.Value}
	}
	switch {
	case v.Type() == secretType:
		d.secret(n, v, path)
	case v.Type() == durationType:
		d.duration(n, v, path, r)
	case v.Type() == prefixType:
		d.prefix(n, v, path)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.decode(n, v.Elem(), path, r)
	case v.Kind() == reflect.Struct:
		d.object(n, v, path)
	case v.Kind() == reflect.Slice:
		d.list(n, v, path, r)
	case v.Kind() == reflect.Map:
		d.texts(n, v, path)
	case v.Kind() == reflect.String:
		d.text(n, v, path, r)
	case v.Kind() == reflect.Int:
		d.integer(n, v, path, r)
	case v.Kind() == reflect.Bool:
		d.boolean(n, v, path)
	default:
		panic("BUG: config has a field of a type that the decoder does not know: " + v.Type().String())
	}
}

// object decodes a block of keys into a struct, then fills in defaults.
func (d *decoder) object(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.wrongKind(n, path, "a block of keys")
		d.defaults(v)
		return
	}
	fields := fieldsOf(v.Type())
	seen, filled := map[string]*yaml.Node{}, map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		f, known := find(fields, key.Value)
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" || !known {
			d.unknownKey(key, value, path, fields)
			continue
		}
		at := join(path, f.name)
		if first := seen[f.name]; first != nil {
			d.fault(key, at, "%s is given twice, first in line %d. Keep one.", named(at), first.Line)
			d.decode(value, reflect.New(v.Type().Field(f.index).Type).Elem(), at, f.rules) // its own faults, too
			continue
		}
		seen[f.name] = key
		switch {
		case !isNull(value):
			filled[f.name] = true
			d.decode(value, v.Field(f.index), at, f.rules)
		case f.rules.required:
			filled[f.name] = true // reported here, not again below
			d.fault(key, at, "%s has no value. It is required.%s", named(at), f.rules.hint(f.name))
		default: // as if the line were not there
			d.positions[at] = position{line: key.Line, column: key.Column}
		}
	}
	for _, f := range fields {
		if filled[f.name] {
			continue
		}
		if at := join(path, f.name); f.rules.required {
			d.fault(n, at, "%s is missing. It is required.%s", named(at), f.rules.hint(f.name))
		}
		d.defaultField(v.Field(f.index), f)
	}
}

// defaults fills in the defaults of a struct that the file leaves out.
func (d *decoder) defaults(v reflect.Value) {
	for _, f := range fieldsOf(v.Type()) {
		d.defaultField(v.Field(f.index), f)
	}
}

func (d *decoder) defaultField(v reflect.Value, f field) {
	switch {
	case f.rules.hasDefault:
		d.decode(&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: f.rules.fallback}, v, f.name, f.rules)
	case v.Kind() == reflect.Struct && v.Type() != secretType && v.Type() != prefixType:
		d.defaults(v)
	}
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, path string, r rules) {
	if n.Kind != yaml.SequenceNode {
		d.wrongKind(n, path, "a list")
		if v.Type().Elem() == secretType {
			d.faults.source.hide(n)
		}
		return
	}
	if len(n.Content) < r.minItems {
		d.fault(n, path, "%s is empty. It needs at least one entry.", named(path))
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		if isNull(item) {
			d.fault(item, at, "%s is an entry without a value. Fill it in or take the line out.", named(at))
			if v.Type().Elem().Kind() == reflect.Struct {
				d.defaultField(v.Index(i), field{})
			}
			continue
		}
		d.decode(item, v.Index(i), at, rules{item: true})
	}
}

// texts decodes a block of free keys, each with a text.
func (d *decoder) texts(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.wrongKind(n, path, "a block of keys")
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := join(path, key.Value)
		if key.Kind != yaml.ScalarNode || key.Tag != "!!str" || key.Value == "" {
			d.fault(key, at, "A key of %s is not a text. Put it in quotes.", named(path))
			continue
		}
		if v.MapIndex(reflect.ValueOf(key.Value)).IsValid() {
			d.fault(key, at, "%s is given twice. Keep one.", named(at))
			continue
		}
		text := reflect.New(v.Type().Elem()).Elem()
		if isNull(value) {
			d.fault(key, at, "%s has no value. Fill it in or take the line out.", named(at))
		} else {
			d.decode(value, text, at, rules{required: true})
		}
		v.SetMapIndex(reflect.ValueOf(key.Value), text)
	}
}

func (d *decoder) unknownKey(key, value *yaml.Node, path string, fields []field) {
	d.faults.source.hide(value) // it may be a secret under a misspelt key
	where := "the file"
	if path != "" {
		where = named(path)
	}
	if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
		d.fault(key, path, "%s has a key that is not a plain word. Merge keys (<<) are not understood; write the keys out.", capital(where))
		return
	}
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
	}
	hint := "Known here: " + strings.Join(names, ", ") + "."
	if near := nearest(key.Value, names); near != "" {
		hint = fmt.Sprintf("Did you mean %q?", near)
	}
	d.fault(key, join(path, key.Value), "%s has no key %q. %s", capital(where), shorten(key.Value), hint)
}

func (d *decoder) wrongKind(n *yaml.Node, path, want string) {
	d.fault(n, path, "%s is %s, but %s is wanted here.", named(path), kindName(n), want)
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a block of keys"
	case yaml.SequenceNode:
		return "a list"
	}
	return "a single value"
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null" && n.Style&^yaml.TaggedStyle == 0
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// named is how a sentence calls the value at a path.
func named(path string) string {
	if path == "" {
		return "The file"
	}
	return "`" + shorten(path) + "`"
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// shorten keeps a stranger's text within a line.
func shorten(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:79]) + "…"
	}
	return s
}
