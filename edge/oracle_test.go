package edge

import (
	"bytes"
	"io"
	"reflect"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"matchkey/collector"
)

// The decoder before the one of scan.go, which left all of JSON to jsontext. It
// is the oracle of the present one: what one reads the other has to read alike,
// and refuse for the same reason.

func FuzzBeaconAsJsontext(f *testing.F) {
	for _, seed := range oddBeacons {
		f.Add([]byte(seed))
	}
	f.Add([]byte(full))
	f.Add([]byte(good))
	f.Add([]byte(usual))
	f.Fuzz(func(t *testing.T, body []byte) {
		want, whyNot := decodeByJsontext(body)
		got, why := decodeBeacon(body)
		if why != whyNot {
			t.Fatalf("refused for %q, and jsontext says %q", why, whyNot)
		}
		if want == nil {
			return
		}
		if want.answer != nil {
			want.said = *want.answer
			want.answer = &want.said
		}
		if got.answer == nil {
			got.said = collector.ConsentAnswer{}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

// oddBeacons are where two readers of JSON are likely to differ.
var oddBeacons = []string{
	``, ` `, `null`, `[]`, `{}`, `{"v":1}`, `{"v":1,}`, `{"v" : 1 } `, `{"v":1}{}`, `{"v":1.0}`, `{"v":01}`, `{"v":1,"v":1}`, `{"v":1,"\u0076":1}`,
	`{"v":1,"t":-0}`, `{"v":1,"t":1e}`, `{"v":1,"t":.5}`, `{"v":1,"t":5.}`, `{"v":1,"t":1E+3}`, `{"v":1,"t":1e999}`, `{"v":1,"t":tru}`, `{"v":1,"t":nulll}`,
	`{"v":1,"i":"\ud800"}`, `{"v":1,"i":"\ud83d\ude00"}`, `{"v":1,"i":"a\u0062"}`, `{"v":1,"i":"\x"}`, `{"v":1,"i":"\"`, `{"v":1,"i":"a` + "\n" + `"}`, `{"v":1,"i":"` + "\x00" + `"}`,
	`{"v":1,"p":{"a":1,"a":2}}`, `{"v":1,"z":[1,{"b":[}]}`, `{"v":1,"z":[1,{"b":[]}] , "t":5}`, `{"v":1,"m":{"a":[],"b":{},"c":"\t","d":null,"e":7,"e":8}}`,
	`{"v":1,"c":{"a":"accept","t":1,"k":null,"n":null,"x":null}}`, `{"v":1,"c":{"a":"accept","t":1,"k":[null]}}`, `{"v":1,"c":{"a":"accept","t":1,"k":["a","b"],"o":true,"z":{}}}`,
	`{"v":1,"c":{"a":"accept","t":0.5}}`, `{"v":1,"c":{"a":"accept","t":1.5}}`, `{"v":1,"c":{"a":"accept","t":"1"}}`, `{"v":1,"c":{"a":"accept","t":null}}`, `{"v":1,"c":{"a":"accept","t":1,"k":[]}}`,
	`{"v":1,"c":null,"c":null}`, `{"v":1,"c":nul}`, `{"v":1,"c":"accept"}`, `{"v":1,"c":{"a":"accept","t":1,"x":1}}`, `{"v":1,"c":{"A":"accept","t":1}}`,
	`{"v":1,"e":[]}`, `{"v":1,"e":[,]}`, `{"v":1,"e":[1,]}`, `{"v":1,"e":null}`, `{"v":1,"e":[{"n":"a","i":"b","p":"x"},{"n":"a"},null,{"n":"a","i":"c","n":"d"}]}`,
	`{"v":1,"l":"https://shop.example:443/a","r":"HTTP://Shop.Example"}`, `{"v":1,"l":"https://shop.example/a%40b.c/x@y.com","r":"https:///x"}`, `{"v":1,"g":null}`, `{"v":1,"g":0}`,
}

// decodeByJsontext reads a body. why is not empty when the beacon is refused.
func decodeByJsontext(body []byte) (b *beacon, why collector.Reason) {
	if !utf8.Valid(body) {
		return nil, collector.ReasonInvalidUTF8
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(body))
	r := jsontextReader{dec: dec, b: &beacon{}}
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

// A jsontextReader walks one body. When a step returns false the walk ends: at a
// syntax error (why is empty) or a refusal (why is set).
type jsontextReader struct {
	dec       *jsontext.Decoder
	b         *beacon
	versioned bool
	why       collector.Reason
}

// object walks an object and calls member before each value, which member has
// to read.
func (r *jsontextReader) object(member func(name string) bool) bool {
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
func (r *jsontextReader) value() (jsontext.Value, bool) {
	v, err := r.dec.ReadValue()
	return v, err == nil
}

func (r *jsontextReader) atEnd() bool {
	_, err := r.dec.ReadToken()
	return err == io.EOF
}

// refuse ends the walk with a reason.
func (r *jsontextReader) refuse(why collector.Reason) bool {
	r.why = why
	return false
}

// field reads one top-level field.
func (r *jsontextReader) field(name string) bool {
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
		r.b.sentAt, _ = jsontextMillis(v) // without it, each event says so
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
		r.b.gpc = v.Kind() != 'f' && v.Kind() != 'n'
	case "c":
		return r.answer(v)
	}
	return true
}

// token reads an id of the tag's own making.
func (r *jsontextReader) token(field string, v jsontext.Value) string {
	s, ok := jsontextText(v)
	if !ok || s != "" && !isToken(s) {
		r.b.note(field, collector.ReasonMalformed)
		return ""
	}
	return s
}

// page reads an address.
func (r *jsontextReader) page(field string, v jsontext.Value) string {
	s, ok := jsontextText(v)
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
func (r *jsontextReader) members(field string, into *[]member) bool {
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
			m.value, m.ok = jsontextText(v)
		}
		*into = append(*into, m)
		return true
	})
}

// events reads the list of events.
func (r *jsontextReader) events() bool {
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
func (r *jsontextReader) event() bool {
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
			e.name, _ = jsontextText(v)
		case "i":
			e.id, _ = jsontextText(v)
		case "t":
			e.at, _ = jsontextMillis(v)
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
func (r *jsontextReader) lose(why collector.Reason) {
	if r.b.refused == nil {
		r.b.refused = map[collector.Reason]int{}
	}
	r.b.refused[why]++
}

// jsontextText returns a JSON string's value.
func jsontextText(v jsontext.Value) (string, bool) {
	if v.Kind() != '"' {
		return "", false
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1]), true
	}
	plain, err := jsontext.AppendUnquote(nil, v)
	return string(plain), err == nil
}

// jsontextMillis returns a JSON number of milliseconds since 1970, fractions cut off.
func jsontextMillis(v jsontext.Value) (int64, bool) {
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || f < 1 || f > maxMillis {
		return 0, false
	}
	return int64(f), true
}

// A wireAnswer is "c".
type wireAnswer struct {
	Action     string   `json:"a"`
	At         float64  `json:"t"`
	Notice     string   `json:"n"`
	Language   string   `json:"g"`
	Source     string   `json:"s"`
	Explicit   bool     `json:"x"`
	Informed   bool     `json:"o"`
	Categories []string `json:"k"`
}

// answer reads what the person said. An action that is not known is kept as it
// came and revokes (collector.ConsentAnswer).
func (r *jsontextReader) answer(v jsontext.Value) bool {
	if v.Kind() == 'n' {
		return true
	}
	var w wireAnswer
	if err := json.Unmarshal(v, &w); err != nil ||
		!isToken(w.Action) || w.At < 1 || w.At > maxMillis || len(w.Categories) > maxAnswerCategories {
		return r.refuse(collector.ReasonMalformedJSON)
	}
	for _, c := range w.Categories {
		// One category less could turn "some" into "all".
		if !isToken(c) {
			return r.refuse(collector.ReasonMalformedJSON)
		}
	}
	r.b.answer = &collector.ConsentAnswer{
		Action:     w.Action,
		Categories: w.Categories,
		ClaimedAt:  fromMillis(int64(w.At)),
		Notice:     r.b.detail("c.n", w.Notice),
		Language:   r.b.detail("c.g", w.Language),
		Source:     r.b.detail("c.s", w.Source),
		Explicit:   w.Explicit, InformedOfGPC: w.Informed,
	}
	return true
}
