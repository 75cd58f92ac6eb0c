package identity

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"matchkey/collector"
)

// MaxTenures bounds the earlier generations of a browser that are remembered
// and that a refusal reaches; the eldest go first.
const MaxTenures = 20

// Effective is the name under which a generation of a visitor is kept.
func Effective(visitor string, generation int) string {
	if visitor == "" || generation == 0 {
		return visitor
	}
	return visitor + "~" + strconv.Itoa(generation)
}

// Split takes an effective name apart. A visitor's own name has no '~'
// (edge/grammar.go).
func Split(effective string) (visitor string, generation int) {
	visitor, number, _ := strings.Cut(effective, "~")
	generation, _ = strconv.Atoi(number)
	return visitor, generation
}

// TenureAt is whose the browser was at a time, by what is known now: the
// generation that had begun by then. What happened before the first that is
// remembered belongs to it. present says whether it still lasts.
func TenureAt(o collector.Owner, at time.Time) (t collector.Tenure, present bool) {
	if len(o.Earlier) == 0 || !at.Before(o.Since) {
		return o.Tenure, true
	}
	i := len(o.Earlier) - 1
	for i > 0 && at.Before(o.Earlier[i].Since) {
		i--
	}
	return o.Earlier[i], false
}

// A Claim is what [SignIn] makes of an event that names a browser and a customer.
type Claim int

const (
	// Known: nothing is new.
	Known Claim = iota
	// Taken: the owner has changed.
	Taken
	// Foreign: the event comes late, out of the time of a generation that has
	// ended and was not this customer's. It tells of its customer only.
	Foreign
)

// SignIn says whose browser a visitor is after an event at a time that names
// both. The first customer takes over what the browser did before, and so does
// one who comes back after signing out; every other one begins a new generation
// at the event.
func SignIn(o collector.Owner, customer string, at time.Time) (collector.Owner, Claim) {
	then, present := TenureAt(o, at)
	switch {
	case then.Customer == customer:
		if present && o.Generation == 0 && at.Before(o.Since) {
			o.Since = at // it was the customer's even before: a link's age must not depend on the order
			return o, Taken
		}
		return o, Known
	case !present:
		return o, Foreign
	case then.Customer == "" && o.Generation == 0:
		o.Customer, o.Since = customer, at
	case then.Customer == "" && len(o.Earlier) > 0 && o.Earlier[len(o.Earlier)-1].Customer == customer:
		o.Customer = customer
	default:
		o = begin(o, collector.Tenure{Customer: customer, Since: at})
	}
	return o, Taken
}

// SignOut says whose browser a visitor is after somebody signed out at a time:
// nobody's, in a new generation. changed is false when it was nobody's, or when
// the sign-out comes late and another generation has begun since.
func SignOut(o collector.Owner, at time.Time) (now collector.Owner, changed bool) {
	then, present := TenureAt(o, at)
	if !present || then.Customer == "" {
		return o, false
	}
	next := collector.Tenure{Since: at, AnswersFrom: answersFrom(then)}
	if next.AnswersFrom.IsZero() {
		next.AnswersFrom = time.Unix(0, 0).UTC() // of the first generation: all
	}
	return begin(o, next), true
}

// Leaving is whose the browser was when somebody signed out at a time: the
// sign-out itself, and every copy of it, belongs to the generation that it ends.
func Leaving(o collector.Owner, at time.Time) collector.Tenure {
	then, present := TenureAt(o, at)
	if present && then.Customer == "" && then.Since.Equal(at) && len(o.Earlier) > 0 {
		return o.Earlier[len(o.Earlier)-1]
	}
	return then
}

// Vacate says whose browser a visitor is after the person of one generation was
// erased: that generation stays, as nobody's, so that what arrives late belongs to
// it still. The present one ends, and the next counts from a journal entry on.
func Vacate(o collector.Owner, generation int, at time.Time, next collector.Offset) collector.Owner {
	if o.Generation == generation {
		o.Customer = ""
		return begin(o, collector.Tenure{Since: at, Began: next})
	}
	o.Earlier = slices.Clone(o.Earlier)
	for i := range o.Earlier {
		if o.Earlier[i].Generation == generation {
			o.Earlier[i].Customer = ""
		}
	}
	return o
}

func begin(o collector.Owner, next collector.Tenure) collector.Owner {
	next.Generation = o.Generation + 1
	earlier := append(slices.Clone(o.Earlier), o.Tenure)
	return collector.Owner{Tenure: next, Earlier: earlier[max(0, len(earlier)-MaxTenures):]}
}

// Follows reports whether something observed at a time in this browser belongs
// to a generation. What the browser still carries from before it began (a click)
// does not.
func Follows(t collector.Tenure, at time.Time) bool {
	return t.Generation == 0 || !at.Before(t.Since)
}

// Answers reports whether a yes that was given at a time in this browser counts
// for a generation. That of the person before does not follow to a second
// customer. A sign-out takes none back: the answer is the browser's, as it is
// before anybody signs in.
func Answers(t collector.Tenure, at time.Time) bool {
	return t.Generation == 0 || !at.Before(answersFrom(t))
}

func answersFrom(t collector.Tenure) time.Time {
	if t.AnswersFrom.IsZero() && t.Generation > 0 {
		return t.Since
	}
	return t.AnswersFrom
}
