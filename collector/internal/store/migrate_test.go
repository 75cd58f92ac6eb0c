package store

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/collectortest"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/keyspace"
)

// TestMigratesFormat1: a folder of the first format had one queue for all that
// is timed.
func TestMigratesFormat1(t *testing.T) {
	fs := vfs.NewMem()
	open := func() (*pebble.DB, *Pebble) {
		db, err := keyspace.Open(keyspace.Options{FS: fs, Dir: "data"})
		if err != nil {
			t.Fatal(err)
		}
		s, err := OpenPebble(db, rand.NewChaCha8([32]byte{}))
		if err != nil {
			t.Fatal(err)
		}
		return db, s
	}
	db, s := open()
	pending := collectortest.NewDelivery("pending", collector.StatePending)
	held := collectortest.NewDelivery("held", collector.StateHeld)
	err := s.Apply(t.Context(), 0, 1, func(tx collector.Tx) error {
		for _, d := range []collector.Delivery{pending, held} {
			if _, err := tx.AddDelivery(d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// Back to format 1: no T, and what is held is in Q.
	look := keyspace.In(keyspace.Look)
	b := db.NewBatch()
	for _, err := range []error{
		b.DeleteRange(look, look.End(), nil),
		b.Set(keyspace.In(keyspace.Due).Str("main").Time(held.DueAt).Delivery(held.Key), nil, nil),
		b.Set([]byte{keyspace.Format}, []byte("1"), nil),
		b.Commit(pebble.Sync), db.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}

	db, s = open()
	defer db.Close()
	if n, err := keyspace.FormatOf(db); n != keyspace.Current || err != nil {
		t.Errorf("the format is %d (%v), want %d", n, err, keyspace.Current)
	}
	got, err := s.Backlog(t.Context(), "main", collectortest.Epoch, 10)
	want := collector.Backlog{Ready: 1, SendAt: pending.DueAt, LookAt: held.DueAt}
	if err != nil || got != want {
		t.Errorf("the backlog is %+v (%v), want %+v", got, err, want)
	}
	leased, err := s.LeaseDue(t.Context(), collector.LeaseQuery{
		Destination: "main", Now: collectortest.Epoch, Sends: true, Max: 10, Length: time.Minute,
	})
	if err != nil || len(leased) != 2 {
		t.Errorf("%d are leased (%v), want both", len(leased), err)
	}
}

// TestMigrationFindsPersons: a folder of the first format did not tell which entries
// are whose, nor whose an e-mail is.
func TestMigrationFindsPersons(t *testing.T) {
	fs := vfs.NewMem()
	db, err := keyspace.Open(keyspace.Options{FS: fs, Dir: "data"})
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.OpenPebble(db)
	if err != nil {
		t.Fatal(err)
	}
	s, err := OpenPebble(db, rand.NewChaCha8([32]byte{}))
	if err != nil {
		t.Fatal(err)
	}
	bought, answer := collectortest.FullEvent("purchase.A-1"), collectortest.FullEvent("answer")
	bought.Visitor, bought.Customer, bought.Site = "v1", "c1", "shop"
	answer.Visitor, answer.Customer, answer.Site = "v1", "", "shop"
	waits := collectortest.FullEvent("not applied yet")
	waits.Visitor, waits.Customer = "", "c5"
	if _, err := j.Append(t.Context(), []collector.Event{bought, answer, waits}); err != nil {
		t.Fatal(err)
	}
	err = s.Apply(t.Context(), 0, 2, func(tx collector.Tx) error {
		known := bought
		known.Visitor = "v1~1" // its effective name
		return errors.Join(
			tx.PutEvent(collector.EventRecord{Event: known, Offset: 1, Copies: []collector.Copy{{Offset: 1}}}),
			tx.MergeProfile(collector.Profile{Subject: collector.Customer("shop", "c1"), Identifiers: []collector.Identifier{{Kind: collector.KindEmail, Value: "hash"}}}))
	})
	if err != nil {
		t.Fatal(err)
	}
	holder, salt := keyspace.In(keyspace.Holder), keyspace.In(keyspace.Salt)
	for _, err := range []error{
		db.DeleteRange(holder, holder.End(), nil), db.Delete(salt, nil),
		db.Set([]byte{keyspace.Format}, []byte("1"), pebble.Sync),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}

	if s, err = OpenPebble(db, rand.NewChaCha8([32]byte{1})); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(j.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	}()
	for subject, want := range map[collector.Subject][]collector.Offset{
		collector.Customer("shop", "c1"): {1}, collector.Visitor("shop", "v1~1"): {1}, collector.Visitor("shop", "v1"): {2},
		collector.Customer(waits.Site, waits.Customer): nil,
	} {
		list, err := s.concerns(subject, 10)
		if err != nil {
			t.Fatal(err)
		}
		var got []collector.Offset
		for _, c := range list {
			got = append(got, c.offset)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is found at %v, want %v", subject, got, want)
		}
	}
	held, err := s.Holders(t.Context(), "shop", collector.KindEmail, "hash")
	if err != nil || len(held) != 1 {
		t.Errorf("the e-mail is found with %v, %v", held, err)
	}
}
