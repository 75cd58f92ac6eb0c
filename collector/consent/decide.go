package consent

import (
	"cmp"
	"slices"
	"time"

	"matchkey/collector"
)

// The decision itself: reference/consent.md § 5.3 and 5.5, in its order.

// input is all that a decision depends on, the policy apart.
type input struct {
	now time.Time
	// at is when the event happened, pageView the page view it belongs to.
	at       time.Time
	channel  collector.Channel
	pageView string
	geo      collector.Geo
	has      []collector.Kind
	// purposes must all be granted.
	purposes       []string
	direct, linked []collector.Subject
	records        []collector.ConsentRecord
	signals        signals
	stops          stops
}

// stops are facts that forbid sending whatever the person said. Only cases for
// `matchkey decide` carry them so far.
type stops struct {
	erased, suppressed, sensitive bool
	// age is "", "adult", "under13" or "minor".
	age string
}

// A question is one run of the decision.
type question struct {
	*Policy // shared by all questions, and never changed
	in      *input
	answers []answer
	votes   votes
	d       collector.Decision
}

func (p *Policy) decide(in input) collector.Decision {
	q := question{Policy: p, in: &in, d: collector.Decision{Policy: p.Version}}
	if why := q.stopped(); why != "" {
		return q.drop(why)
	}
	where := p.place(in.geo)
	q.d.Regime = string(where.regime)
	q.say(where.why)
	q.answers = in.answers()
	q.votes = in.signals.votes()
	readings := make([]reading, len(in.purposes))
	for i, purpose := range in.purposes {
		readings[i] = q.read(purpose)
	}
	if in.signals.gpc && (where.us || p.GPC != GPCOnlyUS) && !informed(readings) {
		q.votes.deny = slices.Insert(q.votes.deny, 0, ReasonGPC)
	}
	if where.regime == optIn {
		return q.optIn(readings)
	}
	return q.optOut(where, readings)
}

// stopped is step 1: what forbids sending whatever the person said.
func (q *question) stopped() collector.Reason {
	in := q.in
	switch {
	case q.Disabled:
		return ReasonDestinationDisabled
	case in.stops.erased:
		return ReasonSubjectErased
	case in.stops.suppressed:
		return ReasonSubjectSuppressed
	case in.stops.sensitive:
		return ReasonSensitiveContext
	case in.stops.age == "under13":
		return ReasonAgeUnder13
	case in.stops.age != "" && in.stops.age != "adult":
		return ReasonAgeMinor
	case in.now.Sub(in.at) > cmp.Or(q.MaxAge, in.channel.MaxAge()):
		return ReasonEventTooOld
	case in.at.Sub(in.now) > clockSkew:
		return ReasonEventTimeInFuture
	}
	return ""
}

// optIn is step 6: nothing without a yes at both times.
func (q *question) optIn(readings []reading) collector.Decision {
	worst := slices.MinFunc(readings, func(a, b reading) int { return a.now.rank() - b.now.rank() })
	switch {
	case len(q.votes.deny) > 0:
		return q.drop(q.votes.deny...)
	case worst.now.state == refused && worst.then.state == granted:
		return q.drop(ReasonWithdrawnBefore)
	case worst.now.state == refused:
		return q.drop(worst.now.why)
	case worst.now.state == unset && !worst.now.waits():
		return q.drop(worst.now.why)
	case worst.now.state == unset:
		return q.wait(worst.now.why)
	case q.votes.waiting:
		return q.wait(ReasonNotReady)
	}
	late := false
	for _, r := range readings {
		if r.then.state == refused {
			return q.drop(ReasonEventInDenied)
		}
		late = late || r.then.state == unset
	}
	if late {
		for _, r := range readings {
			if r.then.state == unset && !q.released(r) {
				return q.drop(ReasonEventPredatesConsent)
			}
		}
		q.say(ReasonReleasedAfterGrant)
	}
	q.say(ReasonConsentGranted)
	agreed := func(purpose string) bool {
		r := q.reading(readings, purpose)
		return r.now.state == granted && (r.then.state == granted || q.released(r))
	}
	return q.send(scope{
		contact:      agreed(q.Matching),
		personalised: agreed(q.Personalisation) && !q.votes.impersonal,
	})
}

// optOut is step 7: sending is allowed until a no. A no leads to restricted
// processing where the state has it, and to nothing elsewhere.
func (q *question) optOut(where place, readings []reading) collector.Decision {
	against := q.votes.deny
	if len(against) == 0 {
		against = q.objection(readings)
	}
	if len(against) == 0 && q.votes.waiting {
		if q.inTime() {
			return q.wait(ReasonNotReady)
		}
		// A tool that never answers must not lead to more than a clear no does.
		against = []collector.Reason{ReasonNeverReady}
	}
	objects := func(purpose string) bool {
		r := q.reading(readings, purpose)
		return r.now.state == refused || r.then.state == refused
	}
	s := scope{
		us:           where.regime == optOutUS,
		contact:      !objects(q.Matching),
		personalised: !objects(q.Personalisation) && !q.votes.impersonal,
	}
	if len(against) == 0 {
		q.say(ReasonNoOptOut)
		return q.send(s)
	}
	q.say(against...)
	if where.regime != optOutUS || q.USOptOut != USLimitedUse {
		return q.drop()
	}
	code, exists := limitedUse[where.state]
	if !exists {
		return q.drop(ReasonNoLimitedUse)
	}
	s.limited = code
	return q.send(s)
}

// objection is what the person said against it, now or when it happened.
func (q *question) objection(readings []reading) []collector.Reason {
	for _, r := range readings {
		switch {
		case r.now.state == refused && r.then.state != refused:
			return []collector.Reason{ReasonWithdrawnBefore}
		case r.now.state == refused:
			return []collector.Reason{r.now.why}
		}
	}
	for _, r := range readings {
		if r.then.state == refused {
			return []collector.Reason{ReasonEventInDenied}
		}
	}
	return nil
}

// informed reports whether everything asked for was granted after a word about
// the browser's privacy signal.
func informed(readings []reading) bool {
	for _, r := range readings {
		if r.now.state != granted || !r.now.by.InformedOfGPC {
			return false
		}
	}
	return true
}

// rank orders stands from the one that forbids most.
func (s stand) rank() int {
	switch {
	case s.state == refused:
		return 0
	case s.state == unset && !s.waits():
		return 1
	case s.state == unset:
		return 2
	}
	return 3
}

// read reads the records about a purpose and notes which ones decided.
func (q *question) read(purpose string) reading {
	then := q.in.at
	if then.After(q.in.now) { // within the clock's tolerance
		then = q.in.now
	}
	r := reading{
		then: q.stand(q.answers, purpose, then),
		now:  q.stand(q.answers, purpose, q.in.now),
	}
	for _, by := range []*answer{r.then.by, r.now.by} {
		if by != nil && by.ID != "" && !slices.Contains(q.d.Records, by.ID) {
			q.d.Records = append(q.d.Records, by.ID)
		}
	}
	return r
}

// reading returns what was read about a purpose, or reads it now.
func (q *question) reading(known []reading, purpose string) reading {
	if i := slices.Index(q.in.purposes, purpose); i >= 0 {
		return known[i]
	}
	return q.read(purpose)
}

func (q *question) released(r reading) bool {
	return q.SamePageRelease && r.released(q.in.pageView)
}

// inTime reports whether an answer may still be waited for.
func (q *question) inTime() bool { return q.in.now.Before(q.in.at.Add(q.Hold)) }

func (q *question) say(why ...collector.Reason) { q.d.Reasons = append(q.d.Reasons, why...) }

func (q *question) drop(why ...collector.Reason) collector.Decision {
	q.say(why...)
	q.d.Outcome = collector.Drop
	return q.d
}

// wait holds for a reason, or drops when the time for that is over.
func (q *question) wait(why collector.Reason) collector.Decision {
	q.say(why)
	if !q.inTime() {
		return q.drop(ReasonHoldExceeded)
	}
	q.d.Outcome, q.d.RetryAt = collector.Hold, q.in.at.Add(q.Hold)
	return q.d
}
