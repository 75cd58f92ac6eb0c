package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
)

// DefaultDiskReserve is how much of the disk is left free, in bytes. It holds
// what is still written after events are refused (the backlog that is applied,
// flushes of memory, settlements), and more than comes in between two looks.
const DefaultDiskReserve = 512 << 20

// lookEvery is how often the free space is looked at.
const lookEvery = time.Second

// space watches how much of the disk under the data folder is free, so that
// writing ends in order before the disk is full: Pebble ends the process when
// its write-ahead log meets a full disk, whoever filled it.
//
// Below the reserve no event is accepted; below half of it nothing is applied
// and nothing new is sent either. What was sent is settled always. Each bound is
// left only at a quarter above it, so that a disk at the bound does not flap.
type space struct {
	fs      vfs.FS
	dir     string
	reserve uint64
	log     *slog.Logger

	end context.CancelFunc // nobody waits for space any more
	cut <-chan struct{}    // closed by end

	mu          sync.Mutex // guards the fields below
	known       bool       // false where the file system does not say
	free        uint64
	low, scarce bool
}

func newSpace(fs vfs.FS, c Config) *space {
	ctx, end := context.WithCancel(context.Background())
	return &space{fs: fs, dir: c.Dir, reserve: c.DiskReserve, log: c.Log, end: end, cut: ctx.Done()}
}

// await waits for a while when the log met a full disk: somebody took what was free
// within one look. It returns false when nobody waits any more.
func (s *space) await() bool {
	s.mu.Lock()
	if s.known && !s.scarce {
		s.log.Error("engine: the disk is full; what is under way waits, and nothing is accepted, applied or sent until there is space")
		s.low, s.scarce, s.free = true, true, 0
	}
	s.mu.Unlock()
	t := time.NewTimer(lookEvery)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.cut:
		return false
	}
}

// look reads the free space; it returns false when the file system never says.
func (s *space) look() bool {
	usage, err := s.fs.GetDiskUsage(s.dir)
	if err != nil {
		// What cannot be asked is no reason to refuse: a disk that is really broken
		// shows in the journal.
		return !errors.Is(err, vfs.ErrUnsupported)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	wasLow, wasScarce := s.low, s.scarce
	s.known, s.free = true, usage.AvailBytes
	s.low = below(s.free, s.reserve, wasLow)
	s.scarce = below(s.free, s.reserve/2, wasScarce)
	switch {
	case s.scarce && !wasScarce:
		s.log.Error("engine: the disk is nearly full; nothing is accepted, applied or sent until there is space, and nothing is lost",
			"free_mb", s.free>>20, "reserve_mb", s.reserve>>20)
	case s.low && !wasLow:
		s.log.Error("engine: the disk is filling up; events are answered 503 and come again, until there is space",
			"free_mb", s.free>>20, "reserve_mb", s.reserve>>20)
	case !s.low && wasLow:
		s.log.Info("engine: the disk has space again; events are accepted", "free_mb", s.free>>20)
	}
	return true
}

// below reports whether free is under a bound that is left a quarter above it.
func below(free, bound uint64, was bool) bool {
	if was {
		bound += bound / 4
	}
	return free < bound
}

// watch looks until ctx ends.
func (s *space) watch(ctx context.Context) {
	for ctx.Err() == nil && s.look() {
		after(ctx, lookEvery)
	}
}

// forEvents returns nil, or that there is no space for new events.
func (s *space) forEvents() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.low {
		return nil
	}
	return fmt.Errorf("%w: %d MB are free and %d MB are kept in reserve (disk_reserve_mb); "+
		"make space, and events are accepted again at %d MB without a restart",
		collector.ErrFull, s.free>>20, s.reserve>>20, (s.reserve+s.reserve/4)>>20)
}

// forWork returns nil, or that there is no space to apply and to send.
func (s *space) forWork() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.scarce {
		return nil
	}
	return fmt.Errorf("%w: %d MB are free, and under half of the reserve of %d MB nothing is applied or sent",
		collector.ErrFull, s.free>>20, s.reserve>>20)
}

// freeBytes is the free space; known is false where the file system does not say.
func (s *space) freeBytes() (free uint64, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.free, s.known
}

// sparing is the store as pipeline and dispatchers see it: it begins nothing
// while space is scarce. What has begun may end.
type sparing struct {
	collector.Store
	space *space
}

// Apply implements collector.Store.
func (s sparing) Apply(ctx context.Context, after, upTo collector.Offset, fn func(collector.Tx) error) error {
	if err := s.space.forWork(); err != nil {
		return err
	}
	return s.Store.Apply(ctx, after, upTo, fn)
}

// LeaseDue implements collector.Store.
func (s sparing) LeaseDue(ctx context.Context, q collector.LeaseQuery) ([]collector.Delivery, error) {
	if err := s.space.forWork(); err != nil {
		return nil, err
	}
	return s.Store.LeaseDue(ctx, q)
}
