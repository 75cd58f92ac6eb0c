package codec

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"google.golang.org/protobuf/encoding/protowire"
)

// A message is how one word is written: its fields, in the order of their numbers.
type message[T any] struct {
	fields []field[T]
	byNum  []*field[T] // nil where there is none
}

// A field is how one field of a word is written and read.
type field[T any] struct {
	num protowire.Number
	typ protowire.Type
	// append writes the field with its tag; one that is zero it leaves out.
	append func(b []byte, m *T) ([]byte, error)
	// read reads a value of the type, whose tag was read.
	read func(m *T, in *input) error
}

// newMessage makes the table of a word. Two fields of one number are a bug.
func newMessage[T any](fields ...field[T]) *message[T] {
	m := &message[T]{fields: fields}
	for i := range m.fields {
		f := &m.fields[i]
		for int(f.num) >= len(m.byNum) {
			m.byNum = append(m.byNum, nil)
		}
		if m.byNum[f.num] != nil || int(f.num) != len(m.byNum)-1 {
			panic(fmt.Sprintf("BUG: field %d of %T has its number twice, or out of order", f.num, *new(T)))
		}
		m.byNum[f.num] = f
	}
	return m
}

// encode appends the fields of v.
func (m *message[T]) encode(b []byte, v *T) (_ []byte, err error) {
	for i := range m.fields {
		if b, err = m.fields[i].append(b, v); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// decode reads all of in into v, which is zero.
func (m *message[T]) decode(in *input, v *T) error {
	for in.at < in.end {
		tag, err := in.varint()
		if err != nil {
			return err
		}
		num, typ := protowire.DecodeTag(tag)
		if num > 0 && int(num) < len(m.byNum) && m.byNum[num] != nil {
			f := m.byNum[num]
			if typ != f.typ {
				return fmt.Errorf("its field %d has wire type %d and not %d", num, typ, f.typ)
			}
			if err := f.read(v, in); err != nil {
				return err
			}
			continue
		}
		n := protowire.ConsumeFieldValue(num, typ, in.b[in.at:in.end])
		if n < 0 {
			return protowire.ParseError(n)
		}
		in.at += n
	}
	return nil
}

// An input is what is being read, twice: the bytes, and a copy of them as one
// string, of which the word's strings are parts. It is read from at to end, which
// is that of the innermost word.
type input struct {
	b       []byte
	s       string
	at, end int
}

func newInput(b []byte) *input { return &input{b: b, s: string(b), end: len(b)} }

// varint takes a number off the front.
func (in *input) varint() (uint64, error) {
	if in.at < in.end && in.b[in.at] < 0x80 { // as most are
		v := uint64(in.b[in.at])
		in.at++
		return v, nil
	}
	v, n := protowire.ConsumeVarint(in.b[in.at:in.end])
	if n < 0 {
		return 0, protowire.ParseError(n)
	}
	in.at += n
	return v, nil
}

// bytes takes a length and so many bytes off the front, and returns where they are.
func (in *input) bytes() (from, to int, err error) {
	length, err := in.varint()
	if err != nil {
		return 0, 0, err
	}
	if length > uint64(in.end-in.at) {
		return 0, 0, errors.New("it ends in the middle of a field")
	}
	from, to = in.at, in.at+int(length)
	in.at = to
	return from, to, nil
}

// within takes a word with its length off the front.
func within[U any](in *input, of *message[U], v *U) error {
	from, to, err := in.bytes()
	if err != nil {
		return err
	}
	outer := in.end
	in.at, in.end = from, to
	err = of.decode(in, v)
	in.end = outer
	return err
}

// text is a field of text.
func text[T any, S ~string](num protowire.Number, at func(*T) *S) field[T] {
	return field[T]{num, protowire.BytesType,
		func(b []byte, m *T) ([]byte, error) {
			if s := *at(m); s != "" {
				b = protowire.AppendTag(b, num, protowire.BytesType)
				b = protowire.AppendString(b, string(s))
			}
			return b, nil
		},
		func(m *T, in *input) error {
			from, to, err := in.bytes()
			*at(m) = S(in.s[from:to])
			return err
		}}
}

// texts is a field of several texts; an empty one among them stays.
func texts[T any, S ~string](num protowire.Number, at func(*T) *[]S) field[T] {
	return field[T]{num, protowire.BytesType,
		func(b []byte, m *T) ([]byte, error) {
			for _, s := range *at(m) {
				b = protowire.AppendTag(b, num, protowire.BytesType)
				b = protowire.AppendString(b, string(s))
			}
			return b, nil
		},
		func(m *T, in *input) error {
			from, to, err := in.bytes()
			*at(m) = append(*at(m), S(in.s[from:to]))
			return err
		}}
}

// data is a field of bytes.
func data[T any](num protowire.Number, at func(*T) *[]byte) field[T] {
	return field[T]{num, protowire.BytesType,
		func(b []byte, m *T) ([]byte, error) {
			if v := *at(m); len(v) > 0 {
				b = protowire.AppendTag(b, num, protowire.BytesType)
				b = protowire.AppendBytes(b, v)
			}
			return b, nil
		},
		func(m *T, in *input) error {
			from, to, err := in.bytes()
			*at(m) = slices.Clone(in.b[from:to])
			return err
		}}
}

// number is a field of a whole number; small ones are short, of either sign.
func number[T any, N ~int | ~uint64](num protowire.Number, at func(*T) *N) field[T] {
	return field[T]{num, protowire.VarintType,
		func(b []byte, m *T) ([]byte, error) {
			if n := *at(m); n != 0 {
				b = protowire.AppendTag(b, num, protowire.VarintType)
				b = protowire.AppendVarint(b, protowire.EncodeZigZag(int64(n)))
			}
			return b, nil
		},
		func(m *T, in *input) error {
			v, err := in.varint()
			*at(m) = N(protowire.DecodeZigZag(v))
			return err
		}}
}

// flag is a field that is true where it is written.
func flag[T any](num protowire.Number, at func(*T) *bool) field[T] {
	return field[T]{num, protowire.VarintType,
		func(b []byte, m *T) ([]byte, error) {
			if *at(m) {
				b = protowire.AppendTag(b, num, protowire.VarintType)
				b = protowire.AppendVarint(b, 1)
			}
			return b, nil
		},
		func(m *T, in *input) error {
			v, err := in.varint()
			*at(m) = v != 0
			return err
		}}
}

// instant is a field of a time: seconds and nanoseconds since 1970, so that the
// year 9999 of somebody's clock has its place, too. It is read in UTC.
func instant[T any](num protowire.Number, at func(*T) *time.Time) field[T] {
	return field[T]{num, protowire.BytesType,
		func(b []byte, m *T) ([]byte, error) {
			if t := *at(m); !t.IsZero() {
				b = protowire.AppendTag(b, num, protowire.BytesType)
				start := len(b)
				b = append(b, 0)
				b = protowire.AppendVarint(b, protowire.EncodeZigZag(t.Unix()))
				if n := t.Nanosecond(); n != 0 {
					b = protowire.AppendVarint(b, uint64(n))
				}
				b[start] = byte(len(b) - start - 1)
			}
			return b, nil
		},
		func(m *T, in *input) error {
			from, to, err := in.bytes()
			if err != nil {
				return err
			}
			seconds, n := protowire.ConsumeVarint(in.b[from:to])
			if n < 0 {
				return protowire.ParseError(n)
			}
			nanos := uint64(0)
			if from += n; from < to {
				if nanos, n = protowire.ConsumeVarint(in.b[from:to]); n < 0 {
					return protowire.ParseError(n)
				}
				from += n
			}
			if nanos >= 1e9 || from < to {
				return fmt.Errorf("its field %d is no time", num)
			}
			*at(m) = time.Unix(protowire.DecodeZigZag(seconds), int64(nanos)).UTC()
			return nil
		}}
}

// part is a field that is a word of its own; one that has nothing in it is left out.
func part[T, U any](num protowire.Number, of *message[U], at func(*T) *U) field[T] {
	return field[T]{num, protowire.BytesType,
		func(b []byte, m *T) ([]byte, error) {
			start := len(b)
			b, err := appendPart(b, num, of, at(m))
			if err == nil && len(b) == start+protowire.SizeTag(num)+1 {
				b = b[:start]
			}
			return b, err
		},
		func(m *T, in *input) error {
			return within(in, of, at(m))
		}}
}

// optional is a field that is a word of its own, or nil.
func optional[T, U any](num protowire.Number, of *message[U], at func(*T) **U) field[T] {
	return field[T]{num, protowire.BytesType,
		func(b []byte, m *T) ([]byte, error) {
			if *at(m) == nil {
				return b, nil
			}
			return appendPart(b, num, of, *at(m))
		},
		func(m *T, in *input) error {
			*at(m) = new(U)
			return within(in, of, *at(m))
		}}
}

// parts is a field of several words.
func parts[T, U any](num protowire.Number, of *message[U], at func(*T) *[]U) field[T] {
	return field[T]{num, protowire.BytesType,
		func(b []byte, m *T) (_ []byte, err error) {
			list := *at(m)
			for i := range list {
				if b, err = appendPart(b, num, of, &list[i]); err != nil {
					return nil, err
				}
			}
			return b, nil
		},
		func(m *T, in *input) error {
			list := append(*at(m), *new(U))
			*at(m) = list
			return within(in, of, &list[len(list)-1])
		}}
}

// appendPart writes a word with tag and length. The length is known afterwards:
// of most it takes one byte, for longer ones room is made.
func appendPart[U any](b []byte, num protowire.Number, of *message[U], v *U) ([]byte, error) {
	b = protowire.AppendTag(b, num, protowire.BytesType)
	start := len(b)
	b, err := of.encode(append(b, 0), v)
	if err != nil {
		return nil, err
	}
	length := len(b) - start - 1
	if size := protowire.SizeVarint(uint64(length)); size > 1 {
		b = append(b, make([]byte, size-1)...)
		copy(b[start+size:], b[start+1:start+1+length])
	}
	protowire.AppendVarint(b[:start], uint64(length))
	return b, nil
}

// values is a field of a site's own values: JSON with its names sorted.
func values[T, V any](num protowire.Number, at func(*T) *map[string]V) field[T] {
	return field[T]{num, protowire.BytesType,
		func(b []byte, m *T) ([]byte, error) {
			if len(*at(m)) == 0 {
				return b, nil
			}
			text, err := json.Marshal(*at(m), json.Deterministic(true))
			if err != nil {
				return nil, err
			}
			b = protowire.AppendTag(b, num, protowire.BytesType)
			return protowire.AppendBytes(b, text), nil
		},
		func(m *T, in *input) error {
			from, to, err := in.bytes()
			if err != nil {
				return err
			}
			return json.Unmarshal(in.b[from:to], at(m))
		}}
}
