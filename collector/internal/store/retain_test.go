package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/keyspace"
	"matchkey/collector/internal/store"
)

// TestSweepReadsWhatExpires and not what there is: with a hundred times as many
// profiles, events and deliveries that stay, a sweep reads the same rows.
func TestSweepReadsWhatExpires(t *testing.T) {
	few, fewGone := sweptRows(t, 20)
	many, manyGone := sweptRows(t, 2000)
	if few != many || fewGone != manyGone || few == 0 || fewGone.Profiles != 30 || fewGone.Events != 30 {
		t.Errorf("with 20 others a sweep read %d rows and deleted %+v, with 2000 it read %d and deleted %+v", few, fewGone, many, manyGone)
	}
	t.Logf("%d rows were read for 30 people that expire", few)
}

// sweptRows is how many rows a sweep reads that deletes 30 people with an event and
// a delivery each, beside others that stay.
func sweptRows(t *testing.T, others int) (rows int, gone collector.Swept) {
	db, err := keyspace.Open(keyspace.Options{FS: vfs.NewMem(), Dir: "data"})
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.OpenPebble(db)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(j.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	}()
	s, err := store.OpenPebble(db, rand.NewChaCha8([32]byte{}))
	if err != nil {
		t.Fatal(err)
	}
	const day = 24 * time.Hour
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	keep := func(n int) {
		t.Helper()
		err := s.Keep(t.Context(), collector.Keeping{Day: began.Add(time.Duration(n) * day), Retention: collector.Retention{
			Click: 9 * day, Sessions: 9 * day, External: 10 * day, Events: 9 * day, Deliveries: 9 * day,
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	sweep := func() {
		t.Helper()
		for more := true; more; {
			step, err := s.Sweep(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			rows += step.Rows
			gone.Add(step.Swept)
			more = step.More
		}
	}
	after := collector.Offset(0)
	people := func(name string, n int, at time.Time) {
		t.Helper()
		for i := range n {
			id := fmt.Sprintf("%s%d", name, i)
			ev := collector.Event{ID: "purchase." + id, Site: "shop", Name: "purchase", Visitor: id, OccurredAt: at, ReceivedAt: at}
			offset, err := j.Append(t.Context(), []collector.Event{ev})
			if err != nil {
				t.Fatal(err)
			}
			err = s.Apply(t.Context(), after, offset, func(tx collector.Tx) error {
				d := collector.Delivery{
					Key:       collector.DeliveryKey{Site: "shop", Destination: "main", Send: "Purchase", EventID: ev.ID},
					EventName: "purchase", OccurredAt: at, MatchedAt: at, ExpiresAt: at.Add(day), Person: collector.Visitor("shop", id),
				}
				err := errors.Join(
					d.Move(collector.StateWithheld, at, "no"),
					tx.PutEvent(collector.EventRecord{Event: ev, Offset: offset, Copies: []collector.Copy{{ReceivedAt: at, Offset: offset}}}),
					tx.Concerns(collector.Entry{Offset: offset, Event: ev}, collector.Visitor("shop", id)),
					tx.MergeProfile(collector.Profile{
						Subject: collector.Visitor("shop", id), FirstAt: at, LastAt: at,
						Identifiers: []collector.Identifier{{Kind: collector.KindClick, Value: id, FirstAt: at, LastAt: at}},
						Sessions:    []collector.SessionStart{{ID: id, At: at}},
					}))
				if err != nil {
					return err
				}
				_, err = tx.AddDelivery(d)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			after = offset
		}
	}
	keep(0)
	people("gone", 30, began)
	keep(1)
	sweep()
	keep(5)
	people("stays", others, began.Add(5*day))
	keep(6)
	rows = 0
	for n := 7; n <= 12; n++ {
		keep(n)
		sweep()
	}
	return rows, gone
}
