package identity

import (
	"cmp"
	"slices"
	"time"

	"matchkey/collector"
)

// Bounds of a profile.
const (
	// maxDated bounds each kind whose values carry a time of their own.
	maxDated = 16
	// maxValues bounds every other kind twice: the values seen last, and those
	// known longest.
	maxValues   = 8
	maxSessions = 20
	// MaxVisitors bounds the browsers whose profiles are joined for a customer;
	// the latest linked ones count.
	MaxVisitors = 20
	// MaxBrowsers bounds the browsers that are linked to a customer. An id that more
	// of them name ("guest", or one that strangers know) is no one person, and
	// everything that concerns a customer looks at all of its browsers.
	MaxBrowsers = 50
)

// Merge returns what is known from a and b together, under a's subject. It
// changes neither.
func Merge(a, b collector.Profile) collector.Profile {
	return collector.Profile{
		Subject:     a.Subject,
		Identifiers: MergeIdentifiers(a.Identifiers, b.Identifiers),
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

// MergeIdentifiers returns what both lists know, each value once, in the order
// of [collector.Profile] and within the bounds. It changes neither.
func MergeIdentifiers(a, b []collector.Identifier) []collector.Identifier {
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
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, lastFirst)
	return boundKinds(all)
}

// lastFirst orders identifiers as a profile lists them.
func lastFirst(x, y collector.Identifier) int {
	return cmp.Or(cmp.Compare(x.Kind, y.Kind), y.LastAt.Compare(x.LastAt), cmp.Compare(x.Value, y.Value))
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

// boundKinds bounds each kind's run of a sorted list; it reuses the slice.
func boundKinds(sorted []collector.Identifier) []collector.Identifier {
	kept := sorted[:0]
	for len(sorted) > 0 {
		n := 1
		for n < len(sorted) && sorted[n].Kind == sorted[0].Kind {
			n++
		}
		run := sorted[:n]
		sorted = sorted[n:]
		if kind := run[0].Kind; kind == collector.KindClick || kind == collector.KindBrowser {
			run = boundDated(run)
		} else {
			run = boundSeen(run)
		}
		kept = append(kept, run...)
	}
	return kept
}

// boundDated keeps the values of the newest times of their own. A value's rank
// never changes, so what is left out once is out for good, in any order.
func boundDated(run []collector.Identifier) []collector.Identifier {
	if len(run) <= maxDated {
		return run
	}
	slices.SortFunc(run, func(x, y collector.Identifier) int {
		return cmp.Or(y.FirstAt.Compare(x.FirstAt), cmp.Compare(x.Value, y.Value))
	})
	run = run[:maxDated]
	slices.SortFunc(run, lastFirst)
	return run
}

// boundSeen keeps the values that were seen last and those that are known
// longest. Each half alone is independent of the order: no observation that
// belongs to it is ever left out. A value that is in one half only keeps that
// half's observation and no more, because the other one may have been lost in
// one order and not in another. So a value beyond the first few has no
// provenance, and one that is not seen any more no later time.
func boundSeen(run []collector.Identifier) []collector.Identifier {
	if len(run) <= maxValues {
		return run
	}
	eldest := slices.Clone(run)
	slices.SortFunc(eldest, func(x, y collector.Identifier) int {
		return cmp.Or(x.FirstAt.Compare(y.FirstAt), cmp.Compare(x.Value, y.Value))
	})
	eldest = eldest[:maxValues]
	isEldest := func(id collector.Identifier) bool {
		return slices.ContainsFunc(eldest, func(e collector.Identifier) bool { return e.Value == id.Value })
	}
	kept := run[:0]
	for i, id := range run {
		switch {
		case isEldest(id):
			if i >= maxValues {
				id.LastAt = id.FirstAt
			}
		case i < maxValues:
			id = collector.Identifier{Kind: id.Kind, Value: id.Value, FirstAt: id.LastAt, LastAt: id.LastAt}
		default:
			continue
		}
		kept = append(kept, id)
	}
	slices.SortFunc(kept, lastFirst)
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
	if len(all) > maxSessions {
		// By the id, which begins with the session's start, and not by the time,
		// which a late event makes earlier: a session's rank must not change.
		slices.SortFunc(all, func(x, y collector.SessionStart) int { return cmp.Compare(y.ID, x.ID) })
		all = all[:maxSessions]
	}
	slices.SortFunc(all, func(x, y collector.SessionStart) int {
		return cmp.Or(y.At.Compare(x.At), cmp.Compare(x.ID, y.ID))
	})
	return all
}

// compareSessions orders copies of one session: the earliest fixes it, and all
// of it decides ties.
func compareSessions(x, y collector.SessionStart) int {
	return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.Receipt, y.Receipt), cmp.Compare(x.URL, y.URL),
		cmp.Compare(x.Client.IP, y.Client.IP), cmp.Compare(x.Client.UserAgent, y.Client.UserAgent),
		cmp.Compare(x.Client.Locale, y.Client.Locale), cmp.Compare(x.Client.Hints.Brands, y.Client.Hints.Brands),
		cmp.Compare(x.Client.Hints.Platform, y.Client.Hints.Platform), cmp.Compare(x.Client.Hints.Mobile, y.Client.Hints.Mobile),
		cmp.Compare(x.Client.Geo.Country, y.Client.Geo.Country), cmp.Compare(x.Client.Geo.Region, y.Client.Geo.Region),
		cmp.Compare(x.Client.Geo.Source, y.Client.Geo.Source), compareBools(x.Client.Geo.Conflict, y.Client.Geo.Conflict))
}

func compareBools(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	}
	return 1
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
