package consent

import (
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"matchkey/collector"
)

// ask is a question of the running system: a purchase of customer c42, told by
// the shop's server, of whom a browser is linked.
func ask(records ...collector.ConsentRecord) collector.Question {
	return collector.Question{
		Now:     t0.Add(time.Minute),
		Event:   collector.Event{ID: "purchase.A-1", Site: "shop", Name: "purchase", OccurredAt: t0, Customer: "c42"},
		Geo:     collector.Geo{Country: "DE"},
		Direct:  []collector.Subject{collector.Customer("shop", "c42")},
		Linked:  []collector.Subject{collector.Visitor("shop", "v1")},
		Records: records,
		Has:     []collector.Kind{collector.KindClick, collector.KindEmail, collector.KindCustomer, collector.KindIP},
	}
}

func accept(s collector.Subject, purpose string) collector.ConsentRecord {
	return collector.ConsentRecord{
		ID: "yes " + purpose, Subject: s, Purpose: purpose, Action: collector.ConsentAccept,
		At: t0.Add(-time.Hour), ReceivedAt: t0.Add(-time.Hour), Explicit: true,
		Notice: "h1", NoticeEpoch: 1, Recipients: []string{"meta"},
	}
}

func TestDecide(t *testing.T) {
	c42, v1 := collector.Customer("shop", "c42"), collector.Visitor("shop", "v1")
	p := Defaults()
	p.Version, p.NoticeEpoch = "2026-11-24.1", 1
	d := New(p)
	whole := collector.Decision{
		Outcome: collector.SendFull, Reasons: []collector.Reason{ReasonRegimeOptIn, ReasonConsentGranted},
		Regime: "opt_in", Records: []string{"yes *"}, Policy: "2026-11-24.1",
	}
	with := func(q collector.Question, change func(*collector.Question)) collector.Question {
		change(&q)
		return q
	}
	early := accept(c42, "*")
	early.At = t0.Add(3 * time.Second) // the browser's clock is ahead
	early.ReceivedAt = t0.Add(-2 * time.Second)
	wrong := early
	wrong.At = t0.Add(time.Hour)
	for _, c := range []struct {
		name string
		q    collector.Question
		want collector.Decision
	}{
		{"granted", ask(accept(c42, "*")), whole},
		{"a grant of a linked browser", ask(accept(v1, "*")), collector.Decision{
			Outcome: collector.Hold, Reasons: []collector.Reason{ReasonRegimeOptIn, ReasonConsentPending},
			Regime: "opt_in", RetryAt: t0.Add(30 * time.Minute), Policy: "2026-11-24.1",
		}},
		{"a refusal of a linked browser", ask(accept(c42, "*"), collector.ConsentRecord{ID: "no", Subject: v1, Purpose: "*", Action: collector.ConsentReject, At: t0.Add(-time.Minute)}), collector.Decision{
			Outcome: collector.Drop, Reasons: []collector.Reason{ReasonRegimeOptIn, ReasonConsentDenied},
			Regime: "opt_in", Records: []string{"no"}, Policy: "2026-11-24.1",
		}},
		{"a browser's clock somewhat ahead", ask(early), whole},
		{"a browser's clock far ahead", ask(wrong), collector.Decision{
			Outcome: collector.Hold, Reasons: []collector.Reason{ReasonRegimeOptIn, ReasonConsentPending},
			Regime: "opt_in", RetryAt: t0.Add(30 * time.Minute), Policy: "2026-11-24.1",
		}},
		{"a scenario's purpose is granted", with(ask(accept(c42, PurposeMeasurement), accept(c42, PurposeMatching), accept(c42, PurposePersonalisation), accept(c42, "newsletter")), func(q *collector.Question) {
			q.Purposes = []string{PurposeMeasurement, "newsletter"}
		}), collector.Decision{
			Outcome: collector.SendFull, Reasons: []collector.Reason{ReasonRegimeOptIn, ReasonConsentGranted}, Regime: "opt_in", Policy: "2026-11-24.1",
			Records: []string{"yes ads_measurement", "yes newsletter", "yes ads_matching", "yes ads_personalization"},
		}},
		{"a scenario's purpose is not", with(ask(accept(c42, PurposeMeasurement)), func(q *collector.Question) { q.Purposes = []string{"newsletter"} }), collector.Decision{
			Outcome: collector.Hold, Reasons: []collector.Reason{ReasonRegimeOptIn, ReasonConsentPending},
			Regime: "opt_in", RetryAt: t0.Add(30 * time.Minute), Records: []string{"yes ads_measurement"}, Policy: "2026-11-24.1",
		}},
		{"a privacy signal in California", with(ask(), func(q *collector.Question) {
			q.Geo, q.Signals.GPC = collector.Geo{Country: "US", Region: "CA"}, true
		}), collector.Decision{
			Outcome: collector.SendReduced, Reasons: []collector.Reason{ReasonRegimeUSLaw, ReasonGPC, ReasonLimitedUse, ReasonContactStripped},
			Regime: "opt_out_us", LimitedUse: &collector.LimitedUse{Applies: true, Country: 1, State: 1000}, Policy: "2026-11-24.1",
			Strip: append([]collector.Kind{collector.KindIP}, personal...),
		}},
		{"nothing said in California", with(ask(), func(q *collector.Question) { q.Geo = collector.Geo{Country: "US", Region: "CA"} }), collector.Decision{
			Outcome: collector.SendFull, Reasons: []collector.Reason{ReasonRegimeUSLaw, ReasonNoOptOut},
			Regime: "opt_out_us", LimitedUse: &collector.LimitedUse{}, Policy: "2026-11-24.1",
		}},
		{"measuring only", ask(accept(c42, PurposeMeasurement)), collector.Decision{
			Outcome: collector.SendReduced, Reasons: []collector.Reason{ReasonRegimeOptIn, ReasonConsentGranted, ReasonContactStripped, ReasonAdsOptimisationOff},
			Regime: "opt_in", AttributionOnly: true, Records: []string{"yes ads_measurement"}, Policy: "2026-11-24.1",
			Strip: personal,
		}},
	} {
		if diff := gocmp.Diff(c.want, d.Decide(c.q)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestTheEmptyPolicyDoesNotWaitOrLimit(t *testing.T) {
	d := New(Policy{})
	if got := d.Decide(ask()); got.Outcome != collector.Drop {
		t.Errorf("without an answer: %s, want drop", got.Outcome)
	}
	no := ask(collector.ConsentRecord{Subject: collector.Customer("shop", "c42"), Purpose: "*", Action: "reject", At: t0})
	no.Geo = collector.Geo{Country: "US", Region: "CA"}
	if got := d.Decide(no); got.Outcome != collector.Drop {
		t.Errorf("after an opt-out: %s, want drop", got.Outcome)
	}
	unproven := accept(collector.Customer("shop", "c42"), "*")
	unproven.Notice = ""
	if got := d.Decide(ask(unproven)); got.Outcome != collector.Drop {
		t.Errorf("on an unproven yes: %s, want drop", got.Outcome)
	}
}

// What a till hands in by the month is not too old for being asked about.
func TestAnEventIsOldByItsChannel(t *testing.T) {
	d := New(Policy{Version: "1"})
	for channel, days := range map[collector.Channel]int{"": 7, collector.ChannelPhone: 7, collector.ChannelStore: 62} {
		for _, over := range []bool{false, true} {
			q := ask()
			q.Event.Channel = channel
			q.Event.OccurredAt = q.Now.Add(-time.Duration(days) * 24 * time.Hour)
			if over {
				q.Event.OccurredAt = q.Event.OccurredAt.Add(-time.Second)
			}
			if got := slices.Contains(d.Decide(q).Reasons, ReasonEventTooOld); got != over {
				t.Errorf("%q after %d days (and a second: %v): too old %v", channel, days, over, got)
			}
		}
	}
}
