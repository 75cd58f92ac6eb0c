package store

import (
	"time"

	"matchkey/collector"
)

// accountKey names the account a delivery is counted in: that of the hour in
// which it matched, for all its life. So each hour's sum stays closed.
type accountKey struct {
	hour                    time.Time
	site, destination, send string
}

func accountOf(d *collector.Delivery) accountKey {
	return accountKey{d.MatchedAt.UTC().Truncate(time.Hour), d.Key.Site, d.Key.Destination, d.Key.Send}
}

func (k accountKey) empty() collector.Account {
	return collector.Account{Hour: k.hour, Site: k.site, Destination: k.destination, Send: k.send}
}

// count moves a delivery's weight in its account. before is nil for a new one.
func count(a *collector.Account, before, after *collector.Delivery) {
	if a.States == nil {
		a.States = map[collector.State]int{}
	}
	if before == nil {
		a.Matched++
	} else {
		add(a.States, before.State, -1)
		countReason(a, before, -1)
		a.Doubts -= before.Doubts
	}
	add(a.States, after.State, 1)
	countReason(a, after, 1)
	a.Doubts += after.Doubts
	if after.State == collector.StateDelivered && (before == nil || before.State != collector.StateDelivered) {
		countFields(a, after.Payload.Fields)
	}
}

// countReason counts the deciding (last) reason of the states that an analyst asks "why"
// about.
func countReason(a *collector.Account, d *collector.Delivery, by int) {
	switch d.State {
	case collector.StateWithheld, collector.StateDead, collector.StateExpired, collector.StateInDoubt:
	default:
		return
	}
	if len(d.Reasons) == 0 {
		return
	}
	if a.Reasons == nil {
		a.Reasons = map[collector.Reason]int{}
	}
	add(a.Reasons, d.Reasons[len(d.Reasons)-1], by)
}

// maxPaths bounds the places that one account tells apart: a site's own
// properties have a path each, and nobody bounds their names.
const maxPaths = 64

// otherPaths stands for the places beyond the bound.
const otherPaths = "(other)"

// countFields counts each place once for a delivery: sent, when any of its
// lines was, else missing for the first line's reason.
func countFields(a *collector.Account, fields []collector.Field) {
	if a.Sent == nil {
		a.Sent, a.Missing = map[string]int{}, map[string]map[collector.Reason]int{}
	}
	dropped := map[string]collector.Reason{}
	for _, f := range fields {
		path := boundedPath(a, f.Path)
		if was, seen := dropped[path]; !seen || was != "" && f.Dropped == "" {
			dropped[path] = f.Dropped
		}
	}
	for path, why := range dropped {
		if why == "" {
			a.Sent[path]++
			continue
		}
		if a.Missing[path] == nil {
			a.Missing[path] = map[collector.Reason]int{}
		}
		a.Missing[path][why]++
	}
}

func boundedPath(a *collector.Account, path string) string {
	if a.Sent[path] > 0 || a.Missing[path] != nil || len(a.Sent)+len(a.Missing) < maxPaths {
		return path
	}
	return otherPaths
}

// add adds to a count and removes it at zero, so that accounts do not grow
// with states and reasons of the past.
func add[K comparable](m map[K]int, k K, by int) {
	if m[k] += by; m[k] == 0 {
		delete(m, k)
	}
}
