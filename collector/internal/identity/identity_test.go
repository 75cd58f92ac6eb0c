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
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := profiles(t), profiles(t), profiles(t)
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
	})
}

func TestMergeIsBounded(t *testing.T) {
	var p collector.Profile
	for i := range 100 {
		p = Merge(p, collector.Profile{
			Identifiers: []collector.Identifier{
				{Kind: collector.KindClick, Value: fmt.Sprint(i), LastAt: at(i)},
				{Kind: collector.KindEmail, Value: fmt.Sprint(i), LastAt: at(i)},
			},
			Sessions: []collector.SessionStart{{ID: fmt.Sprint(i), At: at(i)}},
		})
	}
	if n := len(p.Of(collector.KindClick)); n != maxClicks {
		t.Errorf("%d clicks are kept, want %d", n, maxClicks)
	}
	if n := len(p.Of(collector.KindEmail)); n != maxValues {
		t.Errorf("%d e-mail hashes are kept, want %d", n, maxValues)
	}
	if len(p.Sessions) != maxSessions {
		t.Errorf("%d sessions are kept, want %d", len(p.Sessions), maxSessions)
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

func TestSignIn(t *testing.T) {
	var o collector.Owner
	o, changed := SignIn(o, "c1", at(1))
	if !changed || o.Customer != "c1" || o.Generation != 0 {
		t.Fatalf("first sign-in gives %+v", o)
	}
	if !Follows(o, at(0)) {
		t.Error("what an anonymous visitor did must follow the first customer")
	}
	if _, changed = SignIn(o, "c1", at(2)); changed {
		t.Error("the same customer again must change nothing")
	}
	o, changed = SignIn(o, "c2", at(3))
	if !changed || o.Generation != 1 || Effective("v1", o.Generation) != "v1~1" {
		t.Fatalf("a second customer gives %+v", o)
	}
	if Follows(o, at(2)) || !Follows(o, at(3)) {
		t.Error("only what came since the second customer signed in may follow")
	}
	o, _ = SignIn(o, "c1", at(4))
	if o.Generation != 2 {
		t.Errorf("the first customer again is generation %d, want 2: what the second did must not follow", o.Generation)
	}
}
