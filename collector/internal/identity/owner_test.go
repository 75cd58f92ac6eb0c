package identity

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"matchkey/collector"
)

func TestSignIn(t *testing.T) {
	var o collector.Owner
	o, claim := SignIn(o, "c1", at(1))
	if claim != Taken || o.Customer != "c1" || o.Generation != 0 {
		t.Fatalf("first sign-in gives %+v", o)
	}
	if !Follows(o.Tenure, at(0)) {
		t.Error("what an anonymous visitor did must follow the first customer")
	}
	if _, claim = SignIn(o, "c1", at(2)); claim != Known {
		t.Error("the same customer again must change nothing")
	}
	o, claim = SignIn(o, "c2", at(3))
	if claim != Taken || o.Generation != 1 || Effective("v1", o.Generation) != "v1~1" {
		t.Fatalf("a second customer gives %+v", o)
	}
	if Follows(o.Tenure, at(2)) || !Follows(o.Tenure, at(3)) || Answers(o.Tenure, at(2)) || !Answers(o.Tenure, at(3)) {
		t.Error("only what came since the second customer signed in may follow")
	}
	o, _ = SignIn(o, "c1", at(4))
	if o.Generation != 2 {
		t.Errorf("the first customer again is generation %d, want 2: what the second did must not follow", o.Generation)
	}
}

// TestLateEventsKeepTheirTenure: of three generations, what arrives late goes
// to the one in whose time it happened.
func TestLateEventsKeepTheirTenure(t *testing.T) {
	var o collector.Owner
	o, _ = SignIn(o, "c1", at(10))
	o, _ = SignIn(o, "c2", at(20))
	o, _ = SignOut(o, at(30))
	for minute, want := range map[int]int{0: 0, 10: 0, 19: 0, 20: 1, 29: 1, 30: 2, 99: 2} {
		if got, _ := TenureAt(o, at(minute)); got.Generation != want {
			t.Errorf("minute %d is generation %d, want %d", minute, got.Generation, want)
		}
	}
	for _, c := range []struct {
		customer string
		minute   int
		want     Claim
	}{{"c1", 15, Known}, {"c2", 25, Known}, {"c1", 25, Foreign}, {"c2", 15, Foreign}, {"c3", 5, Foreign}} {
		now, claim := SignIn(o, c.customer, at(c.minute))
		if claim != c.want || !cmp.Equal(now, o) {
			t.Errorf("%s at minute %d: claim %d and %+v, want claim %d and nothing changed", c.customer, c.minute, claim, now, c.want)
		}
	}
	if now, changed := SignOut(o, at(25)); changed {
		t.Errorf("a late sign-out changed the owner to %+v", now)
	}
}

func TestEarlierSignInIsTheSameOwner(t *testing.T) {
	var late, early collector.Owner
	late, _ = SignIn(late, "c1", at(5))
	late, _ = SignIn(late, "c1", at(2))
	early, _ = SignIn(early, "c1", at(2))
	early, _ = SignIn(early, "c1", at(5))
	if diff := cmp.Diff(early, late); diff != "" {
		t.Errorf("two sign-ins of one customer give, by order, two owners:\n%s", diff)
	}
}

func TestSignOut(t *testing.T) {
	if _, changed := SignOut(collector.Owner{}, at(1)); changed {
		t.Error("nobody signed out of a browser that is nobody's")
	}
	o, _ := SignIn(collector.Owner{}, "c1", at(1))
	out, changed := SignOut(o, at(2))
	if !changed || out.Customer != "" || out.Generation != 1 {
		t.Fatalf("a sign-out gives %+v", out)
	}
	if Follows(out.Tenure, at(1)) {
		t.Error("a click of the person who left follows")
	}
	if !Answers(out.Tenure, at(0)) {
		t.Error("a sign-out took back the browser's yes")
	}
	if again, changed := SignOut(out, at(3)); changed {
		t.Errorf("a second sign-out gives %+v", again)
	}
	if got := Leaving(out, at(2)); got.Generation != 0 || got.Customer != "c1" {
		t.Errorf("a copy of the sign-out belongs to %+v, want the generation that it ended", got)
	}
	back, _ := SignIn(out, "c1", at(4))
	if back.Generation != 1 || back.Customer != "c1" || !back.Since.Equal(at(2)) {
		t.Errorf("who comes back takes over what was done since: %+v", back)
	}
	other, _ := SignIn(out, "c2", at(4))
	if other.Generation != 2 || Follows(other.Tenure, at(3)) || Answers(other.Tenure, at(3)) {
		t.Errorf("another customer after a sign-out begins anew: %+v", other)
	}
}

func TestTenuresAreBounded(t *testing.T) {
	var o collector.Owner
	for i := range 100 {
		o, _ = SignIn(o, []string{"c1", "c2"}[i%2], at(i))
	}
	if len(o.Earlier) != MaxTenures || o.Generation != 99 {
		t.Errorf("generation %d remembers %d earlier ones, want %d", o.Generation, len(o.Earlier), MaxTenures)
	}
}
