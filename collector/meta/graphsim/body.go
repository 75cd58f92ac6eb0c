package graphsim

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// object is a JSON object whose members are not looked into yet, sorted by key,
// so that of several faults the same one is always named first.
type object []member

type member struct {
	key   string
	value jsontext.Value
}

// find is the member with this key, if there is one.
func (o object) find(key string) (jsontext.Value, bool) {
	i, ok := slices.BinarySearchFunc(o, key, func(m member, key string) int { return strings.Compare(m.key, key) })
	if !ok {
		return nil, false
	}
	return o[i].value, true
}

// get is the same; nil when there is none.
func (o object) get(key string) jsontext.Value {
	v, _ := o.find(key)
	return v
}

const maxEvents = 1000 // per request, § 1.1

// requestKeys are the keys beside data that the edge knows (§ 1.6), all but
// three of them strings. Others are ignored: whether Meta refuses them at this
// level is not documented.
var requestKeys = []string{
	"access_token", "appsecret_proof", "namespace_id", "partner_agent",
	"test_event_code", "upload_id", "upload_source", "upload_tag",
}

// parseBody reads the top level of a request body. It is stricter than PHP:
// duplicate keys and invalid UTF-8 are refused anywhere in it.
func parseBody(body []byte) (object, *refusal) {
	top, ok := object(nil), false
	if v := jsontext.Value(body); v.IsValid() {
		top, ok = members(bytes.TrimSpace(v))
	}
	if !ok {
		return nil, badRequest(400, codeParameter, "(#100) The body has to be one JSON object with unique keys, in UTF-8.")
	}
	return top, nil
}

// eventsOf returns the 1 to 1,000 events of a body.
func eventsOf(top object) ([]jsontext.Value, *refusal) {
	for _, key := range requestKeys {
		if v, ok := top.find(key); ok {
			if s, isString := text(v); !isString || s == "" {
				return nil, badRequest(400, codeParameter, "(#100) Param "+key+" must be a string that is not empty.")
			}
		}
	}
	data, ok := top.find("data")
	if !ok {
		return nil, badRequest(400, codeParameter, "(#100) The parameter data is required")
	}
	events, ok := list(data)
	switch {
	case !ok:
		return nil, badRequest(400, codeParameter, "(#100) Param data must be an array.")
	case len(events) == 0:
		return nil, badRequest(400, codeParameter, "(#100) param data must be non-empty.")
	case len(events) > maxEvents:
		return nil, badRequest(400, codeParameter, fmt.Sprintf("(#100) Param data has %d elements; at most %d are allowed.", len(events), maxEvents))
	}
	return events, nil
}

// The following read a value of one type. What they are given is valid JSON,
// as it comes out of parseBody; a missing value is of no type.

func text(v jsontext.Value) (s string, ok bool) {
	switch {
	case len(v) == 0 || v.Kind() != '"':
		return "", false
	case bytes.IndexByte(v, '\\') < 0: // nearly always
		return string(v[1 : len(v)-1]), true
	}
	return s, json.Unmarshal(v, &s) == nil
}

func list(v jsontext.Value) (out []jsontext.Value, ok bool) {
	if len(v) == 0 || v.Kind() != '[' {
		return nil, false
	}
	out = []jsontext.Value{}
	ok = inside(v, func(dec *jsontext.Decoder) error {
		item, err := next(dec, v)
		out = append(out, item)
		return err
	})
	return out, ok
}

func members(v jsontext.Value) (out object, ok bool) {
	if len(v) == 0 || v.Kind() != '{' {
		return nil, false
	}
	out = make(object, 0, 4+len(v)/96) // about as many as there will be
	ok = inside(v, func(dec *jsontext.Decoder) error {
		name, err := next(dec, v)
		if err != nil {
			return err
		}
		m := member{key: keyIn(name)}
		m.value, err = next(dec, v)
		out = append(out, m)
		return err
	})
	slices.SortFunc(out, func(a, b member) int { return strings.Compare(a.key, b.key) })
	return out, ok
}

// keyIn is the text of a name; of a documented one, without a copy.
func keyIn(name jsontext.Value) string {
	if known, ok := knownKeys()[string(name[1:len(name)-1])]; ok {
		return known
	}
	key, _ := text(name)
	return key
}

var knownKeys = sync.OnceValue(func() map[string]string {
	known := map[string]string{}
	add := func(keys []string) {
		for _, key := range keys {
			known[key] = key
		}
	}
	add(eventKeys)
	add(slices.Collect(maps.Keys(userKeys)))
	add(slices.Collect(maps.Keys(customTypes)))
	add(slices.Collect(maps.Keys(contentTypes)))
	return known
})

// decoders are reused: thousands of small values are read for one request.
var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// inside calls each for every member of an array or object.
func inside(v jsontext.Value, each func(*jsontext.Decoder) error) bool {
	dec := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(dec)
	// Names were found to be unique when the body was parsed.
	dec.Reset(bytes.NewBuffer(v), jsontext.AllowDuplicateNames(true))
	if _, err := dec.ReadToken(); err != nil {
		return false
	}
	for kind := dec.PeekKind(); kind != ']' && kind != '}'; kind = dec.PeekKind() {
		if err := each(dec); err != nil {
			return false
		}
	}
	return true
}

// next is the next value as a part of v, which is not copied.
func next(dec *jsontext.Decoder, v jsontext.Value) (jsontext.Value, error) {
	from := dec.InputOffset()
	if err := dec.SkipValue(); err != nil {
		return nil, err
	}
	return bytes.TrimLeft(v[from:dec.InputOffset()], ":, \t\r\n"), nil
}

func number(v jsontext.Value) bool { return len(v) > 0 && v.Kind() == '0' }

// integer reads a number that is written as one: no fraction, no exponent.
func integer(v jsontext.Value) (n int64, ok bool) {
	if !number(v) {
		return 0, false
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	return n, err == nil
}

func boolean(v jsontext.Value) bool { return len(v) > 0 && (v.Kind() == 't' || v.Kind() == 'f') }

// anything decodes a value into maps, slices, strings, float64 and bool. A
// number beyond float64 comes as its text: nothing hides behind it.
func anything(v jsontext.Value) any {
	var out any
	if json.Unmarshal(v, &out) == nil {
		return out
	}
	out = nil // slower, and rarely needed
	if json.Unmarshal(v, &out, json.WithUnmarshalers(hugeNumbers)) != nil {
		return nil
	}
	return out
}

var hugeNumbers = json.UnmarshalFromFunc(func(dec *jsontext.Decoder, out *any) error {
	if dec.PeekKind() != '0' {
		return errors.ErrUnsupported
	}
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	n, err := strconv.ParseFloat(string(v), 64)
	if *out = n; err != nil {
		*out = string(v)
	}
	return nil
})
