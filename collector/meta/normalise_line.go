package meta

// The line protocol of `matchkey normalize`: one JSON object in, one out, for
// tests and audits.

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"matchkey/collector"
)

// A normalForm is one form with its hash.
type normalForm struct {
	Normalized string `json:"normalized"`
	SHA256     string `json:"sha256"`
}

// NormaliseLine answers one line: {"key":"em","value":" A@b.com","country":"US"},
// country being optional and key one of Meta's keys or the name of a kind
// ("email"). It returns, without a line end,
//
//	{"normalized":"a@b.com","sha256":"…"}
//	{"normalized":"zürich","sha256":"…","variants":[{"normalized":"zürich","sha256":"…"},{"normalized":"zrich","sha256":"…"}]}
//	{"dropped":"not_normalisable"}
//	{"error":"…"}    the line is not such an object
//
// A value of null is dropped, a whole number is read as it is spelled. Other
// members of the object are ignored.
func NormaliseLine(line []byte) []byte {
	var in struct {
		Key     *string        `json:"key"`
		Value   jsontext.Value `json:"value"`
		Country string         `json:"country"`
	}
	if err := json.Unmarshal(bytes.TrimSpace(line), &in); err != nil {
		return lineError(`the line is not a JSON object like {"key":"em","value":"…","country":"US"}`)
	}
	if in.Key == nil || in.Value == nil {
		return lineError("the object needs a key and a value")
	}
	key := *in.Key
	if k, ok := keyOf[collector.Kind(key)]; ok {
		key = k
	}
	if _, known := howOf[key]; !known {
		return lineError("the key is none of em, ph, fn, ln, db, ge, ct, st, zp, country, external_id")
	}
	if in.Value.Kind() == 'n' {
		return encodeLine(map[string]any{"dropped": collector.ReasonNotNormalisable})
	}
	value, ok := lineValue(in.Value)
	if !ok {
		return lineError("the value has to be a string, a whole number or null")
	}
	return answerLine(key, value, in.Country)
}

// lineValue reads a text, or a whole number as it is spelled: telephones, postal
// codes and dates are often written as numbers, and no digit of them may change.
func lineValue(raw jsontext.Value) (value string, ok bool) {
	if raw.Kind() == '0' {
		return string(raw), isDigits(string(raw))
	}
	return value, raw.Kind() == '"' && json.Unmarshal(raw, &value) == nil
}

func answerLine(key, value, country string) []byte {
	texts, hashed, why := normalise(key, value, country)
	if why != "" {
		return encodeLine(map[string]any{"dropped": why})
	}
	forms := make([]normalForm, len(texts))
	for i, text := range texts {
		forms[i] = normalForm{text, hash(text)}
		if hashed {
			forms[i].SHA256 = text
		}
	}
	if len(forms) == 1 {
		return encodeLine(forms[0])
	}
	return encodeLine(struct {
		normalForm
		Variants []normalForm `json:"variants"`
	}{forms[0], forms})
}

func lineError(sentence string) []byte {
	return encodeLine(map[string]any{"error": sentence})
}

// encodeLine cannot fail on what this file gives it.
func encodeLine(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		return []byte(`{"error":"BUG: the answer cannot be encoded"}`)
	}
	return text
}
