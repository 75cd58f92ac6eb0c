package edge

import (
	"bytes"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// Reading JSON in one pass, for the beacon alone: it is what strangers send most,
// and a general decoder's bookkeeping was half of what reading one cost. What is
// usual is read here; what is rare (a value with an escape in it, a list or an
// object where a single value is expected) is read by jsontext. So all is as
// strict as there: no name twice in one object, no invalid UTF-8, no lone
// surrogate, nothing behind the end. A fuzz test compares the two.

// A scanner walks one JSON text. The zero place is its beginning. A method that
// returns false has met what is no JSON, or not what was asked for, and the walk
// is over.
type scanner struct {
	in  string // valid UTF-8; what is read are parts of it
	raw []byte // the same bytes, for jsontext
	at  int    // place of the next byte
}

// next passes over blanks and returns the byte that follows; 0 at the end.
func (s *scanner) next() byte {
	for ; s.at < len(s.in); s.at++ {
		switch c := s.in[s.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// end reports whether nothing but blanks is left.
func (s *scanner) end() bool {
	s.next()
	return s.at == len(s.in)
}

// object walks an object and calls member with each name before its value, which
// member has to read.
func (s *scanner) object(member func(name string) bool) bool {
	if s.next() != '{' {
		return false
	}
	s.at++
	if s.next() == '}' {
		s.at++
		return true
	}
	var seen names
	for {
		name, ok := s.name()
		if !ok || !seen.add(name) || !member(name) {
			return false
		}
		switch s.next() {
		case ',':
			s.at++
		case '}':
			s.at++
			return true
		default:
			return false
		}
	}
}

// list walks a list and calls entry before each of its values, which entry has to
// read.
func (s *scanner) list(entry func() bool) bool {
	if s.next() != '[' {
		return false
	}
	s.at++
	if s.next() == ']' {
		s.at++
		return true
	}
	for {
		if !entry() {
			return false
		}
		switch s.next() {
		case ',':
			s.at++
		case ']':
			s.at++
			return true
		default:
			return false
		}
	}
}

// name reads a member's name and the colon behind it.
func (s *scanner) name() (string, bool) {
	if s.next() != '"' {
		return "", false
	}
	begin := s.at
	if !s.text() {
		return "", false
	}
	name, ok := text(s.in[begin:s.at])
	if !ok || s.next() != ':' {
		return "", false
	}
	s.at++
	return name, true
}

// value reads any value and returns it as it is spelled.
func (s *scanner) value() (string, bool) {
	var ok bool
	c := s.next()
	begin := s.at
	switch c {
	case '"':
		ok = s.text()
	case '{', '[':
		ok = s.nested()
	case 't':
		ok = s.word("true")
	case 'f':
		ok = s.word("false")
	case 'n':
		ok = s.word("null")
	default:
		ok = s.number()
	}
	return s.in[begin:s.at], ok
}

// text reads a string, which begins here.
func (s *scanner) text() bool {
	begin := s.at
	for i := begin + 1; i < len(s.in); i++ {
		switch c := s.in[i]; {
		case c == '"':
			s.at = i + 1
			return true
		case c == '\\':
			return s.escaped(i)
		case c < ' ':
			return false
		}
	}
	return false
}

// escaped reads on in a string, at its first backslash.
func (s *scanner) escaped(i int) bool {
	begin := s.at
	for ; i < len(s.in); i++ {
		switch s.in[i] {
		case '"':
			s.at = i + 1
			return jsontext.Value(s.raw[begin:s.at]).IsValid()
		case '\\':
			i++
		}
	}
	return false
}

// decoders are used again: a decoder's tables of names are most of what reading a
// list or an object allocates. Nothing read from one outlives it.
var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// nested reads a list or an object as a whole.
func (s *scanner) nested() bool {
	dec := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(dec)
	dec.Reset(bytes.NewBuffer(s.raw[s.at:]))
	v, err := dec.ReadValue()
	s.at += len(v)
	return err == nil
}

// word reads true, false or null.
func (s *scanner) word(w string) bool {
	if !strings.HasPrefix(s.in[s.at:], w) {
		return false
	}
	s.at += len(w)
	return true
}

// number reads a number (RFC 8259 § 6).
func (s *scanner) number() bool {
	s.skip('-')
	if !s.skip('0') && !s.digits() {
		return false
	}
	if s.skip('.') && !s.digits() {
		return false
	}
	if s.skip('e') || s.skip('E') {
		if !s.skip('+') {
			s.skip('-')
		}
		return s.digits()
	}
	return true
}

// skip passes over one byte when it is c.
func (s *scanner) skip(c byte) bool {
	if s.at == len(s.in) || s.in[s.at] != c {
		return false
	}
	s.at++
	return true
}

// digits passes over digits; false when there is none.
func (s *scanner) digits() bool {
	begin := s.at
	for s.at < len(s.in) && '0' <= s.in[s.at] && s.in[s.at] <= '9' {
		s.at++
	}
	return s.at > begin
}

// names are those of one object. Most objects have few; one that has many must
// not cost the square of them.
type names struct {
	few  [16]string
	n    int
	many map[string]bool
}

// add returns false when the name was there before.
func (s *names) add(name string) bool {
	for _, other := range s.few[:s.n] {
		if other == name {
			return false
		}
	}
	if s.n < len(s.few) {
		s.few[s.n] = name
		s.n++
		return true
	}
	if s.many == nil {
		s.many = map[string]bool{}
	}
	if s.many[name] {
		return false
	}
	s.many[name] = true
	return true
}
