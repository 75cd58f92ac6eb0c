package codec

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"

	"matchkey/collector"
)

// words are all words with a table of their own, as new values.
func words() []any {
	return []any{
		new(collector.EventRecord), new(collector.Profile), new(collector.Owner), new(collector.Link),
		new(collector.ConsentRecord), new(collector.Delivery), new(string),
	}
}

// A filler gives values to a word's fields. Every field of a word that is stored
// gets one, so a field that has no line in words.go is lost on the way and found.
type filler struct {
	*rapid.T
	// whole leaves no field at zero.
	whole bool
}

func (f filler) fill(v reflect.Value, name string) {
	some := f.whole || rapid.Bool().Draw(f.T, name+" is there")
	if !some {
		return
	}
	switch v.Interface().(type) {
	case time.Time:
		// From before 1970 to a browser's wildest clock.
		seconds := rapid.Int64Range(-1e10, 253402300799).Filter(func(n int64) bool { return n != -62135596800 })
		v.Set(reflect.ValueOf(time.Unix(seconds.Draw(f.T, name), rapid.Int64Range(0, 999_999_999).Draw(f.T, "ns")).UTC()))
		return
	case map[string]any:
		v.Set(reflect.ValueOf(map[string]any{"value": 59.9, "name": rapid.String().Draw(f.T, name), "list": []any{map[string]any{"id": "7", "b": true}}}))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") != "-" {
				f.fill(v.Field(i), v.Type().Field(i).Name)
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), name)
	case reflect.Slice:
		n := rapid.IntRange(1, 3).Draw(f.T, name)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			f.fill(v.Index(i), name)
		}
	case reflect.Map:
		e := reflect.New(v.Type().Elem()).Elem()
		if f.fill(e, name); e.Len() > 0 {
			v.Set(reflect.MakeMap(v.Type()))
			v.SetMapIndex(reflect.ValueOf(rapid.String().Draw(f.T, name)), e)
		}
	case reflect.String:
		v.SetString(rapid.StringN(1, 40, -1).Draw(f.T, name))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(rapid.Int64().Filter(func(n int64) bool { return n != 0 }).Draw(f.T, name))
	case reflect.Uint64:
		v.SetUint(rapid.Uint64Min(1).Draw(f.T, name))
	case reflect.Uint8:
		v.SetUint(uint64(rapid.Byte().Draw(f.T, name)))
	default:
		f.Fatalf("%s is a %s, for which neither this test nor the codec has a way; give both one", name, v.Kind())
	}
}

// TestWordsComeBack: what a word says is the same after a row, and the row is the
// same after the word. It fails when a field is added to a word and not to words.go.
func TestWordsComeBack(t *testing.T) {
	for _, word := range words() {
		kind := reflect.TypeOf(word).Elem()
		for _, whole := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, all fields %t", kind, whole), func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) {
					v := reflect.New(kind)
					filler{t, whole}.fill(v.Elem(), kind.Name())
					comesBack(t, v)
				})
			})
		}
	}
}

func comesBack(t *rapid.T, v reflect.Value) {
	row, err := Append(nil, v.Interface())
	if err != nil {
		t.Fatal(err)
	}
	byValue, err := Append([]byte("before "), v.Elem().Interface())
	if err != nil || string(byValue) != "before "+string(row) {
		t.Fatalf("the row of a value differs from that of a pointer: %x, %x (%v)", byValue, row, err)
	}
	is := reflect.New(v.Elem().Type())
	if err := Unmarshal(row, is.Interface()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(v.Interface(), is.Interface()); diff != "" {
		t.Fatalf("a %s does not come back; a new field needs a line in words.go (-was +is):\n%s", v.Elem().Type(), diff)
	}
	again, err := Append(nil, is.Interface())
	if err != nil || !bytes.Equal(row, again) {
		t.Fatalf("the row differs the second time (%v):\n%x\n%x", err, row, again)
	}
}

// TestEvents: a journal frame's event has no first byte of its own.
func TestEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var was, is collector.Event
		filler{T: t}.fill(reflect.ValueOf(&was).Elem(), "Event")
		b, err := AppendEvent([]byte("head"), &was)
		if err != nil {
			t.Fatal(err)
		}
		if err := ReadEvent(b[len("head"):], &is); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(was, is); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestOldRows: rows of the older formats are read as they are.
func TestOldRows(t *testing.T) {
	for _, word := range words() {
		rapid.Check(t, func(t *rapid.T) {
			was, is := reflect.New(reflect.TypeOf(word).Elem()), reflect.New(reflect.TypeOf(word).Elem())
			filler{t, true}.fill(was.Elem(), "word")
			old, err := json.Marshal(was.Interface(), json.Deterministic(true))
			if err != nil {
				t.Skip("no JSON ever held it")
			}
			if old[0] == binary {
				t.Fatal("JSON begins as a binary row does")
			}
			if err := Unmarshal(old, is.Interface()); err != nil {
				t.Fatal(err)
			}
			a, err := Append(nil, was.Interface())
			if err != nil {
				t.Fatal(err)
			}
			if b, err := Append(nil, is.Interface()); err != nil || !bytes.Equal(a, b) {
				t.Fatalf("a row that was JSON is another in the binary form (%v):\n%x\n%x", err, a, b)
			}
		})
	}
}

// TestFewWordsAreJSON: a word without a table is JSON as before.
func TestFewWordsAreJSON(t *testing.T) {
	row, err := Append(nil, collector.Account{Site: "shop", States: map[collector.State]int{"pending": 1}})
	if err != nil || !strings.HasPrefix(string(row), `{"`) {
		t.Fatalf("%s, %v", row, err)
	}
	var a collector.Account
	if err := Unmarshal(row, &a); err != nil || a.States["pending"] != 1 {
		t.Fatalf("%+v, %v", a, err)
	}
	if err := Unmarshal([]byte{binary}, &a); err == nil {
		t.Error("a binary row was read as a word that has none")
	}
}

// TestUnknownFields: a field that a later version adds is passed over.
func TestUnknownFields(t *testing.T) {
	row, err := Append(nil, &collector.Link{Site: "shop", Visitor: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, num := range []protowire.Number{60, 1000} {
		row = protowire.AppendBytes(protowire.AppendTag(row, num, protowire.BytesType), []byte("news"))
		row = protowire.AppendVarint(protowire.AppendTag(row, num, protowire.VarintType), 7)
	}
	var is collector.Link
	if err := Unmarshal(row, &is); err != nil || is != (collector.Link{Site: "shop", Visitor: "v1"}) {
		t.Errorf("%+v, %v", is, err)
	}
}

// FuzzUnmarshal: whatever stands in a row, reading it ends with a word or an error,
// and a word that was read is written and read again as the same.
func FuzzUnmarshal(f *testing.F) {
	at := time.Date(2026, 11, 25, 10, 0, 0, 1, time.UTC)
	for i, word := range []any{
		&collector.EventRecord{Event: collector.Event{ID: "e", OccurredAt: at, Consent: &collector.ConsentAnswer{Explicit: true}, Properties: map[string]any{"value": 1.5}}, Offset: 7},
		&collector.Profile{Identifiers: []collector.Identifier{{Kind: "click", FirstAt: at}}, Visitors: []string{"a", ""}},
		&collector.Owner{Tenure: collector.Tenure{Generation: 2}, Earlier: []collector.Tenure{{}, {Customer: "c"}}},
		&collector.Link{Since: at}, &collector.ConsentRecord{Until: at, NoticeEpoch: -1},
		&collector.Delivery{Attempts: []collector.Attempt{{At: at}}, Payload: collector.Payload{Body: []byte("{}")}},
	} {
		row, err := Append(nil, word)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), row)
		f.Add(uint8(i), row[:len(row)/2])
	}
	f.Fuzz(func(t *testing.T, which uint8, row []byte) {
		all := words()
		v := all[int(which)%len(all)]
		if len(row) == 0 || row[0] != binary || Unmarshal(row, v) != nil {
			return
		}
		is := reflect.New(reflect.TypeOf(v).Elem()).Interface()
		again, err := Append(nil, v)
		if err != nil {
			return // a text in a site's values that no JSON holds
		}
		if err := Unmarshal(again, is); err != nil {
			t.Fatalf("what was written cannot be read: %v\n%x", err, again)
		}
		third, err := Append(nil, is)
		if err != nil || !bytes.Equal(again, third) {
			t.Fatalf("it is another the second time (%v):\n%x\n%x", err, again, third)
		}
	})
}
