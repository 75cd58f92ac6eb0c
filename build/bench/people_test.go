package main

import (
	"reflect"
	"testing"
	"time"

	"matchkey/collector/meta"
)

// TestPeopleAreDistinctAndSeeded: the same seed is the same work, and nobody is
// there twice, so that no cache can shine.
func TestPeopleAreDistinctAndSeeded(t *testing.T) {
	now := time.UnixMilli(1795619774000)
	c := newCrowd(7, 2000, now)
	if !reflect.DeepEqual(c, newCrowd(7, 2000, now)) {
		t.Error("the same seed made other people")
	}
	seen := map[string]bool{}
	for _, p := range c.People {
		for _, v := range []string{p.Email, p.Customer, p.Order, p.Click} {
			if seen[v] {
				t.Errorf("%q is there twice", v)
			}
			seen[v] = true
		}
		for key, v := range map[string]string{"em": p.Email, "ph": p.Phone, "fn": p.FirstName, "ln": p.LastName, "ct": p.City, "zp": p.Zip, "country": p.Country} {
			if _, why := meta.Normalise(key, v, p.Country); why != "" {
				t.Errorf("%s %q of %s has no normal form: %s", key, v, p.Country, why)
			}
		}
	}
}

// TestSidesInGoMakeTheSameEvents: Matchkey and the floor are compared like the
// sides of a run, without Node.
func TestSidesInGoMakeTheSameEvents(t *testing.T) {
	dir := t.TempDir()
	c := newCrowd(7, 250, time.UnixMilli(1795619774000))
	bodies := map[string][]sentEvent{}
	for name, make := range map[string]func(crowd) (worker, error){"matchkey": newMatchkeySide, "floor": newFloorSide} {
		w, err := make(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := writeBodies(w, bodiesFile(dir, name)); err != nil {
			t.Fatal(err)
		}
		if bodies[name], err = readBodies(bodiesFile(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := agreement(c.People, bodies["matchkey"], bodies["floor"]); err != nil {
		t.Error(err)
	}
}
