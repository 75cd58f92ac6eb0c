package collectortest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"matchkey/collector"
)

// The part of the store's suite that is about erasing a person, and about
// handing over what is kept of one.

// known delivers a delivery whose event is in the journal and in the store, and
// is found by its person.
func (s *storeTest) known(d collector.Delivery) collector.EventRecord {
	s.Helper()
	ev := FullEvent(d.Key.EventID)
	ev.Name, ev.Site, ev.Customer, ev.Visitor = d.EventName, d.Key.Site, d.Person.ID, ""
	if d.Person.IsZero() {
		ev.Customer = "c1" // a withheld delivery names nobody
	}
	rec := s.concerned(ev, collector.Customer(ev.Site, ev.Customer))
	s.deliver(d)
	return rec
}

// concerned appends an event to the journal and applies it as one about subjects.
func (s *storeTest) concerned(ev collector.Event, subjects ...collector.Subject) collector.EventRecord {
	s.Helper()
	at, err := s.Journal.Append(s.Context(), []collector.Event{ev})
	s.ok(err)
	rec := collector.EventRecord{Event: ev, Offset: at, Copies: []collector.Copy{
		{Origin: ev.Origin, Receipt: ev.Receipt, ReceivedAt: ev.ReceivedAt, Offset: at},
	}}
	s.apply(func(tx collector.Tx) error {
		s.ok(tx.PutEvent(rec))
		return tx.Concerns(collector.Entry{Offset: at, Event: ev}, subjects...)
	})
	return rec
}

func (s *storeTest) erase(subject collector.Subject, at time.Time) collector.Receipt {
	s.Helper()
	r, err := s.Store.Erase(s.Context(), subject, at)
	s.ok(err)
	return r
}

func (s *storeTest) frame(at collector.Offset) collector.Event {
	s.Helper()
	entries, err := s.Journal.Read(s.Context(), at-1, 1)
	s.ok(err)
	return entries[0].Event
}

// signIn makes a browser a customer's.
func (s *storeTest) signIn(visitor, customer string, generation int) {
	s.Helper()
	s.apply(func(tx collector.Tx) error {
		return tx.SetOwner("shop", visitor, collector.Owner{Tenure: collector.Tenure{Customer: customer, Generation: generation, Since: minute(1)}})
	})
}

func testErase(t *testing.T, s *storeTest) {
	s.signIn("v1", "c1", 0)
	s.apply(func(tx collector.Tx) error {
		s.ok(tx.MergeProfile(visitorSeen("v1", 1)))
		s.ok(tx.MergeProfile(withEmail("c1", "hash")))
		s.ok(tx.SetAside(collector.SetAside{Offset: 99, Event: collector.EventKey{Site: "shop", Name: "x", ID: "e99"}}))
		s.ok(tx.Concerns(collector.Entry{Offset: 99, Event: collector.Event{Site: "shop", Name: "x", ID: "e99"}}, collector.Visitor("shop", "v1")))
		_, err := tx.AddRecord(collector.ConsentRecord{ID: "r1", Subject: collector.Visitor("shop", "v1"), Purpose: "*", Action: collector.ConsentAccept})
		return err
	})
	states := []collector.State{collector.StateHeld, collector.StateWaiting, collector.StateWithheld, collector.StatePending, collector.StatePending}
	var recs []collector.EventRecord
	for i, state := range states {
		d := NewDelivery("order-"+string(rune('a'+i)), state)
		d.DueAt = minute(100 - i)
		recs = append(recs, s.known(d))
	}
	begun := s.attempt(minute(97))
	s.settle(begun, collector.StateDelivered)
	before, err := s.Store.Accounts(s.Context(), Epoch, minute(600))
	s.ok(err)

	got := s.erase(collector.Visitor("shop", "v1"), minute(200))
	if got.ID == "" || got.Site != "shop" || !got.At.Equal(minute(200)) {
		t.Errorf("the receipt says %+v", got)
	}
	same(t, []int{got.Subjects, got.Profiles, got.Links, got.Records, got.Events, got.Frames, got.SetAsides}, []int{2, 2, 1, 1, 5, 5, 1})
	same(t, got.Deliveries, map[collector.State]int{
		collector.StateHeld: 1, collector.StateWaiting: 1, collector.StateWithheld: 1, collector.StatePending: 1, collector.StateDelivered: 1,
	})
	same(t, got.SentTo, map[string]int{"main": 1})
	kept, ok, err := s.Store.Receipt(s.Context(), got.ID)
	s.ok(err)
	if !ok || kept.Events != got.Events {
		t.Errorf("the receipt is kept as %+v, %t", kept, ok)
	}

	rec, err := s.Store.Record(s.Context(), collector.Customer("shop", "c1"))
	s.ok(err)
	if len(rec.Profiles)+len(rec.Links)+len(rec.Consent)+len(rec.Events)+len(rec.Deliveries) > 0 {
		t.Errorf("after the erasure the record has %+v", rec)
	}
	for _, r := range recs {
		left := s.frame(r.Offset)
		if !left.IsForgotten() || left.Name != "purchase" {
			t.Errorf("the journal keeps %+v", left)
		}
		if strings.Contains(left.ID, "order") || left.Receipt != "" || left.Customer != "" {
			t.Errorf("the journal keeps %+v", left)
		}
		if _, ok, err := s.Store.Event(s.Context(), r.Event.Key()); ok || err != nil {
			t.Errorf("event %s is still there, %v", r.Event.ID, err)
		}
	}
	all, err := s.Store.Deliveries(s.Context(), collector.DeliveryQuery{})
	s.ok(err)
	for _, d := range all {
		if strings.Contains(d.Key.EventID, "order") || !d.Person.IsZero() || d.Properties != nil || len(d.Attempts) > 0 || len(d.Payload.Fields) > 0 {
			t.Errorf("of a delivery is left %+v", d)
		}
	}
	after, err := s.Store.Accounts(s.Context(), Epoch, minute(600))
	s.ok(err)
	same(t, after[0].Sent, before[0].Sent)
	same(t, after[0].States, map[collector.State]int{collector.StateWithheld: 4, collector.StateDelivered: 1})
	s.checkAccounts(len(states))
	asides, err := s.Store.SetAsides(s.Context(), 10)
	s.ok(err)
	same(t, asides, nil)
	if owner, err := s.Store.Owner(s.Context(), "shop", "v1"); owner.Tenure != (collector.Tenure{}) || len(owner.Earlier) > 0 || err != nil {
		t.Errorf("the browser is still %+v, %v", owner, err)
	}
	if due := s.lease(minute(500), 10); len(due) > 0 {
		t.Errorf("%d deliveries are still due", len(due))
	}
	if again := s.erase(collector.Customer("shop", "c1"), minute(300)); again.Events+again.Profiles+again.Records > 0 {
		t.Errorf("a second erasure found %+v", again)
	}
}

func testEraseLeased(t *testing.T, s *storeTest) {
	s.known(NewDelivery("e1", collector.StatePending))
	s.known(NewDelivery("e2", collector.StatePending))
	leased := s.lease(minute(1), 2)
	out, err := s.Store.BeginAttempts(s.Context(), leased[:1], minute(1), time.Minute)
	s.ok(err)
	receipt := s.erase(collector.Customer("shop", "c1"), minute(1))
	same(t, receipt.SentTo, map[string]int{"main": 1})
	if s.settle(out[0], collector.StateDelivered) {
		t.Error("a settlement won over the erasure")
	}
	begun, err := s.Store.BeginAttempts(s.Context(), leased[1:], minute(1), time.Minute)
	s.ok(err)
	if len(begun) > 0 {
		t.Error("an attempt began after the erasure")
	}
	pending, doubtful, err := s.Store.Rescue(s.Context(), "", minute(10), true, minute(10))
	s.ok(err)
	if pending+doubtful > 0 {
		t.Errorf("%d leases are left", pending+doubtful)
	}
	n, err := s.Store.Redrive(s.Context(), collector.DeliveryQuery{}, minute(10))
	s.ok(err)
	if n > 0 {
		t.Error("what was erased was put back")
	}
	s.checkAccounts(2)
}

func testEraseShared(t *testing.T, s *storeTest) {
	s.signIn("v1", "c1", 0)
	first := collector.Tenure{Customer: "c1", Since: minute(1)}
	s.apply(func(tx collector.Tx) error {
		s.ok(tx.SetOwner("shop", "v1", collector.Owner{
			Tenure: collector.Tenure{Customer: "c2", Generation: 1, Since: minute(2)}, Earlier: []collector.Tenure{first},
		}))
		s.ok(tx.MergeProfile(withEmail("c2", "hash")))
		s.ok(tx.AddSharer("shop", "hash", collector.Customer("shop", "c2")))
		s.ok(tx.AddSharer("shop", "hash", collector.Visitor("shop", "v1~1")))
		s.ok(tx.AddSharer("shop", "hash", collector.Customer("shop", "c3")))
		s.ok(tx.MergeProfile(visitorSeen("v1", 1)))
		return tx.MergeProfile(visitorSeen("v1~1", 2))
	})
	s.erase(collector.Customer("shop", "c2"), minute(5))
	owner, err := s.Store.Owner(s.Context(), "shop", "v1")
	s.ok(err)
	second := collector.Tenure{Generation: 1, Since: minute(2)}
	same(t, owner, collector.Owner{Tenure: collector.Tenure{Generation: 2, Since: minute(5), Began: 3}, Earlier: []collector.Tenure{first, second}})
	s.apply(func(tx collector.Tx) error {
		sharers, err := tx.Sharers("shop", "hash")
		same(t, sharers, []collector.Subject{collector.Customer("shop", "c3")})
		return err
	})
	p, err := s.Store.Profile(s.Context(), collector.Customer("shop", "c1"))
	s.ok(err)
	if len(p.Identifiers) != 1 || p.Identifiers[0].Value != "click of v1" {
		t.Errorf("of the other customer is left %+v", p)
	}
	p, err = s.Store.Profile(s.Context(), collector.Visitor("shop", "v1~1"))
	s.ok(err)
	same(t, p.Identifiers, nil)
	s.erase(collector.Customer("shop", "c1"), minute(6))
	linked, err := s.Store.Linked(s.Context(), collector.Customer("shop", "c1"))
	s.ok(err)
	same(t, linked, nil)
	owner, err = s.Store.Owner(s.Context(), "shop", "v1")
	s.ok(err)
	first.Customer = ""
	same(t, owner.Earlier, []collector.Tenure{first, second})
}

// testEraseMany: more than one commit takes.
func testEraseMany(t *testing.T, s *storeTest) {
	const many = 12_000
	s.apply(func(tx collector.Tx) error {
		for i := range many {
			ev := collector.Event{Site: "shop", Name: "page_view", ID: fmt.Sprint(i), Customer: "c1"}
			if i%100 == 0 {
				s.ok(tx.PutEvent(collector.EventRecord{Event: ev}))
			}
			s.ok(tx.Concerns(collector.Entry{Offset: collector.Offset(i + 1), Event: ev}, collector.Customer("shop", "c1")))
		}
		return tx.MergeProfile(withEmail("c1", "hash"))
	})
	r := s.erase(collector.Customer("shop", "c1"), minute(1))
	same(t, []int{r.Events, r.Profiles, r.Subjects, r.Suppressed}, []int{many / 100, 1, 1, 2})
	rec, err := s.Store.Record(s.Context(), collector.Customer("shop", "c1"))
	s.ok(err)
	same(t, rec.Events, nil)
}

func testEraseForeignCopy(t *testing.T, s *storeTest) {
	rec := s.known(NewDelivery("e1", collector.StatePending))
	guess := rec.Event
	guess.Customer, guess.Visitor, guess.Receipt = "", "v9", "b_guess"
	at, err := s.Journal.Append(s.Context(), []collector.Event{guess})
	s.ok(err)
	whole := rec
	rec.Copies = append(rec.Copies, collector.Copy{Offset: at, Receipt: "b_guess"})
	rec.Event.Visitor, rec.Event.Client = "v9", collector.Client{IP: "203.0.113.9"}
	rec.Event.Identifiers = append(slices.Clone(rec.Event.Identifiers), collector.Identifier{Kind: collector.KindClick, Value: "click of v9", Receipt: "b_guess"})
	s.apply(func(tx collector.Tx) error {
		s.ok(tx.PutEvent(rec))
		return tx.Concerns(collector.Entry{Offset: at, Event: guess}, collector.Visitor("shop", "v9"))
	})
	s.erase(collector.Visitor("shop", "v9"), minute(1))
	if !s.frame(at).IsForgotten() || s.frame(rec.Offset).IsForgotten() {
		t.Error("the wrong copy was erased, or none")
	}
	got, ok, err := s.Store.Event(s.Context(), rec.Event.Key())
	s.ok(err)
	if !ok {
		t.Error("the other's event is gone")
	}
	same(t, got, whole)
	if d := s.get(NewDelivery("e1", collector.StatePending).Key); d.State != collector.StatePending {
		t.Errorf("the other's delivery is %s", d.State)
	}

	// What is left of an event is what the copies that are left say together, be the
	// first one gone.
	first, second, third := FullEvent("e3"), FullEvent("e3"), FullEvent("e3")
	for i, ev := range []*collector.Event{&first, &second, &third} {
		*ev = collector.Event{ID: ev.ID, Site: "shop", Name: ev.Name, Origin: collector.OriginBrowser, Receipt: fmt.Sprint("b_", i),
			OccurredAt: minute(i), ReceivedAt: minute(i), Visitor: fmt.Sprint("v7", i), Client: collector.Client{IP: fmt.Sprint("203.0.113.", i)},
			Identifiers: []collector.Identifier{{Kind: collector.KindBrowser, Value: fmt.Sprint("of", i), Receipt: fmt.Sprint("b_", i)},
				{Kind: collector.KindEmail, Value: "of all", FirstAt: minute(i), LastAt: minute(i), Receipt: fmt.Sprint("b_", i)}},
			Properties: map[string]any{fmt.Sprint("of", i): "x"}, Notes: []collector.Note{{Field: fmt.Sprint("of", i), Reason: "x"}}}
	}
	first.Consent = &collector.ConsentAnswer{Action: collector.ConsentAccept, At: minute(0)}
	second.Customer, second.Visitor, second.Client, second.Origin = "c3", "", collector.Client{}, collector.OriginServer
	merged3 := s.concerned(first, collector.Visitor("shop", "v70"))
	for _, ev := range []collector.Event{second, third} {
		at, err := s.Journal.Append(s.Context(), []collector.Event{ev})
		s.ok(err)
		merged3.Copies = append(merged3.Copies, collector.Copy{Offset: at, Origin: ev.Origin, Receipt: ev.Receipt, ReceivedAt: ev.ReceivedAt})
	}
	merged3.Event.Customer = "c3"
	s.apply(func(tx collector.Tx) error { return tx.PutEvent(merged3) })
	s.erase(collector.Visitor("shop", "v70"), minute(3))
	got, _, err = s.Store.Event(s.Context(), first.Key())
	s.ok(err)
	want := second
	want.Visitor, want.Client = third.Visitor, third.Client
	want.Properties = map[string]any{"of1": "x", "of2": "x"}
	want.Notes = []collector.Note{{Field: "of1", Reason: "x"}, {Field: "of2", Reason: "x"}}
	want.Identifiers = []collector.Identifier{second.Identifiers[0], third.Identifiers[0], second.Identifiers[1]}
	want.Identifiers[2].LastAt = minute(2)
	same(t, got, collector.EventRecord{Event: want, Offset: merged3.Copies[1].Offset, Copies: merged3.Copies[1:]})

	// A browser that the person's event names, and that is nobody's, goes along.
	merged := FullEvent("e2")
	merged.Customer, merged.Visitor = "c1", "v5"
	s.concerned(merged, collector.Customer("shop", "c1"))
	s.apply(func(tx collector.Tx) error { return tx.MergeProfile(visitorSeen("v5", 1)) })
	s.erase(collector.Customer("shop", "c1"), minute(2))
	p, err := s.Store.Profile(s.Context(), collector.Visitor("shop", "v5"))
	s.ok(err)
	same(t, p.Identifiers, nil)
}

func testSuppressed(t *testing.T, s *storeTest) {
	since := func(ev collector.Event) time.Time {
		t.Helper()
		at, err := s.Store.Suppressed(s.Context(), ev)
		s.ok(err)
		return at
	}
	s.apply(func(tx collector.Tx) error { return tx.MergeProfile(withEmail("c1", "hash")) })
	byEmail := collector.Event{Site: "shop", Customer: "c2", Identifiers: []collector.Identifier{{Kind: collector.KindEmail, Value: "hash"}}}
	if at := since(byEmail); !at.IsZero() {
		t.Errorf("suppressed since %s before any erasure", at)
	}
	s.erase(collector.Customer("shop", "c1"), minute(5))
	s.erase(collector.Visitor("shop", "never seen"), minute(6))
	for want, evs := range map[time.Time][]collector.Event{
		minute(5): {byEmail, {Site: "shop", Customer: "c1"}},
		minute(6): {{Site: "shop", Visitor: "never seen", Customer: "c1"}},
		{}: {
			{Site: "other", Customer: "c1"}, {Site: "shop", Visitor: "c1"}, {Site: "shop", Customer: "c2"},
			{Site: "shop", Identifiers: []collector.Identifier{{Kind: collector.KindPhone, Value: "hash"}}},
		},
	} {
		for _, ev := range evs {
			if at := since(ev); !at.Equal(want) {
				t.Errorf("%+v is suppressed since %s, want %s", ev, at, want)
			}
		}
	}
	s.apply(func(tx collector.Tx) error {
		s.ok(tx.Lift(collector.Event{Site: "shop", Customer: "c1", ReceivedAt: minute(7)}))
		at, err := tx.Suppressed(s.Context(), collector.Event{Site: "shop", Customer: "c1"})
		if !at.IsZero() {
			t.Error("a transaction does not see what it lifted")
		}
		return err
	})
	if at := since(byEmail); at.IsZero() {
		t.Error("lifting the customer lifted the e-mail for another one")
	}
	byEmail.Customer = "c1"
	if at := since(byEmail); !at.IsZero() {
		t.Errorf("who came back is suppressed since %s by an e-mail of before", at)
	}
	s.erase(collector.Customer("shop", "c1"), minute(8))
	if at := since(byEmail); !at.Equal(minute(8)) {
		t.Errorf("who was erased again is suppressed since %s", at)
	}

	late := FullEvent("late-order")
	at, err := s.Journal.Append(s.Context(), []collector.Event{late})
	s.ok(err)
	var ids []string
	for range 2 {
		s.apply(func(tx collector.Tx) error {
			id, err := tx.Forget(collector.Entry{Offset: at, Event: late})
			ids = append(ids, id)
			return err
		})
	}
	if left := s.frame(at); left.ID != ids[0] || ids[0] != ids[1] || !left.IsForgotten() {
		t.Errorf("of a late event is left %+v under the IDs %v", left, ids)
	}
}

func withEmail(customer, hash string) collector.Profile {
	return collector.Profile{
		Subject:     collector.Customer("shop", customer),
		Identifiers: []collector.Identifier{{Kind: collector.KindEmail, Value: hash, FirstAt: minute(1), LastAt: minute(1)}},
		FirstAt:     minute(1), LastAt: minute(1),
	}
}

func testHolders(t *testing.T, s *storeTest) {
	holders := func(kind collector.Kind, hash string) []collector.Subject {
		t.Helper()
		list, err := s.Store.Holders(s.Context(), "shop", kind, hash)
		s.ok(err)
		return list
	}
	s.apply(func(tx collector.Tx) error {
		s.ok(tx.MergeProfile(withEmail("c1", "h1")))
		s.ok(tx.MergeProfile(withEmail("c2", "h1")))
		return tx.MergeProfile(withEmail("c2", "h2"))
	})
	same(t, holders(collector.KindEmail, "h1"), []collector.Subject{collector.Customer("shop", "c1"), collector.Customer("shop", "c2")})
	same(t, holders(collector.KindPhone, "h1"), nil)
	s.erase(collector.Customer("shop", "c2"), minute(5))
	same(t, holders(collector.KindEmail, "h1"), []collector.Subject{collector.Customer("shop", "c1")})
	same(t, holders(collector.KindEmail, "h2"), nil)
	// A value that is pushed out of the profile no longer finds it.
	for i := range 20 {
		s.apply(func(tx collector.Tx) error {
			p := withEmail("c1", "new"+string(rune('a'+i)))
			// Known longer than it, and seen since.
			p.Identifiers[0].FirstAt, p.Identifiers[0].LastAt = minute(-1), minute(10+i)
			return tx.MergeProfile(p)
		})
	}
	same(t, holders(collector.KindEmail, "h1"), nil)
}

func testRecord(t *testing.T, s *storeTest) {
	s.signIn("v1", "c1", 0)
	s.apply(func(tx collector.Tx) error {
		s.ok(tx.MergeProfile(visitorSeen("v1", 1)))
		s.ok(tx.MergeProfile(visitorSeen("v2", 1)))
		return tx.MergeProfile(withEmail("c1", "hash"))
	})
	seen := FullEvent("seen")
	seen.Visitor, seen.Customer = "v1", ""
	s.concerned(seen, collector.Visitor("shop", "v1"))
	bought := s.known(NewDelivery("e1", collector.StatePending))
	s.attempt(minute(1))
	other := FullEvent("other")
	other.Visitor, other.Customer = "v2", ""
	s.concerned(other, collector.Visitor("shop", "v2"))

	rec, err := s.Store.Record(s.Context(), collector.Visitor("shop", "v1"))
	s.ok(err)
	same(t, rec.Subjects, []collector.Subject{collector.Visitor("shop", "v1"), collector.Customer("shop", "c1")})
	if rec.Version != collector.PersonRecordVersion || len(rec.Profiles) != 2 || len(rec.Links) != 1 || rec.Cut {
		t.Errorf("the record is %+v", rec)
	}
	if len(rec.Events) != 2 || rec.Events[0].Event.ID != "seen" || rec.Events[1].Event.ID != bought.Event.ID {
		t.Errorf("its events are %+v", rec.Events)
	}
	if len(rec.Deliveries) != 1 || len(rec.Deliveries[0].Attempts) != 1 || len(rec.Deliveries[0].Payload.Fields) == 0 || rec.Deliveries[0].Payload.Body != nil {
		t.Errorf("its deliveries are %+v", rec.Deliveries)
	}
}
