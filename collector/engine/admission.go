package engine

import (
	"context"
	"fmt"

	"matchkey/collector"
)

// admission is the journal as the edge sees it: it refuses new events while
// the pipeline is too far behind, so that lag is bounded and not memory, and
// while the disk is filling up.
type admission struct{ e *Engine }

// Journal is what the edge appends to.
func (e *Engine) Journal() collector.Appender { return admission{e} }

// Append implements collector.Appender.
func (a admission) Append(ctx context.Context, events []collector.Event) (collector.Offset, error) {
	if a.e.Lag() > a.e.config.MaxLag {
		return 0, collector.ErrBusy
	}
	if err := a.e.space.forEvents(); err != nil {
		return 0, err
	}
	return a.e.journal.Append(ctx, events)
}

// Healthy implements collector.Appender.
func (a admission) Healthy() error {
	if err := a.e.journal.Healthy(); err != nil {
		return err
	}
	if err := a.e.space.forEvents(); err != nil {
		return err
	}
	lag := a.e.Lag()
	if lag <= a.e.config.MaxLag {
		return nil
	}
	if fault := a.e.pipeline.Healthy(); fault != nil {
		return fmt.Errorf("%d events wait to be applied, and that stands still: %w", lag, fault)
	}
	return fmt.Errorf("%d events wait to be applied, more than %d; new ones are accepted again when it has caught up",
		lag, a.e.config.MaxLag)
}

// Lag is how many durable events are not applied yet.
func (e *Engine) Lag() int { return int(e.journal.Durable() - e.pipeline.Applied()) }
