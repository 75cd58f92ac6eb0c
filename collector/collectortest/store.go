package collectortest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"matchkey/collector"
)

// A StoreWorld is a store with the journal it redacts in.
type StoreWorld struct {
	Store   collector.Store
	Journal collector.Journal
}

// Epoch is the time at which the worlds of the suites begin.
var Epoch = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

func minute(n int) time.Time { return Epoch.Add(time.Duration(n) * time.Minute) }

// Store is the conformance suite of [collector.Store]. open returns a new,
// empty store each time, and cleans up by itself.
func Store(t *testing.T, open func(t *testing.T) StoreWorld) {
	for name, test := range map[string]func(*testing.T, *storeTest){
		"applies atomically with the watermark":            testApply,
		"reads see the writes of their transaction":        testReadYourWrites,
		"merges and joins profiles":                        testProfiles,
		"who shares an e-mail address is known, bounded":   testSharers,
		"a new generation does not share with the last":    testGenerations,
		"keeps consent records once, in order":             testRecords,
		"bounds consent records, newest first":             testRecordBound,
		"finds events by either id":                        testEventsByID,
		"keeps names with odd bytes apart":                 testOddNames,
		"lists what was set aside":                         testSetAside,
		"adds a delivery once, and improves it":            testAddDelivery,
		"leases what is due, oldest first":                 testLease,
		"never leases a delivery twice at a time":          testLeaseRace,
		"decides what must be though nothing may be sent":  testLooks,
		"begins and settles under a valid lease only":      testSettle,
		"an attempt has a window of its own":               testWindow,
		"a delivered one keeps lineage and no body":        testDelivered,
		"a withheld one leaves nothing personal":           testWithheld,
		"an event is redacted with its last delivery only": testRedactLast,
		"rescues lapsed leases, in doubt when begun":       testRescue,
		"wakes what waits, and marks what is leased":       testWake,
		"redrives the dead":                                testRedrive,
		"ends doubts as a person says":                     testResolve,
		"keeps pauses":                                     testPauses,
		"erases a person and counts on":                    testErase,
		"an erasure wins over a lease":                     testEraseLeased,
		"an erasure leaves others at a shared browser":     testEraseShared,
		"a copy that names another's event is erased":      testEraseForeignCopy,
		"erases a person of many events":                   testEraseMany,
		"suppresses who was erased until lifted":           testSuppressed,
		"finds profiles by e-mail and phone":               testHolders,
		"gives a person's whole record":                    testRecord,
		"deletes what expired, day by day":                 testKept,
		"a refusal does not expire, nor whom it reaches":   testKeptRefusal,
		"what comes late has expired or has not":           testKeptLate,
		"events go with the journal, unless still needed":  testKeptJournal,
		"the day of a retention never goes back":           testKeptDay,
		"lists and pages deliveries":                       testDeliveries,
		"accounts stay closed on a random walk":            testAccounts,
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			test(t, &storeTest{T: t, StoreWorld: w})
		})
	}
}

// storeTest carries a world and helpers that fail the test.
type storeTest struct {
	*testing.T
	StoreWorld
	offset collector.Offset
}

func (s *storeTest) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// apply applies one transaction as the next offset.
func (s *storeTest) apply(fn func(collector.Tx) error) {
	s.Helper()
	s.ok(s.Store.Apply(s.Context(), s.offset, s.offset+1, fn))
	s.offset++
}

func (s *storeTest) deliver(d collector.Delivery) collector.DeliveryKey {
	s.Helper()
	s.apply(func(tx collector.Tx) error {
		added, err := tx.AddDelivery(d)
		if err == nil && !added {
			err = fmt.Errorf("delivery %s was there already", d.Key)
		}
		return err
	})
	return d.Key
}

func (s *storeTest) get(key collector.DeliveryKey) collector.Delivery {
	s.Helper()
	d, ok, err := s.Store.Delivery(s.Context(), key)
	s.ok(err)
	if !ok {
		s.Fatalf("delivery %s is not there", key)
	}
	return d
}

func (s *storeTest) lease(now time.Time, max int) []collector.Delivery {
	s.Helper()
	return s.leaseBy(now, max, true)
}

func (s *storeTest) leaseBy(now time.Time, max int, sends bool) []collector.Delivery {
	s.Helper()
	ds, err := s.Store.LeaseDue(s.Context(), collector.LeaseQuery{
		Destination: "main", Now: now, Sends: sends, Max: max, Length: time.Minute,
	})
	s.ok(err)
	return ds
}

func (s *storeTest) backlog(now time.Time, max int) collector.Backlog {
	s.Helper()
	b, err := s.Store.Backlog(s.Context(), "main", now, max)
	s.ok(err)
	return b
}

func eventIDs(ds []collector.Delivery) (ids []string) {
	for _, d := range ds {
		ids = append(ids, d.Key.EventID)
	}
	return ids
}

// settle settles one lease, and says whether it was still valid.
func (s *storeTest) settle(d collector.Delivery, to collector.State, reasons ...collector.Reason) bool {
	s.Helper()
	n, err := s.Store.SettleIfLeased(s.Context(), []collector.Settlement{{
		Key: d.Key, Lease: d.Lease.ID, At: minute(30), To: to, Reasons: reasons, DueAt: minute(90),
		Verdict: &collector.Verdict{Ruling: rulings[to], Trace: "t"}, Spent: true,
	}})
	s.ok(err)
	return n == 1
}

// rulings are those that lead to a state, as far as it matters.
var rulings = map[collector.State]collector.Ruling{
	collector.StateDelivered: collector.Accepted, collector.StateDead: collector.Rejected,
	collector.StateInDoubt: collector.InDoubt, collector.StatePending: collector.Retry,
}

// NewDelivery is a delivery of the suites' world: site shop, destination main,
// customer c1, matched and due at minute 0.
func NewDelivery(eventID string, state collector.State) collector.Delivery {
	d := collector.Delivery{
		Key:      collector.DeliveryKey{Site: "shop", Destination: "main", Send: "Purchase", EventID: eventID},
		Scenario: "purchase", EventName: "purchase", OccurredAt: Epoch, MatchedAt: Epoch,
		Person: collector.Customer("shop", "c1"), Properties: map[string]any{"value": 1.0},
		DueAt: Epoch, ExpiresAt: Epoch.Add(7 * 24 * time.Hour),
	}
	if err := d.Move(state, Epoch, "first"); err != nil {
		panic(err)
	}
	return d
}

func testApply(t *testing.T, s *storeTest) {
	s.apply(func(tx collector.Tx) error { return tx.MergeProfile(visitorSeen("v1", 1)) })
	err := s.Store.Apply(s.Context(), 0, 1, func(collector.Tx) error {
		t.Error("entries that do not follow the watermark were applied")
		return nil
	})
	if !errors.Is(err, collector.ErrStale) {
		t.Errorf("applying the same entries twice gives %v, want ErrStale", err)
	}
	broken := errors.New("broken")
	err = s.Store.Apply(s.Context(), 1, 2, func(tx collector.Tx) error {
		return errors.Join(tx.MergeProfile(visitorSeen("v2", 1)), broken)
	})
	if !errors.Is(err, broken) {
		t.Errorf("a failing function gives %v", err)
	}
	at, err := s.Store.Watermark(s.Context())
	s.ok(err)
	p, err := s.Store.Profile(s.Context(), collector.Visitor("shop", "v2"))
	s.ok(err)
	if at != 1 || len(p.Identifiers) != 0 {
		t.Errorf("after a failure the watermark is %d and %d identifiers stayed; want 1 and 0", at, len(p.Identifiers))
	}
}

func visitorSeen(visitor string, at int) collector.Profile {
	return collector.Profile{
		Subject: collector.Visitor("shop", visitor),
		Identifiers: []collector.Identifier{{
			Kind: collector.KindClick, Value: "click of " + visitor, FirstAt: minute(at), LastAt: minute(at), Receipt: "b_" + visitor,
		}},
		FirstAt: minute(at), LastAt: minute(at),
	}
}

func testReadYourWrites(t *testing.T, s *storeTest) {
	ev := FullEvent("purchase.A-1")
	s.apply(func(tx collector.Tx) error {
		s.ok(tx.PutEvent(collector.EventRecord{Event: ev, Offset: 1}))
		rec, ok, err := tx.Event(s.Context(), ev.Key())
		s.ok(err)
		if !ok {
			t.Error("an event that was put is not there")
		}
		same(t, rec.Event, ev)
		s.ok(tx.SetOwner("shop", "v1", collector.Owner{Tenure: collector.Tenure{Customer: "c1", Since: minute(1)}}))
		linked, err := tx.Linked(s.Context(), collector.Visitor("shop", "v1"))
		s.ok(err)
		same(t, linked, []collector.Subject{collector.Customer("shop", "c1")})
		if _, err := tx.AddDelivery(NewDelivery("purchase.A-1", collector.StatePending)); err != nil {
			return err
		}
		waits := NewDelivery("waits", collector.StateWaiting)
		if _, err := tx.AddDelivery(waits); err != nil {
			return err
		}
		open, err := tx.OpenDeliveries(collector.Visitor("shop", "v1"))
		s.ok(err)
		waiting, err := tx.WaitingDeliveries(collector.Visitor("shop", "v1"))
		s.ok(err)
		if len(open) != 2 || len(waiting) != 1 || waiting[0] != waits.Key {
			t.Errorf("open deliveries of the person: %v, waiting: %v; want two, and one", open, waiting)
		}
		return nil
	})
}

func testProfiles(t *testing.T, s *storeTest) {
	s.apply(func(tx collector.Tx) error {
		return errors.Join(
			tx.MergeProfile(visitorSeen("v1", 1)), tx.MergeProfile(visitorSeen("v2", 2)), tx.MergeProfile(visitorSeen("v1", 3)),
			tx.MergeProfile(collector.Profile{Subject: collector.Customer("shop", "c1"), FirstAt: minute(9), LastAt: minute(9)}),
			tx.SetOwner("shop", "v1", collector.Owner{Tenure: collector.Tenure{Customer: "c1", Since: minute(4)}}))
	})
	for _, subject := range []collector.Subject{collector.Visitor("shop", "v1"), collector.Customer("shop", "c1")} {
		p, err := s.Store.Profile(s.Context(), subject)
		s.ok(err)
		same(t, p.Subject, collector.Customer("shop", "c1"))
		same(t, p.Visitors, []string{"v1"})
		if len(p.Identifiers) != 1 || !p.Identifiers[0].FirstAt.Equal(minute(1)) || !p.Identifiers[0].LastAt.Equal(minute(3)) {
			t.Errorf("the profile of %s has %+v; want the click of v1 from minute 1 to 3", subject, p.Identifiers)
		}
		if !p.FirstAt.Equal(minute(1)) || !p.LastAt.Equal(minute(9)) {
			t.Errorf("the profile of %s lasts from %s to %s", subject, p.FirstAt, p.LastAt)
		}
	}
	alone, err := s.Store.Profile(s.Context(), collector.Visitor("shop", "v2"))
	s.ok(err)
	same(t, alone.Subject, collector.Visitor("shop", "v2"))
	nobody, err := s.Store.Profile(s.Context(), collector.Customer("other", "c1"))
	s.ok(err)
	if len(nobody.Identifiers) != 0 {
		t.Error("a customer of another site shares a profile")
	}
}

func testGenerations(t *testing.T, s *storeTest) {
	s.apply(func(tx collector.Tx) error {
		return errors.Join(
			tx.MergeProfile(visitorSeen("v1", 1)),
			tx.SetOwner("shop", "v1", collector.Owner{Tenure: collector.Tenure{Customer: "c1", Since: minute(2)}}),
			tx.SetOwner("shop", "v1", collector.Owner{Tenure: collector.Tenure{Customer: "c2", Generation: 1, Since: minute(3)}}),
			tx.MergeProfile(visitorSeen("v1~1", 4)))
	})
	first, err := s.Store.Profile(s.Context(), collector.Customer("shop", "c1"))
	s.ok(err)
	second, err := s.Store.Profile(s.Context(), collector.Customer("shop", "c2"))
	s.ok(err)
	same(t, first.Visitors, []string{"v1"})
	same(t, second.Visitors, []string{"v1~1"})
	owner, err := s.Store.Owner(s.Context(), "shop", "v1")
	s.ok(err)
	same(t, owner, collector.Owner{Tenure: collector.Tenure{Customer: "c2", Generation: 1, Since: minute(3)}})
}

func testSharers(t *testing.T, s *storeTest) {
	v1, c1 := collector.Visitor("shop", "v1"), collector.Customer("shop", "c1")
	s.apply(func(tx collector.Tx) error {
		return errors.Join(tx.AddSharer("shop", "hash", v1), tx.AddSharer("shop", "hash", c1), tx.AddSharer("shop", "hash", v1),
			tx.AddSharer("shop", "hash2", v1), tx.AddSharer("other", "hash", collector.Visitor("other", "v2")))
	})
	s.apply(func(tx collector.Tx) error {
		got, err := tx.Sharers("shop", "hash")
		s.ok(err)
		same(t, got, []collector.Subject{c1, v1})
		for i := range 2 * collector.MaxSharers {
			s.ok(tx.AddSharer("shop", "many", collector.Visitor("shop", strconv.Itoa(i))))
		}
		got, err = tx.Sharers("shop", "many")
		s.ok(err)
		if len(got) != collector.MaxSharers {
			t.Errorf("%d are remembered for one address, want %d", len(got), collector.MaxSharers)
		}
		return nil
	})
}

func testRecords(t *testing.T, s *storeTest) {
	rec := func(id string, at int, seq collector.Offset) collector.ConsentRecord {
		return collector.ConsentRecord{ID: id, Subject: collector.Visitor("shop", "v1"), Purpose: "*", Action: "accept", At: minute(at), Seq: seq}
	}
	s.apply(func(tx collector.Tx) error {
		for i, r := range []collector.ConsentRecord{rec("late", 5, 1), rec("tie2", 3, 9), rec("early", 1, 2), rec("tie1", 3, 8), rec("early", 1, 2)} {
			added, err := tx.AddRecord(r)
			s.ok(err)
			if added != (i < 4) {
				t.Errorf("record %d (%s): added is %t", i, r.ID, added)
			}
		}
		return nil
	})
	recs, err := s.Store.Records(s.Context(), collector.Visitor("shop", "v1"), collector.Customer("shop", "nobody"))
	s.ok(err)
	var ids []string
	for _, r := range recs {
		ids = append(ids, r.ID)
	}
	same(t, ids, []string{"early", "tie1", "tie2", "late"})
}

func testRecordBound(t *testing.T, s *storeTest) {
	s.apply(func(tx collector.Tx) error {
		_, err := tx.AddRecord(collector.ConsentRecord{
			ID: "no", Subject: collector.Visitor("shop", "v1"), Purpose: "a", Action: "reject", At: minute(-1),
		})
		s.ok(err)
		for i := range 2 * collector.MaxRecords {
			for _, purpose := range []string{"a", "b"} {
				if purpose == "b" && i > 0 {
					continue
				}
				_, err := tx.AddRecord(collector.ConsentRecord{
					ID: fmt.Sprint(purpose, i), Subject: collector.Visitor("shop", "v1"), Purpose: purpose, Action: "accept", At: minute(i),
				})
				s.ok(err)
			}
		}
		return nil
	})
	recs, err := s.Store.Records(s.Context(), collector.Visitor("shop", "v1"))
	s.ok(err)
	if len(recs) != collector.MaxRecords+2 || recs[0].ID != "no" || recs[1].ID != "b0" || recs[2].ID != fmt.Sprint("a", collector.MaxRecords) {
		t.Errorf("%d records are kept, the first %s; want the refusal, the newest %d grants of one purpose and the one of the other", len(recs), recs[0].ID, collector.MaxRecords)
	}
}

func testEventsByID(t *testing.T, s *storeTest) {
	ev := func(site, name, id string) collector.EventRecord {
		return collector.EventRecord{Event: collector.Event{Site: site, Name: name, ID: id}}
	}
	s.apply(func(tx collector.Tx) error {
		return errors.Join(tx.PutEvent(ev("shop", "purchase", "purchase.A-1")), tx.PutEvent(ev("shop", "lead", "lead.A-1")),
			tx.PutEvent(ev("other", "purchase", "purchase.A-1")), tx.PutEvent(ev("shop", "page_view", "x1")))
	})
	for _, c := range []struct {
		site, id string
		want     int
	}{{"shop", "A-1", 2}, {"", "A-1", 3}, {"shop", "purchase.A-1", 1}, {"", "purchase.A-1", 2}, {"", "x1", 1}, {"", "A", 0}, {"", "page_view.x1", 0}} {
		recs, err := s.Store.EventsByID(s.Context(), c.site, c.id)
		s.ok(err)
		if len(recs) != c.want {
			t.Errorf("site %q, id %q: %d events, want %d", c.site, c.id, len(recs), c.want)
		}
	}
}

func testOddNames(t *testing.T, s *storeTest) {
	// Names that a careless concatenation of keys would confuse.
	names := [][2]string{{"a", "b\x00c"}, {"a\x00", "c"}, {"a\x00b", "c"}, {"a", "é"}, {"aé", ""}, {"a", "b"}, {"ab", "\x01"}}
	s.apply(func(tx collector.Tx) error {
		for i, n := range names {
			s.ok(tx.SetOwner("shop", n[0]+"|"+n[1], collector.Owner{Tenure: collector.Tenure{Generation: i + 1, Since: Epoch}}))
			p := visitorSeen("v", i)
			p.Subject = collector.Visitor(n[0], n[1]+"x")
			s.ok(tx.MergeProfile(p))
		}
		return nil
	})
	for i, n := range names {
		p, err := s.Store.Profile(s.Context(), collector.Visitor(n[0], n[1]+"x"))
		s.ok(err)
		if !p.FirstAt.Equal(minute(i)) {
			t.Errorf("profile of %q in %q is another's", n[1], n[0])
		}
	}
}

func testSetAside(t *testing.T, s *storeTest) {
	for i := range 3 {
		s.apply(func(tx collector.Tx) error {
			return tx.SetAside(collector.SetAside{Offset: collector.Offset(i + 1), At: minute(i), Reason: "odd"})
		})
	}
	list, err := s.Store.SetAsides(s.Context(), 2)
	s.ok(err)
	if len(list) != 2 || list[0].Offset != 3 || list[1].Offset != 2 {
		t.Errorf("set aside: %+v; want offsets 3 and 2", list)
	}
}

func testAddDelivery(t *testing.T, s *storeTest) {
	key := s.deliver(NewDelivery("e1", collector.StatePending))
	again := NewDelivery("e1", collector.StateWithheld)
	again.Properties = map[string]any{"value": 2.0}
	s.apply(func(tx collector.Tx) error {
		added, err := tx.AddDelivery(again)
		if added {
			t.Error("a delivery was added twice")
		}
		return err
	})
	d := s.get(key)
	if d.State != collector.StatePending || d.Properties["value"] != 2.0 {
		t.Errorf("the delivery is %s with %v; want pending, with the later copy's properties", d.State, d.Properties)
	}
	accounts, err := s.Store.Accounts(s.Context(), Epoch, minute(60))
	s.ok(err)
	if len(accounts) != 1 || accounts[0].Matched != 1 || accounts[0].Remainder() != 0 {
		t.Errorf("accounts are %+v; want one match", accounts)
	}
}

func testLease(t *testing.T, s *storeTest) {
	for i, state := range []collector.State{collector.StateHeld, collector.StateWaiting, collector.StatePending, collector.StatePending} {
		d := NewDelivery(fmt.Sprintf("e%d", i), state)
		d.DueAt = minute(4 - i)
		s.deliver(d)
	}
	other := NewDelivery("other", collector.StatePending)
	other.Key.Destination = "second"
	s.deliver(other)

	same(t, s.backlog(minute(2), 10), collector.Backlog{Ready: 2, SendAt: minute(1), LookAt: minute(3)})
	same(t, s.backlog(minute(2), 1).Ready, 1)
	if got := s.lease(minute(0), 10); len(got) != 0 {
		t.Errorf("%d deliveries are leased before they are due", len(got))
	}
	var ids []string
	for _, d := range slices.Concat(s.lease(minute(3), 2), s.lease(minute(3), 10), s.lease(minute(9), 10)) {
		ids = append(ids, d.Key.EventID)
		if d.State != collector.StateLeased || d.Lease.ID == "" || !d.Lease.Until.After(minute(3)) {
			t.Errorf("%s is %s under %+v", d.Key, d.State, d.Lease)
		}
	}
	same(t, ids, []string{"e1", "e3", "e2", "e0"})
	if got := s.backlog(minute(9), 10); got != (collector.Backlog{}) {
		t.Errorf("the backlog is %+v while all is leased", got)
	}
}

// testLooks: what has to be decided is leased although nothing may be sent, and
// what is only to be sent is not.
func testLooks(t *testing.T, s *storeTest) {
	s.deliver(NewDelivery("due", collector.StatePending))
	past := NewDelivery("past its window", collector.StatePending)
	past.ExpiresAt = minute(2)
	s.deliver(past)
	held := NewDelivery("held", collector.StateHeld)
	held.DueAt = minute(3)
	s.deliver(held)
	woken := NewDelivery("woken", collector.StatePending)
	woken.DueAt = minute(50)
	s.deliver(woken)
	s.apply(func(tx collector.Tx) error { return tx.Wake(woken.Key, minute(4)) })

	same(t, s.backlog(minute(5), 10), collector.Backlog{Ready: 2, SendAt: minute(0), LookAt: minute(2)})
	if got := s.leaseBy(minute(1), 10, false); len(got) != 0 {
		t.Errorf("leased to be decided before anything has to be: %v", eventIDs(got))
	}
	leased := s.leaseBy(minute(5), 10, false)
	same(t, eventIDs(leased), []string{"past its window", "held", "woken"})
	last := leased[2]
	if !last.DueAt.Equal(minute(50)) {
		t.Errorf("one that was woken is due %s; want its own time, minute 50", last.DueAt)
	}
	n, err := s.Store.SettleIfLeased(s.Context(), []collector.Settlement{{
		Key: last.Key, Lease: last.Lease.ID, At: minute(5), To: collector.StatePending, DueAt: last.DueAt,
	}})
	s.ok(err)
	if n != 1 || len(s.leaseBy(minute(6), 10, false)) != 0 {
		t.Error("what was decided is to be decided again, with nothing new")
	}
	same(t, eventIDs(s.lease(minute(6), 10)), []string{"due"})
}

// testWindow: an attempt has a window of its own, and its settlement may give the
// delivery another.
func testWindow(t *testing.T, s *storeTest) {
	key := s.deliver(NewDelivery("e1", collector.StatePending))
	d := s.lease(minute(1), 1)[0]
	d.ExpiresAt, d.ExpiresWhy = minute(60), "twin"
	_, err := s.Store.BeginAttempts(s.Context(), []collector.Delivery{d}, minute(1), time.Minute)
	s.ok(err)
	if got := s.get(key); !got.ExpiresAt.Equal(minute(60)) || got.ExpiresWhy != "twin" {
		t.Errorf("in the attempt the window ends at %s (%s), want minute 60", got.ExpiresAt, got.ExpiresWhy)
	}
	_, err = s.Store.SettleIfLeased(s.Context(), []collector.Settlement{{
		Key: key, Lease: d.Lease.ID, At: minute(2), To: collector.StatePending, DueAt: minute(3), ExpiresAt: minute(600), ExpiresWhy: "own",
	}})
	s.ok(err)
	if got := s.get(key); !got.ExpiresAt.Equal(minute(600)) || got.ExpiresWhy != "own" {
		t.Errorf("after it the window ends at %s (%s), want minute 600", got.ExpiresAt, got.ExpiresWhy)
	}
}

func testLeaseRace(t *testing.T, s *storeTest) {
	for i := range 20 {
		s.deliver(NewDelivery(fmt.Sprint(i), collector.StatePending))
	}
	var mu sync.Mutex
	seen := map[string]int{}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				got, err := s.Store.LeaseDue(s.Context(), collector.LeaseQuery{
					Destination: "main", Now: minute(1), Sends: true, Max: 3, Length: time.Minute,
				})
				if err != nil || len(got) == 0 {
					return
				}
				mu.Lock()
				for _, d := range got {
					seen[d.Key.EventID]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for i := range 20 {
		if n := seen[fmt.Sprint(i)]; n != 1 {
			t.Errorf("delivery %d was leased %d times", i, n)
		}
	}
}

func testSettle(t *testing.T, s *storeTest) {
	key := s.deliver(NewDelivery("e1", collector.StatePending))
	d := s.lease(minute(1), 1)[0]
	stale := d
	stale.Lease.ID = "somebody else's"
	begun, err := s.Store.BeginAttempts(s.Context(), []collector.Delivery{stale}, minute(1), time.Minute)
	s.ok(err)
	if len(begun) != 0 || s.settle(stale, collector.StateDelivered) {
		t.Error("a lease that is not valid was honoured")
	}
	late, err := s.Store.BeginAttempts(s.Context(), []collector.Delivery{d}, minute(2), time.Minute)
	s.ok(err)
	if len(late) != 0 {
		t.Error("an attempt began after its lease had ended")
	}
	if !s.settle(d, collector.StatePending, "again") {
		t.Error("a valid lease was not honoured")
	}
	if s.settle(d, collector.StateDelivered) {
		t.Error("a lease was honoured after it had been settled")
	}
	got := s.get(key)
	if got.State != collector.StatePending || got.Tries != 1 || !got.DueAt.Equal(minute(90)) || len(got.Attempts) != 0 {
		t.Errorf("the delivery is %+v; want pending, one try, due at minute 90, no attempt: none had begun", got)
	}
}

// attempt leases and begins, with a body and lineage.
func (s *storeTest) attempt(now time.Time) collector.Delivery {
	s.Helper()
	d := s.lease(now, 1)[0]
	d.Payload = collector.Payload{Body: []byte(`{"x":1}`), Fields: []collector.Field{
		{Path: "who", Shown: "a…z"}, {Path: "click", Dropped: "never_seen"},
	}}
	d.Decision = collector.Decision{Outcome: collector.SendFull, Reasons: []collector.Reason{"granted"}}
	begun, err := s.Store.BeginAttempts(s.Context(), []collector.Delivery{d}, now, time.Minute)
	s.ok(err)
	if len(begun) != 1 || !begun[0].InFlight() {
		s.Fatalf("begun: %+v; want one attempt under way", begun)
	}
	return begun[0]
}

func testDelivered(t *testing.T, s *storeTest) {
	key := s.deliver(NewDelivery("e1", collector.StatePending))
	d := s.attempt(minute(1))
	same(t, string(s.get(key).Payload.Body), `{"x":1}`)
	s.settle(d, collector.StateDelivered)
	got := s.get(key)
	if got.Payload.Body != nil || len(got.Payload.Fields) != 2 || got.Decision.Outcome != collector.SendFull {
		t.Errorf("a delivered delivery keeps %+v; want lineage, decision and no body", got.Payload)
	}
	if len(got.Attempts) != 1 || got.InFlight() || got.Attempts[0].Verdict.Trace != "t" {
		t.Errorf("attempts are %+v; want one that ended with its verdict", got.Attempts)
	}
	accounts, err := s.Store.Accounts(s.Context(), Epoch, minute(60))
	s.ok(err)
	same(t, accounts[0].Sent, map[string]int{"who": 1})
	same(t, accounts[0].Missing, map[string]map[collector.Reason]int{"click": {"never_seen": 1}})
}

// journaled appends an event and puts it into the store.
func (s *storeTest) journaled(ev collector.Event) {
	s.Helper()
	at, err := s.Journal.Append(s.Context(), []collector.Event{ev})
	s.ok(err)
	s.apply(func(tx collector.Tx) error {
		return tx.PutEvent(collector.EventRecord{Event: ev, Offset: at, Copies: []collector.Copy{
			{Origin: ev.Origin, Receipt: ev.Receipt, ReceivedAt: ev.ReceivedAt, Offset: at},
		}})
	})
}

// wantEvent checks an event in store and journal.
func (s *storeTest) wantEvent(want collector.Event) {
	s.Helper()
	rec, _, err := s.Store.Event(s.Context(), want.Key())
	s.ok(err)
	same(s.T, rec.Event, want)
	entries, err := s.Journal.Read(s.Context(), rec.Offset-1, 1)
	s.ok(err)
	same(s.T, entries[0].Event, want)
}

func testWithheld(t *testing.T, s *storeTest) {
	ev := FullEvent("e1")
	s.journaled(ev)
	key := s.deliver(NewDelivery("e1", collector.StateHeld))
	s.wantEvent(ev)
	s.settle(s.lease(minute(1), 1)[0], collector.StateWithheld, "regime", "refused")
	d := s.get(key)
	if !d.Person.IsZero() || d.Properties != nil || len(d.Payload.Fields) != 0 {
		t.Errorf("a withheld delivery keeps %+v", d)
	}
	s.wantEvent(ev.Redacted("regime", "refused"))
	accounts, err := s.Store.Accounts(s.Context(), Epoch, minute(60))
	s.ok(err)
	same(t, accounts[0].Reasons, map[collector.Reason]int{"refused": 1})
}

func testRedactLast(t *testing.T, s *storeTest) {
	ev := FullEvent("e1")
	s.journaled(ev)
	first, second := NewDelivery("e1", collector.StatePending), NewDelivery("e1", collector.StateWithheld)
	second.Key.Destination = "second"
	s.deliver(first)
	s.deliver(second)
	s.wantEvent(ev)
	s.settle(s.lease(minute(1), 1)[0], collector.StateWithheld, "refused")
	s.wantEvent(ev.Redacted("refused"))

	alone := FullEvent("e2")
	s.journaled(alone)
	s.apply(func(tx collector.Tx) error {
		return errors.Join(tx.Redact(alone.Key(), "never asked"), tx.Redact(collector.EventKey{Site: "shop", Name: "x", ID: "unknown"}, "x"))
	})
	s.wantEvent(alone.Redacted("never asked"))

	copied := FullEvent("e3")
	s.journaled(copied)
	at, err := s.Journal.Append(s.Context(), []collector.Event{copied})
	s.ok(err)
	s.apply(func(tx collector.Tx) error {
		return tx.RedactCopy(collector.Entry{Offset: at, Event: copied}, "merged")
	})
	s.wantEvent(copied)
	entries, err := s.Journal.Read(s.Context(), at-1, 1)
	s.ok(err)
	same(t, entries[0].Event, copied.Redacted("merged"))
}

func testRescue(t *testing.T, s *storeTest) {
	idle := s.deliver(NewDelivery("idle", collector.StatePending))
	s.lease(minute(1), 1)
	begun := s.deliver(NewDelivery("begun", collector.StatePending))
	s.attempt(minute(1))
	pending, doubtful, err := s.Store.Rescue(s.Context(), "", minute(1), false, minute(5))
	s.ok(err)
	if pending+doubtful != 0 {
		t.Errorf("%d leases were taken back before their end", pending+doubtful)
	}
	if pending, doubtful, err = s.Store.Rescue(s.Context(), "second", minute(3), true, minute(5)); pending+doubtful != 0 || err != nil {
		t.Errorf("%d leases of another destination were taken back (%v)", pending+doubtful, err)
	}
	pending, doubtful, err = s.Store.Rescue(s.Context(), "", minute(3), false, minute(5))
	s.ok(err)
	if pending != 1 || doubtful != 1 {
		t.Errorf("taken back: %d pending, %d in doubt; want 1 and 1", pending, doubtful)
	}
	if d := s.get(idle); d.State != collector.StatePending || d.Doubts != 0 {
		t.Errorf("one that had not begun is %s", d.State)
	}
	d := s.get(begun)
	if d.State != collector.StateInDoubt || d.Doubts != 1 || d.InFlight() || !d.DueAt.Equal(minute(5)) || len(d.Payload.Body) == 0 {
		t.Errorf("one that had begun is %s, %d doubts, due %s; want in doubt, due at minute 5, with its body", d.State, d.Doubts, d.DueAt)
	}
	s.lease(minute(6), 10)
	if pending, doubtful, _ = s.Store.Rescue(s.Context(), "", minute(6), true, minute(7)); pending != 1 || doubtful != 1 {
		t.Errorf("at start %d valid leases were taken back to pending and %d to in doubt; want one of each, as they were", pending, doubtful)
	}
}

func testWake(t *testing.T, s *storeTest) {
	for _, state := range []collector.State{collector.StateHeld, collector.StateWaiting, collector.StatePending} {
		d := NewDelivery(string(state), state)
		d.DueAt = minute(60)
		key := s.deliver(d)
		s.apply(func(tx collector.Tx) error { return tx.Wake(key, minute(2)) })
		want := minute(2)
		if state == collector.StatePending {
			want = minute(60) // its next attempt has its own time
		}
		if got := s.get(key); got.State != collector.StatePending || !got.DueAt.Equal(want) {
			t.Errorf("a woken %s delivery is %s, due %s; want %s", state, got.State, got.DueAt, want)
		}
	}
	for _, d := range s.lease(minute(3), 10) {
		s.apply(func(tx collector.Tx) error { return tx.Wake(d.Key, minute(4)) })
		s.settle(d, collector.StateHeld, "pending")
		if got := s.get(d.Key); !got.DueAt.Equal(minute(30)) {
			t.Errorf("woken while leased, it is due %s; want at once (minute 30)", got.DueAt)
		}
	}
	doubt := s.deliver(NewDelivery("doubt", collector.StatePending))
	for _, d := range s.lease(minute(1), 10) { // it alone is due
		s.settle(d, collector.StateInDoubt)
	}
	s.apply(func(tx collector.Tx) error { return tx.Wake(doubt, minute(2)) })
	if got := s.leaseBy(minute(3), 10, false); len(got) != 1 || got[0].Key != doubt || !got[0].DueAt.Equal(minute(90)) {
		t.Errorf("one in doubt that was woken is not decided again, or is due another time: %+v", got)
	}
	for _, d := range s.lease(minute(31), 10) {
		s.apply(func(tx collector.Tx) error { return tx.Wake(d.Key, minute(32)) })
		s.settle(d, collector.StatePending, "again")
	}
	if got := s.leaseBy(minute(33), 10, false); len(got) != 3 {
		t.Errorf("%d of 3 that were woken while leased are decided again", len(got))
	}
}

func testRedrive(t *testing.T, s *storeTest) {
	key := s.deliver(NewDelivery("e1", collector.StatePending))
	s.settle(s.attempt(minute(1)), collector.StateDead, "bad")
	s.deliver(NewDelivery("e2", collector.StatePending))
	for reason, want := range map[collector.Reason]int{"other": 0, "bad": 1} {
		n, err := s.Store.Redrive(s.Context(), collector.DeliveryQuery{Reason: reason}, minute(40))
		s.ok(err)
		if n != want {
			t.Errorf("redrive by reason %q put %d back, want %d", reason, n, want)
		}
	}
	d := s.get(key)
	if d.State != collector.StatePending || d.Tries != 0 || len(d.Attempts) != 1 || !d.DueAt.Equal(minute(40)) {
		t.Errorf("redriven: %+v; want pending and due, tries at zero, the old attempt kept", d)
	}
}

func testDeliveries(t *testing.T, s *storeTest) {
	for i := range 5 {
		d := NewDelivery(fmt.Sprint(i), collector.StatePending)
		d.MatchedAt = minute(i)
		s.deliver(d)
	}
	ids := func(q collector.DeliveryQuery) (ids []string) {
		ds, err := s.Store.Deliveries(s.Context(), q)
		s.ok(err)
		for _, d := range ds {
			ids = append(ids, d.Key.EventID)
		}
		return ids
	}
	same(t, ids(collector.DeliveryQuery{Max: 2}), []string{"4", "3"})
	same(t, ids(collector.DeliveryQuery{Max: 2, MatchedBefore: minute(3)}), []string{"2", "1"})
	same(t, ids(collector.DeliveryQuery{MatchedFrom: minute(3)}), []string{"4", "3"})
	same(t, ids(collector.DeliveryQuery{MatchedFrom: minute(1), MatchedBefore: minute(3)}), []string{"2", "1"})
	same(t, ids(collector.DeliveryQuery{Site: "shop", EventID: "3"}), []string{"3"})
	same(t, ids(collector.DeliveryQuery{EventID: "nobody's"}), nil)
	same(t, ids(collector.DeliveryQuery{States: []collector.State{collector.StateDead}}), nil)
	s.settle(s.attempt(minute(5)), collector.StateDead, "bad")
	s.settle(s.attempt(minute(5)), collector.StateInDoubt, "lost")
	same(t, ids(collector.DeliveryQuery{States: []collector.State{collector.StateDead}, Max: 1}), []string{"0"})
	same(t, ids(collector.DeliveryQuery{States: []collector.State{collector.StateInDoubt}, MatchedFrom: minute(0), MatchedBefore: minute(9)}), []string{"1"})
	same(t, ids(collector.DeliveryQuery{States: []collector.State{collector.StateInDoubt}, MatchedFrom: minute(2)}), nil)
	own := FullEvent("purchase.own")
	s.apply(func(tx collector.Tx) error {
		_, err := tx.AddDelivery(NewDelivery(own.ID, collector.StatePending))
		return errors.Join(err, tx.PutEvent(collector.EventRecord{Event: own}))
	})
	for _, id := range []string{"own", "purchase.own"} {
		same(t, ids(collector.DeliveryQuery{EventID: id}), []string{"purchase.own"})
		same(t, ids(collector.DeliveryQuery{EventID: id, Site: "shop"}), []string{"purchase.own"})
		same(t, ids(collector.DeliveryQuery{EventID: id, Site: "other"}), nil)
	}
	same(t, ids(collector.DeliveryQuery{Destination: "second"}), nil)
}

func testResolve(t *testing.T, s *storeTest) {
	for i, to := range []collector.State{collector.StateDelivered, collector.StateDead, collector.StatePending} {
		key := s.deliver(NewDelivery(string(to), collector.StatePending))
		s.settle(s.attempt(minute(i)), collector.StateInDoubt, "no answer")
		q := collector.DeliveryQuery{Site: "shop", EventID: string(to)}
		n, err := s.Store.Resolve(s.Context(), q, to, minute(40))
		s.ok(err)
		d := s.get(key)
		if n != 1 || d.State != to || !slices.Equal(d.Reasons, []collector.Reason{collector.ReasonResolved}) {
			t.Errorf("%d resolved to %s: it is %s (%v)", n, to, d.State, d.Reasons)
		}
		if n, err := s.Store.Resolve(s.Context(), q, to, minute(41)); n != 0 || err != nil {
			t.Errorf("what is not in doubt was resolved: %d, %v", n, err)
		}
	}
	key := s.deliver(NewDelivery("e1", collector.StatePending))
	s.settle(s.attempt(minute(41)), collector.StateInDoubt)
	if _, err := s.Store.Resolve(s.Context(), collector.DeliveryQuery{}, collector.StateHeld, minute(42)); err == nil || s.get(key).State != collector.StateInDoubt {
		t.Errorf("a doubt ended in held: %v", err)
	}
}

func testPauses(t *testing.T, s *storeTest) {
	p := collector.Pause{By: collector.PausedByPerson, Reason: collector.ReasonPaused, Detail: "sale", At: minute(1)}
	s.ok(s.Store.SetPause(s.Context(), "main", p))
	s.ok(s.Store.SetPause(s.Context(), "second", p))
	s.ok(s.Store.SetPause(s.Context(), "second", collector.Pause{}))
	all, err := s.Store.Pauses(s.Context())
	s.ok(err)
	same(t, all, map[string]collector.Pause{"main": p})
}

// testAccounts does random things to random deliveries and checks after each
// that every hour's sum is closed and agrees with a recount.
func testAccounts(t *testing.T, s *storeTest) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	states := []collector.State{collector.StateHeld, collector.StateWaiting, collector.StatePending, collector.StateWithheld}
	ends := []collector.State{collector.StateDelivered, collector.StateDead, collector.StatePending, collector.StateInDoubt, collector.StateWithheld, collector.StateHeld, collector.StateExpired}
	n := 0
	for step := range 150 {
		now := minute(step * 10)
		switch rng.IntN(5) {
		case 0, 1:
			d := NewDelivery(fmt.Sprint(n), states[rng.IntN(len(states))])
			d.MatchedAt, d.Key.Send = now, []string{"Purchase", "Lead"}[rng.IntN(2)]
			n++
			s.known(d)
		case 2, 3:
			for _, d := range s.lease(now, 1+rng.IntN(3)) {
				if rng.IntN(2) == 0 {
					begun, err := s.Store.BeginAttempts(s.Context(), []collector.Delivery{d}, now, time.Minute)
					s.ok(err)
					d = begun[0]
				}
				if rng.IntN(4) > 0 {
					s.settle(d, ends[rng.IntN(len(ends))], "r")
				}
			}
		default:
			_, _, err := s.Store.Rescue(s.Context(), "", now, rng.IntN(2) == 0, now)
			s.ok(err)
			_, err = s.Store.Redrive(s.Context(), collector.DeliveryQuery{Max: 1}, now)
			s.ok(err)
			_, err = s.Store.Resolve(s.Context(), collector.DeliveryQuery{Max: 1}, ends[rng.IntN(3)], now)
			s.ok(err)
			if rng.IntN(10) == 0 {
				_, err = s.Store.Erase(s.Context(), collector.Customer("shop", "c1"), now)
				s.ok(err)
			}
		}
		s.checkAccounts(n)
	}
}

func (s *storeTest) checkAccounts(want int) {
	s.Helper()
	accounts, err := s.Store.Accounts(s.Context(), Epoch.Add(-time.Hour), Epoch.Add(1000*time.Hour))
	s.ok(err)
	all, err := s.Store.Deliveries(s.Context(), collector.DeliveryQuery{})
	s.ok(err)
	recount, counted, matched := map[collector.State]int{}, map[collector.State]int{}, 0
	for _, d := range all {
		recount[d.State]++
	}
	for _, a := range accounts {
		if a.Remainder() != 0 {
			s.Fatalf("the account of %s has a remainder of %d: %+v", a.Hour, a.Remainder(), a)
		}
		matched += a.Matched
		for state, n := range a.States {
			counted[state] += n
		}
	}
	if matched != want || len(all) != want {
		s.Fatalf("%d matched by account, %d listed, want %d", matched, len(all), want)
	}
	same(s.T, counted, recount)
}
