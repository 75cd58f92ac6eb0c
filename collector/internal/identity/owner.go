package identity

import (
	"strconv"
	"time"

	"matchkey/collector"
)

// Effective is the name under which a visitor's present generation is kept.
func Effective(visitor string, generation int) string {
	if visitor == "" || generation == 0 {
		return visitor
	}
	return visitor + "~" + strconv.Itoa(generation)
}

// SignIn says whose browser a visitor is after an event that names both.
// changed is false when nothing is new. The first customer takes over what the
// browser did before; every other one begins a new generation at the event.
func SignIn(o collector.Owner, customer string, at time.Time) (now collector.Owner, changed bool) {
	switch o.Customer {
	case customer:
		return o, false
	case "":
		return collector.Owner{Customer: customer, Generation: o.Generation, Since: at}, true
	default:
		return collector.Owner{Customer: customer, Generation: o.Generation + 1, Since: at}, true
	}
}

// Follows reports whether something observed at a time in this browser belongs
// to the present generation. What the browser still carries from before a
// second customer signed in (a click, an answer about consent) does not.
func Follows(o collector.Owner, at time.Time) bool {
	return o.Generation == 0 || !at.Before(o.Since)
}
