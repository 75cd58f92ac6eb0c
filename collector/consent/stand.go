package consent

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"matchkey/collector"
)

// What the records say about a purpose at a time (reference/consent.md § 5.3,
// step 5). The newest record wins; of two of the same time the refusal, then
// the one later in the journal.

// clockSkew is how far a sender's clock may be ahead before its grant is
// disbelieved (§ 5.7, "clock skew ± 5 min").
const clockSkew = 5 * time.Minute

// An answer is a record as one question sees it.
type answer struct {
	*collector.ConsentRecord // the question's own; it is read only
	// purpose is what it is about, everything where that is lost.
	purpose string
	// at is when it was given, as far as can be known; it puts answers in order.
	at time.Time
	// from is when it begins to count.
	from    time.Time
	refuses bool
	// direct: it is by one of the event's own subjects, so that it may grant.
	direct bool
}

// answers gives the records of the event's people, newest first. Who else is
// in records is passed over.
func (in *input) answers() []answer {
	list := make([]answer, 0, len(in.records))
	for i := range in.records {
		r := &in.records[i]
		direct := slices.Contains(in.direct, r.Subject)
		if !direct && !slices.Contains(in.linked, r.Subject) {
			continue
		}
		a := answer{ConsentRecord: r, purpose: cmp.Or(r.Purpose, everyPurpose), at: r.At, direct: direct}
		a.refuses = r.Action != collector.ConsentAccept || r.At.IsZero() || r.Purpose == ""
		a.from = r.At
		switch {
		case a.refuses:
			a.at = refusedAt(r, in.now)
			a.from = a.at
			// It counts from now at the latest. Its place behind what it takes back it
			// keeps, though, when the clock went back since both.
			if a.at.After(in.now) {
				a.from = in.now
			}
		case !r.ReceivedAt.IsZero() && r.At.After(r.ReceivedAt):
			// It was given by the time it came, and a refusal that came later is
			// newer. It does not count before the time that it claims, unless
			// the sender's clock is only somewhat ahead.
			a.at = r.ReceivedAt
			if !r.At.After(r.ReceivedAt.Add(clockSkew)) {
				a.from = r.ReceivedAt
			}
		}
		list = append(list, a)
	}
	slices.SortFunc(list, newerFirst)
	return list
}

// refusedAt is when a refusal was made. One that claims the future, or no time
// at all, was made when it came, or now when that is not known.
func refusedAt(r *collector.ConsentRecord, now time.Time) time.Time {
	at := r.At
	if at.IsZero() || !r.ReceivedAt.IsZero() && at.After(r.ReceivedAt) {
		at = r.ReceivedAt
	}
	if at.IsZero() || at.After(now) && r.ReceivedAt.IsZero() {
		at = now
	}
	return at
}

// newerFirst is a total order of answers, up to equality: in which order
// records are handed in must not matter.
func newerFirst(a, b answer) int {
	if c := b.at.Compare(a.at); c != 0 {
		return c
	}
	if a.refuses != b.refuses {
		if a.refuses {
			return -1
		}
		return 1
	}
	if c := cmp.Compare(b.Seq, a.Seq); c != 0 {
		return c
	}
	// Equal IDs are one answer, told twice; what differs then decides.
	if c := cmp.Compare(a.ID, b.ID); c != 0 {
		return c
	}
	return cmp.Compare(fmt.Sprint(*a.ConsentRecord), fmt.Sprint(*b.ConsentRecord))
}

// why is the reason that a refusal gives. An accept without time or purpose,
// and an action that is not known, revoke too (§ 1.1).
func (a *answer) why() collector.Reason {
	switch a.Action {
	case collector.ConsentReject:
		return ReasonConsentDenied
	case collector.ConsentWithdraw:
		return ReasonConsentWithdrawn
	}
	return ReasonRecordInvalid
}

// fault says why an accept does not count at a time; empty when it does. What
// waiting cannot cure comes first.
func (p *Policy) fault(a *answer, at time.Time) collector.Reason {
	until := a.At.Add(p.MaxValidity)
	if !a.Until.IsZero() && a.Until.Before(until) {
		until = a.Until
	}
	proven := a.Notice != ""
	switch {
	case !a.Explicit:
		return ReasonConsentNotExplicit
	case !proven && !p.AcceptUnproven:
		return ReasonConsentUnproven
	case (proven || len(a.Recipients) > 0) && !slices.Contains(a.Recipients, p.Recipient):
		return ReasonRecipientNotNamed
	case !at.Before(until):
		return ReasonConsentExpired
	case proven && a.NoticeEpoch < p.NoticeEpoch:
		return ReasonConsentStale
	}
	return ""
}

// state is what a purpose's records come to.
type state int

const (
	unset state = iota
	refused
	granted
)

// A stand is where a person stands on a purpose at a time.
type stand struct {
	state state
	// why is the reason of unset and refused.
	why collector.Reason
	// answered: something was said about it before, whether it counts or not.
	answered bool
	// by is the answer that decided; nil when there is none.
	by *answer
}

// waits reports whether an unset stand may change by waiting for the person.
func (s stand) waits() bool {
	return s.why == ReasonConsentPending || s.why == ReasonConsentExpired || s.why == ReasonConsentStale
}

// stand reads the answers, which are newest first. An accept that does not
// count decides that the purpose is unset, as the newest word of the person;
// but it takes no earlier refusal back, and neither does a linked subject's.
func (p *Policy) stand(answers []answer, purpose string, at time.Time) stand {
	result := stand{why: ReasonConsentPending}
	resold := false // "do not sell" was taken back
	for i := range answers {
		a := &answers[i]
		if a.from.After(at) || a.purpose != purpose && a.purpose != everyPurpose && a.purpose != saleShare {
			continue
		}
		switch {
		case a.refuses && a.purpose == saleShare && resold:
		case a.refuses:
			return stand{state: refused, why: a.why(), answered: true, by: a}
		case !a.direct:
		case a.purpose == saleShare:
			resold = resold || p.fault(a, at) == ""
		case p.fault(a, at) != "":
			if result.by == nil {
				result = stand{why: p.fault(a, at), answered: true, by: a}
			}
		case result.by != nil: // an older word that counted, overtaken since
			return result
		default:
			return stand{state: granted, answered: true, by: a}
		}
	}
	return result
}

// A reading is where a person stands on a purpose at the two times that count.
type reading struct{ then, now stand }

// released reports whether the yes came after the event and still covers it:
// on the same page view, by somebody who had never answered.
func (r reading) released(pageView string) bool {
	return r.then.state == unset && !r.then.answered &&
		r.now.state == granted && pageView != "" && r.now.by.PageView == pageView
}
