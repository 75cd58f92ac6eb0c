package store_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/internal/faultfs"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/keyspace"
	"matchkey/collector/internal/sealedfs"
	"matchkey/collector/internal/store"
)

// Journal and store on one disk that fails and loses power. Each seed is one
// life: events are appended from several goroutines and applied, attempts begin,
// the disk may fail at one operation in one way, the power is cut at some moment,
// and what the disk then holds is opened and asked. The oracle has three values:
// what was acknowledged must be there, what was never sent must not be, what was
// under way may be either.
//
// A seed that fails is printed; run it alone with -seed.

var (
	oneSeed = flag.Uint64("seed", 0, "run the crash tests with this seed alone")
	lives   = flag.Int("lives", 0, "run the crash tests with so many seeds; 0 is CI's number")
)

// seeds calls test with the seeds of a run, each as a test that can fail alone.
func seeds(t *testing.T, n int, test func(*testing.T, uint64)) {
	if *oneSeed != 0 {
		test(t, *oneSeed)
		return
	}
	switch {
	case *lives != 0:
		n = *lives
	case raceEnabled:
		n /= 20
	}
	for range n {
		seed := rand.Uint64()
		if test(t, seed); t.Failed() {
			t.Fatalf("run it alone: go test ./collector/internal/store -run '^%s$' -seed %d", t.Name(), seed)
		}
	}
}

func TestCrashes(t *testing.T) {
	t.Parallel()
	seeds(t, 1000, func(t *testing.T, seed uint64) { newLife(t, seed, false).run() })
}

// TestSealedCrashes and its sister with faults live the same lives on folders that
// are sealed, most of which were plain before.
func TestSealedCrashes(t *testing.T) {
	t.Parallel()
	seeds(t, 200, func(t *testing.T, seed uint64) { newLife(t, seed, false).sealed(t).run() })
}

func TestSealedFaultsAndCrashes(t *testing.T) {
	t.Parallel()
	struck := 0
	seeds(t, 100, func(t *testing.T, seed uint64) {
		l := newLife(t, seed, true).sealed(t)
		l.run()
		struck += l.struck
	})
	t.Logf("%d faults were met", struck)
}

func TestFaultsAndCrashes(t *testing.T) {
	t.Parallel()
	struck := 0
	seeds(t, 300, func(t *testing.T, seed uint64) {
		l := newLife(t, seed, true)
		l.run()
		struck += l.struck
	})
	t.Logf("%d faults were met", struck)
}

// life is one life of a disk.
type life struct {
	*testing.T
	seed   uint64
	rng    *rand.Rand
	faulty bool
	disk   *vfs.MemFS
	over   *faultfs.FS
	keys   []sealedfs.Key // to seal with
	struck int            // rounds that met a fault

	mu    sync.Mutex
	cuts  int // power cuts so far: what a round before did from then on proves nothing
	sent  map[string]string
	acked map[string]bool
	begun map[collector.DeliveryKey]int // attempts that begin, and may have been written
	sure  map[collector.DeliveryKey]int // attempts that were said to be written
}

func newLife(t *testing.T, seed uint64, faulty bool) *life {
	rng := rand.New(rand.NewPCG(seed, 0))
	disk := vfs.NewCrashableMem()
	if rng.IntN(4) > 0 {
		disk = emptyFolder(t) // most do not begin with a new folder
	}
	return &life{
		T: t, seed: seed, rng: rng, faulty: faulty, disk: disk,
		sent: map[string]string{}, acked: map[string]bool{},
		begun: map[collector.DeliveryKey]int{}, sure: map[collector.DeliveryKey]int{},
	}
}

// sealed has the life's folder sealed from now on.
func (l *life) sealed(t *testing.T) *life {
	l.keys = append(l.keys, testKey(t))
	return l
}

func testKey(t *testing.T) sealedfs.Key {
	t.Helper()
	k, err := sealedfs.NewKey(make([]byte, 32), "the test")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// emptyFolder is a disk with a data folder in which nothing is yet.
func emptyFolder(t *testing.T) *vfs.MemFS {
	t.Helper()
	made.once.Do(func() {
		made.disk = vfs.NewCrashableMem()
		n := &node{dead: make(chan struct{})}
		if err := n.open(made.disk, func() {}); err != nil {
			t.Fatal(err)
		}
		n.close(new(sync.WaitGroup))
	})
	return made.disk.CrashClone(vfs.CrashCloneCfg{})
}

var made struct {
	once sync.Once
	disk *vfs.MemFS
}

func (l *life) fail(format string, args ...any) {
	l.Helper()
	l.Errorf("seed %d, fault at %q: %s", l.seed, l.over.Struck(), fmt.Sprintf(format, args...))
}

// run lives through two power cuts.
func (l *life) run() {
	for round := range 2 {
		l.over = faultfs.Over(l.disk)
		if l.faulty {
			faults := faultfs.Faults()
			l.over.Strike(1+l.rng.IntN(120), faults[l.rng.IntN(len(faults))])
		}
		l.live(round)
		if l.over.Struck() != "" {
			l.struck++
		}
		l.check()
		if l.Failed() {
			return
		}
	}
}

// live works until the power is cut, and leaves what the disk then holds.
func (l *life) live(round int) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	appends, cutAfter := 1+l.rng.IntN(12), l.rng.IntN(40)
	n := &node{dead: make(chan struct{}), keys: l.keys}
	opened := make(chan error, 1)
	go func() { opened <- n.open(l.over, stop) }()
	for waits := true; waits; {
		select {
		case err := <-opened:
			if err != nil {
				n = nil
			}
			waits = false
		case <-n.dead:
			n, waits = nil, false
		default:
			if l.over.MetFull() > 20 {
				l.over.Mend() // opening waits for space, and goes on when there is some
			}
			time.Sleep(20 * time.Microsecond)
		}
	}
	var work, appending sync.WaitGroup
	cutAt, appended := l.over.Ops()+cutAfter, make(chan struct{})
	if n != nil {
		for w := range 3 {
			rng := rand.New(rand.NewPCG(l.seed, uint64(round*10+w+1)))
			appending.Go(func() { l.appendAll(ctx, n, round, fmt.Sprintf("%d.%d", round, w), appends, rng) })
		}
		work.Go(func() {
			appending.Wait()
			close(appended)
		})
		work.Go(func() { l.applyAll(ctx, n) })
		work.Go(func() { l.attemptAll(ctx, n, round) })
	}
	// The moment is a number of operations, so that it may be any.
	for waits := n != nil; waits && l.over.Ops() < cutAt && ctx.Err() == nil; {
		select {
		case <-appended:
			waits = false
		default:
			time.Sleep(20 * time.Microsecond)
		}
	}
	l.mu.Lock()
	l.cuts = round + 1
	after := l.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: l.rng.IntN(101), RNG: rand.New(rand.NewPCG(l.seed, 100))})
	l.mu.Unlock()
	l.disk = after
	stop()
	l.over.Mend() // what is left of a node that died must not try again for ever
	n.close(&work)
}

// told does something unless the power is cut in the round.
func (l *life) told(round int, fn func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cuts > round {
		return false
	}
	fn()
	return true
}

func (l *life) appendAll(ctx context.Context, n *node, round int, name string, appends int, rng *rand.Rand) {
	for i := range appends {
		var events []collector.Event
		batch := fmt.Sprintf("%s.%d", name, i)
		for k := range 1 + rng.IntN(3) {
			events = append(events, collector.Event{
				ID: fmt.Sprintf("%s.%d", batch, k), Site: "shop", Name: "purchase", Visitor: "v" + name,
				OccurredAt: noon, ReceivedAt: noon, Properties: map[string]any{"padding": string(make([]byte, rng.IntN(1000)))},
			})
		}
		if !l.told(round, func() {
			for _, ev := range events {
				l.sent[ev.ID] = batch
			}
		}) {
			return
		}
		_, err := n.journal.Append(ctx, events)
		l.told(round, func() {
			for _, ev := range events {
				l.acked[ev.ID] = err == nil
			}
		})
		if err != nil {
			return
		}
	}
}

// applyAll applies as a pipeline does: event, profile and delivery with the
// watermark.
func (l *life) applyAll(ctx context.Context, n *node) {
	for ctx.Err() == nil {
		if applySome(ctx, n) != nil {
			return
		}
	}
}

func applySome(ctx context.Context, n *node) error {
	at, err := n.store.Watermark(ctx)
	if err != nil {
		return err
	}
	entries, err := n.journal.Read(ctx, at, 4)
	if err != nil {
		return err
	}
	return n.store.Apply(ctx, at, entries[len(entries)-1].Offset, func(tx collector.Tx) error {
		for _, e := range entries {
			if err := tx.PutEvent(collector.EventRecord{Event: e.Event, Offset: e.Offset}); err != nil {
				return err
			}
			d := collector.Delivery{Key: deliveryOf(e.Event.ID), EventName: e.Event.Name, MatchedAt: noon, ExpiresAt: noon.Add(time.Hour), DueAt: noon}
			if err := d.Move(collector.StatePending, noon); err != nil {
				return err
			}
			if _, err := tx.AddDelivery(d); err != nil {
				return err
			}
		}
		return nil
	})
}

func deliveryOf(id string) collector.DeliveryKey {
	return collector.DeliveryKey{Site: "shop", Destination: "main", Send: "Purchase", EventID: id}
}

// attemptAll leases what is due and begins attempts.
func (l *life) attemptAll(ctx context.Context, n *node, round int) {
	for ctx.Err() == nil {
		leased, err := n.store.LeaseDue(ctx, collector.LeaseQuery{Destination: "main", Now: noon, Sends: true, Max: 2, Length: time.Minute})
		if err != nil {
			return
		}
		if len(leased) == 0 {
			time.Sleep(20 * time.Microsecond)
			continue
		}
		if !l.told(round, func() {
			for _, d := range leased {
				l.begun[d.Key]++
			}
		}) {
			return
		}
		good, err := n.store.BeginAttempts(ctx, leased, noon, time.Minute)
		if err != nil {
			return
		}
		l.told(round, func() {
			for _, d := range good {
				l.sure[d.Key]++
			}
		})
	}
}

// check opens what the disk holds, without faults, and asks.
func (l *life) check() {
	ctx := context.Background()
	n := &node{dead: make(chan struct{}), keys: l.keys}
	if err := n.open(l.disk, func() { l.fail("a healthy disk was fatal") }); err != nil {
		l.fail("couldn't open after the power cut: %v", err)
		return
	}
	defer n.close(new(sync.WaitGroup))
	for end := n.journal.Durable(); ; {
		at, err := n.store.Watermark(ctx)
		if err != nil || at > end {
			l.fail("the watermark is %d, %v; the journal ends at %d", at, err, end)
			return
		}
		if at == end {
			break
		}
		if err := applySome(ctx, n); err != nil {
			l.fail("couldn't apply after the power cut: %v", err)
			return
		}
	}
	found, batches := map[string]bool{}, map[string]int{}
	if n.journal.Durable() > 0 {
		entries, err := n.journal.Read(ctx, 0, 1<<20)
		if err != nil || len(entries) != int(n.journal.Durable()) {
			l.fail("the journal has %d entries up to %d, %v", len(entries), n.journal.Durable(), err)
		}
		for i, e := range entries {
			if e.Offset != collector.Offset(i+1) {
				l.fail("entry %d has offset %d: the order has a gap", i+1, e.Offset)
			}
			if l.sent[e.Event.ID] == "" || found[e.Event.ID] {
				l.fail("%q is there and was not sent, or twice", e.Event.ID)
			}
			found[e.Event.ID] = true
			batches[l.sent[e.Event.ID]]++
			if rec, ok, err := n.store.Event(ctx, e.Event.Key()); !ok || err != nil || rec.Offset != e.Offset {
				l.fail("entry %d is not applied: %+v, %t, %v", e.Offset, rec.Offset, ok, err)
			}
		}
	}
	for id, batch := range l.sent {
		if l.acked[id] && !found[id] {
			l.fail("%q was acknowledged and is gone", id)
		}
		if !found[id] && batches[batch] > 0 {
			l.fail("of the batch of %q a part is there", id)
		}
	}
	for key, most := range l.begun {
		d, _, err := n.store.Delivery(ctx, key)
		if got := len(d.Attempts); err != nil || got < l.sure[key] || got > most {
			l.fail("%s has %d attempts, %v; it has to have %d to %d", key, got, err, l.sure[key], most)
		}
	}
	// What was out when the power went is out no more.
	if _, _, err := n.store.Rescue(ctx, "", noon, true, noon); err != nil {
		l.fail("rescue: %v", err)
	}
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// node is journal and store in one database.
type node struct {
	db      *pebble.DB
	journal *journal.Pebble
	store   *store.Pebble
	keys    []sealedfs.Key
	dead    chan struct{} // closed when the store met a fatal fault
	once    sync.Once
}

// open opens a node. What the store calls fatal calls ended, and stops the
// goroutine that met it for ever.
func (n *node) open(fs vfs.FS, ended func()) (err error) {
	n.db, err = keyspace.Open(keyspace.Options{FS: sealedfs.WithKeys(fs, n.keys...), Dir: "data", Fatal: func(string) {
		n.once.Do(func() { close(n.dead) })
		ended()
		select {} // as if the process had ended
	}})
	if err != nil {
		return err
	}
	if n.journal, err = journal.OpenPebble(n.db); err != nil {
		return err
	}
	n.store, err = store.OpenPebble(n.db, zeros{})
	return err
}

// close waits for work and closes the node. One that met a fatal fault is left
// as it is, because a process would be gone.
func (n *node) close(work *sync.WaitGroup) {
	if n == nil {
		return
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		work.Wait()
		_ = n.journal.Close()
		_ = n.db.Close()
	}()
	select {
	case <-closed:
	case <-n.dead:
	}
}

// zeros is randomness enough where nothing collides.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

var _ io.Reader = zeros{}
