package consent

import (
	"testing"
	"time"

	"matchkey/collector"
)

func TestStandings(t *testing.T) {
	notice := Notice{Language: "en", Text: "May we?", Recipients: []string{"meta"}, Epoch: 2}
	older := notice
	older.Epoch = 1
	reg := NewRegister([]Category{
		{ID: "measuring", Purposes: []string{PurposeMeasurement}},
		{ID: "all", Purposes: []string{PurposeMeasurement, PurposeMatching}},
	}, []Notice{notice, older})
	p := Defaults()
	p.NoticeEpoch = reg.Epoch()
	d := New(p)

	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	browser, account := collector.Visitor("shop", "v1"), collector.Customer("shop", "c1")
	say := func(s collector.Subject, action, purpose string, ago time.Duration) collector.ConsentRecord {
		return collector.ConsentRecord{
			ID: action + purpose + ago.String(), Subject: s, Purpose: purpose, Action: action, At: now.Add(-ago), ReceivedAt: now.Add(-ago),
			Explicit: true, Notice: notice.Hash(), NoticeEpoch: 2, Recipients: []string{"meta"}, Source: "banner",
		}
	}
	stale := say(browser, "accept", PurposeMeasurement, time.Hour)
	stale.Notice, stale.NoticeEpoch = older.Hash(), 1
	short := say(browser, "accept", PurposeMeasurement, time.Hour)
	short.Until = now.Add(time.Hour)

	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		records        []collector.ConsentRecord
		measuring, all Answered
		until          time.Time
	}{
		"nothing":             {nil, NotAnswered, NotAnswered, time.Time{}},
		"yes to one of two":   {[]collector.ConsentRecord{say(browser, "accept", PurposeMeasurement, time.Hour)}, SaidYes, NotAnswered, now.Add(180*day - time.Hour)},
		"yes for a time":      {[]collector.ConsentRecord{short}, SaidYes, NotAnswered, short.Until},
		"yes, no":             {[]collector.ConsentRecord{say(browser, "accept", "*", time.Hour), say(browser, "withdraw", "*", time.Minute)}, SaidNo, SaidNo, time.Time{}},
		"yes of long ago":     {[]collector.ConsentRecord{say(browser, "accept", "*", 181*day)}, YesEnded, YesEnded, time.Time{}},
		"yes to another text": {[]collector.ConsentRecord{stale}, YesEnded, YesEnded, time.Time{}},
		"a linked one's no":   {[]collector.ConsentRecord{say(browser, "accept", "*", time.Hour), say(account, "reject", PurposeMatching, time.Minute)}, SaidYes, SaidNo, now.Add(180*day - time.Hour)},
		"a linked one's yes":  {[]collector.ConsentRecord{say(account, "accept", "*", time.Hour)}, NotAnswered, NotAnswered, time.Time{}},
	} {
		got := d.Standings(reg, c.records, []collector.Subject{browser}, []collector.Subject{account}, now)
		if len(got) != 2 || got[0].Answered != c.measuring || got[1].Answered != c.all || !got[0].Until.Equal(c.until) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestAsksFirst(t *testing.T) {
	p := Defaults()
	for country, want := range map[string]bool{"DE": true, "": true, "US": false, "AU": false} {
		if got := New(p).AsksFirst(collector.Geo{Country: country}); got != want {
			t.Errorf("%q: %v", country, got)
		}
	}
	p.OptInEverywhere = true
	if !New(p).AsksFirst(collector.Geo{Country: "AU"}) {
		t.Error("an operator who asks first everywhere")
	}
}

// TestMayKeepOf: what brings no answer is kept by what was answered before.
func TestMayKeepOf(t *testing.T) {
	notice := Notice{Language: "en", Text: "May we?", Recipients: []string{"meta"}, Epoch: 1}
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	person, browser := collector.Customer("shop", "c1"), collector.Visitor("shop", "v1")
	say := func(s collector.Subject, action string, change ...func(*collector.ConsentRecord)) collector.ConsentRecord {
		r := collector.ConsentRecord{
			ID: action, Subject: s, Purpose: PurposeMeasurement, Action: action, At: now.Add(-time.Hour), ReceivedAt: now.Add(-time.Hour),
			Explicit: true, Notice: notice.Hash(), NoticeEpoch: 1, Recipients: []string{"meta"}, Source: "banner",
		}
		for _, c := range change {
			c(&r)
		}
		return r
	}
	old := func(r *collector.ConsentRecord) { r.At, r.ReceivedAt = now.AddDate(-3, 0, 0), now.AddDate(-3, 0, 0) }
	told := func(r *collector.ConsentRecord) { r.InformedOfGPC = true }
	de, au := collector.Geo{Country: "DE"}, collector.Geo{Country: "AU"}
	for name, c := range map[string]struct {
		records []collector.ConsentRecord
		geo     collector.Geo
		gpc     bool
		why     collector.Reason
	}{
		"a yes":                            {[]collector.ConsentRecord{say(person, "accept")}, de, false, ""},
		"a yes, nobody knows where":        {[]collector.ConsentRecord{say(person, "accept")}, collector.Geo{}, false, ""},
		"nothing":                          {nil, de, false, collector.ReasonConsentAbsent},
		"nothing, nobody knows where":      {nil, collector.Geo{}, false, collector.ReasonConsentAbsent},
		"nothing, where none is needed":    {nil, au, false, ""},
		"a no, where no yes is needed":     {[]collector.ConsentRecord{say(person, "reject")}, au, false, collector.ReasonConsentRefused},
		"a no of a browser of theirs":      {[]collector.ConsentRecord{say(browser, "reject"), say(person, "accept")}, de, false, collector.ReasonConsentRefused},
		"a yes of a browser of theirs":     {[]collector.ConsentRecord{say(browser, "accept")}, de, false, collector.ReasonConsentAbsent},
		"a yes that ended":                 {[]collector.ConsentRecord{say(person, "accept", old)}, de, false, ReasonConsentExpired},
		"a yes against the signal":         {[]collector.ConsentRecord{say(person, "accept")}, de, true, ReasonGPC},
		"a yes after a word on the signal": {[]collector.ConsentRecord{say(person, "accept", told)}, de, true, ""},
	} {
		kept, why := New(Defaults()).MayKeepOf(c.records, []collector.Subject{person}, []collector.Subject{browser}, collector.Signals{GPC: c.gpc}, c.geo, now)
		if kept != (c.why == "") || !kept && why[0] != c.why {
			t.Errorf("%s: %v %v, want %q", name, kept, why, c.why)
		}
	}
}
