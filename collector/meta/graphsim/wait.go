package graphsim

// Time that passes: latency, late answers and silence. It goes through a seam,
// so that a test of half a minute's silence need not last half a minute.

import (
	"context"
	"time"
)

// wait lets d pass, or for ever when d is zero, and reports whether it did;
// false: the sender has given up, or the Sim was closed.
func (s *Sim) wait(ctx context.Context, d time.Duration) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.open, cancel)()
	if d > 0 {
		s.sleep(ctx, d)
	} else {
		<-ctx.Done()
	}
	return ctx.Err() == nil
}

// sleep is the Sleep of a Sim that was given none.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// Close ends every silence: what hangs is cut, late answers are given at once,
// also those to come. Call it before closing a server that serves the Sim and
// waits for its answers. What was received can still be read.
func (s *Sim) Close() { s.shut() }
