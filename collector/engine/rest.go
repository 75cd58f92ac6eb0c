package engine

import (
	"context"
	"time"
)

// The pipeline and the edge share the cores. Somebody waits for what the edge
// does and nobody for what the pipeline does, so while the edge has more to do
// than the machine can, the pipeline rests between its runs and the lag grows. At
// half of the lag's bound it rests no more: then both get what they can take, the
// edge answers more slowly, and the lag grows slowly or not at all. At the bound
// the edge refuses (admission.go).

const (
	// crowded is how many appends wait for the disk at once when the edge counts as
	// saturated. A machine that keeps up has a few: those that came during one fsync.
	crowded = 32
	// restRounds and restStep are how long the pipeline rests after a run at most,
	// and how often it looks whether it still has to: some percent of one core are
	// left to it, and a burst that ends is noticed soon.
	restRounds = 50
	restStep   = 10 * time.Millisecond
)

// rest waits while it is the edge's turn.
func (e *Engine) rest(ctx context.Context) {
	for range restRounds {
		if ctx.Err() != nil || !givesWay(e.journal.Crowd(), e.Lag(), e.config.MaxLag) {
			return
		}
		after(ctx, restStep)
	}
}

// givesWay reports whether the pipeline rests: the edge is saturated, and there is
// room for the lag to grow. Pure.
func givesWay(crowd, lag, maxLag int) bool { return crowd >= crowded && lag < maxLag/2 }
