package consent

import (
	"slices"
	"time"

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
// A yes counts only with a notice, and where a token of it was asked for, only with
// one that holds (collector.ProofMissing).
//
// The returned function is pure and safe for concurrent use.
func (d *Decider) MayKeep(reg *Register) func(*collector.ConsentAnswer, collector.Signals, collector.Geo) (bool, []collector.Reason) {
	return func(given *collector.ConsentAnswer, s collector.Signals, g collector.Geo) (bool, []collector.Reason) {
		where := d.policy.place(g)
		about := given != nil && slices.ContainsFunc(reg.concerned(*given), func(p permission) bool {
			return p.purpose == d.policy.Measurement || p.purpose == everyPurpose ||
				p.purpose == saleShare && given.Action != collector.ConsentAccept // which only refuses
		})
		var why []collector.Reason
		switch {
		case about && given.Action != collector.ConsentAccept:
			why = append(why, collector.ReasonConsentRefused)
		case where.regime == optIn && !(about && given.Explicit):
			why = append(why, collector.ReasonConsentAbsent)
		case where.regime == optIn && !d.proven(reg, *given):
			why = append(why, ReasonConsentUnproven)
		}
		informed := about && given.Action == collector.ConsentAccept && given.InformedOfGPC
		if s.GPC && !informed && (where.us || d.policy.GPC != GPCOnlyUS) {
			why = append(why, ReasonGPC)
		}
		return len(why) == 0, why
	}
}

// MayKeepOf answers the same question by what a person answered before, for what
// brings no answer of its own, such as the picture in an e-mail. records are those of
// the direct and the linked subjects; they are read as [Decider.Decide] reads them.
// Pure; safe for concurrent use.
func (d *Decider) MayKeepOf(records []collector.ConsentRecord, direct, linked []collector.Subject, s collector.Signals, g collector.Geo, now time.Time) (bool, []collector.Reason) {
	in := &input{now: now, at: now, records: records, direct: direct, linked: linked}
	where, stand := d.policy.place(g), d.policy.stand(in.answers(), d.policy.Measurement, now)
	var why []collector.Reason
	switch {
	case stand.state == refused:
		why = append(why, collector.ReasonConsentRefused)
	case where.regime == optIn && stand.state != granted && !stand.answered:
		why = append(why, collector.ReasonConsentAbsent)
	case where.regime == optIn && stand.state != granted:
		why = append(why, stand.why)
	}
	informed := stand.state == granted && stand.by.InformedOfGPC
	if s.GPC && !informed && (where.us || d.policy.GPC != GPCOnlyUS) {
		why = append(why, ReasonGPC)
	}
	return len(why) == 0, why
}

// Regime names the rules that apply somewhere under the policy: opt_in,
// opt_out_us, opt_out or notice. Pure; safe for concurrent use.
func (d *Decider) Regime(g collector.Geo) string { return string(d.policy.place(g).regime) }

// proven reports whether a yes to a notice can count at all under the policy.
func (d *Decider) proven(reg *Register, given collector.ConsentAnswer) bool {
	n, known := reg.Notice(given.Notice)
	return d.policy.AcceptUnproven ||
		known && given.Proof != collector.ProofMissing && slices.Contains(n.Recipients, d.policy.Recipient) && n.Epoch >= d.policy.NoticeEpoch
}
