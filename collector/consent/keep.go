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
//     beacon, of a category that allows measuring, given to a notice of this
//     site that names the recipient and still means the same.
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
		case where.regime == optIn && !d.proven(reg, given.Notice):
			why = append(why, ReasonConsentUnproven)
		}
		informed := about && given.Action == collector.ConsentAccept && given.InformedOfGPC
		if s.GPC && !informed && (where.us || d.policy.GPC != GPCOnlyUS) {
			why = append(why, ReasonGPC)
		}
		return len(why) == 0, why
	}
}

// proven reports whether a yes to a notice can count at all under the policy.
func (d *Decider) proven(reg *Register, hash string) bool {
	n, known := reg.Notice(hash)
	return d.policy.AcceptUnproven ||
		known && slices.Contains(n.Recipients, d.policy.Recipient) && n.Epoch >= d.policy.NoticeEpoch
}
