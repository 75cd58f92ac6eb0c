package edge

import (
	"time"

	"matchkey/collector"
)

// The person's answer in a beacon, "c". It alone is read strictly: what cannot
// be read for certain refuses the beacon, because a guess could turn a no into
// a yes.
//
// It is read with the sender's claim of its time only; dateAnswer puts it on the
// edge's clock when that is known.

// answer reads what the person said. An action that is not known is kept as it
// came and revokes (collector.ConsentAnswer).
func (r *reader) answer() bool {
	if r.next() == 'n' {
		_, ok := r.value()
		return ok
	}
	a := &r.b.said
	var given int64
	read := r.object(func(name string) bool {
		switch name {
		case "a":
			return r.stated(&a.Action)
		case "t":
			v, ok := r.value()
			if ok {
				given, ok = millis(v)
			}
			return ok
		case "n":
			return r.stated(&a.Notice)
		case "g":
			return r.stated(&a.Language)
		case "s":
			return r.stated(&a.Source)
		case "x":
			return r.affirmed(&a.Explicit)
		case "o":
			return r.affirmed(&a.InformedOfGPC)
		case "k":
			return r.categories()
		}
		_, ok := r.value()
		return ok
	})
	if !read || !isToken(a.Action) || given == 0 {
		return r.refuse(collector.ReasonMalformedJSON)
	}
	a.ClaimedAt = fromMillis(given)
	a.Notice, a.Language, a.Source = r.b.detail("c.n", a.Notice), r.b.detail("c.g", a.Language), r.b.detail("c.s", a.Source)
	r.b.answer = a
	return true
}

// stated reads a string of an answer; null says as little as its absence.
func (r *reader) stated(into *string) bool {
	v, ok := r.value()
	if ok && v != "null" {
		*into, ok = text(v)
	}
	return ok
}

// affirmed reads a yes or no of an answer; null is as good as its absence.
func (r *reader) affirmed(into *bool) bool {
	v, ok := r.value()
	*into = v == "true"
	return ok && (v == "true" || v == "false" || v == "null")
}

// categories reads those of an answer. One less could turn "some" into "all", so
// each has to be good.
func (r *reader) categories() bool {
	if r.next() == 'n' {
		_, ok := r.value()
		return ok
	}
	kept := []string{}
	read := r.list(func() bool {
		v, ok := r.value()
		if !ok || len(kept) == maxAnswerCategories {
			return false
		}
		c, ok := text(v)
		kept = append(kept, c)
		return ok && isToken(c)
	})
	r.b.said.Categories = kept
	return read
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
func (b *beacon) detail(field, s string) string {
	if s != "" && !isToken(s) {
		b.note(field, collector.ReasonMalformed)
		return ""
	}
	return s
}
