package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"matchkey/collector"
	"matchkey/collector/internal/keyspace"
)

// Bounds of the queue before the disk. When one is reached Append answers
// ErrBusy, long before memory grows.
const (
	maxQueued      = 8192     // appends queued and unsynced
	maxQueuedBytes = 64 << 20 // their frames
	maxGroupBytes  = 4 << 20  // frames of one group commit
)

// Pebble is a journal in a Pebble database, which it shares with the store and
// does not own.
type Pebble struct {
	db     *pebble.DB
	wake   chan struct{} // holds one when there is something for the committer
	done   chan struct{} // closed when the committer has ended
	broken chan struct{} // closed when failed is set

	durable atomic.Uint64 // offset; written with mu held

	// mu guards the fields below.
	mu     sync.Mutex
	queue  []*group // what the committer has not taken; only the last one grows
	queued int      // appends queued and unsynced
	crowd  int      // the most of them since Crowd was asked
	size   int64    // bytes of their frames
	closed bool
	failed error
	grown  chan struct{} // closed and replaced when durable grows or the journal ends
	ended  bool
}

// A group is the appends that one fsync makes durable. The committer owns it once
// it took it; before is valid and err is written before done is closed.
type group struct {
	frames  [][]byte
	appends int
	size    int64
	before  collector.Offset // of the frame before its first one
	err     error
	done    chan struct{}
}

// OpenPebble continues the journal in db, or begins it. The caller closes the
// journal before the database.
func OpenPebble(db *pebble.DB) (*Pebble, error) {
	last, err := End(db)
	if err != nil {
		return nil, err
	}
	j := &Pebble{
		db:     db,
		wake:   make(chan struct{}, 1),
		done:   make(chan struct{}),
		broken: make(chan struct{}),
		grown:  make(chan struct{}),
	}
	j.durable.Store(uint64(last))
	go j.commit(last)
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
	var few [1][]byte // most appends are of one event
	frames := few[:0]
	for i := range events {
		frame, err := encode(&events[i])
		if err != nil {
			return 0, err
		}
		frames = append(frames, frame)
	}
	g, place, err := j.join(frames)
	if err != nil {
		return 0, err
	}
	select {
	case <-g.done:
		return g.before + collector.Offset(place), g.err
	case <-ctx.Done():
		return 0, fmt.Errorf("the journal did not answer in time: %w", ctx.Err())
	}
}

// join puts frames into the group that is written next. place is how many frames
// the group then has.
func (j *Pebble) join(frames [][]byte) (g *group, place int, err error) {
	var size int64
	for _, frame := range frames {
		size += int64(len(frame))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.closed:
		return nil, 0, collector.ErrClosed
	case j.failed != nil:
		return nil, 0, j.failed
	case j.queued == maxQueued, j.size+size > maxQueuedBytes:
		return nil, 0, collector.ErrBusy
	}
	if n := len(j.queue); n > 0 && j.queue[n-1].size < maxGroupBytes {
		g = j.queue[n-1]
	} else {
		g = &group{done: make(chan struct{})}
		j.queue = append(j.queue, g)
		select {
		case j.wake <- struct{}{}:
		default:
		}
	}
	g.frames = append(g.frames, frames...)
	g.appends++
	g.size += size
	j.queued++
	j.size += size
	j.crowd = max(j.crowd, j.queued)
	return g, len(g.frames), nil
}

// commit writes one group after the other, in one goroutine, so that the order of
// offsets is the order of the write-ahead log. What comes while a group is
// written and synced is the next group: the slower the disk or the more there is
// to do, the more share an fsync.
func (j *Pebble) commit(last collector.Offset) {
	defer close(j.done)
	for {
		g := j.take()
		if g == nil {
			return
		}
		g.before = last
		err := j.write(g)
		if err == nil {
			last += collector.Offset(len(g.frames))
		}
		j.answer(g, last, err)
	}
}

// take waits for the next group; nil when the journal is closed and all is written.
func (j *Pebble) take() *group {
	for {
		j.mu.Lock()
		if len(j.queue) > 0 {
			g := j.queue[0]
			j.queue = slices.Delete(j.queue, 0, 1)
			j.mu.Unlock()
			return g
		}
		closed := j.closed
		j.mu.Unlock()
		if closed {
			return nil
		}
		<-j.wake
	}
}

// write makes a group durable. Pebble begins the sync before it has put the
// frames into its memory, so the disk does not wait for that.
func (j *Pebble) write(g *group) error {
	// Behind a failed sync nothing is certain.
	if err := j.Healthy(); err != nil {
		return err
	}
	batch := j.db.NewBatch()
	for i, frame := range g.frames {
		// A batch in memory takes every Set; the error is that of a closed one.
		_ = batch.Set(frameKey(g.before+collector.Offset(i+1)), frame, nil)
	}
	if err := j.db.ApplyNoSyncWait(batch, pebble.Sync); err != nil {
		return err
	}
	if err := batch.SyncWait(); err != nil {
		return err
	}
	_ = batch.Close()
	return nil
}

// answer tells a group's members what became of it. After a failed sync
// nothing is known of what the disk holds, so the journal refuses all that
// follows: the file system may drop written pages after an fsync error.
func (j *Pebble) answer(g *group, durable collector.Offset, err error) {
	if err != nil {
		j.fail(err)
		err = j.Healthy()
	}
	j.mu.Lock()
	j.queued -= g.appends
	j.size -= g.size
	if err == nil {
		j.durable.Store(uint64(durable))
		close(j.grown)
		j.grown = make(chan struct{})
	}
	j.mu.Unlock()
	g.err = err
	close(g.done)
}

// Crowd is how many appends waited for the disk at once, at most, since it was
// last called.
func (j *Pebble) Crowd() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	most := j.crowd
	j.crowd = j.queued
	return most
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
func (j *Pebble) Durable() collector.Offset { return collector.Offset(j.durable.Load()) }

// Read implements collector.Journal. An unreadable frame ends the entries
// before it; when it is the first, Read returns a FrameError.
func (j *Pebble) Read(ctx context.Context, after collector.Offset, max int) ([]collector.Entry, error) {
	for {
		j.mu.Lock()
		durable, grown, ended := j.Durable(), j.grown, j.ended
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
	j.mu.Lock()
	if !j.closed {
		j.closed = true
		close(j.wake) // who sends holds mu and has seen closed
	}
	j.mu.Unlock()
	<-j.done

	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.ended {
		j.ended = true
		close(j.grown)
		j.grown = make(chan struct{})
	}
	return nil
}

var _ collector.Journal = (*Pebble)(nil)
