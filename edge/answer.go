package edge

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"matchkey/collector"
)

// The person's answer in a beacon, "c". It alone is read strictly: what cannot
// be read for certain refuses the beacon, because a guess could turn a no into
// a yes.
//
// It is read with the sender's claim of its time only; dateAnswer puts it on the
// edge's clock when that is known.

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
	Token      string   `json:"p"`
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
	r.b.noticeToken = w.Token
	r.b.answer = &collector.ConsentAnswer{
		Action:     w.Action,
		Categories: w.Categories,
		ClaimedAt:  fromMillis(int64(w.At)),
		Notice:     r.detail("c.n", w.Notice),
		Language:   r.detail("c.g", w.Language),
		Source:     r.detail("c.s", w.Source),
		Explicit:   w.Explicit, InformedOfGPC: w.Informed,
	}
	return true
}

// dateAnswer says when the answer was given by the edge's clock: an accept as
// long before it was received as the sender's own clock counts, so that it ends
// in time; everything else when it was received, so that no clock that is behind
// can make a refusal older than the accept it takes back.
func (b *beacon) dateAnswer(received time.Time) {
	if b.answer == nil {
		return
	}
	b.answer.At = received
	if b.answer.Action != collector.ConsentAccept || b.sentAt == 0 {
		return
	}
	age := b.sentAt - b.answer.ClaimedAt.UnixMilli() // ms; as a Duration it could overflow
	// Given after it was sent, or before 1970: then the clock was set in between,
	// and the difference means nothing.
	if age < 0 || age > received.UnixMilli() {
		return
	}
	b.answer.At = received.Add(-time.Duration(age) * time.Millisecond)
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
