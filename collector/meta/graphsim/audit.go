package graphsim

// The question that a test of a sender ends with: what became of the events
// that should have arrived?

import "slices"

// Audit compares what the business sees of one event name in one dataset with
// what it should see.
type Audit struct {
	// Lost are the ids that should have been counted and never were.
	Lost []string
	// Twice are the ids that were counted more than once.
	Twice []string
	// Unexpected are ids that were counted and should not have been; "" stands
	// for all events without one.
	Unexpected []string
	// Counted is how many events are counted, Value the sum of their value by
	// currency ("" for those without one), rounded to four decimals.
	Counted int
	Value   map[string]float64
	// Forgotten events are no longer known by id, so Lost may be wrong when it
	// is not 0: more than 100,000 different ones came.
	Forgotten int
}

// Clean reports whether every event was counted, none twice and no other.
func (a Audit) Clean() bool {
	return len(a.Lost)+len(a.Twice)+len(a.Unexpected)+a.Forgotten == 0
}

// Audit audits the events of one name in one dataset; ids are those that the
// business should see once each. The lists it returns are sorted. Of several
// offline events that collapse (§ 7), the first one's id is the one counted.
func (s *Sim) Audit(dataset, eventName string, ids ...string) Audit {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := Audit{Value: map[string]float64{}, Forgotten: s.books.tallies.forgotten}
	counted := map[string]int{}
	for _, t := range s.books.tallies.of {
		if t.count.Dataset != dataset || t.count.EventName != eventName {
			continue
		}
		c := t.result()
		counted[c.EventID] += c.Counted
		a.Counted += c.Counted
		a.Value[c.Currency] = cents(a.Value[c.Currency] + c.Value)
	}
	for _, id := range ids {
		if counted[id] == 0 {
			a.Lost = append(a.Lost, id)
		}
	}
	slices.Sort(a.Lost)
	a.Lost = slices.Compact(a.Lost)
	expected := make(map[string]bool, len(ids))
	for _, id := range ids {
		expected[id] = true
	}
	for id, n := range counted {
		if n > 1 && id != "" {
			a.Twice = append(a.Twice, id)
		}
		if !expected[id] {
			a.Unexpected = append(a.Unexpected, id)
		}
	}
	slices.Sort(a.Twice)
	slices.Sort(a.Unexpected)
	return a
}
