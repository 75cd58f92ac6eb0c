package journal

import (
	"context"
	"sync"

	"matchkey/collector"
)

// Memory is a journal in memory: nothing in it outlives the process. It is for
// tests, and keeps frames rather than events, so that a reader never shares
// memory with a writer.
type Memory struct {
	mu     sync.Mutex
	frames [][]byte // nil where an entry has expired
	failed error
	closed bool
	grown  chan struct{}
}

// NewMemory returns an empty journal.
func NewMemory() *Memory { return &Memory{grown: make(chan struct{})} }

// Append implements collector.Appender.
func (m *Memory) Append(_ context.Context, events []collector.Event) (collector.Offset, error) {
	frames := make([][]byte, len(events))
	for i := range events {
		var err error
		if frames[i], err = encode(&events[i]); err != nil {
			return 0, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed:
		return 0, collector.ErrClosed
	case m.failed != nil:
		return 0, m.failed
	}
	m.frames = append(m.frames, frames...)
	m.wake()
	return collector.Offset(len(m.frames)), nil
}

// wake tells readers to look again; mu is held.
func (m *Memory) wake() {
	close(m.grown)
	m.grown = make(chan struct{})
}

// Fail makes every later Append return err; nil makes it work again.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failed = err
}

// Healthy implements collector.Appender.
func (m *Memory) Healthy() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.failed
}

// Durable implements collector.Journal.
func (m *Memory) Durable() collector.Offset {
	m.mu.Lock()
	defer m.mu.Unlock()
	return collector.Offset(len(m.frames))
}

// Read implements collector.Journal.
func (m *Memory) Read(ctx context.Context, after collector.Offset, max int) ([]collector.Entry, error) {
	for {
		m.mu.Lock()
		frames, grown, closed := m.frames, m.grown, m.closed
		m.mu.Unlock()
		if int(after) < len(frames) {
			return readFrames(frames, after, max)
		}
		if closed {
			return nil, collector.ErrClosed
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func readFrames(frames [][]byte, after collector.Offset, max int) ([]collector.Entry, error) {
	var entries []collector.Entry
	for i := int(after); i < len(frames) && len(entries) < max; i++ {
		if frames[i] == nil {
			continue
		}
		ev, err := decode(frames[i])
		if err != nil {
			if len(entries) > 0 {
				break
			}
			return nil, &FrameError{Offset: collector.Offset(i + 1), Err: err}
		}
		entries = append(entries, collector.Entry{Offset: collector.Offset(i + 1), Event: ev})
	}
	return entries, nil
}

// Redact replaces the event at an offset by one of the same key; an offset that
// is not kept is passed over.
func (m *Memory) Redact(e collector.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := int(e.Offset) - 1
	if i < 0 || i >= len(m.frames) || m.frames[i] == nil {
		return nil
	}
	frame, err := redacted(m.frames[i], e)
	if err != nil {
		return err
	}
	// Readers hold the old slice: never write into it.
	m.frames = append([][]byte(nil), m.frames...)
	m.frames[i] = frame
	return nil
}

// Forget replaces the event at an offset as the function Forget does.
func (m *Memory) Forget(o collector.Offset, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	frame, err := forgotten(m.frames[o-1], id)
	if frame == nil || err != nil {
		return err
	}
	// Readers hold the old slice: never write into it.
	m.frames = append([][]byte(nil), m.frames...)
	m.frames[o-1] = frame
	return nil
}

// Remembers reports whether there is an event at an offset that was not forgotten.
func (m *Memory) Remembers(o collector.Offset) bool {
	frame := m.frame(o)
	ev, err := decode(frame)
	return frame != nil && (err != nil || !ev.IsForgotten())
}

// At reads the event at an offset as the function At does.
func (m *Memory) At(o collector.Offset) (collector.Event, bool) {
	ev, err := decode(m.frame(o))
	return ev, err == nil
}

// frame is the frame at an offset, nil when there is none.
func (m *Memory) frame(o collector.Offset) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	if o < 1 || int(o) > len(m.frames) {
		return nil
	}
	return m.frames[o-1]
}

// Frames lists entries as the function Frames does.
func (m *Memory) Frames(from, to collector.Offset, most int) (list []Framed) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for o := max(from, 1); o <= to && int(o) <= len(m.frames) && len(list) < most; o++ {
		if frame := m.frames[o-1]; frame != nil {
			ev, err := decode(frame)
			if err != nil {
				list = append(list, Framed{Offset: o})
				continue
			}
			list = append(list, framed(o, ev))
		}
	}
	return list
}

// Trim deletes the frames before an entry.
func (m *Memory) Trim(before collector.Offset) {
	m.mu.Lock()
	defer m.mu.Unlock()
	// Readers hold the old slice: never write into it.
	m.frames = append([][]byte(nil), m.frames...)
	clear(m.frames[:min(max(before, 1)-1, collector.Offset(len(m.frames)))])
}

// Close implements collector.Journal.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.closed = true
		m.wake()
	}
	return nil
}

var _ collector.Journal = (*Memory)(nil)
