package collector

import (
	"context"
	"errors"
)

// Offset is the position of an event in the journal. Offsets begin at 1, grow
// by one and are never used again; 0 is before the first.
type Offset uint64

// An Entry is an event with its position.
type Entry struct {
	Offset Offset
	Event  Event
}

// Errors of a journal.
var (
	// ErrBusy: too much is queued. Nothing was stored; try again later.
	ErrBusy = errors.New("the journal has more to do than it may queue")
	// ErrFull: the disk has no space for more. Nothing was stored; events are
	// accepted again by themselves when there is space.
	ErrFull = errors.New("the disk is nearly full")
	// ErrClosed: the journal was closed before the call. Nothing was stored.
	ErrClosed = errors.New("the journal is closed")
)

// An Appender makes events durable. It is what the edge is handed.
type Appender interface {
	// Append returns only after every event is on stable storage, with the
	// offset of the last one. It may fail and yet have stored the events (a
	// sync that reported an error after it reached the disk): except for
	// ErrBusy, ErrFull and ErrClosed an error means "perhaps", and readers tolerate the
	// same event ID twice. Concurrent calls are not interleaved: the events of
	// one call are neighbours, all or none of them stored. No reference to
	// events is kept after it returns.
	Append(ctx context.Context, events []Event) (Offset, error)

	// Healthy returns nil while the journal can append, and otherwise a
	// sentence that says why it cannot.
	Healthy() error
}

// A Journal is the durable record of everything the edge has accepted, in the
// order of acceptance. Every method is safe for concurrent use.
type Journal interface {
	Appender

	// Read returns up to max durable entries that follow after, in order and
	// without a gap but for those that have expired (Store.Sweep), which are the
	// oldest. It waits until there is at least one, and returns the
	// context's error when that ends first, ErrClosed when the journal is
	// closed meanwhile.
	Read(ctx context.Context, after Offset, max int) ([]Entry, error)

	// Durable is the offset of the last event on stable storage.
	Durable() Offset

	// Close waits for appends under way, then ends all calls.
	Close() error
}
