package edge

import (
	"bytes"
	"io"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"matchkey/collector"
)

// Decoding a beacon: bytes from a stranger to a bounded [beacon], in one pass.
// Pure; fuzzed. The pass goes token by token instead of into a struct, so that
// a wrong type in one field or one event does not cost the others.

// maxMillis is the last millisecond of the year 9999, beyond which a time has
// no RFC 3339 form.
const maxMillis = 253402300799999

// decoders are used again: a decoder's tables of names are a quarter of what
// reading a beacon allocates. Nothing read from one outlives it but copies.
var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// decodeBeacon reads a body, and mends it where it is. why is not empty when the
// beacon is refused.
func decodeBeacon(body []byte) (b *beacon, why collector.Reason) {
	if !utf8.Valid(body) {
		return nil, collector.ReasonInvalidUTF8
	}
	mendSurrogates(body)
	dec := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(dec)
	dec.Reset(bytes.NewBuffer(body))
	r := reader{dec: dec, b: &beacon{}}
	whole := r.object(r.field) && r.atEnd()
	switch {
	case r.why != "":
		return nil, r.why
	case !whole:
		return nil, collector.ReasonMalformedJSON
	case !r.versioned:
		return nil, collector.ReasonUnknownVersion
	}
	return r.b, ""
}

// enter reads the beginning of an object or a list; false when what comes is
// neither or another.
func enter(dec *jsontext.Decoder, kind jsontext.Kind) bool {
	if dec.PeekKind() != kind {
		return false
	}
	_, err := dec.ReadToken()
	return err == nil
}

// leave reads the end of an object or a list, whose kind was peeked.
func leave(dec *jsontext.Decoder) bool {
	_, err := dec.ReadToken()
	return err == nil
}

// A reader walks one body. When a step returns false the walk ends: at a
// syntax error (why is empty) or a refusal (why is set).
type reader struct {
	dec       *jsontext.Decoder
	b         *beacon
	versioned bool
	why       collector.Reason
}

// object walks an object and calls member before each value, which member has
// to read.
func (r *reader) object(member func(name string) bool) bool {
	if !enter(r.dec, '{') {
		return false
	}
	for r.dec.PeekKind() != '}' {
		name, err := r.dec.ReadToken()
		if err != nil || !member(name.String()) {
			return false
		}
	}
	return leave(r.dec)
}

// value reads any value. It is valid until the next read.
func (r *reader) value() (jsontext.Value, bool) {
	v, err := r.dec.ReadValue()
	return v, err == nil
}

func (r *reader) atEnd() bool {
	_, err := r.dec.ReadToken()
	return err == io.EOF
}

// refuse ends the walk with a reason.
func (r *reader) refuse(why collector.Reason) bool {
	r.why = why
	return false
}

// field reads one top-level field.
func (r *reader) field(name string) bool {
	switch name {
	case "m":
		return r.members("m", &r.b.identifiers)
	case "u":
		return r.members("u", &r.b.person)
	case "e":
		return r.events()
	}
	v, ok := r.value()
	if !ok {
		return false
	}
	switch name {
	case "v":
		if string(v) != "1" {
			return r.refuse(collector.ReasonUnknownVersion)
		}
		r.versioned = true
	case "t":
		r.b.sentAt, _ = millis(v) // without it, each event says so
	case "i":
		r.b.visitor = r.token("i", v)
	case "k":
		r.b.session = r.token("k", v)
	case "p":
		r.b.pageView = r.token("p", v)
	case "l":
		r.b.url = r.page("l", v)
	case "r":
		r.b.referrer = r.page("r", v)
	case "a":
		r.b.address = ownIPv6(v)
	case "x":
		return r.counts(v)
	case "g":
		// A signal tightens: everything but no is yes.
		r.b.gpc = v.Kind() != 'f' && v.Kind() != 'n'
	case "c":
		return r.answer(v)
	}
	return true
}

// token reads an id of the tag's own making.
func (r *reader) token(field string, v jsontext.Value) string {
	s, ok := text(v)
	if !ok || s != "" && !isToken(s) {
		r.b.note(field, collector.ReasonMalformed)
		return ""
	}
	return s
}

// page reads an address.
func (r *reader) page(field string, v jsontext.Value) string {
	s, ok := text(v)
	if !ok {
		r.b.note(field, collector.ReasonMalformed)
		return ""
	}
	kept, why := pageURL(s)
	if why != "" {
		r.b.note(field, why)
	}
	return kept
}

// members reads an object of strings.
func (r *reader) members(field string, into *[]member) bool {
	if kind := r.dec.PeekKind(); kind != '{' {
		if kind != 'n' {
			r.b.note(field, collector.ReasonMalformed)
		}
		_, ok := r.value()
		return ok
	}
	return r.object(func(name string) bool {
		v, ok := r.value()
		if !ok {
			return false
		}
		if v.Kind() == 'n' || len(*into) == maxBeaconMembers {
			return true
		}
		m := member{name: name}
		if v.Kind() == '0' {
			m.value, m.ok = string(v), true
		} else {
			m.value, m.ok = text(v)
		}
		*into = append(*into, m)
		return true
	})
}

// events reads the list of events.
func (r *reader) events() bool {
	if !enter(r.dec, '[') {
		return false
	}
	for n := 1; r.dec.PeekKind() != ']'; n++ {
		if n > maxBeaconEvents {
			return r.refuse(collector.ReasonTooManyEvents)
		}
		if !r.event() {
			return false
		}
	}
	return leave(r.dec)
}

// event reads one event. One that cannot be read is counted and passed over.
func (r *reader) event() bool {
	if r.dec.PeekKind() != '{' {
		r.lose(collector.ReasonMalformedJSON)
		_, ok := r.value()
		return ok
	}
	var e beaconEvent
	ok := r.object(func(name string) bool {
		v, ok := r.value()
		if !ok {
			return false
		}
		switch name {
		case "n":
			e.name, _ = text(v)
		case "i":
			e.id, _ = text(v)
		case "t":
			e.at, _ = millis(v)
		case "p":
			var why collector.Reason
			if e.properties, e.notes, why = readProperties(v); why != "" {
				e.notes = append(e.notes, collector.Note{Field: "properties", Reason: why})
			}
		}
		return true
	})
	if !ok {
		return false
	}
	if !isEventName(e.name) {
		r.lose(collector.ReasonEventName)
	} else if why := checkEventID(e.name, e.id); why != "" {
		r.lose(why)
	} else {
		r.b.events = append(r.b.events, e)
	}
	return true
}

// lose counts an event that is not taken.
func (r *reader) lose(why collector.Reason) {
	if r.b.refused == nil {
		r.b.refused = map[collector.Reason]int{}
	}
	r.b.refused[why]++
}

// text returns a JSON string's value.
func text(v jsontext.Value) (string, bool) {
	if v.Kind() != '"' {
		return "", false
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1]), true
	}
	plain, err := jsontext.AppendUnquote(nil, v)
	return string(plain), err == nil
}

// millis returns a JSON number of milliseconds since 1970, fractions cut off.
func millis(v jsontext.Value) (int64, bool) {
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || f < 1 || f > maxMillis {
		return 0, false
	}
	return int64(f), true
}
