package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"matchkey/collector"
	"matchkey/collector/internal/keyspace"
)

// Pebble is a store in a Pebble database, which it shares with the journal and
// does not own. Reads take no lock and see the last commit.
type Pebble struct {
	reader
	db *pebble.DB

	// mu is held from the first read of a change to its commit: the pipeline,
	// the dispatchers and people write to the same deliveries.
	mu     sync.Mutex
	leases *leaseIDs
	// memo is of all changes; mu guards it.
	memo *memo
	// touched are the rows that erasures changed and whose bytes are still to be
	// taken off the disk; mu guards it.
	touched touched
	// keep is the retention in force; mu guards it.
	keep collector.Keeping
}

// OpenPebble uses db as a store, and brings one of an older format up to the
// current one. random gives lease IDs their uniqueness across restarts, and a new
// folder the key of its keyed hashes; it is read here only.
func OpenPebble(db *pebble.DB, random io.Reader) (*Pebble, error) {
	key, err := haveHashKey(db, random)
	if err != nil {
		return nil, err
	}
	if err := migrate(db, key); err != nil {
		return nil, err
	}
	ids, err := newLeaseIDs(random)
	if err != nil {
		return nil, err
	}
	p := &Pebble{reader: reader{r: db, key: key}, db: db, leases: ids, memo: newMemo()}
	// What an erasure touched before a restart is not known any more.
	unfinished, err := p.unscrubbed()
	if err != nil {
		return nil, err
	}
	p.touched.all = len(unfinished) > 0
	p.keep, err = p.lastKeeping()
	return p, err
}

// OpenReader reads db, which may be open for reading only, as it is.
func OpenReader(db *pebble.DB) (collector.Reader, error) {
	key, err := readHashKey(db)
	return reader{r: db, key: key}, err
}

// leaseIDs are unique within a process by counting and across processes by a
// random beginning.
type leaseIDs struct {
	run  string
	next int
}

func newLeaseIDs(random io.Reader) (*leaseIDs, error) {
	var b [8]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return nil, fmt.Errorf("couldn't read randomness for lease IDs: %w", err)
	}
	return &leaseIDs{run: strconv.FormatUint(binary.BigEndian.Uint64(b[:]), 36)}, nil
}

func (l *leaseIDs) new() string {
	l.next++
	return l.run + "." + strconv.Itoa(l.next)
}

// change runs fn on an indexed batch and commits what it wrote; sync says
// whether the commit must be durable on return. It is waited for without the
// lock, so that changes share their syncs: others may see it before it is
// durable, and what they make of it comes after it in the log.
func (p *Pebble) change(sync bool, fn func(*tx) error) error {
	t := &tx{batch: &changes{Batch: p.db.NewIndexedBatch()}, accounts: map[accountKey]*collector.Account{}}
	t.reader = reader{r: t.batch, key: p.key}
	defer t.batch.Close()
	if err := p.commit(t, sync, fn); err != nil || !sync || t.batch.Empty() {
		return err
	}
	if err := t.batch.SyncWait(); err != nil {
		return fmt.Errorf("couldn't make a change of the store durable: %w", err)
	}
	return nil
}

// commit runs fn and puts what it wrote into the log, one change at a time.
func (p *Pebble) commit(t *tx, sync bool, fn func(*tx) error) (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t.keep = p.keep
	t.memo, t.batch.memo = p.memo, p.memo
	defer func() {
		if err != nil && p.memo != nil {
			p.memo = newMemo() // what it noted did not happen
		}
	}()
	if err := fn(t); err != nil {
		return err
	}
	if err := t.writeAccounts(); err != nil {
		return err
	}
	switch {
	case t.batch.Empty():
	case sync:
		err = p.db.ApplyNoSyncWait(t.batch.Batch, pebble.Sync)
	default:
		err = p.db.Apply(t.batch.Batch, pebble.NoSync)
	}
	if err != nil {
		return fmt.Errorf("couldn't commit to the store: %w", err)
	}
	p.keep = t.keep
	return nil
}

// Apply implements collector.Store.
func (p *Pebble) Apply(ctx context.Context, after, upTo collector.Offset, fn func(collector.Tx) error) error {
	return p.change(false, func(t *tx) error {
		at, err := t.Watermark(ctx)
		if err != nil {
			return err
		}
		if at != after {
			return fmt.Errorf("%w: they follow %d and it stands at %d", collector.ErrStale, after, at)
		}
		if err := fn(t); err != nil {
			return err
		}
		return t.set(keyspace.In(keyspace.Watermark), binary.BigEndian.AppendUint64(nil, uint64(upTo)))
	})
}

// LeaseDue implements collector.Store.
func (p *Pebble) LeaseDue(_ context.Context, q collector.LeaseQuery) (leased []collector.Delivery, err error) {
	err = p.change(false, func(t *tx) error {
		keys, err := t.dueKeys(keyspace.Look, q.Destination, q.Now, q.Max)
		if err != nil {
			return err
		}
		if q.Sends && len(keys) < q.Max {
			sends, err := t.dueKeys(keyspace.Due, q.Destination, q.Now, q.Max)
			if err != nil {
				return err
			}
			keys = union(keys, sends, q.Max)
		}
		if len(keys) == 0 {
			return nil
		}
		leased, err = leaseAll(t, keys, q.Now, p.leases.new(), q.Length)
		return err
	})
	return leased, err
}

// union appends to a what of b it lacks, up to max.
func union(a, b []collector.DeliveryKey, max int) []collector.DeliveryKey {
	known := make(map[collector.DeliveryKey]bool, len(a))
	for _, k := range a {
		known[k] = true
	}
	for _, k := range b {
		if len(a) < max && !known[k] {
			a = append(a, k)
		}
	}
	return a
}

// BeginAttempts implements collector.Store.
func (p *Pebble) BeginAttempts(_ context.Context, begun []collector.Delivery, at time.Time, length time.Duration) (good []collector.Delivery, err error) {
	err = p.change(true, func(t *tx) error {
		good, err = beginAll(t, begun, at, length)
		return err
	})
	return good, err
}

// SettleIfLeased implements collector.Store.
func (p *Pebble) SettleIfLeased(_ context.Context, settlements []collector.Settlement) (settled int, err error) {
	err = p.change(true, func(t *tx) error {
		settled, err = settleAll(t, settlements)
		return err
	})
	return settled, err
}

// Rescue implements collector.Store.
func (p *Pebble) Rescue(_ context.Context, destination string, now time.Time, all bool, doubtDueAt time.Time) (pending, inDoubt int, err error) {
	prefix := keyspace.In(keyspace.Leased)
	end := prefix.End()
	if !all {
		end = keyspace.In(keyspace.Leased).Time(now)
	}
	err = p.change(true, func(t *tx) error {
		keys, err := t.deliveryKeys(prefix, end, len(prefix)+8, maxScan)
		if err != nil {
			return err
		}
		keys = slices.DeleteFunc(keys, func(k collector.DeliveryKey) bool {
			return destination != "" && k.Destination != destination
		})
		pending, inDoubt, err = rescueAll(t, keys, now, doubtDueAt)
		return err
	})
	return pending, inDoubt, err
}

// Redrive implements collector.Store.
func (p *Pebble) Redrive(ctx context.Context, q collector.DeliveryQuery, now time.Time) (int, error) {
	return p.act(ctx, q, collector.StateDead, func(d *collector.Delivery) (bool, error) { return redrive(d, now) })
}

// Resolve implements collector.Store.
func (p *Pebble) Resolve(ctx context.Context, q collector.DeliveryQuery, to collector.State, now time.Time) (int, error) {
	return p.act(ctx, q, collector.StateInDoubt, func(d *collector.Delivery) (bool, error) { return resolve(d, to, now) })
}

// act does a person's act to the selected deliveries of one state.
func (p *Pebble) act(ctx context.Context, q collector.DeliveryQuery, in collector.State, act func(*collector.Delivery) (bool, error)) (n int, err error) {
	q.States = []collector.State{in}
	err = p.change(true, func(t *tx) error {
		list, err := t.Deliveries(ctx, q)
		if err != nil {
			return err
		}
		n, err = changeAll(t, list, act)
		return err
	})
	return n, err
}

// SetPause implements collector.Store.
func (p *Pebble) SetPause(_ context.Context, destination string, pause collector.Pause) error {
	key := keyspace.In(keyspace.Pause).Str(destination)
	return p.change(true, func(t *tx) error {
		if pause == (collector.Pause{}) {
			return t.batch.Delete(key, nil)
		}
		return t.put(key, pause)
	})
}

// Close implements collector.Store. The database belongs to the caller.
func (p *Pebble) Close() error { return nil }

var _ collector.Store = (*Pebble)(nil)
