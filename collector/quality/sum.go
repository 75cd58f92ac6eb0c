package quality

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"matchkey/collector"
)

// A Sum is the closed accounting of one destination over a period.
type Sum struct {
	Destination string                   `json:"destination"`
	From        time.Time                `json:"from"` // inclusive
	To          time.Time                `json:"to"`   // exclusive
	Matched     int                      `json:"matched"`
	States      map[collector.State]int  `json:"states"`
	Reasons     map[collector.Reason]int `json:"reasons,omitempty"`
	// Doubts counts attempts that ended in doubt: each may have been counted
	// twice by the destination.
	Doubts int `json:"doubts,omitempty"`
	// Unbalanced are the first MaxUnbalanced accounts that do not add up by
	// themselves.
	Unbalanced []collector.Account `json:"unbalanced,omitempty"`
}

// MaxUnbalanced bounds Sum.Unbalanced.
const MaxUnbalanced = 8

// Sums adds up the accounts whose hour lies in [from, to), one sum for each
// destination, sorted by its name. Accounts outside the period are passed over.
func Sums(accounts []collector.Account, from, to time.Time) []Sum {
	byName := map[string]*Sum{}
	for _, a := range within(accounts, from, to) {
		s := byName[a.Destination]
		if s == nil {
			s = Empty(a.Destination, from, to)
			byName[a.Destination] = s
		}
		s.add(a)
	}
	sums := make([]Sum, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		sums = append(sums, *byName[name])
	}
	return sums
}

// Empty is the sum of a destination for which nothing matched.
func Empty(destination string, from, to time.Time) *Sum {
	return &Sum{
		Destination: destination, From: from, To: to,
		States: map[collector.State]int{}, Reasons: map[collector.Reason]int{},
	}
}

func (s *Sum) add(a collector.Account) {
	s.Matched += a.Matched
	s.Doubts += a.Doubts
	for state, n := range a.States {
		s.States[state] += n
	}
	for reason, n := range a.Reasons {
		s.Reasons[reason] += n
	}
	if a.Remainder() != 0 && len(s.Unbalanced) < MaxUnbalanced {
		s.Unbalanced = append(s.Unbalanced, a)
	}
}

// Remainder is what matched less the sum of all states: zero, or a bug.
func (s Sum) Remainder() int {
	r := s.Matched
	for _, n := range s.States {
		r -= n
	}
	return r
}

// Closed reports whether the sum adds up, and every account in it too.
func (s Sum) Closed() bool { return s.Remainder() == 0 && len(s.Unbalanced) == 0 }

// A Term is one number of the sum: how many deliveries stand in a state.
type Term struct {
	State collector.State `json:"state"`
	N     int             `json:"n"`
}

// Terms are the numbers that add up to Matched less Remainder: every state of
// [collector.States] in its order, zeros included, and behind them any state
// that this version does not know, so that nothing is left out of sight.
func (s Sum) Terms() []Term {
	known := collector.States()
	terms := make([]Term, 0, len(known))
	for _, state := range known {
		terms = append(terms, Term{state, s.States[state]})
	}
	for _, state := range slices.Sorted(maps.Keys(s.States)) {
		if !slices.Contains(known, state) {
			terms = append(terms, Term{state, s.States[state]})
		}
	}
	return terms
}

// A ReasonCount says how often something had a reason.
type ReasonCount struct {
	Reason collector.Reason `json:"reason"`
	N      int              `json:"n"`
}

// TopReasons merges the reasons of sums, most frequent first, at most max.
func TopReasons(sums []Sum, max int) []ReasonCount {
	total := map[collector.Reason]int{}
	for _, s := range sums {
		for reason, n := range s.Reasons {
			total[reason] += n
		}
	}
	top := ranked(total)
	return top[:min(max, len(top))]
}

// ranked lists counts, largest first, equal ones by name; zeros are left out.
func ranked(counts map[collector.Reason]int) []ReasonCount {
	list := make([]ReasonCount, 0, len(counts))
	for reason, n := range counts {
		if n != 0 {
			list = append(list, ReasonCount{reason, n})
		}
	}
	slices.SortFunc(list, func(a, b ReasonCount) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Reason, b.Reason))
	})
	return list
}

// within yields the accounts whose hour lies in [from, to).
func within(accounts []collector.Account, from, to time.Time) []collector.Account {
	var in []collector.Account
	for _, a := range accounts {
		if !a.Hour.Before(from) && a.Hour.Before(to) {
			in = append(in, a)
		}
	}
	return in
}
