package edge

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"matchkey/collector"
)

// The person's answer in a beacon, "c". It alone is read strictly: what cannot
// be read for certain refuses the beacon, because a guess could turn a no into
// a yes.

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
func (r *reader) answer(v jsontext.Value) bool {
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
		At:         fromMillis(int64(w.At)),
		Notice:     r.detail("c.n", w.Notice),
		Language:   r.detail("c.g", w.Language),
		Source:     r.detail("c.s", w.Source),
		Explicit:   w.Explicit, InformedOfGPC: w.Informed,
	}
	return true
}

// detail is a part of an answer that may be missing: without it the answer
// proves less, which is the policy's business.
func (r *reader) detail(field, s string) string {
	if s != "" && !isToken(s) {
		r.b.note(field, collector.ReasonMalformed)
		return ""
	}
	return s
}
