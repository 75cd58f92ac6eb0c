package consent

import (
	"slices"
	"time"

	"matchkey/collector"
)

// Purposes of the site's own words. A category of a site lists the ones that a
// yes to it allows.
const (
	// PurposeMeasurement: tell a recipient that a conversion happened.
	PurposeMeasurement = "ads_measurement"
	// PurposeMatching: add hashed contact data, so that the person is found.
	PurposeMatching = "ads_matching"
	// PurposePersonalisation: let the recipient optimise advertising with it.
	PurposePersonalisation = "ads_personalization"
)

const (
	// everyPurpose in a record stands for all purposes.
	everyPurpose = "*"
	// saleShare is what "do not sell or share" forms of US law are about. A
	// refusal of it counts everywhere; a yes to it grants nothing and only takes
	// such refusals back.
	saleShare = "sale_share"
)

// GPCScope says where a Global Privacy Control signal counts as a refusal.
type GPCScope string

// The scopes. Any other value counts as GPCEverywhere.
const (
	// GPCEverywhere: everywhere, unless the person agreed after having been told
	// of the signal.
	GPCEverywhere GPCScope = "everywhere_unless_informed"
	// GPCOnlyUS: only where US law may apply, so also when the place is unknown.
	GPCOnlyUS GPCScope = "us_only"
)

// USOptOut says what an opt-out in the United States leads to.
type USOptOut string

// The ways. Any other value counts as USDrop.
const (
	// USLimitedUse: restricted processing where the state has it, else nothing.
	USLimitedUse USOptOut = "ldu"
	// USDrop: nothing is sent.
	USDrop USOptOut = "drop"
)

// A Policy is what an operator chooses. Start from [Defaults].
type Policy struct {
	// Version stands in every decision, so that it can be explained later.
	Version string

	// OptInEverywhere asks first in every place, whatever its law.
	OptInEverywhere bool
	// OptInNotice asks first where the law only wants a notice (AU NZ SG MX HK),
	// OptInCanada in Canada outside Quebec.
	OptInNotice, OptInCanada bool
	// OptIn are further places to ask first in: countries ("AU"), or a country and
	// its region ("US-CA"), in capitals.
	OptIn []string

	GPC      GPCScope
	USOptOut USOptOut

	// SamePageRelease lets an event go that happened before the yes, when both
	// belong to one page view and the person had never answered before.
	SamePageRelease bool
	// Hold is how long after the event an answer is waited for; zero does not wait.
	Hold time.Duration
	// MaxValidity bounds how long a yes counts, whatever its record says; zero
	// means 180 days.
	MaxValidity time.Duration
	// MaxAge is the age beyond which an event is of no use; zero means that of
	// the event's channel, which is 7 days, and 62 in a store.
	MaxAge time.Duration

	// AcceptUnproven lets a yes count without a known notice, so without proof
	// of what the person saw.
	AcceptUnproven bool
	// NoticeEpoch is the present meaning of the notices ([Register.Epoch]). A
	// yes to an earlier one no longer counts; zero does not ask.
	NoticeEpoch int

	// Recipient is whom a yes must name; empty means "meta".
	Recipient string
	// Disabled switches the recipient off: everything is dropped.
	Disabled bool

	// Measurement, Matching and Personalisation are the purposes that guard
	// sending at all, sending contact data, and optimising advertising with it;
	// empty means the constants of this package.
	Measurement, Matching, Personalisation string
}

// Defaults is the policy of reference/consent.md § 8.
func Defaults() Policy {
	return Policy{
		GPC:             GPCEverywhere,
		USOptOut:        USLimitedUse,
		SamePageRelease: true,
		Hold:            30 * time.Minute,
	}.complete()
}

// complete fills what has no meaning when it is empty.
func (p Policy) complete() Policy {
	orText := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	orLength := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	orText(&p.Recipient, "meta")
	orText(&p.Measurement, PurposeMeasurement)
	orText(&p.Matching, PurposeMatching)
	orText(&p.Personalisation, PurposePersonalisation)
	orLength(&p.MaxValidity, 180*24*time.Hour)
	return p
}

// A Decider answers questions under one policy. It is immutable and safe for
// concurrent use.
type Decider struct{ policy Policy }

var _ collector.Decider = (*Decider)(nil)

// New makes a decider.
func New(p Policy) *Decider { return &Decider{p.complete()} }

// Decide answers one question; see [collector.Decider]. The time of the event
// is Event.OccurredAt, its page view Event.PageView.
func (d *Decider) Decide(q collector.Question) collector.Decision {
	purposes := append(make([]string, 0, 1+len(q.Purposes)), d.policy.Measurement)
	for _, p := range q.Purposes {
		if !slices.Contains(purposes, p) {
			purposes = append(purposes, p)
		}
	}
	return d.policy.decide(input{
		now: q.Now, at: q.Event.OccurredAt, channel: q.Event.Channel, pageView: q.Event.PageView,
		geo: q.Geo, has: q.Has, purposes: purposes,
		direct: q.Direct, linked: q.Linked, records: q.Records,
		signals: signals{gpc: q.Signals.GPC},
	})
}
