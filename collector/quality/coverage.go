package quality

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"matchkey/collector"
)

// A Coverage says, for all that was delivered to one destination under one
// name, how often each field went along.
type Coverage struct {
	Destination string `json:"destination"`
	// Send is the name under which the destination gets it.
	Send      string `json:"send"`
	Delivered int    `json:"delivered"`
	// Keys are all fields that were ever counted, the most useful for matching
	// first, then by path.
	Keys []Key `json:"keys"`
}

// A Key is one field of what was delivered.
type Key struct {
	// Path is the destination's name of the place.
	Path string `json:"path"`
	// Kind is the identifier that stands there; empty when the field does not
	// identify anybody, or when nobody said.
	Kind collector.Kind `json:"kind,omitempty"`
	// Of is how many were delivered, Sent how many of them had the field.
	Of   int `json:"of"`
	Sent int `json:"sent"`
	// Missing says why the others had not, most frequent first.
	Missing []ReasonCount `json:"missing,omitempty"`
}

// Share is how many of those delivered had the field, from 0 to 1; zero when
// nothing was delivered.
func (k Key) Share() float64 {
	if k.Of <= 0 {
		return 0
	}
	return min(1, float64(k.Sent)/float64(k.Of))
}

// Unexplained is what was delivered less sent and missing. It is above zero
// when deliveries said nothing of the field (for example because an older
// version did not know it), and below zero when some named it twice.
func (k Key) Unexplained() int {
	rest := k.Of - k.Sent
	for _, m := range k.Missing {
		rest -= m.N
	}
	return rest
}

// Matches reports whether the field helps to recognise a person. The page
// address is a fact about the event, and so is not among them.
func (k Key) Matches() bool { return weight(k.Kind) > 0 }

// Cover computes the coverage of each destination and name over the accounts
// whose hour lies in [from, to), sorted by destination, then most delivered
// first. kinds says which identifier stands at a path (lineage knows:
// [collector.Field]); it may be nil.
func Cover(accounts []collector.Account, from, to time.Time, kinds map[string]collector.Kind) []Coverage {
	type pair struct{ destination, send string }
	tallies := map[pair]*tally{}
	for _, a := range within(accounts, from, to) {
		p := pair{a.Destination, a.Send}
		if tallies[p] == nil {
			tallies[p] = newTally()
		}
		tallies[p].add(a)
	}
	var all []Coverage
	for p, t := range tallies {
		if t.delivered == 0 && len(t.sent) == 0 && len(t.missing) == 0 {
			continue
		}
		all = append(all, Coverage{p.destination, p.send, t.delivered, t.keys(kinds)})
	}
	slices.SortFunc(all, func(a, b Coverage) int {
		return cmp.Or(
			cmp.Compare(a.Destination, b.Destination),
			cmp.Compare(b.Delivered, a.Delivered),
			cmp.Compare(a.Send, b.Send))
	})
	return all
}

// A tally adds up the field counters of one destination and name.
type tally struct {
	delivered int
	sent      map[string]int
	missing   map[string]map[collector.Reason]int
}

func newTally() *tally {
	return &tally{sent: map[string]int{}, missing: map[string]map[collector.Reason]int{}}
}

func (t *tally) add(a collector.Account) {
	t.delivered += a.States[collector.StateDelivered]
	for path, n := range a.Sent {
		t.sent[path] += n
	}
	for path, reasons := range a.Missing {
		if t.missing[path] == nil {
			t.missing[path] = map[collector.Reason]int{}
		}
		for reason, n := range reasons {
			t.missing[path][reason] += n
		}
	}
}

func (t *tally) keys(kinds map[string]collector.Kind) []Key {
	paths := map[string]bool{}
	for path := range t.sent {
		paths[path] = true
	}
	for path := range t.missing {
		paths[path] = true
	}
	keys := make([]Key, 0, len(paths))
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		keys = append(keys, Key{
			Path: path, Kind: kinds[path], Of: t.delivered,
			Sent: t.sent[path], Missing: ranked(t.missing[path]),
		})
	}
	slices.SortStableFunc(keys, func(a, b Key) int {
		return cmp.Compare(weight(b.Kind), weight(a.Kind))
	})
	return keys
}

// weight orders the kinds by how much they help a destination to recognise a
// person: contact by e-mail and the click weigh most, what only helps in
// combination least, and what does not identify nothing. The tiers are
// triangulated from the network's own samples, not quoted (capi.md § 8.2);
// they rank advice and the order of rows, and enter no number.
func weight(k collector.Kind) int {
	switch k {
	case collector.KindEmail, collector.KindClick:
		return 8
	case collector.KindPhone, collector.KindBrowser, collector.KindCustomer,
		collector.KindIP, collector.KindUserAgent:
		return 4
	case collector.KindVisitor:
		return 2
	case collector.KindFirstName, collector.KindLastName, collector.KindDateOfBirth,
		collector.KindGender, collector.KindCity, collector.KindRegion,
		collector.KindPostalCode, collector.KindCountry:
		return 1
	}
	return 0
}
