package identity

import (
	"slices"
	"time"

	"matchkey/collector"
)

// Retain returns what of a profile has not expired at a time; it changes nothing
// in place. Of a profile whose subject itself has expired nothing is left but its
// name. Retaining again, or at an earlier time, changes nothing, and to retain two
// profiles and merge them retains their merge.
func Retain(p collector.Profile, r collector.Retention, at time.Time) collector.Profile {
	ends := Expires(p, r)
	if ends.IsZero() || at.Before(ends) {
		return p
	}
	if collector.Expired(p.LastAt, r.External, at) {
		return collector.Profile{Subject: p.Subject}
	}
	p.Identifiers = slices.DeleteFunc(slices.Clone(p.Identifiers), func(id collector.Identifier) bool {
		return collector.Expired(id.Seen(), r.Of(id.Kind), at)
	})
	p.Sessions = slices.DeleteFunc(slices.Clone(p.Sessions), func(s collector.SessionStart) bool {
		return collector.Expired(s.At, r.Sessions, at)
	})
	for i := range p.Sessions {
		if collector.Expired(p.Sessions[i].At, r.Address, at) {
			p.Sessions[i].Client.IP = ""
		}
	}
	if collector.Expired(p.Page.At, r.Sessions, at) {
		p.Page = collector.PageSeen{}
	}
	if len(p.Identifiers) == 0 {
		p.Identifiers = nil // as it is read back
	}
	if len(p.Sessions) == 0 {
		p.Sessions = nil
	}
	return p
}

// Expires is when the first thing in a profile expires; zero when nothing does.
func Expires(p collector.Profile, r collector.Retention) (first time.Time) {
	earlier := func(seen time.Time, kept time.Duration) {
		first = collector.Earlier(first, collector.Ends(seen, kept))
	}
	if p.LastAt.IsZero() && len(p.Identifiers) == 0 {
		return first
	}
	earlier(p.LastAt, r.External)
	for i := range p.Identifiers {
		earlier(p.Identifiers[i].Seen(), r.Of(p.Identifiers[i].Kind))
	}
	for i := range p.Sessions {
		earlier(p.Sessions[i].At, r.Sessions)
		if p.Sessions[i].Client.IP != "" {
			earlier(p.Sessions[i].At, r.Address)
		}
	}
	earlier(p.Page.At, r.Sessions)
	return first
}

// Dropped counts the values that are in one profile and not in what was retained
// of it.
func Dropped(was, is collector.Profile) int {
	n := len(was.Identifiers) - len(is.Identifiers) + len(was.Sessions) - len(is.Sessions)
	if was.Page != is.Page {
		n++
	}
	return n + addresses(was) - addresses(is)
}

func addresses(p collector.Profile) (n int) {
	for i := range p.Sessions {
		if p.Sessions[i].Client.IP != "" {
			n++
		}
	}
	return n
}
