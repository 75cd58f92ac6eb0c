package consent

import (
	"slices"

	"matchkey/collector"
)

// What is left to send (reference/consent.md § 4.7).

// scope is how much a decision allows.
type scope struct {
	// contact: contact data and the ids of the person may go.
	contact bool
	// personalised: the recipient may optimise advertising with it.
	personalised bool
	// us: say explicitly whether restricted processing applies.
	us bool
	// limited is the state's code of restricted processing; 0 without.
	limited int
}

// personal are the kinds that need the matching purpose.
var personal = append(collector.ContactKinds(),
	collector.KindCustomer, collector.KindVisitor, collector.KindAccount, collector.KindDevice)

// recognising are the kinds by which a recipient can recognise a person.
var recognising = []collector.Kind{
	collector.KindClick, collector.KindBrowser, collector.KindEmail, collector.KindPhone,
	collector.KindCustomer, collector.KindVisitor,
}

// harmless are the kinds that measuring alone may use. A kind that is not
// known is not among them.
var harmless = []collector.Kind{
	collector.KindClick, collector.KindBrowser, collector.KindIP, collector.KindUserAgent, collector.KindURL,
}

// strip lists every kind that must not go, whether the event has it or not: an
// identifier that arrives between decision and sending is covered too.
func (s scope) strip(has []collector.Kind) []collector.Kind {
	var out []collector.Kind
	if s.limited != 0 {
		out = append(out, collector.KindIP) // the state is sent explicitly instead
	}
	if !s.contact || s.limited != 0 {
		out = append(out, personal...)
		for _, k := range has {
			if !slices.Contains(harmless, k) && !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
	}
	return out
}

// send says what goes. It is a drop when the recipient could not recognise
// anybody by what is left.
func (q *question) send(s scope) collector.Decision {
	strip := s.strip(q.in.has)
	lost, matchable := false, false
	for _, k := range q.in.has {
		gone := slices.Contains(strip, k)
		lost = lost || gone && !slices.Contains(harmless, k)
		matchable = matchable || !gone && slices.Contains(recognising, k)
	}
	restrained := !s.personalised && s.limited == 0
	if s.limited != 0 {
		q.say(ReasonLimitedUse)
	}
	if lost {
		q.say(ReasonContactStripped)
	}
	if restrained {
		q.say(ReasonAdsOptimisationOff)
	}
	if !matchable {
		return q.drop(ReasonNothingMatchable)
	}
	q.d.Outcome = collector.SendFull
	if s.limited != 0 || lost || restrained {
		q.d.Outcome = collector.SendReduced
	}
	q.d.Strip, q.d.AttributionOnly = strip, restrained
	switch {
	case s.limited != 0:
		q.d.LimitedUse = &collector.LimitedUse{Applies: true, Country: limitedUseUS, State: s.limited}
	case s.us:
		q.d.LimitedUse = &collector.LimitedUse{}
	}
	return q.d
}
