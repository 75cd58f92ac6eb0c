package quality

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"matchkey/collector"
)

var (
	hour0 = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	hour1 = hour0.Add(time.Hour)
	hour2 = hour0.Add(2 * time.Hour)
)

func account(hour time.Time, destination, send string, states map[collector.State]int) collector.Account {
	a := collector.Account{Hour: hour, Site: "shop", Destination: destination, Send: send, States: states}
	for _, n := range states {
		a.Matched += n
	}
	return a
}

func TestSumsAddUpPerDestinationWithinThePeriod(t *testing.T) {
	accounts := []collector.Account{
		account(hour1, "west", "Purchase", map[collector.State]int{collector.StateDelivered: 5, collector.StateDead: 1}),
		account(hour0, "west", "Lead", map[collector.State]int{collector.StateDelivered: 2, collector.StateWithheld: 3}),
		account(hour0, "east", "Purchase", map[collector.State]int{collector.StatePending: 4}),
		account(hour2, "west", "Purchase", map[collector.State]int{collector.StateDelivered: 100}), // at the end: outside
		account(hour0.Add(-time.Hour), "west", "Purchase", map[collector.State]int{collector.StateDelivered: 100}),
	}
	accounts[0].Reasons = map[collector.Reason]int{"tries_exhausted": 1}
	accounts[0].Doubts = 2

	sums := Sums(accounts, hour0, hour2)
	if len(sums) != 2 || sums[0].Destination != "east" || sums[1].Destination != "west" {
		t.Fatalf("want one sum each for east and west, got %+v", sums)
	}
	west := sums[1]
	want := []Term{
		{collector.StateDelivered, 7}, {collector.StateWithheld, 3}, {collector.StateHeld, 0},
		{collector.StateWaiting, 0}, {collector.StatePending, 0}, {collector.StateLeased, 0},
		{collector.StateInDoubt, 0}, {collector.StateDead, 1}, {collector.StateExpired, 0},
	}
	if diff := cmp.Diff(want, west.Terms()); diff != "" {
		t.Errorf("terms (-want +got):\n%s", diff)
	}
	if west.Matched != 11 || west.Remainder() != 0 || !west.Closed() || west.Doubts != 2 {
		t.Errorf("matched %d, remainder %d, closed %t, doubts %d; want 11, 0, true, 2",
			west.Matched, west.Remainder(), west.Closed(), west.Doubts)
	}
}

func TestAFaultIsNotHiddenByItsOpposite(t *testing.T) {
	over := account(hour0, "d", "Lead", map[collector.State]int{collector.StateDelivered: 1})
	over.Matched++
	under := account(hour0, "d", "Purchase", map[collector.State]int{collector.StateDelivered: 1})
	under.Matched--

	s := Sums([]collector.Account{over, under}, hour0, hour1)[0]
	if s.Remainder() != 0 {
		t.Fatalf("the two faults should cancel out, remainder is %d", s.Remainder())
	}
	if s.Closed() || len(s.Unbalanced) != 2 {
		t.Errorf("closed %t with %d unbalanced accounts; want false with 2", s.Closed(), len(s.Unbalanced))
	}
}

func TestAStateOfAnotherVersionStaysInSight(t *testing.T) {
	s := Sums([]collector.Account{account(hour0, "d", "Lead", map[collector.State]int{"parked": 2})}, hour0, hour1)[0]
	terms := s.Terms()
	if last := terms[len(terms)-1]; last != (Term{"parked", 2}) {
		t.Errorf("the last term is %v, want parked 2", last)
	}
}

// Whatever the counters hold, terms and remainder add up to what matched, and
// sent, missing and unexplained to what was delivered.
func TestEverythingAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts := func(label string, max int) map[collector.Reason]int {
			return rapid.MapOfN(rapid.SampledFrom([]collector.Reason{"never_seen", "too_old", "malformed"}),
				rapid.IntRange(0, 50), 0, max).Draw(t, label)
		}
		var accounts []collector.Account
		for range rapid.IntRange(0, 6).Draw(t, "accounts") {
			a := account(hour0, rapid.SampledFrom([]string{"x", "y"}).Draw(t, "destination"), "Lead",
				rapid.MapOf(rapid.SampledFrom(collector.States()), rapid.IntRange(0, 99)).Draw(t, "states"))
			a.Matched += rapid.IntRange(-2, 2).Draw(t, "fault")
			a.Sent = map[string]int{"p": rapid.IntRange(0, 99).Draw(t, "sent")}
			a.Missing = map[string]map[collector.Reason]int{"p": counts("missing", 3), "q": counts("missing", 3)}
			accounts = append(accounts, a)
		}
		for _, s := range Sums(accounts, hour0, hour1) {
			sum := s.Remainder()
			for _, term := range s.Terms() {
				sum += term.N
			}
			if sum != s.Matched {
				t.Fatalf("%s: terms and remainder are %d, matched is %d", s.Destination, sum, s.Matched)
			}
		}
		for _, c := range Cover(accounts, hour0, hour1, nil) {
			for _, k := range c.Keys {
				sum := k.Sent + k.Unexplained()
				for _, m := range k.Missing {
					sum += m.N
				}
				if sum != c.Delivered || k.Of != c.Delivered {
					t.Fatalf("%s: sent, missing and unexplained are %d, delivered is %d", k.Path, sum, c.Delivered)
				}
				if k.Share() < 0 || k.Share() > 1 {
					t.Fatalf("share %v is not between 0 and 1", k.Share())
				}
			}
		}
	})
}

var kinds = map[string]collector.Kind{
	"who.mail": collector.KindEmail, "who.sex": collector.KindGender, "who.click": collector.KindClick,
	"page": collector.KindURL,
}

func covered() []collector.Account {
	a := account(hour0, "d", "Purchase", map[collector.State]int{collector.StateDelivered: 10, collector.StateWithheld: 4})
	a.Sent = map[string]int{"who.mail": 4, "who.click": 8, "page": 9, "value": 10}
	a.Missing = map[string]map[collector.Reason]int{
		"who.mail":  {"never_seen": 5, "consent_withdrawn": 1},
		"who.click": {"malformed": 1, "too_old": 1},
		"who.sex":   {"never_seen": 10},
		"page":      {"never_seen": 1},
	}
	return []collector.Account{a, account(hour0, "d", "Lead", map[collector.State]int{collector.StateDelivered: 20})}
}

func TestCoverSharesAndReasons(t *testing.T) {
	all := Cover(covered(), hour0, hour1, kinds)
	if len(all) != 2 || all[0].Send != "Lead" || all[1].Send != "Purchase" {
		t.Fatalf("want Lead (more delivered) before Purchase, got %+v", all)
	}
	got := all[1]
	want := []Key{
		{Path: "who.click", Kind: collector.KindClick, Of: 10, Sent: 8, Missing: []ReasonCount{{"malformed", 1}, {"too_old", 1}}},
		{Path: "who.mail", Kind: collector.KindEmail, Of: 10, Sent: 4,
			Missing: []ReasonCount{{"never_seen", 5}, {"consent_withdrawn", 1}}},
		{Path: "who.sex", Kind: collector.KindGender, Of: 10, Missing: []ReasonCount{{"never_seen", 10}}},
		{Path: "page", Kind: collector.KindURL, Of: 10, Sent: 9, Missing: []ReasonCount{{"never_seen", 1}}},
		{Path: "value", Of: 10, Sent: 10, Missing: []ReasonCount{}},
	}
	if diff := cmp.Diff(want, got.Keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if s := got.Keys[0].Share(); s != 0.8 {
		t.Errorf("share of the click is %v, want 0.8", s)
	}
}

func TestGapsRankByWhatTheyAreWorthAndLeaveDecisionsAlone(t *testing.T) {
	gaps := Cover(covered(), hour0, hour1, kinds)[1].Gaps()
	var got []string
	for _, g := range gaps {
		got = append(got, g.Path+" "+string(g.Reason))
	}
	// e-mail 5×8, gender 10×1, click 1×8; no aged click, no page, no value, no withdrawn consent.
	want := []string{"who.mail never_seen", "who.sex never_seen", "who.click malformed"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

func TestAdviceIsOneSentence(t *testing.T) {
	words := map[collector.Reason]string{"site_odd": "The site did something odd."}
	for _, test := range []struct {
		gap  Gap
		want string
	}{
		{Gap{"Purchase", "who.mail", collector.KindEmail, "never_seen", 1584, 2880},
			"1,584 of 2,880 Purchase deliveries lack who.mail: send customer.email with the shop's event, or with identify()."},
		{Gap{"Purchase", "who.click", collector.KindClick, "never_seen", 3, 10},
			"3 of 10 Purchase deliveries lack who.click: no ad click is known for them; load the tag on every page that ads lead to, and call identify() so that browser and customer meet."},
		{Gap{"Lead", "who.ip", collector.KindIP, "private_address", 1, 2},
			"1 of 2 Lead deliveries lack who.ip: only a private address was seen; name your proxies in trusted_proxies so that the visitor's own is read."},
		{Gap{"Lead", "x", collector.KindEmail, "site_odd", 1, 2},
			"1 of 2 Lead deliveries lack x: the site did something odd; open a delivery to see where it got lost."},
		{Gap{"Lead", "x", collector.KindEmail, "brand_new", 1, 2},
			"1 of 2 Lead deliveries lack x: brand new; open a delivery to see where it got lost."},
		{Gap{"Lead", "x", collector.KindEmail, "", 1, 2},
			"1 of 2 Lead deliveries lack x: no reason was given; open a delivery to see where it got lost."},
	} {
		if got := test.gap.Advice(words); got != test.want {
			t.Errorf("advice\n got %s\nwant %s", got, test.want)
		}
	}
}

func TestTopReasons(t *testing.T) {
	sums := []Sum{
		{Reasons: map[collector.Reason]int{"b": 2, "a": 1, "zero": 0}},
		{Reasons: map[collector.Reason]int{"a": 1, "c": 1}},
	}
	if diff := cmp.Diff([]ReasonCount{{"a", 2}, {"b", 2}}, TopReasons(sums, 2)); diff != "" {
		t.Errorf("top reasons (-want +got):\n%s", diff)
	}
}
