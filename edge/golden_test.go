package edge

import (
	"os"
	"path/filepath"
	"testing"

	"matchkey/collector"
)

// TestGoldenBeacons accepts what the tag's own tests produced. What each file
// has to leave behind is known by its name.
func TestGoldenBeacons(t *testing.T) {
	files, err := filepath.Glob("../tag/testdata/beacon/*.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("../tag/testdata/beacon holds no beacon; run the tag's tests with -update")
		}
		t.Skip("../tag/testdata/beacon holds no beacon yet")
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f := start(t, asking)
			r := f.beacon(string(body))
			if r.StatusCode != 204 {
				t.Fatalf("got %d %q: %s", r.StatusCode, r.reason(), r.body)
			}
			events := f.journal.stored()
			if len(events) == 0 {
				t.Fatal("nothing was stored")
			}
			for _, e := range events {
				if len(e.Notes) != 0 {
					t.Errorf("%s %s lost something: %v", e.Name, e.ID, e.Notes)
				}
			}
			if told := f.refusals(); len(told) != 0 {
				t.Errorf("refused: %v", told)
			}
			if check := goldenLeaves[name]; check != nil {
				check(t, events, r)
			}
		})
	}
}

var goldenLeaves = map[string]func(*testing.T, []collector.Event, reply){
	"accept.json": func(t *testing.T, events []collector.Event, r reply) {
		first := events[0]
		find(t, first, collector.KindClick)
		if first.Visitor == "" || first.Session == "" || first.Consent == nil || first.Consent.Action != collector.ConsentAccept || first.URL == "" {
			t.Errorf("the landing: %+v", first)
		}
		if len(r.Header["Set-Cookie"]) == 0 {
			t.Error("no cookie was set again")
		}
	},
	"accept_token.json": func(t *testing.T, events []collector.Event, _ reply) {
		if c := events[0].Consent; c == nil || c.Notice != goldenNotice || c.Language != "de" {
			t.Errorf("the answer is %+v", c)
		}
	},
	"refuse_token.json": func(t *testing.T, events []collector.Event, r reply) {
		onlyAnswer(t, events, r, "", "")
		if c := events[0].Consent; c.Notice != goldenNotice {
			t.Errorf("the answer is %+v", c)
		}
	},
	"cart.json": func(t *testing.T, events []collector.Event, _ reply) {
		if !named(events, collector.EventCartUpdate) {
			t.Errorf("no cart in %v", events)
		}
	},
	"identify.json": func(t *testing.T, events []collector.Event, _ reply) {
		if events[0].Customer == "" || !named(events, collector.EventIdentify) {
			t.Errorf("nobody was identified: %+v", events)
		}
	},
	"purchase_twin.json": func(t *testing.T, events []collector.Event, _ reply) {
		for _, e := range events {
			if e.Name == collector.EventPurchase && e.ID == collector.DeterministicID(e.Name, "A-1001") {
				return
			}
		}
		t.Errorf("no purchase A-1001 in %+v", events)
	},
	"refuse.json": func(t *testing.T, events []collector.Event, r reply) {
		onlyAnswer(t, events, r, "", "")
	},
	"refuse_customer.json": func(t *testing.T, events []collector.Event, r reply) {
		if events[0].Customer == "" {
			t.Error("the customer's refusal names no customer")
		}
		onlyAnswer(t, events, r, "", events[0].Customer)
	},
	"withdraw.json": func(t *testing.T, events []collector.Event, r reply) {
		if events[0].Visitor == "" {
			t.Error("the withdrawal names no visitor")
		}
		onlyAnswer(t, events, r, events[0].Visitor, events[0].Customer)
	},
}

// goldenNotice is what the golden files with a token say that was shown.
const goldenNotice = "8d4a1f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f0"

// onlyAnswer checks that a refusal left only itself.
func onlyAnswer(t *testing.T, events []collector.Event, r reply, visitor, customer string) {
	t.Helper()
	for _, e := range events {
		if e.Name != collector.EventConsent || e.Consent == nil || e.Consent.Action == collector.ConsentAccept ||
			e.Visitor != visitor || e.Customer != customer || e.Session != "" || e.PageView != "" || e.URL != "" ||
			len(e.Identifiers) != 0 || e.Client != (collector.Client{}) || len(e.Withheld) == 0 {
			t.Errorf("stored: %+v", e)
		}
	}
	if len(r.Header["Set-Cookie"]) != 4 {
		t.Errorf("cookies were not taken back: %q", r.Header["Set-Cookie"])
	}
}

func named(events []collector.Event, name string) bool {
	for _, e := range events {
		if e.Name == name {
			return true
		}
	}
	return false
}
