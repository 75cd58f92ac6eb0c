package consent

import (
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"matchkey/collector"
)

var (
	shown = Notice{Language: "en", Text: "We tell Meta what you buy.", Recipients: []string{"meta"}, Epoch: 2}
	older = Notice{Language: "en", Text: "We tell Meta.", Recipients: []string{"meta", "bing"}, Epoch: 1}

	register = NewRegister([]Category{
		{ID: "advertising", Label: "Advertising", Purposes: []string{PurposeMeasurement, PurposeMatching}, Validity: 90 * 24 * time.Hour},
		{ID: "personal", Label: "Personal advertising", Purposes: []string{PurposePersonalisation, PurposeMeasurement}, Recipients: []string{"meta"}, Validity: 30 * 24 * time.Hour},
		{ID: "statistics", Label: "Statistics", Purposes: []string{"statistics"}},
	}, []Notice{older, shown})

	answered = collector.Event{
		ID: "k1", Site: "shop", Name: "consent", Receipt: "b_1", PageView: "p1",
		OccurredAt: t0, ReceivedAt: t0.Add(time.Second),
	}
)

func TestRegisterKnowsItsNewestEpoch(t *testing.T) {
	if register.Epoch() != 2 {
		t.Errorf("epoch %d, want 2", register.Epoch())
	}
	if n, known := register.Notice(older.Hash()); !known || n.Text != older.Text {
		t.Error("an older notice is not found by its hash")
	}
	if _, known := register.Notice(""); known {
		t.Error("the empty hash is a notice")
	}
}

func TestRecordsOfAnAccept(t *testing.T) {
	v1, c42 := collector.Visitor("shop", "v1"), collector.Customer("shop", "c42")
	yes := collector.ConsentAnswer{
		Action: collector.ConsentAccept, At: t0, Notice: shown.Hash(), Source: "banner", Explicit: true,
		Categories: []string{"advertising", "personal", "gone"},
	}
	got := register.Records(yes, []collector.Subject{v1, {}, c42}, answered, 7)
	base := collector.ConsentRecord{
		Action: collector.ConsentAccept, At: t0, ReceivedAt: t0.Add(time.Second), Explicit: true,
		Notice: shown.Hash(), NoticeEpoch: 2, Language: "en", Recipients: []string{"meta"},
		Source: "banner", PageView: "p1", Receipt: "b_1", Seq: 7,
	}
	var want []collector.ConsentRecord
	for _, s := range []collector.Subject{v1, c42} {
		for _, p := range []struct {
			purpose string
			days    time.Duration // the narrower of the two categories' terms
		}{{PurposeMeasurement, 30}, {PurposeMatching, 90}, {PurposePersonalisation, 30}} {
			r := base
			r.Subject, r.Purpose, r.Until = s, p.purpose, t0.Add(p.days*24*time.Hour)
			r.ID = got[len(want)].ID
			want = append(want, r)
		}
		unticked := base
		unticked.Subject, unticked.Purpose, unticked.Action = s, "statistics", collector.ConsentReject
		unticked.ID = got[len(want)].ID
		want = append(want, unticked)
	}
	if d := gocmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	ids := map[string]bool{}
	for _, r := range got {
		if !strings.HasPrefix(r.ID, "cr_") || len(r.ID) != 35 || strings.Contains(r.ID, "c42") {
			t.Errorf("an ID like %q", r.ID)
		}
		ids[r.ID] = true
	}
	if len(ids) != len(got) {
		t.Error("two rows have one ID")
	}
}

func TestAStandingAnswerIsOneRow(t *testing.T) {
	yes := collector.ConsentAnswer{Action: collector.ConsentAccept, At: t0, Notice: shown.Hash(), Categories: []string{"statistics"}}
	who := []collector.Subject{collector.Visitor("shop", "v1")}
	first := register.Records(yes, who, answered, 7)[0]

	later := answered
	later.ID, later.Receipt, later.PageView, later.ReceivedAt = "k2", "b_2", "p2", t0.Add(time.Hour)
	berlin := yes
	berlin.At = t0.In(time.FixedZone("CET", 3600))
	if again := register.Records(berlin, who, later, 8)[0]; again.ID != first.ID {
		t.Error("the same answer with a later beacon is a second row")
	}
	other := func(name string, change func(*collector.ConsentAnswer), site string) {
		a := yes
		change(&a)
		if r := register.Records(a, []collector.Subject{collector.Visitor(site, "v1")}, later, 8)[0]; r.ID == first.ID {
			t.Errorf("%s: another answer is the same row", name)
		}
	}
	other("action", func(a *collector.ConsentAnswer) { a.Action = collector.ConsentReject }, "shop")
	other("time", func(a *collector.ConsentAnswer) { a.At = t0.Add(time.Millisecond) }, "shop")
	other("notice", func(a *collector.ConsentAnswer) { a.Notice = older.Hash() }, "shop")
	other("site", func(*collector.ConsentAnswer) {}, "blog")
}

func TestRecordsOfOtherAnswers(t *testing.T) {
	for _, c := range []struct {
		name     string
		given    collector.ConsentAnswer
		purposes string // those that are not accepted with an exclamation mark
	}{
		{"accept all: what the register asks for", collector.ConsentAnswer{Action: "accept"}, "ads_measurement ads_matching ads_personalization statistics"},
		{"accept of what is not asked for", collector.ConsentAnswer{Action: "accept", Categories: []string{"gone"}}, "!ads_measurement !ads_matching !ads_personalization !statistics"},
		{"accept of one: the others are refused", collector.ConsentAnswer{Action: "accept", Categories: []string{"statistics"}}, "statistics !ads_measurement !ads_matching !ads_personalization"},
		{"reject all", collector.ConsentAnswer{Action: "reject"}, "!*"},
		{"withdraw one", collector.ConsentAnswer{Action: "withdraw", Categories: []string{"statistics"}}, "!statistics"},
		{"reject of what is not asked for", collector.ConsentAnswer{Action: "reject", Categories: []string{"statistics", "gone"}}, "!*"},
		{"a privacy signal refuses sale and sharing", collector.ConsentAnswer{Action: "reject", Source: "gpc"}, "!sale_share"},
		{"a privacy signal never grants", collector.ConsentAnswer{Action: "accept", Source: "gpc"}, ""},
		{"an action that nobody knows", collector.ConsentAnswer{Action: "Accepted", Categories: []string{"statistics"}}, "!statistics"},
	} {
		var got []string
		for _, r := range register.Records(c.given, []collector.Subject{collector.Visitor("shop", "v1")}, answered, 7) {
			if r.Action == "accept" {
				got = append(got, r.Purpose)
			} else {
				got = append(got, "!"+r.Purpose)
			}
			if r.Action != c.given.Action && (c.given.Action != "accept" || r.Action != "reject") {
				t.Errorf("%s: action %q became %q", c.name, c.given.Action, r.Action)
			}
			if r.Action != "accept" && !r.Until.IsZero() {
				t.Errorf("%s: a refusal ends at %s", c.name, r.Until)
			}
			if r.Notice != "" || r.NoticeEpoch != 0 || len(r.Recipients) > 0 {
				t.Errorf("%s: an answer to no notice is about one: %+v", c.name, r)
			}
			if !r.At.Equal(answered.ReceivedAt) {
				t.Errorf("%s: an answer without a time is of %s, want when it came", c.name, r.At)
			}
		}
		if strings.Join(got, " ") != c.purposes {
			t.Errorf("%s: rows about %q, want %q", c.name, got, c.purposes)
		}
	}
}

// Register and decision together: what an answer in a beacon leads to.
func TestWhatAnAnswerLeadsTo(t *testing.T) {
	who := collector.Customer("shop", "c42")
	policy := Defaults()
	policy.NoticeEpoch = register.Epoch()
	decide := func(at time.Time, answers ...collector.ConsentAnswer) collector.Decision {
		q := ask()
		q.Now, q.Event.OccurredAt = at.Add(time.Minute), at
		for i, a := range answers {
			ev := answered
			ev.ReceivedAt = a.At
			if a.Source == "clock ahead" {
				ev.ReceivedAt = a.At.Add(-time.Hour)
			}
			q.Records = append(q.Records, register.Records(a, []collector.Subject{who}, ev, collector.Offset(i))...)
		}
		return New(policy).Decide(q)
	}
	yes := collector.ConsentAnswer{Action: "accept", At: t0, Notice: shown.Hash(), Explicit: true}
	changed := func(change func(*collector.ConsentAnswer)) collector.ConsentAnswer {
		a := yes
		change(&a)
		return a
	}
	ahead := func(action string, received time.Time) collector.ConsentAnswer {
		return changed(func(a *collector.ConsentAnswer) {
			a.Action, a.At, a.Source = action, received.Add(time.Hour), "clock ahead"
		})
	}
	for _, c := range []struct {
		name string
		got  collector.Decision
		want collector.Reason
	}{
		{"yes, on a clock an hour ahead", decide(t0.Add(30*time.Minute), ahead("accept", t0)), ReasonConsentPending},
		{"yes, on a clock an hour ahead, later", decide(t0.Add(2*time.Hour), ahead("accept", t0)), ReasonConsentGranted},
		{"and withdrawn ten minutes after", decide(t0.Add(2*time.Hour), ahead("accept", t0), ahead("withdraw", t0.Add(10*time.Minute))), ReasonConsentWithdrawn},
		{"yes", decide(t0.Add(time.Hour), yes), ReasonConsentGranted},
		{"yes, long ago", decide(t0.Add(31*24*time.Hour), yes), ReasonConsentExpired},
		{"yes to an unknown text", decide(t0.Add(time.Hour), changed(func(a *collector.ConsentAnswer) { a.Notice = "f00" })), ReasonConsentUnproven},
		{"yes to an older meaning", decide(t0.Add(time.Hour), changed(func(a *collector.ConsentAnswer) { a.Notice = older.Hash() })), ReasonConsentStale},
		{"yes by default", decide(t0.Add(time.Hour), changed(func(a *collector.ConsentAnswer) { a.Explicit = false })), ReasonConsentNotExplicit},
		{"yes, then something odd", decide(t0.Add(time.Hour), yes, changed(func(a *collector.ConsentAnswer) { a.Action, a.At = "hm", t0.Add(time.Minute) })), ReasonRecordInvalid},
		{"yes, then withdrawn", decide(t0.Add(time.Hour), yes, changed(func(a *collector.ConsentAnswer) { a.Action, a.At = "withdraw", t0.Add(time.Minute) })), ReasonConsentWithdrawn},
	} {
		if len(c.got.Reasons) < 2 || c.got.Reasons[1] != c.want {
			t.Errorf("%s: %s for %v, want %s", c.name, c.got.Outcome, c.got.Reasons, c.want)
		}
		if c.got.Outcome.Sends() != (c.want == ReasonConsentGranted) {
			t.Errorf("%s: %s", c.name, c.got.Outcome)
		}
	}
}

// TestRecordsByOwnID: a sender's own id is the answer's, whatever its time; it is
// never the reason that a refusal is left out.
func TestRecordsByOwnID(t *testing.T) {
	who := []collector.Subject{collector.Customer("shop", "c1")}
	id := func(a collector.ConsentAnswer) string { return register.Records(a, who, answered, 7)[0].ID }
	first := collector.ConsentAnswer{Action: "accept", ID: "f-1", At: t0}
	again, other, no := first, first, first
	again.At, other.ID, no.Action = t0.Add(time.Hour), "f-2", "reject"
	if id(first) != id(again) || id(first) == id(other) || id(first) == id(no) {
		t.Error("an answer with an id of its own is another row when it is sent again, or the same as another")
	}
}

// TestASignalIsRecordedOnceADay, however often it comes.
func TestASignalIsRecordedOnceADay(t *testing.T) {
	who := []collector.Subject{collector.Visitor("shop", "v1")}
	day := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	id := func(at time.Time) string {
		return register.Records(collector.ConsentAnswer{Action: "reject", Source: "gpc", At: at, ClaimedAt: at}, who, answered, 7)[0].ID
	}
	if id(day) != id(day.Add(24*time.Hour-1)) || id(day) == id(day.Add(24*time.Hour)) {
		t.Error("want one record of the signal a day")
	}
}

// TestUnprovenByToken: where a token was asked for, a yes without one has no notice,
// and is not enough to keep anything; a no counts fully.
func TestUnprovenByToken(t *testing.T) {
	given := collector.ConsentAnswer{Action: "accept", Explicit: true, Notice: shown.Hash(), Proof: collector.ProofMissing, At: t0}
	rec := register.Records(given, []collector.Subject{collector.Visitor("shop", "v1")}, answered, 7)[0]
	if rec.Notice != "" || rec.Proof != collector.ProofMissing {
		t.Errorf("the row is %+v", rec)
	}
	keep := New(Defaults()).MayKeep(register)
	german := collector.Geo{Country: "DE"}
	if ok, why := keep(&given, collector.Signals{}, german); ok || len(why) != 1 || why[0] != ReasonConsentUnproven {
		t.Errorf("it may be kept: %t, %v", ok, why)
	}
	given.Proof = collector.ProofToken
	if ok, why := keep(&given, collector.Signals{}, german); !ok {
		t.Errorf("with a token it may not be kept: %v", why)
	}
	forged := given
	forged.Source = collector.SourceGPC
	if ok, _ := keep(&forged, collector.Signals{}, german); ok {
		t.Error("a signal granted")
	}
}
