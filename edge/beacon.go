package edge

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"matchkey/collector"
)

// Decoding a beacon: bytes from a stranger to a bounded [beacon], in one pass.
// Pure; fuzzed. The pass goes value by value instead of into a struct, so that
// a wrong type in one field or one event does not cost the others.

// maxMillis is the last millisecond of the year 9999, beyond which a time has
// no RFC 3339 form.
const maxMillis = 253402300799999

// decodeBeacon reads a body, of which it keeps nothing: what is read are parts of
// one copy of it. why is not empty when the beacon is refused.
func decodeBeacon(body []byte) (b *beacon, why collector.Reason) {
	if !utf8.Valid(body) {
		return nil, collector.ReasonInvalidUTF8
	}
	r := reader{scanner: scanner{in: string(body), raw: body}, b: &beacon{}}
	whole := r.object(r.field) && r.end()
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

// A reader walks one body. When a step returns false the walk ends: at a
// syntax error (why is empty) or a refusal (why is set).
type reader struct {
	scanner
	b         *beacon
	versioned bool
	why       collector.Reason
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
	case "c":
		return r.answer()
	}
	v, ok := r.value()
	if !ok {
		return false
	}
	switch name {
	case "v":
		if v != "1" {
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
	case "g":
		// A signal tightens: everything but no is yes.
		r.b.gpc = v != "false" && v != "null"
	}
	return true
}

// token reads an id of the tag's own making.
func (r *reader) token(field, v string) string {
	s, ok := text(v)
	if !ok || s != "" && !isToken(s) {
		r.b.note(field, collector.ReasonMalformed)
		return ""
	}
	return s
}

// page reads an address.
func (r *reader) page(field, v string) string {
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
	if r.next() != '{' {
		v, ok := r.value()
		if ok && v != "null" {
			r.b.note(field, collector.ReasonMalformed)
		}
		return ok
	}
	return r.object(func(name string) bool {
		v, ok := r.value()
		if !ok {
			return false
		}
		if v == "null" || len(*into) == maxBeaconMembers {
			return true
		}
		m := member{name: name}
		if isNumber(v) {
			m.value, m.ok = v, true
		} else {
			m.value, m.ok = text(v)
		}
		if *into == nil {
			*into = make([]member, 0, 4)
		}
		*into = append(*into, m)
		return true
	})
}

// events reads the list of events.
func (r *reader) events() bool {
	n := 0
	return r.list(func() bool {
		if n++; n > maxBeaconEvents {
			return r.refuse(collector.ReasonTooManyEvents)
		}
		return r.event()
	})
}

// event reads one event. One that cannot be read is counted and passed over.
func (r *reader) event() bool {
	if r.next() != '{' {
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
			if e.properties, e.notes, why = readProperties(jsontext.Value(v)); why != "" {
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

// text returns the value of a JSON string, false of anything else.
func text(v string) (string, bool) {
	if v[0] != '"' {
		return "", false
	}
	if strings.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1], true
	}
	plain, err := jsontext.AppendUnquote(nil, v)
	return string(plain), err == nil
}

// isNumber reports whether a JSON value is a number.
func isNumber(v string) bool { return v[0] == '-' || '0' <= v[0] && v[0] <= '9' }

// millis returns a JSON number of milliseconds since 1970, fractions cut off.
func millis(v string) (int64, bool) {
	if ms, ok := wholeMillis(v); ok {
		return ms, true
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || f < 1 || f > maxMillis {
		return 0, false
	}
	return int64(f), true
}

// wholeMillis reads what nearly all numbers of milliseconds are, digits and no
// more of them than a time has; anything else is for millis.
func wholeMillis(v string) (ms int64, ok bool) {
	if len(v) > len("999999999999999") {
		return 0, false
	}
	for i := range len(v) {
		if v[i] < '0' || v[i] > '9' {
			return 0, false
		}
		ms = 10*ms + int64(v[i]-'0')
	}
	return ms, ms >= 1 && ms <= maxMillis
}
