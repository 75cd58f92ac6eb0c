package meta

import (
	"bytes"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/go-json-experiment/json"
)

// byReflection is what the types say an event looks like.
func byReflection(e *ServerEvent) ([]byte, error) {
	return json.Marshal(e, json.Deterministic(true))
}

// checkEncoding compares the encoder with the types.
func checkEncoding(t *testing.T, e *ServerEvent) {
	t.Helper()
	got, err := e.encode(nil)
	want, wantErr := byReflection(e)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%+v: the error is %v, want %v", e, err, wantErr)
	}
	if err == nil && !bytes.Equal(got, want) {
		t.Fatalf("encoded\n%s, the types say\n%s", got, want)
	}
}

// FuzzEncode fills events at random, every field of every type, with texts and
// numbers that are hard to write.
func FuzzEncode(f *testing.F) {
	for seed := range uint64(500) {
		f.Add(seed, "plain", 59.9)
	}
	for _, s := range []string{"", `"\/`, "\x00\x1f\x7f", "<&>\u2028", "日本 😀", "\xff", "\\"} {
		for _, n := range []float64{0, math.Copysign(0, -1), 1e-7, 1e-6, -1e20, 1e21, 123456789.125, 5e-324, math.NaN(), math.Inf(1)} {
			f.Add(uint64(len(s)), s, n)
		}
	}
	f.Fuzz(func(t *testing.T, seed uint64, text string, number float64) {
		fill := filler{rand.New(rand.NewPCG(seed, 0)), text, number}
		var e ServerEvent
		fill.value(reflect.ValueOf(&e).Elem())
		checkEncoding(t, &e)
	})
}

// TestEmptyEventsAreEncodedAsTheTypesSay: what is there and empty is hardest.
func TestEmptyEventsAreEncodedAsTheTypesSay(t *testing.T) {
	for _, e := range []ServerEvent{
		{},
		{Options: []string{}, App: &AppData{}, Original: &OriginalEvent{}, Custom: CustomData{}},
		{App: &AppData{URLSchemes: []string{}}},
		{App: &AppData{ExtInfo: &ExtInfo{}}},
		{Custom: CustomData{"contents": []Item{}, "content_ids": []any{}, "store_data": &StoreData{}}},
		{Custom: CustomData{"contents": []Item{{}}}},
	} {
		checkEncoding(t, &e)
	}
}

// A filler sets about half of all that can be set.
type filler struct {
	*rand.Rand
	text   string
	number float64
}

func (f filler) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f.IntN(2) == 0 {
				f.value(v.Field(i))
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.value(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), f.IntN(3), 3))
		for i := range v.Len() {
			f.value(v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			f.value(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.ValueOf(f.custom()))
	case reflect.String:
		v.SetString([]string{"", "x", f.text}[f.IntN(3)])
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(f.IntN(3)) * int64(f.Uint64()>>1))
	case reflect.Float64:
		v.SetFloat([]float64{0, 1.5, f.number}[f.IntN(3)])
	case reflect.Bool:
		v.SetBool(true)
	default:
		panic("BUG: an event holds a " + v.Kind().String())
	}
}

// custom makes custom_data of all that its values may be.
func (f filler) custom() CustomData {
	var items []Item
	var store StoreData
	f.value(reflect.ValueOf(&items).Elem())
	f.value(reflect.ValueOf(&store).Elem())
	all := []any{f.text, "x", f.number, 1.5, int64(7), true, false, []any{f.text, f.number, int64(1), true}, items, &store}
	custom := CustomData{}
	for range f.IntN(20) {
		custom[[]string{"value", "b c", f.text, "my.key-1", string('a' + rune(f.IntN(26)))}[f.IntN(5)]] = all[f.IntN(len(all))]
	}
	return custom
}
