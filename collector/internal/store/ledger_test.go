package store_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/internal/keyspace"
	"matchkey/collector/internal/ledger"
	"matchkey/collector/internal/store"
)

var signingKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))

// said is an answer of a visitor, the n-th of all.
func said(n int) collector.ConsentRecord {
	at := noon.Add(time.Duration(n) * time.Minute)
	return collector.ConsentRecord{
		ID: fmt.Sprint("r", n), Subject: collector.Visitor("shop", fmt.Sprint("v", n%3)), Purpose: "*",
		Action: []string{collector.ConsentAccept, collector.ConsentReject}[n%2], At: at, ReceivedAt: at, Seq: collector.Offset(n + 1),
	}
}

// say applies the answers [from, to), one a commit.
func say(t *testing.T, s collector.Store, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		err := s.Apply(t.Context(), collector.Offset(n), collector.Offset(n+1), func(tx collector.Tx) error {
			_, err := tx.AddRecord(said(n))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// checkpoint signs how the shop's chain stands.
func checkpoint(t *testing.T, s collector.Store) collector.LedgerHead {
	t.Helper()
	heads, err := s.LedgerHeads(t.Context())
	if err == nil && len(heads) == 1 {
		err = s.AddCheckpoint(t.Context(), ledger.Sign(signingKey, heads[0], noon.Unix()))
	}
	if err != nil || len(heads) != 1 {
		t.Fatalf("%+v, %v", heads, err)
	}
	return heads[0]
}

func faultsOf(t *testing.T, db *pebble.DB, q collector.LedgerQuery) (faults []collector.LedgerFault) {
	t.Helper()
	report, err := store.VerifyLedger(t.Context(), db, q)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range report.Sites {
		faults = append(faults, s.Faults...)
	}
	return faults
}

// openNode is a node on a disk, with zeros for randomness: ids repeat, and nothing
// but tests would mind.
func openNode(t *testing.T, disk vfs.FS) *node {
	t.Helper()
	n := &node{dead: make(chan struct{})}
	if err := n.open(disk, func() { t.Error("the disk was fatal") }); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestTamperedLedger flips a byte of every row of the ledger in turn: the
// verification names the row, by its place and as far as it can by its id, and so
// does that of the whole folder.
func TestTamperedLedger(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	n := openNode(t, vfs.NewCrashableMem())
	defer n.close(new(sync.WaitGroup))
	say(t, n.store, 0, 12)
	checkpoint(t, n.store)
	if faults := faultsOf(t, n.db, collector.LedgerQuery{}); len(faults) > 0 {
		t.Fatalf("a whole ledger: %+v", faults)
	}
	for seq := uint64(1); seq <= 12; seq++ {
		key := keyspace.In(keyspace.Ledger).Str("shop").U64(seq)
		was := valueOf(t, n.db, key)
		flipped := bytes.Clone(was)
		flipped[rng.IntN(len(flipped))] ^= 1 << rng.IntN(8)
		set(t, n.db, key, flipped)
		if faults := faultsOf(t, n.db, collector.LedgerQuery{}); len(faults) != 1 || faults[0].Seq != seq {
			t.Errorf("row %d was changed: %+v", seq, faults)
		}
		check, err := store.CheckAll(t.Context(), n.db)
		if err != nil || len(check.Faults) == 0 || !strings.Contains(check.Faults[0], fmt.Sprintf("record %d ", seq)) {
			t.Errorf("row %d was changed: the check of the folder says %q, %v", seq, check.Faults, err)
		}
		set(t, n.db, key, was)
	}
	last := keyspace.In(keyspace.Ledger).Str("shop").U64(12)
	if err := n.db.Delete(last, pebble.Sync); err != nil {
		t.Fatal(err)
	}
	if faults := faultsOf(t, n.db, collector.LedgerQuery{}); len(faults) != 1 || faults[0].Seq != 12 || !strings.Contains(faults[0].Message, "missing") {
		t.Errorf("the last is cut off: %+v", faults)
	}
	if faults := faultsOf(t, n.db, collector.LedgerQuery{Keys: []string{"another"}}); len(faults) != 1 || !strings.Contains(faults[0].Message, "not known") {
		t.Errorf("the key is not known: %+v", faults)
	}
}

// TestRewrittenLedger: a chain that was made anew, every hash right, is not the
// one that a checkpoint signed.
func TestRewrittenLedger(t *testing.T) {
	n := openNode(t, vfs.NewCrashableMem())
	defer n.close(new(sync.WaitGroup))
	say(t, n.store, 0, 6)
	checkpoint(t, n.store)
	chain := ledger.Chain{Site: "shop"}
	for seq := uint64(1); seq <= 6; seq++ {
		key := keyspace.In(keyspace.Ledger).Str("shop").U64(seq)
		e, _, err := ledger.Decode(valueOf(t, n.db, key))
		if err != nil {
			t.Fatal(err)
		}
		e.Action = collector.ConsentAccept
		_, row, err := chain.Next(e)
		if err != nil {
			t.Fatal(err)
		}
		set(t, n.db, key, row)
	}
	if faults := faultsOf(t, n.db, collector.LedgerQuery{}); len(faults) != 1 || faults[0].Seq != 6 || !strings.Contains(faults[0].Message, "written anew") {
		t.Errorf("%+v", faults)
	}
}

func valueOf(t *testing.T, db *pebble.DB, key []byte) []byte {
	t.Helper()
	v, closer, err := db.Get(key)
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	return bytes.Clone(v)
}

func set(t *testing.T, db *pebble.DB, key, value []byte) {
	t.Helper()
	if err := db.Set(key, value, pebble.Sync); err != nil {
		t.Fatal(err)
	}
}

// TestPowerIsCutBetweenRecordAndCheckpoint: a checkpoint that was acknowledged is
// there after a power cut, with every row that it covers. Rows behind it may be
// gone; they are applied again, and the chain is whole.
func TestPowerIsCutBetweenRecordAndCheckpoint(t *testing.T) {
	seeds(t, 60, func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 0))
		disk := vfs.NewCrashableMem()
		n := openNode(t, disk)
		const answers = 20
		var signed collector.LedgerHead
		cutAt := 1 + rng.IntN(answers)
		for i := range cutAt {
			say(t, n.store, i, i+1)
			if rng.IntN(4) == 0 {
				signed = checkpoint(t, n.store)
			}
		}
		after := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rand.New(rand.NewPCG(seed, 1))})
		n.close(new(sync.WaitGroup))

		n = openNode(t, after)
		defer n.close(new(sync.WaitGroup))
		at, err := n.store.Watermark(context.Background())
		if err != nil || uint64(at) < signed.Seq {
			t.Fatalf("seed %d: the watermark is %d (%v), and %d answers were signed", seed, at, err, signed.Seq)
		}
		q := collector.LedgerQuery{}
		if signed.Seq > 0 {
			q.Anchors = []collector.LedgerHead{signed}
		}
		if faults := faultsOf(t, n.db, q); len(faults) > 0 {
			t.Errorf("seed %d, after the cut: %+v", seed, faults)
		}
		say(t, n.store, int(at), answers)
		checkpoint(t, n.store)
		if faults := faultsOf(t, n.db, q); len(faults) > 0 {
			t.Errorf("seed %d, when it went on: %+v", seed, faults)
		}
		if heads, err := n.store.LedgerHeads(context.Background()); err != nil || heads[0].Seq != answers {
			t.Errorf("seed %d: the chain ends at %+v (%v), want %d", seed, heads, err, answers)
		}
	})
}

// TestLedgerBeginsWithAnOlderFormat: the records of a folder of format 2 are the
// first of its ledger, in the order in which they came, once.
func TestLedgerBeginsWithAnOlderFormat(t *testing.T) {
	disk := vfs.NewCrashableMem()
	n := openNode(t, disk)
	say(t, n.store, 0, 9)
	for _, table := range []byte{keyspace.Ledger, keyspace.LedgerOf} {
		prefix := keyspace.In(table)
		if err := n.db.DeleteRange(prefix, prefix.End(), pebble.Sync); err != nil {
			t.Fatal(err)
		}
	}
	set(t, n.db, []byte{keyspace.Format}, []byte("2"))
	n.close(new(sync.WaitGroup))
	for range 2 { // the second time as if it had been cut off at the very end
		n = openNode(t, disk)
		if faults := faultsOf(t, n.db, collector.LedgerQuery{}); len(faults) > 0 {
			t.Errorf("%+v", faults)
		}
		if heads, err := n.store.LedgerHeads(t.Context()); err != nil || len(heads) != 1 || heads[0].Seq != 9 {
			t.Errorf("the heads are %+v, %v", heads, err)
		}
		person, err := n.store.Record(t.Context(), collector.Visitor("shop", "v1"))
		if err != nil || len(person.History) != 3 || person.History[0].Entry.Seq != 2 || person.History[0].Entry.Back != 0 {
			t.Errorf("the history is %+v, %v", person.History, err)
		}
		set(t, n.db, []byte{keyspace.Format}, []byte("2"))
		n.close(new(sync.WaitGroup))
	}
}

// TestCarriesAnswers: a restore keeps what people answered since the backup, and
// never mixes two ledgers.
func TestCarriesAnswers(t *testing.T) {
	backup := vfs.NewCrashableMem()
	n := openNode(t, backup)
	say(t, n.store, 0, 3)
	n.close(new(sync.WaitGroup))
	whole := backup.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))})
	live := openNode(t, whole)
	say(t, live.store, 3, 8)
	signed := checkpoint(t, live.store)
	defer live.close(new(sync.WaitGroup))

	restored := openNode(t, backup)
	defer restored.close(new(sync.WaitGroup))
	index := append(keyspace.In(keyspace.Retention), 'i')
	set(t, restored.db, index, []byte(`{"tables":""}`))
	if rows, err := keyspace.Carry(live.db, restored.db); err != nil || rows != 5+5+5+1 {
		t.Errorf("%d rows were carried over, %v; want 5 rows of the chain, of whose they are, and of what decisions go by, and the checkpoint", rows, err)
	}
	if faults := faultsOf(t, restored.db, collector.LedgerQuery{Anchors: []collector.LedgerHead{signed}}); len(faults) > 0 {
		t.Errorf("after the restore: %+v", faults)
	}
	if _, _, err := restored.db.Get(index); !errors.Is(err, pebble.ErrNotFound) {
		t.Errorf("what falls due is not looked for anew: %v", err)
	}
	kept, err := restored.store.Records(t.Context(), collector.Visitor("shop", "v0"), collector.Visitor("shop", "v1"), collector.Visitor("shop", "v2"))
	if err != nil || len(kept) != 8 {
		t.Errorf("decisions go by %d answers (%v), want 8", len(kept), err)
	}

	other := openNode(t, vfs.NewCrashableMem())
	defer other.close(new(sync.WaitGroup))
	say(t, other.store, 0, 1)
	rec := said(1)
	rec.Action = "another"
	err = other.store.Apply(t.Context(), 1, 2, func(tx collector.Tx) error {
		_, err := tx.AddRecord(rec)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := keyspace.Carry(live.db, other.db); err != nil || rows != 0 {
		t.Errorf("%d rows were carried over into another ledger, %v", rows, err)
	}
}
