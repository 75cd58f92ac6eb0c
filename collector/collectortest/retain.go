package collectortest

import (
	"fmt"
	"testing"
	"time"

	"matchkey/collector"
)

// The part of the store's suite that is about what expires.

const day = 24 * time.Hour

// kept is a retention in which each kind has a length of its own.
var kept = collector.Retention{
	Click: 9 * day, Browser: 9 * day, Address: 4 * day, Sessions: 6 * day, Contact: 12 * day, External: 15 * day,
	Events: 3 * day, Deliveries: 5 * day, Proof: 20 * day,
}

// keep puts the retention in force on a day after Epoch's.
func (s *storeTest) keep(n int) {
	s.Helper()
	s.ok(s.Store.Keep(s.Context(), collector.Keeping{Day: Epoch.Truncate(day).Add(time.Duration(n) * day), Retention: kept}))
}

// sweep sweeps until nothing is due, and returns what was deleted.
func (s *storeTest) sweep() (all collector.Swept) {
	s.Helper()
	for n := 0; ; n++ {
		step, err := s.Store.Sweep(s.Context())
		s.ok(err)
		all.Add(step.Swept)
		if !step.More {
			return all
		}
		if n > 10_000 {
			s.Fatal("a sweep does not end")
		}
	}
}

// fullProfile has one of everything that expires.
func fullProfile(visitor string) collector.Profile {
	p := visitorSeen(visitor, 0)
	p.LastAt, p.FirstAt = Epoch, Epoch
	p.Identifiers = nil
	for _, k := range []collector.Kind{collector.KindBrowser, collector.KindClick, collector.KindEmail} {
		p.Identifiers = append(p.Identifiers, collector.Identifier{Kind: k, Value: string(k) + " of " + visitor, FirstAt: Epoch, LastAt: Epoch})
	}
	p.Sessions = []collector.SessionStart{{ID: "s1", At: Epoch, Client: collector.Client{IP: "203.0.113.7", UserAgent: "test"}}}
	p.Page = collector.PageSeen{URL: "https://shop.example/", At: Epoch}
	return p
}

// testKept: on each day goes what has expired by its beginning, and no more.
func testKept(t *testing.T, s *storeTest) {
	s.keep(0)
	s.signIn("v1", "c1", 0)
	s.apply(func(tx collector.Tx) error {
		s.ok(tx.MergeProfile(fullProfile("v1")))
		_, err := tx.AddRecord(collector.ConsentRecord{ID: "yes", Subject: collector.Visitor("shop", "v1"), Purpose: "*", Action: collector.ConsentAccept, At: Epoch})
		return err
	})
	visitor := collector.Visitor("shop", "v1")
	for _, c := range []struct {
		day  int
		want collector.Swept
		left int // identifiers
	}{
		{4, collector.Swept{}, 3}, {5, collector.Swept{Values: 1}, 3}, {7, collector.Swept{Values: 2}, 3},
		{10, collector.Swept{Values: 2}, 1}, {13, collector.Swept{Values: 1}, 0}, {15, collector.Swept{}, 0},
		{16, collector.Swept{Profiles: 1}, 0}, {20, collector.Swept{}, 0}, {21, collector.Swept{Records: 1, Links: 1}, 0},
	} {
		s.keep(c.day)
		if got := s.sweep(); got != c.want {
			t.Errorf("on day %d %+v was deleted, want %+v", c.day, got, c.want)
		}
		p, err := s.Store.Profile(t.Context(), visitor)
		s.ok(err)
		if len(p.Identifiers) != c.left {
			t.Errorf("on day %d %d identifiers are left, want %d", c.day, len(p.Identifiers), c.left)
		}
	}
	if o, err := s.Store.Owner(t.Context(), "shop", "v1"); err != nil || o.Customer != "" {
		t.Errorf("whose browser it was is still known: %+v, %v", o, err)
	}
	status, err := s.Store.Retention(t.Context())
	s.ok(err)
	if want := (collector.Swept{Values: 6, Profiles: 1, Records: 1, Links: 1}); status.Swept != want || !status.Day.Equal(Epoch.Truncate(day).Add(21*day)) {
		t.Errorf("the status is %+v, want %+v in all", status, want)
	}
}

// testKeptRefusal: a refusal is kept without end, with the links that it follows.
func testKeptRefusal(t *testing.T, s *storeTest) {
	s.keep(0)
	s.signIn("v1", "c1", 0)
	s.apply(func(tx collector.Tx) error {
		s.ok(tx.MergeProfile(fullProfile("v1")))
		_, err := tx.AddRecord(collector.ConsentRecord{ID: "no", Subject: collector.Customer("shop", "c1"), Purpose: "*", Action: collector.ConsentReject, At: Epoch})
		return err
	})
	s.keep(3000)
	if got := s.sweep(); got.Profiles != 1 || got.Links != 0 || got.Records != 0 {
		t.Errorf("%+v was deleted; want the profile alone", got)
	}
	recs, err := s.Store.Records(t.Context(), collector.Customer("shop", "c1"))
	s.ok(err)
	others, err := s.Store.Linked(t.Context(), collector.Visitor("shop", "v1"))
	s.ok(err)
	if len(recs) != 1 || len(others) != 1 {
		t.Errorf("%d records and %d links are left; want the refusal and its link", len(recs), len(others))
	}
}

// testKeptLedger: with the last record goes what says whose the ledger's are. The
// ledger stays whole.
func testKeptLedger(t *testing.T, s *storeTest) {
	s.keep(0)
	first := answered("v1", "r1", collector.ConsentAccept, 0)
	first.Purpose = "ads"
	second := answered("v1", "r2", collector.ConsentAccept, 5*24*60)
	s.answer(first, second, answered("v2", "no", collector.ConsentReject, 0))
	for _, c := range []struct{ day, records, history int }{{20, 2, 2}, {22, 1, 2}, {25, 1, 2}, {27, 0, 0}} {
		s.keep(c.day)
		s.sweep()
		person, err := s.Store.Record(s.Context(), first.Subject)
		if s.ok(err); len(person.Consent) != c.records || len(person.History) != c.history {
			t.Errorf("on day %d there are %d records and %d answers, want %d and %d", c.day, len(person.Consent), len(person.History), c.records, c.history)
		}
	}
	other, err := s.Store.Record(s.Context(), collector.Visitor("shop", "v2"))
	if s.ok(err); len(other.History) != 1 {
		t.Errorf("of who refused there are %d answers, want one", len(other.History))
	}
	if got := s.verify("shop"); got.Seq != 3 {
		t.Errorf("the chain has %d records, want 3", got.Seq)
	}
}

// testKeptCounted: a delivery that was deleted is not found by its person.
func testKeptCounted(t *testing.T, s *storeTest) {
	s.keep(0)
	d := NewDelivery("over", collector.StatePending)
	d.Person, d.Scenario, d.Counts = collector.Visitor("shop", "v1"), "purchase", true
	s.known(d)
	count := func() int {
		all, err := s.Store.Counted(d.Person, d.Scenario, d.OccurredAt.Add(-time.Hour), d.OccurredAt.Add(time.Hour))
		s.ok(err)
		return len(all)
	}
	for _, lease := range s.lease(Epoch.Add(time.Hour), 10) {
		_, err := s.Store.BeginAttempts(t.Context(), []collector.Delivery{lease}, Epoch.Add(time.Hour), time.Minute)
		s.ok(err)
		s.settle(lease, collector.StateDelivered)
	}
	if n := count(); n != 1 {
		t.Fatalf("%d count before, want 1", n)
	}
	for _, on := range []int{1, 4, 7, 8} {
		s.keep(on)
		s.sweep()
	}
	if n := count(); n != 0 {
		t.Errorf("%d count when it was deleted, want none", n)
	}
}

// testKeptLate: what comes when it has expired is not kept, and what is still seen
// is, in any order.
func testKeptLate(t *testing.T, s *storeTest) {
	s.keep(0)
	s.apply(func(tx collector.Tx) error { return tx.MergeProfile(fullProfile("v1")) })
	s.keep(14)
	again := fullProfile("v1")
	at := Epoch.Add(13 * day)
	again.LastAt = at
	for i := range again.Identifiers {
		again.Identifiers[i].LastAt = at
	}
	again.Sessions[0] = collector.SessionStart{ID: "s2", At: at, Client: collector.Client{IP: "203.0.113.8"}}
	s.apply(func(tx collector.Tx) error {
		s.ok(tx.MergeProfile(again))
		return tx.MergeProfile(fullProfile("v1")) // a beacon of two weeks ago
	})
	s.sweep()
	p, err := s.Store.Profile(t.Context(), collector.Visitor("shop", "v1"))
	s.ok(err)
	if len(p.Of(collector.KindClick)) != 0 || len(p.Of(collector.KindEmail)) != 1 || len(p.Of(collector.KindBrowser)) != 1 || len(p.Sessions) != 1 || p.Sessions[0].ID != "s2" {
		t.Errorf("there is %+v; want what was seen again, and not the old click and session", p)
	}
}

// testKeptJournal: events go with the journal, in its order, when nothing of theirs
// may be sent any more; a late copy of a conversion is known.
func testKeptJournal(t *testing.T, s *storeTest) {
	s.keep(0)
	pending := NewDelivery("open", collector.StatePending)
	pending.ExpiresAt = Epoch.Add(10 * day)
	withheld := NewDelivery("over", collector.StateWithheld)
	for _, d := range []collector.Delivery{pending, withheld} {
		s.known(d)
	}
	for i := range 300 {
		ev := FullEvent(fmt.Sprint("plain.", i))
		ev.Name, ev.Customer, ev.Visitor = "page_view", "c1", ""
		s.concerned(ev, collector.Customer(ev.Site, "c1"))
	}
	end := s.Journal.Durable()
	s.keep(1)
	s.keep(3)
	if got := s.sweep(); got != (collector.Swept{}) {
		t.Errorf("%+v was deleted on the third day; want nothing before the fourth", got)
	}
	s.keep(4)
	got := s.sweep()
	if got.Frames != int(end) || got.Events != 301 || got.Deliveries != 0 {
		t.Errorf("%+v was deleted; want %d entries, and all events but that of an open delivery", got, end)
	}
	if d := s.get(pending.Key); d.State != collector.StatePending {
		t.Errorf("the open one is %s", d.State)
	}
	s.keep(5)
	s.keep(7)
	if got := s.sweep(); got.Deliveries != 1 || got.Events != 0 {
		t.Errorf("%+v was deleted; want the settled delivery", got)
	}
	s.apply(func(tx collector.Tx) error {
		for d, want := range map[*collector.Delivery]bool{&pending: false, &withheld: true} {
			spent, err := tx.Spent(collector.EventKey{Site: d.Key.Site, Name: d.EventName, ID: d.Key.EventID})
			if s.ok(err); spent != want {
				t.Errorf("that %s was a conversion is known: %t, want %t", d.Key.EventID, spent, want)
			}
		}
		return nil
	})
	if s.Journal.Durable() != end {
		t.Errorf("the journal ends at %d, want %d", s.Journal.Durable(), end)
	}
	ev := FullEvent("next")
	at, err := s.Journal.Append(t.Context(), []collector.Event{ev})
	s.ok(err)
	entries, err := s.Journal.Read(t.Context(), 0, 10)
	s.ok(err)
	if at != end+1 || len(entries) != 1 || entries[0].Offset != at {
		t.Errorf("it went on at %d, and %d entries are read; want one, at %d", at, len(entries), end+1)
	}
	for _, lease := range s.lease(Epoch.Add(8*day), 10) {
		_, err := s.Store.BeginAttempts(t.Context(), []collector.Delivery{lease}, Epoch.Add(8*day), time.Minute)
		s.ok(err)
		s.settle(lease, collector.StateDelivered)
	}
	s.keep(8)
	s.keep(9)
	if got := s.sweep(); got.Events != 1 {
		t.Errorf("%+v was deleted; want the last event, whose delivery is settled", got)
	}
}

// testKeptDay: a day that goes back takes the place of those that were later, and
// what comes then expires in its own time.
func testKeptDay(t *testing.T, s *storeTest) {
	s.keep(1000)
	s.signIn("v1", "c1", 0)
	s.sweep()
	s.keep(0)
	status, err := s.Store.Retention(t.Context())
	s.ok(err)
	if want := Epoch.Truncate(day); !status.Day.Equal(want) || status.Retention != kept {
		t.Errorf("in force is %+v; want the first day", status.Keeping)
	}
	s.apply(func(tx collector.Tx) error { return tx.MergeProfile(fullProfile("v1")) })
	for _, c := range []struct{ day, left int }{{5, 3}, {10, 1}, {13, 0}} {
		s.keep(c.day)
		s.sweep()
		p, err := s.Store.Profile(t.Context(), collector.Visitor("shop", "v1"))
		s.ok(err)
		if got := len(p.Identifiers); got != c.left {
			t.Errorf("on day %d there are %d identifiers, want %d", c.day, got, c.left)
		}
	}
}
