package identity

import (
	"cmp"
	"slices"
	"time"

	"matchkey/collector"
)

// Bounds of a profile.
const (
	maxClicks   = 16
	maxValues   = 8 // of every other kind
	maxSessions = 20
	// MaxVisitors bounds the browsers whose profiles are joined for a customer;
	// the latest linked ones count.
	MaxVisitors = 20
)

// Merge returns what is known from a and b together, under a's subject. It
// changes neither.
func Merge(a, b collector.Profile) collector.Profile {
	return collector.Profile{
		Subject:     a.Subject,
		Identifiers: mergeIdentifiers(a.Identifiers, b.Identifiers),
		Sessions:    mergeSessions(a.Sessions, b.Sessions),
		Page:        laterPage(a.Page, b.Page),
		FirstAt:     earliest(a.FirstAt, b.FirstAt),
		LastAt:      latest(a.LastAt, b.LastAt),
		Visitors:    union(a.Visitors, b.Visitors),
	}
}

// Join merges the profiles of a customer's browsers into the customer's own.
func Join(customer collector.Profile, visitors ...collector.Profile) collector.Profile {
	for _, v := range visitors {
		id := v.Subject.ID
		customer = Merge(customer, v)
		customer.Visitors = union(customer.Visitors, []string{id})
	}
	return customer
}

func mergeIdentifiers(a, b []collector.Identifier) []collector.Identifier {
	type name struct {
		kind  collector.Kind
		value string
	}
	known := make(map[name]int, len(a)+len(b))
	all := make([]collector.Identifier, 0, len(a)+len(b))
	for _, list := range [][]collector.Identifier{a, b} {
		for _, id := range list {
			n := name{id.Kind, id.Value}
			if i, ok := known[n]; ok {
				all[i] = sameIdentifier(all[i], id)
				continue
			}
			known[n] = len(all)
			all = append(all, id)
		}
	}
	slices.SortFunc(all, func(x, y collector.Identifier) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), y.LastAt.Compare(x.LastAt), cmp.Compare(x.Value, y.Value))
	})
	return boundKinds(all)
}

// sameIdentifier merges two observations of one value. Ties go to the smaller
// provenance, so that the order of merging cannot matter.
func sameIdentifier(a, b collector.Identifier) collector.Identifier {
	first := a
	if c := cmp.Or(b.FirstAt.Compare(a.FirstAt), cmp.Compare(b.Receipt, a.Receipt),
		cmp.Compare(b.Event, a.Event), cmp.Compare(b.How, a.How)); c < 0 {
		first = b
	}
	first.LastAt = latest(a.LastAt, b.LastAt)
	return first
}

// boundKinds cuts each kind's run of a sorted list; it reuses the slice.
func boundKinds(sorted []collector.Identifier) []collector.Identifier {
	kept := sorted[:0]
	run := 0
	for i, id := range sorted {
		if i > 0 && sorted[i-1].Kind != id.Kind {
			run = 0
		}
		limit := maxValues
		if id.Kind == collector.KindClick {
			limit = maxClicks
		}
		if run++; run <= limit {
			kept = append(kept, id)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}

func mergeSessions(a, b []collector.SessionStart) []collector.SessionStart {
	byID := make(map[string]collector.SessionStart, len(a)+len(b))
	for _, list := range [][]collector.SessionStart{a, b} {
		for _, s := range list {
			old, ok := byID[s.ID]
			if !ok || compareSessions(s, old) < 0 {
				byID[s.ID] = s
			}
		}
	}
	if len(byID) == 0 {
		return nil
	}
	all := make([]collector.SessionStart, 0, len(byID))
	for _, s := range byID {
		all = append(all, s)
	}
	slices.SortFunc(all, func(x, y collector.SessionStart) int {
		return cmp.Or(y.At.Compare(x.At), cmp.Compare(x.ID, y.ID))
	})
	return all[:min(len(all), maxSessions)]
}

// compareSessions orders copies of one session: the earliest fixes it, and all
// of it decides ties.
func compareSessions(x, y collector.SessionStart) int {
	return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.Receipt, y.Receipt), cmp.Compare(x.URL, y.URL),
		cmp.Compare(x.Client.IP, y.Client.IP), cmp.Compare(x.Client.UserAgent, y.Client.UserAgent),
		cmp.Compare(x.Client.Geo.Country, y.Client.Geo.Country), cmp.Compare(x.Client.Geo.Region, y.Client.Geo.Region))
}

func laterPage(a, b collector.PageSeen) collector.PageSeen {
	if cmp.Or(a.At.Compare(b.At), cmp.Compare(a.URL, b.URL), cmp.Compare(a.Receipt, b.Receipt)) < 0 {
		return b
	}
	return a
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func union(a, b []string) []string {
	if len(a)+len(b) == 0 {
		return nil
	}
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
