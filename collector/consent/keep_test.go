package consent

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"matchkey/collector"
)

func TestMayKeep(t *testing.T) {
	de, us, au := collector.Geo{Country: "DE"}, collector.Geo{Country: "US", Region: "NY"}, collector.Geo{Country: "AU"}
	nowhere := collector.Geo{}
	everywhere, onlyUS, strict := Defaults(), Defaults(), Defaults()
	onlyUS.GPC, strict.OptInEverywhere = GPCOnlyUS, true
	says := func(action string, explicit bool, categories ...string) *collector.ConsentAnswer {
		return &collector.ConsentAnswer{Action: action, Explicit: explicit, Categories: categories, Notice: shown.Hash()}
	}
	toldOf := func(a *collector.ConsentAnswer) *collector.ConsentAnswer {
		a.InformedOfGPC = true
		return a
	}
	to := func(a *collector.ConsentAnswer, notice string) *collector.ConsentAnswer {
		a.Notice = notice
		return a
	}
	unproven := everywhere
	unproven.AcceptUnproven = true
	current := everywhere
	current.NoticeEpoch = register.Epoch()
	for _, c := range []struct {
		name   string
		policy Policy
		answer *collector.ConsentAnswer
		gpc    bool
		geo    collector.Geo
		why    string
	}{
		{"asked and accepted", everywhere, says("accept", true), false, de, ""},
		{"accepted what allows measuring", everywhere, says("accept", true, "advertising"), false, de, ""},
		{"accepted something else", everywhere, says("accept", true, "statistics"), false, de, "consent_absent"},
		{"accepted by default", everywhere, says("accept", false), false, de, "consent_absent"},
		{"accepted in an unknown place", everywhere, says("accept", true), false, nowhere, ""},
		{"accepted a text that nobody knows", everywhere, to(says("accept", true), "0000"), false, de, "consent_unproven"},
		{"accepted no text", everywhere, to(says("accept", true), ""), false, de, "consent_unproven"},
		{"accepted no text, where that does", unproven, to(says("accept", true), ""), false, de, ""},
		{"accepted what meant something else", current, to(says("accept", true), older.Hash()), false, de, "consent_unproven"},
		{"never asked", everywhere, nil, false, de, "consent_absent"},
		{"never asked, in an unknown place", everywhere, nil, false, nowhere, "consent_absent"},
		{"refused", everywhere, says("reject", true), false, de, "consent_refused"},
		{"withdrew", everywhere, says("withdraw", true, "advertising"), false, de, "consent_refused"},
		{"said something odd", everywhere, says("hm", true), false, de, "consent_refused"},
		{"refused what the register does not have", everywhere, says("reject", true, "gone"), false, de, "consent_refused"},
		{"refused something else", everywhere, says("reject", true, "statistics"), false, de, "consent_absent"},
		{"accepted against the signal", everywhere, says("accept", true), true, de, "gpc_opt_out"},
		{"accepted after a word about the signal", everywhere, toldOf(says("accept", true)), true, de, ""},
		{"refused after a word about the signal", everywhere, toldOf(says("reject", true)), true, de, "consent_refused gpc_opt_out"},
		{"refused, and the signal", everywhere, says("reject", true), true, de, "consent_refused gpc_opt_out"},
		{"the signal out of scope", onlyUS, says("accept", true), true, de, ""},
		{"the signal in an unknown place", onlyUS, says("accept", true), true, nowhere, "gpc_opt_out"},
		{"in the US, never asked", everywhere, nil, false, us, ""},
		{"in the US, the signal", onlyUS, nil, true, us, "gpc_opt_out"},
		{"in the US, refused", everywhere, says("reject", false), false, us, "consent_refused"},
		{"in the US, refused something else", everywhere, says("reject", true, "statistics"), false, us, ""},
		{"in the US, asked first", strict, nil, false, us, "consent_absent"},
		{"in Australia, never asked", everywhere, nil, false, au, ""},
		{"in Australia, refused", everywhere, says("reject", true), false, au, "consent_refused"},
	} {
		kept, why := New(c.policy).MayKeep(register)(c.answer, collector.Signals{GPC: c.gpc}, c.geo)
		if d := gocmp.Diff(reasons(c.why), why); d != "" || kept != (c.why == "") {
			t.Errorf("%s: kept %v (-want +got):\n%s", c.name, kept, d)
		}
	}
}
