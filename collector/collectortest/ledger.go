package collectortest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"matchkey/collector"
)

// The part of the store's suite that is about the ledger of consent.

// answered is a record of a visitor of the shop.
func answered(visitor, id, action string, at int) collector.ConsentRecord {
	return collector.ConsentRecord{
		ID: id, Subject: collector.Visitor("shop", visitor), Purpose: "*", Action: action,
		At: minute(at), ReceivedAt: minute(at), Source: "banner", Notice: "hash", Explicit: true,
	}
}

func (s *storeTest) answer(recs ...collector.ConsentRecord) {
	s.Helper()
	s.apply(func(tx collector.Tx) error {
		for _, r := range recs {
			if _, err := tx.AddRecord(r); err != nil {
				return err
			}
		}
		return nil
	})
}

// verify wants a ledger without faults and returns what it found of a site.
func (s *storeTest) verify(site string) (found collector.LedgerSite) {
	s.Helper()
	report, err := s.Store.VerifyLedger(s.Context(), collector.LedgerQuery{})
	s.ok(err)
	for _, of := range report.Sites {
		for _, f := range of.Faults {
			s.Errorf("the ledger of %s: %+v", of.Site, f)
		}
		if of.Site == site {
			found = of
		}
	}
	return found
}

// testLedger: a chain for each site, which has all records, also those that
// decisions do not go by any more.
func testLedger(t *testing.T, s *storeTest) {
	var recs []collector.ConsentRecord
	for i := range 2*collector.MaxRecords + 5 {
		recs = append(recs, answered("v1", fmt.Sprint("r", i), collector.ConsentReject, i))
	}
	s.answer(recs...)
	s.answer(answered("v2", "r0", collector.ConsentAccept, 3)) // the clock had gone back
	other := answered("v1", "r0", collector.ConsentAccept, 1)
	other.Subject.Site = "other"
	s.answer(other)
	s.answer(recs[0], recs[60]) // again, the first is pruned long since

	shop := s.verify("shop")
	if want := uint64(len(recs) + 1); shop.Seq != want || shop.Back != 1 {
		t.Errorf("the shop's chain has %d records, want %d; the clock went back %d times", shop.Seq, want, shop.Back)
	}
	if got := s.verify("other"); got.Seq != 1 {
		t.Errorf("the other site's chain: %+v", got)
	}
	kept, err := s.Store.Records(s.Context(), collector.Visitor("shop", "v1"))
	s.ok(err)
	if len(kept) != collector.MaxRecords {
		t.Errorf("decisions go by %d records, want %d", len(kept), collector.MaxRecords)
	}
	person, err := s.Store.Record(s.Context(), collector.Visitor("shop", "v1"))
	s.ok(err)
	if len(person.History) != len(recs) {
		t.Fatalf("the history has %d answers, want %d", len(person.History), len(recs))
	}
	first, last := person.History[0].Entry, person.History[len(recs)-1].Entry
	if first.Seq != 1 || first.Time != minute(0).Unix() || last.Seq != uint64(len(recs)) ||
		first.Subject != last.Subject || first.Record == last.Record || strings.Contains(first.Subject, "v1") {
		t.Errorf("the first and last answers are %+v, %+v", first, last)
	}
	heads, err := s.Store.LedgerHeads(s.Context())
	s.ok(err)
	if len(heads) != 2 || heads[1].Site != "shop" || heads[1].Seq != shop.Seq || heads[1].Hash != shop.Hash || heads[1].Covered != 0 {
		t.Errorf("the heads are %+v", heads)
	}
}

// testLedgerFails: what a failed change appended is not in the chain.
func testLedgerFails(_ *testing.T, s *storeTest) {
	s.answer(answered("v1", "r1", collector.ConsentAccept, 1))
	at, err := s.Store.Watermark(s.Context())
	s.ok(err)
	err = s.Store.Apply(s.Context(), at, at+1, func(tx collector.Tx) error {
		if _, err := tx.AddRecord(answered("v2", "r2", collector.ConsentAccept, 2)); err != nil {
			return err
		}
		return context.Canceled
	})
	if err == nil {
		s.Error("the change did not fail")
	}
	s.answer(answered("v3", "r3", collector.ConsentAccept, 3))
	if got := s.verify("shop"); got.Seq != 2 {
		s.Errorf("the chain has %d records, want 2", got.Seq)
	}
}

// testLedgerErased: an erasure leaves the chain whole and the record nobody's; who
// comes back is somebody new in it.
func testLedgerErased(t *testing.T, s *storeTest) {
	v1 := collector.Visitor("shop", "v1")
	s.answer(answered("v1", "r1", collector.ConsentAccept, 1), answered("v2", "r1", collector.ConsentReject, 2))
	before, err := s.Store.Record(s.Context(), v1)
	s.ok(err)
	s.erase(v1, minute(10))
	if after, err := s.Store.Record(s.Context(), v1); err != nil || len(after.History) != 0 {
		t.Errorf("after the erasure the history is %+v (%v)", after.History, err)
	}
	s.answer(answered("v1", "r1", collector.ConsentAccept, 20))
	again, err := s.Store.Record(s.Context(), v1)
	s.ok(err)
	if len(before.History) != 1 || len(again.History) != 1 || again.History[0].Entry.Subject == before.History[0].Entry.Subject {
		t.Errorf("who came back has %+v, and had %+v", again.History, before.History)
	}
	if got := s.verify("shop"); got.Seq != 3 {
		t.Errorf("the chain has %d records, want 3", got.Seq)
	}
}

// testCheckpoints: a checkpoint that is not true is named, and so is a head that
// somebody noted and that is not there.
func testCheckpoints(t *testing.T, s *storeTest) {
	s.answer(answered("v1", "r1", collector.ConsentAccept, 1), answered("v1", "r2", collector.ConsentReject, 2))
	forged := collector.Checkpoint{Site: "shop", Seq: 2, Head: strings.Repeat("0", 64), At: 5, Key: "00", Signature: "00"}
	s.ok(s.Store.AddCheckpoint(s.Context(), forged))
	heads, err := s.Store.LedgerHeads(s.Context())
	s.ok(err)
	if len(heads) != 1 || heads[0].Covered != 2 {
		t.Fatalf("the heads are %+v", heads)
	}
	report, err := s.Store.VerifyLedger(s.Context(), collector.LedgerQuery{Anchors: []collector.LedgerHead{
		heads[0], {Site: "shop", Seq: 1, Hash: heads[0].Hash}, {Site: "shop", Seq: 9, Hash: heads[0].Hash}, {Site: "gone", Seq: 1},
	}})
	s.ok(err)
	if len(report.Sites) != 2 || report.Sites[0].Site != "gone" || len(report.Sites[0].Faults) != 1 {
		t.Fatalf("the report is %+v", report)
	}
	var places []uint64
	for _, f := range report.Sites[1].Faults {
		places = append(places, f.Seq)
	}
	same(t, places, []uint64{1, 2, 9})
}

// testNotices: the text that an answer names is handed over with it, and the first
// that was kept under a hash stays.
func testNotices(t *testing.T, s *storeTest) {
	seen := collector.NoticeText{Site: "shop", Hash: "hash", Language: "de", Text: "Wir möchten …", Epoch: 1}
	s.ok(s.Store.KeepNotices(s.Context(), []collector.NoticeText{seen, {Site: "shop", Hash: "other"}, {Site: "other", Hash: "hash"}}))
	s.ok(s.Store.KeepNotices(s.Context(), []collector.NoticeText{{Site: "shop", Hash: "hash", Text: "another"}}))
	s.answer(answered("v1", "r1", collector.ConsentAccept, 1), answered("v1", "r2", collector.ConsentReject, 2))
	person, err := s.Store.Record(s.Context(), collector.Visitor("shop", "v1"))
	s.ok(err)
	same(t, person.Notices, []collector.NoticeText{seen})
}
