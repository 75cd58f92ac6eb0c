package consent

import (
	"slices"

	"matchkey/collector"
)

// MayKeep returns what the edge asks at ingest: whether the identifiers in a
// beacon may be kept, from nothing but the beacon itself. reg tells which
// categories allow measuring. When it is no, the reasons say why:
//
//   - Where consent is asked for first: only with an explicit accept in the
//     beacon, of a category that allows measuring.
//   - Elsewhere: unless the beacon carries a refusal of it.
//   - Nowhere against Global Privacy Control, within the policy's scope, unless
//     the accept says that it was given after a word about the signal.
//
// The returned function is pure and safe for concurrent use.
func (d *Decider) MayKeep(reg *Register) func(*collector.ConsentAnswer, collector.Signals, collector.Geo) (bool, []collector.Reason) {
	return func(given *collector.ConsentAnswer, s collector.Signals, g collector.Geo) (bool, []collector.Reason) {
		where := d.policy.place(g)
		about := given != nil && slices.ContainsFunc(reg.concerned(*given), func(p permission) bool {
			return p.purpose == d.policy.Measurement || p.purpose == everyPurpose
		})
		var why []collector.Reason
		switch {
		case about && given.Action != collector.ConsentAccept:
			why = append(why, collector.ReasonConsentRefused)
		case where.regime == optIn && !(about && given.Explicit):
			why = append(why, collector.ReasonConsentAbsent)
		}
		informed := about && given.Action == collector.ConsentAccept && given.InformedOfGPC
		if s.GPC && !informed && (where.us || d.policy.GPC != GPCOnlyUS) {
			why = append(why, ReasonGPC)
		}
		return len(why) == 0, why
	}
}
