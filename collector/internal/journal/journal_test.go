package journal_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/collectortest"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/keyspace"
	"matchkey/collector/internal/sealedfs"
)

func TestMemory(t *testing.T) {
	collectortest.Journal(t, func(t *testing.T) collectortest.JournalWorld {
		return collectortest.JournalWorld{Journal: journal.NewMemory()}
	})
}

func TestPebble(t *testing.T) { testPebble(t) }

func TestSealedPebble(t *testing.T) {
	key, err := sealedfs.NewKey(make([]byte, 32), "the test")
	if err != nil {
		t.Fatal(err)
	}
	testPebble(t, key)
}

func testPebble(t *testing.T, keys ...sealedfs.Key) {
	collectortest.Journal(t, func(t *testing.T) collectortest.JournalWorld {
		fs := vfs.NewCrashableMem()
		return collectortest.JournalWorld{
			Journal: openOn(t, sealedfs.WithKeys(fs, keys...)),
			Reopen: func(t *testing.T) collector.Journal {
				return openOn(t, sealedfs.WithKeys(fs.CrashClone(vfs.CrashCloneCfg{}), keys...))
			},
		}
	})
}

// openOn opens a journal on a file system, and closes it with the test.
func openOn(t *testing.T, fs vfs.FS) *journal.Pebble {
	t.Helper()
	db, err := keyspace.Open(keyspace.Options{FS: fs, Dir: "data"})
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.OpenPebble(db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(j.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	return j
}

// TestCrash cuts the power at a random moment under load, with a random share
// of what was not synced kept. Acknowledged events must be there, events never
// sent must not, and those in flight may be either; and the journal's order is
// without a gap.
func TestCrash(t *testing.T) {
	for range 30 {
		crashOnce(t, rand.Uint64())
	}
}

func crashOnce(t *testing.T, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 0))
	fs := vfs.NewCrashableMem()
	j := openOn(t, fs)
	const writers = 8
	var (
		mu    sync.Mutex
		acked = map[string]bool{}
		sent  = map[string]bool{}
		wg    sync.WaitGroup
	)
	appends := 1 + rng.IntN(40)
	cut := make(chan struct{})
	cutAt := rng.IntN(writers * appends)
	done := 0
	for w := range writers {
		wg.Go(func() {
			for n := range appends {
				id := string(rune('a'+w)) + "." + string(rune('0'+n%10)) + "." + string(rune('0'+n/10))
				mu.Lock()
				select {
				case <-cut:
					mu.Unlock()
					return
				default:
				}
				sent[id] = true
				mu.Unlock()
				_, err := j.Append(context.Background(), []collector.Event{{ID: id, Site: "shop", Name: "x"}})
				mu.Lock()
				select {
				case <-cut: // the answer came after the cut: it proves nothing
				default:
					acked[id] = acked[id] || err == nil
					if done++; done == cutAt {
						close(cut)
					}
				}
				mu.Unlock()
			}
		})
	}
	if cutAt > 0 {
		<-cut
	}
	mu.Lock()
	after := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rand.New(rand.NewPCG(seed, 1))})
	mustHave := map[string]bool{}
	for id, ok := range acked {
		mustHave[id] = ok
	}
	mu.Unlock()
	wg.Wait()

	found := map[string]bool{}
	again := openOn(t, after)
	if again.Durable() > 0 {
		entries, err := again.Read(t.Context(), 0, 1<<20)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for i, e := range entries {
			if e.Offset != collector.Offset(i+1) {
				t.Fatalf("seed %d: entry %d has offset %d: the order has a gap", seed, i+1, e.Offset)
			}
			if !sent[e.Event.ID] {
				t.Fatalf("seed %d: %q is there and was never sent", seed, e.Event.ID)
			}
			found[e.Event.ID] = true
		}
	}
	for id, ok := range mustHave {
		if ok && !found[id] {
			t.Fatalf("seed %d: %q was acknowledged and is gone", seed, id)
		}
	}
}

// TestUnreadableFrame damages one stored frame: the entries before it are
// read, then it is named, and it is still there.
func TestUnreadableFrame(t *testing.T) {
	db, err := keyspace.Open(keyspace.Options{FS: vfs.NewMem(), Dir: "data"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	j, err := journal.OpenPebble(db)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for _, id := range []string{"a", "b", "c"} {
		if _, err := j.Append(t.Context(), []collector.Event{{ID: id, Site: "shop", Name: "x"}}); err != nil {
			t.Fatal(err)
		}
	}
	key := binary.BigEndian.AppendUint64([]byte{keyspace.Journal}, 2)
	frame, closer, err := db.Get(key)
	if err != nil {
		t.Fatal(err)
	}
	damaged := append([]byte(nil), frame...)
	closer.Close()
	damaged[len(damaged)/2] ^= 1
	if err := db.Set(key, damaged, pebble.Sync); err != nil {
		t.Fatal(err)
	}
	entries, err := j.Read(t.Context(), 0, 10)
	if err != nil || len(entries) != 1 {
		t.Fatalf("before the damage: %d entries, %v; want 1", len(entries), err)
	}
	var bad *journal.FrameError
	if _, err = j.Read(t.Context(), 1, 10); !errors.As(err, &bad) || bad.Offset != 2 {
		t.Fatalf("at the damage: %v; want a FrameError at 2", err)
	}
	if entries, err = j.Read(t.Context(), 2, 10); err != nil || len(entries) != 1 {
		t.Fatalf("behind the damage: %d entries, %v; want 1", len(entries), err)
	}
}

// BenchmarkAppend is one event from Append to durable with 64 callers at a time,
// on a file system in memory: what the journal costs beside the disk.
func BenchmarkAppend(b *testing.B) {
	db, err := keyspace.Open(keyspace.Options{FS: vfs.NewMem(), Dir: "data"})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	j, err := journal.OpenPebble(db)
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	b.ReportAllocs()
	b.SetParallelism(32) // times GOMAXPROCS
	b.RunParallel(func(pb *testing.PB) {
		ev := usualEvent()
		for pb.Next() {
			if _, err := j.Append(context.Background(), []collector.Event{ev}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// usualEvent is a page view as most are.
func usualEvent() collector.Event {
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	return collector.Event{
		ID: "k3abc", Site: "shop", Name: collector.EventPageView, Origin: collector.OriginBrowser, Receipt: "b_0k3abcdefghjkmnpqrstvwxyz0",
		OccurredAt: at, ReceivedAt: at, Visitor: "1.toybxa.mfa9c0ffee", Session: "toybxa6aof", PageView: "x7",
		Client: collector.Client{IP: "203.0.113.5", UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"},
		URL:    "https://shop.example/product/teapot", Referrer: "https://www.example.org/",
		Identifiers: []collector.Identifier{
			{Kind: collector.KindBrowser, Value: "fb.1.1603122906825.1012802381", FirstAt: at, LastAt: at, Receipt: "b_0k3abcdefghjkmnpqrstvwxyz0", Event: collector.EventPageView},
			{Kind: collector.KindClick, Value: "fb.1.1795431640000.IwAR3xruhRZhD77zSpA669v9xdo3I0VHHoz2gXwvpE8uWPb8qN5Eq2TfgGr6s", FirstAt: at, LastAt: at, Receipt: "b_0k3abcdefghjkmnpqrstvwxyz0", Event: collector.EventPageView},
		},
		Consent: &collector.ConsentAnswer{Action: collector.ConsentAccept, At: at, ClaimedAt: at, Notice: "8d4a603bd59ebdc985ebf3852b9bb682cd0ca66905074e6baaf0f71882e93fe2", Language: "en", Source: "banner", Explicit: true},
	}
}
