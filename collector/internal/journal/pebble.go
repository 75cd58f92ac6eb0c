package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"matchkey/collector"
	"matchkey/collector/internal/keyspace"
)

// Bounds of the queue before the disk. When one is reached Append answers
// ErrBusy, long before memory grows.
const (
	maxQueued      = 8192     // appends
	maxQueuedBytes = 64 << 20 // frames of all queued and unsynced appends
	maxGroupBytes  = 4 << 20  // frames of one group commit
	maxSyncing     = 4        // groups written and not yet synced
)

// Pebble is a journal in a Pebble database, which it shares with the store and
// does not own.
type Pebble struct {
	db *pebble.DB

	queue   chan *appending
	syncing chan *group
	bytes   atomic.Int64  // frames queued and unsynced
	done    chan struct{} // closed when the syncer has ended

	// closing guards queue against a send after its close.
	closing sync.RWMutex
	closed  bool

	// mu guards the fields below.
	mu      sync.Mutex
	durable collector.Offset
	failed  error
	broken  chan struct{} // closed when failed is set
	grown   chan struct{} // closed and replaced when durable grows or the journal ends
	ended   bool
}

// appending is one call of Append on its way; last and err are written by the
// syncer before done is closed.
type appending struct {
	frames [][]byte
	size   int64
	last   collector.Offset
	err    error
	done   chan struct{}
}

// group is what one fsync makes durable.
type group struct {
	batch   *pebble.Batch
	members []*appending
	last    collector.Offset
	size    int64
}

// OpenPebble continues the journal in db, or begins it. The caller closes the
// journal before the database.
func OpenPebble(db *pebble.DB) (*Pebble, error) {
	last, err := End(db)
	if err != nil {
		return nil, err
	}
	j := &Pebble{
		db: db, durable: last,
		queue:   make(chan *appending, maxQueued),
		syncing: make(chan *group, maxSyncing),
		done:    make(chan struct{}),
		broken:  make(chan struct{}),
		grown:   make(chan struct{}),
	}
	go j.commit(last)
	go j.sync()
	return j, nil
}

// End is the offset of the last frame that was ever in db, 0 when there was none.
func End(db *pebble.DB) (collector.Offset, error) {
	prefix := keyspace.In(keyspace.Journal)
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: prefix.End()})
	if err != nil {
		return 0, fmt.Errorf("couldn't look for the journal's end: %w", err)
	}
	defer it.Close()
	if it.Last() {
		return offsetOf(it.Key())
	}
	if err := it.Error(); err != nil {
		return 0, err
	}
	// All of it may have expired: offsets are never used again.
	begins, err := BeginningOf(db)
	return max(begins.From, 1) - 1, err
}

func offsetOf(key []byte) (collector.Offset, error) {
	if len(key) != 9 {
		return 0, fmt.Errorf("journal key %x is not a table and an offset", key)
	}
	return collector.Offset(binary.BigEndian.Uint64(key[1:])), nil
}

func frameKey(o collector.Offset) []byte { return keyspace.In(keyspace.Journal).U64(uint64(o)) }

// Append implements collector.Appender. Encoding happens in the caller's
// goroutine, so that cores share it. When ctx ends first the events may yet
// become durable.
func (j *Pebble) Append(ctx context.Context, events []collector.Event) (collector.Offset, error) {
	if len(events) == 0 {
		return j.Durable(), nil
	}
	a := &appending{frames: make([][]byte, len(events)), done: make(chan struct{})}
	for i := range events {
		frame, err := encode(&events[i])
		if err != nil {
			return 0, err
		}
		a.frames[i] = frame
		a.size += int64(len(frame))
	}
	if err := j.enqueue(a); err != nil {
		return 0, err
	}
	select {
	case <-a.done:
		return a.last, a.err
	case <-ctx.Done():
		return 0, fmt.Errorf("the journal did not answer in time: %w", ctx.Err())
	}
}

func (j *Pebble) enqueue(a *appending) error {
	j.closing.RLock()
	defer j.closing.RUnlock()
	if j.closed {
		return collector.ErrClosed
	}
	if err := j.Healthy(); err != nil {
		return err
	}
	if j.bytes.Add(a.size) > maxQueuedBytes {
		j.bytes.Add(-a.size)
		return collector.ErrBusy
	}
	select {
	case j.queue <- a:
		return nil
	default:
		j.bytes.Add(-a.size)
		return collector.ErrBusy
	}
}

// commit gives out offsets and writes groups, in one goroutine, so that the
// order of offsets is the order of the write-ahead log.
func (j *Pebble) commit(last collector.Offset) {
	defer close(j.syncing)
	for a := range j.queue {
		g := &group{batch: j.db.NewBatch()}
		for a != nil {
			last = g.add(a, last)
			a = nil
			if g.size < maxGroupBytes {
				select {
				case a = <-j.queue: // nil when the queue is closed and empty
				default:
				}
			}
		}
		if err := j.Healthy(); err != nil {
			j.answer(g, err)
			continue
		}
		if err := j.db.ApplyNoSyncWait(g.batch, pebble.Sync); err != nil {
			j.answer(g, err)
			continue
		}
		j.syncing <- g
	}
}

func (g *group) add(a *appending, last collector.Offset) collector.Offset {
	for _, frame := range a.frames {
		last++
		// A batch in memory takes every Set; the error is that of a closed one.
		_ = g.batch.Set(frameKey(last), frame, nil)
	}
	a.last, g.last = last, last
	g.size += a.size
	g.members = append(g.members, a)
	return last
}

// sync waits for the disk and answers.
func (j *Pebble) sync() {
	defer close(j.done)
	for g := range j.syncing {
		err := g.batch.SyncWait()
		if err == nil {
			err = j.Healthy() // behind a failed sync nothing is certain
		}
		j.answer(g, err)
	}
}

// answer tells a group's members what became of it. After a failed sync
// nothing is known of what the disk holds, so the journal refuses all that
// follows: the file system may drop written pages after an fsync error.
func (j *Pebble) answer(g *group, err error) {
	if err != nil {
		j.fail(err)
		err = j.Healthy()
	} else {
		_ = g.batch.Close()
		j.advance(g.last)
	}
	j.bytes.Add(-g.size)
	for _, a := range g.members {
		a.err = err
		close(a.done)
	}
}

func (j *Pebble) fail(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed == nil {
		j.failed = fmt.Errorf("the journal couldn't be written, and accepts nothing more until matchkey "+
			"is started again; what was acknowledged is safe: %w", err)
		close(j.broken)
	}
}

func (j *Pebble) advance(to collector.Offset) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.durable = to
	close(j.grown)
	j.grown = make(chan struct{})
}

// Healthy implements collector.Appender.
func (j *Pebble) Healthy() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.failed
}

// Failed is closed when a write or a sync failed: nothing is accepted from then
// on, and [Pebble.Healthy] says why. Only a new start learns what the disk holds.
func (j *Pebble) Failed() <-chan struct{} { return j.broken }

// Durable implements collector.Journal.
func (j *Pebble) Durable() collector.Offset {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.durable
}

// Read implements collector.Journal. An unreadable frame ends the entries
// before it; when it is the first, Read returns a FrameError.
func (j *Pebble) Read(ctx context.Context, after collector.Offset, max int) ([]collector.Entry, error) {
	for {
		j.mu.Lock()
		durable, grown, ended := j.durable, j.grown, j.ended
		j.mu.Unlock()
		if durable > after {
			return j.readTo(after, durable, max)
		}
		if ended {
			return nil, collector.ErrClosed
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (j *Pebble) readTo(after, durable collector.Offset, max int) ([]collector.Entry, error) {
	it, err := j.db.NewIter(&pebble.IterOptions{LowerBound: frameKey(after + 1), UpperBound: frameKey(durable + 1)})
	if err != nil {
		return nil, fmt.Errorf("couldn't read the journal after %d: %w", after, err)
	}
	defer it.Close()
	var entries []collector.Entry
	for ok := it.First(); ok && len(entries) < max; ok = it.Next() {
		offset, err := offsetOf(it.Key())
		if err != nil {
			return entries, err
		}
		ev, err := decode(it.Value())
		if err != nil {
			if len(entries) > 0 {
				return entries, nil
			}
			return nil, &FrameError{Offset: offset, Err: err}
		}
		entries = append(entries, collector.Entry{Offset: offset, Event: ev})
	}
	return entries, it.Error()
}

// Redact replaces the event at an offset, as part of a larger change: it reads
// through r and writes to w. An offset that is no longer kept is passed over.
// The event must have the key of the one it replaces.
func Redact(r pebble.Reader, w pebble.Writer, e collector.Entry) error {
	key := frameKey(e.Offset)
	old, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("couldn't read journal frame %d to redact it: %w", e.Offset, err)
	}
	frame, err := redacted(old, e)
	closer.Close()
	var unreadable *FrameError
	if errors.As(err, &unreadable) {
		return nil // never applied, and set aside: it must not block what is
	}
	if err != nil {
		return err
	}
	return w.Set(key, frame, nil)
}

// EntryOf reads one row of the journal's table, for who goes through all of it.
// A frame that cannot be read gives a FrameError.
func EntryOf(key, frame []byte) (e collector.Entry, err error) {
	if e.Offset, err = offsetOf(key); err != nil {
		return e, err
	}
	if e.Event, err = decode(frame); err != nil {
		return e, &FrameError{Offset: e.Offset, Err: err}
	}
	return e, nil
}

// At reads the event at an offset; ok is false when there is no frame, or one that
// cannot be read.
func At(r pebble.Reader, o collector.Offset) (ev collector.Event, ok bool, err error) {
	frame, closer, err := r.Get(frameKey(o))
	if errors.Is(err, pebble.ErrNotFound) {
		return ev, false, nil
	}
	if err != nil {
		return ev, false, fmt.Errorf("couldn't read journal frame %d: %w", o, err)
	}
	ev, unreadable := decode(frame)
	return ev, unreadable == nil, closer.Close()
}

// Forget replaces the event at an offset by what is left of one whose person was
// erased, as part of a larger change: it reads through r and writes to w. done is
// false when there is no such frame or it was forgotten before; an unreadable
// frame goes as well, because nobody can say whose it is.
func Forget(r pebble.Reader, w pebble.Writer, o collector.Offset, id string) (done bool, err error) {
	key := frameKey(o)
	old, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("couldn't read journal frame %d to erase it: %w", o, err)
	}
	frame, err := forgotten(old, id)
	closer.Close()
	if frame == nil || err != nil {
		return false, err
	}
	return true, w.Set(key, frame, nil)
}

// Close implements collector.Journal: what was queued becomes durable first.
func (j *Pebble) Close() error {
	j.closing.Lock()
	if j.closed {
		j.closing.Unlock()
		return nil
	}
	j.closed = true
	close(j.queue)
	j.closing.Unlock()
	<-j.done

	j.mu.Lock()
	defer j.mu.Unlock()
	j.ended = true
	close(j.grown)
	j.grown = make(chan struct{})
	return nil
}

var _ collector.Journal = (*Pebble)(nil)
