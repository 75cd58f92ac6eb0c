package consent

import (
	"slices"
	"time"

	"matchkey/collector"
)

// Answered is what counts for a category, as people are told.
type Answered string

// What may count.
const (
	NotAnswered Answered = "unset"
	SaidYes     Answered = "granted"
	SaidNo      Answered = "refused"
	YesEnded    Answered = "expired" // a yes whose time is over, or whose notice means something else now
)

// A Standing is what counts for one category of a site now, and by which answer.
type Standing struct {
	Category Category
	Answered Answered
	// Since is when the answer that decided was given, Until when a yes ends; zero
	// where there is none.
	Since, Until time.Time
	// Source took the answer; Notice is the hash of the text it was given to, when
	// the site has that.
	Source, Notice string
	// Told is true when the site's back end told it: nobody answered on a page.
	Told bool
}

// Standings tells for each category of a site what counts now, for a page on which
// a person sees it. It reads the records as [Decider.Decide] does: refusals also of
// linked subjects, grants of the direct ones. A category of several purposes counts
// as its least allowed one. Pure; safe for concurrent use.
func (d *Decider) Standings(reg *Register, records []collector.ConsentRecord, direct, linked []collector.Subject, now time.Time) []Standing {
	in := &input{now: now, at: now, records: records, direct: direct, linked: linked}
	answers := in.answers()
	all := make([]Standing, 0, len(reg.categories))
	for _, c := range reg.categories {
		var worst stand
		for i, purpose := range c.Purposes {
			if s := d.policy.stand(answers, purpose, now); i == 0 || s.rank() < worst.rank() {
				worst = s
			}
		}
		all = append(all, d.standing(c, worst))
	}
	return all
}

func (d *Decider) standing(c Category, s stand) Standing {
	out := Standing{Category: c, Answered: NotAnswered}
	switch {
	case s.state == granted:
		out.Answered = SaidYes
	case s.state == refused:
		out.Answered = SaidNo
	case s.why == ReasonConsentExpired || s.why == ReasonConsentStale:
		out.Answered = YesEnded
	}
	if s.by == nil {
		return out
	}
	out.Since, out.Source, out.Notice = s.by.at, s.by.Source, s.by.Notice
	out.Told = s.by.Proof == collector.ProofServer
	if out.Answered == SaidYes {
		out.Until = s.by.At.Add(d.policy.MaxValidity)
		if !s.by.Until.IsZero() && s.by.Until.Before(out.Until) {
			out.Until = s.by.Until
		}
	}
	return out
}

// AsksFirst reports whether nothing may be done at a place before a yes; elsewhere
// a site may begin, and people object.
func (d *Decider) AsksFirst(g collector.Geo) bool { return d.policy.place(g).regime == optIn }

// Categories are what people of the site are asked for, in the site's order. The
// caller owns the list.
func (r *Register) Categories() []Category { return slices.Clone(r.categories) }
