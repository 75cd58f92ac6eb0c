package store_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector/collectortest"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/keyspace"
	"matchkey/collector/internal/sealedfs"
	"matchkey/collector/internal/store"
)

func TestMemory(t *testing.T) {
	collectortest.Store(t, func(t *testing.T) collectortest.StoreWorld {
		j := journal.NewMemory()
		return collectortest.StoreWorld{Store: store.NewMemory(j), Journal: j}
	})
}

func TestPebble(t *testing.T) { testPebble(t, vfs.NewMem) }

func TestSealedPebble(t *testing.T) {
	testPebble(t, func() vfs.FS { return sealedfs.WithKeys(vfs.NewMem(), testKey(t)) })
}

func testPebble[F vfs.FS](t *testing.T, disk func() F) {
	collectortest.Store(t, func(t *testing.T) collectortest.StoreWorld {
		db, err := keyspace.Open(keyspace.Options{FS: disk(), Dir: "data"})
		if err != nil {
			t.Fatal(err)
		}
		j, err := journal.OpenPebble(db)
		if err != nil {
			t.Fatal(err)
		}
		s, err := store.OpenPebble(db, rand.NewChaCha8([32]byte{}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := errors.Join(j.Close(), db.Close()); err != nil {
				t.Error(err)
			}
		})
		return collectortest.StoreWorld{Store: s, Journal: j}
	})
}
