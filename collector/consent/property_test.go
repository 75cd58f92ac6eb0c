package consent

import (
	"flag"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"matchkey/collector"
)

// The properties of reference/consent.md § 5.6 over as many generated inputs as it
// asks for. Run more with -inputs, repeat one with -seed.
var (
	inputs = flag.Int("inputs", 200_000, "how many inputs the properties are checked on")
	seed   = flag.Uint64("seed", 0, "seed of the properties' inputs; 0 picks one")
)

// rank orders outcomes: a hold may still become everything.
func rank(o collector.Outcome) int {
	return slices.Index([]collector.Outcome{collector.Drop, collector.SendReduced, collector.Hold, collector.SendFull}, o)
}

// sentNow orders outcomes by what leaves at once.
func sentNow(o collector.Outcome) int {
	if !o.Sends() {
		return 0
	}
	return rank(o)
}

// leaks returns a kind that wide sends and narrow did not, when both send.
func leaks(in input, narrow, wide collector.Decision) (collector.Kind, bool) {
	if narrow.Outcome.Sends() && wide.Outcome.Sends() {
		for _, k := range in.has {
			if narrow.Strips(k) && !wide.Strips(k) {
				return k, true
			}
		}
	}
	return "", false
}

func TestProperties(t *testing.T) {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("seed %d, %d inputs; repeat with -seed=%d", s, *inputs, s)
	g := gen{rand.New(rand.NewPCG(s, 0))}
	outcomes := map[collector.Outcome]int{}
	for i := range *inputs {
		p, in := g.policy(), g.input()
		d := p.decide(in)
		outcomes[d.Outcome]++
		fail := func(property string, other collector.Decision, otherIn input) {
			t.Errorf("input %d: %s\nwas  %s %v strip %v\nthen %s %v strip %v\npolicy %+v\ninput %+v\nother %+v",
				i, property, d.Outcome, d.Reasons, d.Strip, other.Outcome, other.Reasons, other.Strip, p, in, otherIn)
		}
		never := func(property string, other input, order func(collector.Outcome) int) {
			after := p.decide(other)
			if order(after.Outcome) > order(d.Outcome) {
				fail(property+" widened the outcome", after, other)
			}
			if k, yes := leaks(in, d, after); yes {
				fail(property+" let "+string(k)+" out", after, other)
			}
		}

		refusal := in
		refusal.records = append(slices.Clone(in.records), g.laterRefusal(in))
		never("P1: a later refusal", refusal, rank)

		gpc := in
		gpc.signals.gpc = true
		never("P2: a privacy signal", gpc, rank)

		lost := in
		lost.geo = collector.Geo{}
		never("P3: losing the country", lost, sentNow)
		lost.geo = collector.Geo{Country: in.geo.Country, Conflict: in.geo.Conflict}
		never("P3: losing the region", lost, sentNow)

		mixed := in
		mixed.records = slices.Clone(in.records)
		g.Shuffle(len(mixed.records), func(a, b int) {
			mixed.records[a], mixed.records[b] = mixed.records[b], mixed.records[a]
		})
		if after := p.decide(mixed); !reflect.DeepEqual(after, d) {
			fail("P4: the records' order mattered", after, mixed)
		}

		if d.Outcome.Sends() && d.Regime == string(optIn) {
			if !slices.Contains(d.Reasons, ReasonConsentGranted) || !hasGrant(in) {
				fail("P5: sent without a grant", d, in)
			}
		}
		if len(d.Reasons) == 0 || rank(d.Outcome) < 0 || (d.Outcome == collector.Hold) == d.RetryAt.IsZero() {
			fail("the decision is not whole", d, in)
		}
		if d.Outcome == collector.Hold && !d.RetryAt.After(in.now) {
			fail("a hold that is over", d, in)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("outcomes: %v", outcomes)
	for _, o := range []collector.Outcome{collector.Drop, collector.SendReduced, collector.Hold, collector.SendFull} {
		if outcomes[o] < *inputs/100 {
			t.Errorf("only %d of %d inputs came to %s: the generator misses its target", outcomes[o], *inputs, o)
		}
	}
}

// hasGrant is P5's own, simple reading: a direct subject's explicit accept of
// measurement or of all.
func hasGrant(in input) bool {
	return slices.ContainsFunc(in.records, func(r collector.ConsentRecord) bool {
		return slices.Contains(in.direct, r.Subject) && r.Action == collector.ConsentAccept && r.Explicit &&
			(r.Purpose == everyPurpose || r.Purpose == PurposeMeasurement)
	})
}

// gen makes inputs. Small domains on purpose: interesting things coincide.
type gen struct{ *rand.Rand }

var t0 = time.Unix(1_790_000_000, 0).UTC()

func pick[T any](g gen, of ...T) T { return of[g.IntN(len(of))] }

func (g gen) chance(percent int) bool { return g.IntN(100) < percent }

// seldom is a distance that stops everything, or not.
func (g gen) seldom() time.Duration {
	return pick(g, time.Second, time.Hour, 8*24*time.Hour, -10*time.Minute)
}

func (g gen) policy() Policy {
	p := Defaults()
	p.GPC = pick(g, GPCEverywhere, GPCOnlyUS, "typing error")
	p.USOptOut = pick(g, USLimitedUse, USLimitedUse, USDrop)
	p.SamePageRelease = g.chance(80)
	if g.chance(20) {
		p.OptIn = []string{"AU", "US-CA"}
	}
	p.OptInEverywhere, p.OptInNotice, p.OptInCanada = g.chance(10), g.chance(20), g.chance(20)
	p.AcceptUnproven = g.chance(20)
	p.NoticeEpoch = pick(g, 0, 1, 1, 2)
	p.Hold = pick(g, 30*time.Minute, 30*time.Minute, 0)
	return p
}

func (g gen) input() input {
	in := input{
		now: t0.Add(pick(g, time.Minute, time.Minute, time.Minute, 29*time.Minute, 31*time.Minute, -time.Minute, g.seldom())),
		at:  t0, pageView: pick(g, "", "p1", "p2"),
		geo: collector.Geo{
			Country:  pick(g, "DE", "DE", "RE", "GB", "US", "US", "US", "CA", "AU", "BR", "", "us", "XX", "PR"),
			Region:   pick(g, "", "CA", "VA", "NY", "TX", "QC", "ON"),
			Conflict: g.chance(5),
		},
		purposes: []string{PurposeMeasurement},
		direct:   []collector.Subject{collector.Visitor("shop", "v1"), collector.Customer("shop", "c1")},
		linked:   []collector.Subject{collector.Visitor("shop", "v2")},
		signals:  g.signals(),
	}
	if g.chance(20) {
		in.purposes = append(in.purposes, pick(g, PurposeMatching, PurposePersonalisation, "analytics"))
	}
	for _, k := range []collector.Kind{
		collector.KindBrowser, collector.KindClick, collector.KindEmail, collector.KindCustomer, collector.KindIP, collector.KindUserAgent, "new_kind",
	} {
		if g.chance(50) {
			in.has = append(in.has, k)
		}
	}
	for i := range g.IntN(5) {
		in.records = append(in.records, g.record(i))
	}
	in.stops = stops{erased: g.chance(1), suppressed: g.chance(1), sensitive: g.chance(1), age: pick(g, "", "", "", "", "", "", "", "", "", "", "", "adult", "minor")}
	return in
}

func (g gen) signals() signals {
	s := signals{gpc: g.chance(15)}
	if g.chance(10) {
		s.tcf = &tcfSignal{status: pick(g, "tcloaded", "useractioncomplete", "cmpuishown", "error"), purposes: map[string]bool{}}
		for _, n := range []string{"1", "3", "4", "7"} {
			s.tcf.purposes[n] = g.chance(80)
		}
		s.tcf.vendors = pick(g, nil, []int{89}, []int{7})
		s.tcf.applies = pick(g, nil, new(bool))
	}
	if g.chance(10) {
		s.gpp = &gppSignal{ready: g.chance(50), optedOut: g.chance(30)}
	}
	if g.chance(10) {
		s.gcm = map[string]string{pick(g, "ad_storage", "ad_user_data", "ad_personalization"): pick(g, "granted", "denied")}
	}
	if g.chance(10) {
		s.cmp = &cmpSignal{answered: g.chance(50), granted: g.chance(50)}
	}
	s.usp = pick(g, "", "", "", "", "1YNN", "1YYN", "?")
	return s
}

func (g gen) record(i int) collector.ConsentRecord {
	at := t0.Add(pick(g, -200*24*time.Hour, -time.Hour, -time.Minute, -time.Minute, 0, 5*time.Second, 30*time.Second, time.Hour))
	r := collector.ConsentRecord{
		ID:      string(rune('a' + i)),
		Seq:     collector.Offset(g.IntN(3)), // sometimes equal
		Subject: pick(g, collector.Visitor("shop", "v1"), collector.Visitor("shop", "v1"), collector.Customer("shop", "c1"), collector.Visitor("shop", "v2"), collector.Visitor("shop", "stranger")),
		Purpose: pick(g, everyPurpose, everyPurpose, everyPurpose, PurposeMeasurement, PurposeMatching, PurposePersonalisation, saleShare, ""),
		Action:  pick(g, "accept", "accept", "accept", "accept", "accept", "reject", "withdraw", "Accepted"),
		At:      at, Explicit: g.chance(90), Notice: pick(g, "h1", "h1", "h1", "h1", "h2", ""), NoticeEpoch: pick(g, 1, 2, 2),
		Recipients: pick(g, []string{"meta"}, []string{"meta"}, []string{"meta", "x"}, []string{"google"}),
		PageView:   pick(g, "", "p1", "p2"), InformedOfGPC: g.chance(30),
	}
	r.ReceivedAt = pick(g, time.Time{}, at.Add(time.Second), at.Add(-10*time.Second), at.Add(-time.Hour))
	r.Until = pick(g, time.Time{}, time.Time{}, at.Add(time.Minute), at.Add(24*time.Hour))
	if g.chance(3) {
		r.At = time.Time{}
	}
	return r
}

// laterRefusal is later than every record, of somebody who is heard.
func (g gen) laterRefusal(in input) collector.ConsentRecord {
	r := collector.ConsentRecord{
		ID:      "later",
		Seq:     99,
		Subject: pick(g, append(slices.Clone(in.direct), in.linked...)...),
		Purpose: pick(g, everyPurpose, PurposeMeasurement, PurposeMatching, PurposePersonalisation, saleShare, ""),
		Action:  pick(g, "reject", "withdraw", "no!"),
		At:      in.now.Add(pick(g, 0, time.Second, 24*time.Hour)),
	}
	for _, other := range in.records {
		if other.At.After(r.At) {
			r.At = other.At
		}
	}
	return r
}
