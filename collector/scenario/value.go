package scenario

// What an expression gives is journalled, stored and sent as JSON. Values that
// JSON cannot hold (1/0, half a letter) or that have grown out of proportion
// are refused here, where only the one property is lost, and not when a whole
// batch is written.

import (
	"errors"
	"math"
	"reflect"
	"unicode/utf8"
)

const (
	maxValueBytes = 8 << 10 // of texts and keys; every part counts at least one
	maxValueDepth = 6       // of lists and maps, as at the edge
)

var (
	errNotJSON  = errors.New("the value is not JSON")
	errTooLarge = errors.New("the value is too large")
)

// plain gives a copy of an expression's value that consists of nil, bool,
// string, float64, []any and map[string]any only, or an error.
func plain(v any) (any, error) {
	budget := maxValueBytes
	return plainPart(v, maxValueDepth, &budget)
}

func plainPart(v any, depth int, budget *int) (any, error) {
	if *budget--; *budget < 0 {
		return nil, errTooLarge
	}
	switch v := v.(type) {
	case nil, bool:
		return v, nil
	case string:
		return plainText(v, budget)
	}
	if n, ok := number(v); ok {
		if math.IsInf(n, 0) || math.IsNaN(n) {
			return nil, errNotJSON
		}
		return n, nil
	}
	if depth == 0 {
		return nil, errTooLarge
	}
	if m, ok := v.(map[string]any); ok {
		return plainMap(m, depth, budget)
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.Slice { // []any, or []int and its like for a literal
		return plainList(r, depth, budget)
	}
	return nil, errNotJSON
}

func plainText(s string, budget *int) (string, error) {
	if *budget -= len(s); *budget < 0 {
		return "", errTooLarge
	}
	if !utf8.ValidString(s) {
		return "", errNotJSON
	}
	return s, nil
}

func plainMap(m map[string]any, depth int, budget *int) (any, error) {
	kept := map[string]any{}
	for key, value := range m {
		if _, err := plainText(key, budget); err != nil {
			return nil, err
		}
		part, err := plainPart(value, depth-1, budget)
		if err != nil {
			return nil, err
		}
		if part != nil { // a part that is not there, as a property that is not there
			kept[key] = part
		}
	}
	return kept, nil
}

func plainList(list reflect.Value, depth int, budget *int) (any, error) {
	kept := []any{}
	for i := range list.Len() {
		part, err := plainPart(list.Index(i).Interface(), depth-1, budget)
		if err != nil {
			return nil, err
		}
		kept = append(kept, part)
	}
	return kept, nil
}
