package identity

import (
	"slices"

	"matchkey/collector"
)

// A Recalled is one generation of a browser, which goes by its own name.
type Recalled struct {
	Site, Browser string
	collector.Tenure
	// Erased says that the person of some generation of the browser was erased, so
	// that its whole entries do not tell any more which generation they began.
	Erased bool
}

// Recall says whose browser a visitor was after a journal entry that does not
// tell it any more, by a tenure that names the entry.
func Recall(o collector.Owner, t collector.Tenure, entry collector.Offset) collector.Owner {
	if t.Offset != entry {
		// It began by this entry, and became its customer's by a later one.
		t.Customer, t.Offset = "", 0
	}
	switch {
	case t.Generation > o.Generation:
		o = begin(o, t)
		o.Tenure = t // some before it may be forgotten
	case t.Generation == o.Generation:
		o.Tenure = t
	}
	return o
}

// Erased reports whether the person of some generation of a browser was erased:
// one that had a customer is nobody's, or one began that no sign-out began.
func Erased(o collector.Owner) bool {
	return slices.ContainsFunc(append(slices.Clone(o.Earlier), o.Tenure), func(t collector.Tenure) bool {
		return t.Customer == "" && (t.Offset != 0 || t.Generation > 0 && t.AnswersFrom.IsZero())
	})
}
