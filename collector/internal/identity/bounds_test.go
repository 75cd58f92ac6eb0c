package identity

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"matchkey/collector"
)

// seenOnce draws what one event tells of a person. There are several times more
// values than a profile keeps, and many equal times. A click's own time is its
// value's, as the grammar has it; a session's id begins with its start.
func seenOnce(t *rapid.T) collector.Profile {
	when, receipt := at(rapid.IntRange(0, 60).Draw(t, "when")), rapid.SampledFrom([]string{"b_1", "b_2", "c_3"}).Draw(t, "receipt")
	id := func(kind collector.Kind, value string) collector.Identifier {
		return collector.Identifier{Kind: kind, Value: value, FirstAt: when, LastAt: when, Receipt: receipt, Event: "page_view"}
	}
	p := collector.Profile{
		Subject: collector.Customer("shop", "c42"), FirstAt: when, LastAt: when,
		Page: collector.PageSeen{URL: rapid.SampledFrom([]string{"/a", "/b"}).Draw(t, "page"), At: when, Receipt: receipt},
	}
	made := rapid.IntRange(0, 50).Draw(t, "made")
	click := id(collector.KindClick, fmt.Sprintf("fb.1.%d", made))
	click.FirstAt = at(made - 60)
	p.Identifiers = []collector.Identifier{
		id(collector.KindEmail, fmt.Sprint(rapid.IntRange(0, 30).Draw(t, "email"))),
		id(collector.KindPhone, fmt.Sprint(rapid.IntRange(0, 12).Draw(t, "phone"))),
		click,
	}
	p.Sessions = []collector.SessionStart{{
		ID: fmt.Sprintf("%02d", rapid.IntRange(0, 50).Draw(t, "session")), At: when, Receipt: receipt,
		Client: collector.Client{IP: rapid.SampledFrom([]string{"203.0.113.1", "203.0.113.2"}).Draw(t, "ip")},
	}}
	return p
}

func mergeAll(seen []collector.Profile) collector.Profile {
	p := collector.Profile{Subject: collector.Customer("shop", "c42")}
	for _, s := range seen {
		p = Merge(p, s)
	}
	return p
}

func TestMergeIsASemilatticeBeyondItsBounds(t *testing.T) {
	seen := rapid.SliceOfN(rapid.Custom(seenOnce), 1, 120)
	rapid.Check(t, func(t *rapid.T) {
		wantLaws(t, mergeAll(seen.Draw(t, "a")), mergeAll(seen.Draw(t, "b")), mergeAll(seen.Draw(t, "c")))
	})
}

// TestAnyOrderGivesTheSameProfile: late, duplicated and reordered observations,
// merged one by one or on several edges first.
func TestAnyOrderGivesTheSameProfile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seen := rapid.SliceOfN(rapid.Custom(seenOnce), 1, 200).Draw(t, "seen")
		again := slices.Concat(seen, seen[:rapid.IntRange(0, len(seen)).Draw(t, "twice")])
		again = rapid.Permutation(again).Draw(t, "order")
		cut := rapid.IntRange(0, len(again)).Draw(t, "edges")
		if diff := cmp.Diff(mergeAll(seen), Merge(mergeAll(again[:cut]), mergeAll(again[cut:]))); diff != "" {
			t.Fatalf("another order gives another profile:\n%s", diff)
		}
	})
}
