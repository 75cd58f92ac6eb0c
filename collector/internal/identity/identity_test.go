package identity

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"matchkey/collector"
)

var epoch = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return epoch.Add(time.Duration(minutes) * time.Minute) }

// profiles draws small profiles from a small world, so that they collide often
// and stay within the bounds.
func profiles(t *rapid.T) collector.Profile {
	id := rapid.Custom(func(t *rapid.T) collector.Identifier {
		first := rapid.IntRange(0, 5).Draw(t, "first")
		return collector.Identifier{
			Kind:    rapid.SampledFrom([]collector.Kind{collector.KindClick, collector.KindEmail}).Draw(t, "kind"),
			Value:   rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "value"),
			FirstAt: at(first), LastAt: at(first + rapid.IntRange(0, 5).Draw(t, "span")),
			Receipt: rapid.SampledFrom([]string{"b_1", "b_2", "c_3"}).Draw(t, "receipt"),
			Event:   rapid.SampledFrom([]string{"page_view", "identify"}).Draw(t, "event"),
		}
	})
	session := rapid.Custom(func(t *rapid.T) collector.SessionStart {
		return collector.SessionStart{
			ID: rapid.SampledFrom([]string{"s1", "s2"}).Draw(t, "id"), At: at(rapid.IntRange(0, 9).Draw(t, "at")),
			Client:  collector.Client{IP: rapid.SampledFrom([]string{"203.0.113.1", "203.0.113.2"}).Draw(t, "ip")},
			Receipt: rapid.SampledFrom([]string{"b_1", "b_2"}).Draw(t, "receipt"),
		}
	})
	one := collector.Profile{
		Subject:     collector.Customer("shop", "c42"),
		Identifiers: rapid.SliceOfN(id, 0, 5).Draw(t, "identifiers"),
		Sessions:    rapid.SliceOfN(session, 0, 3).Draw(t, "sessions"),
		Page:        collector.PageSeen{URL: rapid.SampledFrom([]string{"/a", "/b"}).Draw(t, "page"), At: at(rapid.IntRange(0, 3).Draw(t, "pageAt"))},
		FirstAt:     at(rapid.IntRange(0, 5).Draw(t, "firstAt")),
		LastAt:      at(rapid.IntRange(5, 9).Draw(t, "lastAt")),
		Visitors:    rapid.SliceOfN(rapid.SampledFrom([]string{"v1", "v2"}), 0, 2).Draw(t, "visitors"),
	}
	// A profile is what a merge gives: sorted and without repeats.
	return Merge(one, collector.Profile{Subject: one.Subject})
}

func TestMergeIsASemilattice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { wantLaws(t, profiles(t), profiles(t), profiles(t)) })
}

// wantLaws checks the laws of a join-semilattice on three profiles.
func wantLaws(t *rapid.T, a, b, c collector.Profile) {
	t.Helper()
	for law, pair := range map[string][2]collector.Profile{
		"commutative": {Merge(a, b), Merge(b, a)},
		"associative": {Merge(Merge(a, b), c), Merge(a, Merge(b, c))},
		"idempotent":  {Merge(a, a), a},
		"absorbing":   {Merge(Merge(a, b), b), Merge(a, b)},
	} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Fatalf("merge is not %s:\n%s", law, diff)
		}
	}
}

func TestMergeIsBounded(t *testing.T) {
	var p collector.Profile
	for i := range 100 {
		p = Merge(p, collector.Profile{
			Identifiers: []collector.Identifier{
				{Kind: collector.KindClick, Value: fmt.Sprint(i), FirstAt: at(i), LastAt: at(i)},
				{Kind: collector.KindEmail, Value: fmt.Sprint(i), FirstAt: at(i), LastAt: at(i)},
			},
			Sessions: []collector.SessionStart{{ID: fmt.Sprintf("%03d", i), At: at(i)}},
		})
	}
	if n := len(p.Of(collector.KindClick)); n != maxDated {
		t.Errorf("%d clicks are kept, want %d", n, maxDated)
	}
	emails := p.Of(collector.KindEmail)
	if len(emails) != 2*maxValues {
		t.Fatalf("%d e-mail hashes are kept, want the %d seen last and the %d known longest", len(emails), maxValues, maxValues)
	}
	if emails[0].Value != "99" || emails[maxValues].Value != "7" || emails[2*maxValues-1].Value != "0" {
		t.Errorf("the e-mail hashes are %v; want 99 to 92 and 7 to 0", emails)
	}
	if len(p.Sessions) != maxSessions || p.Sessions[0].ID != "099" {
		t.Errorf("%d sessions are kept, want the newest %d: %v", len(p.Sessions), maxSessions, p.Sessions)
	}
	if got := p.Of(collector.KindClick)[0].Value; got != "99" {
		t.Errorf("the newest click is %q, want 99: the oldest must go first", got)
	}
}

func TestMergeKeepsTheFirstProvenance(t *testing.T) {
	early := collector.Identifier{Kind: collector.KindClick, Value: "x", FirstAt: at(1), LastAt: at(1), Receipt: "b_early"}
	late := collector.Identifier{Kind: collector.KindClick, Value: "x", FirstAt: at(5), LastAt: at(5), Receipt: "b_late"}
	for _, order := range [][]collector.Identifier{{early, late}, {late, early}} {
		p := Merge(collector.Profile{Identifiers: order[:1]}, collector.Profile{Identifiers: order[1:]})
		got := p.Identifiers[0]
		if got.Receipt != "b_early" || !got.FirstAt.Equal(at(1)) || !got.LastAt.Equal(at(5)) {
			t.Errorf("merged to %+v; want first seen by b_early and last at minute 5", got)
		}
	}
}
