package store

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/collectortest"
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
