package engine

import (
	"context"

	"matchkey/collector"
	"matchkey/collector/internal/store"
)

// Reader reads the derived state, without what has expired.
func (e *Engine) Reader() collector.Reader {
	return store.Unexpired(e.store, e.config.Retention, e.config.Now)
}

// Redrive implements collector.Operations.
func (e *Engine) Redrive(ctx context.Context, q collector.DeliveryQuery) (int, error) {
	n, err := e.store.Redrive(ctx, q, e.config.Now())
	if n > 0 {
		e.config.Log.Info("engine: dead deliveries were put back to pending", "count", n)
		e.poke()
	}
	return n, err
}

// Resolve implements collector.Operations.
func (e *Engine) Resolve(ctx context.Context, q collector.DeliveryQuery, to collector.State) (int, error) {
	n, err := e.store.Resolve(ctx, q, to, e.config.Now())
	if n > 0 {
		e.config.Log.Info("engine: a person ended the doubt about deliveries", "count", n, "to", to)
		e.poke()
	}
	return n, err
}

// Pause implements collector.Operations.
func (e *Engine) Pause(ctx context.Context, destination, note string) (bool, error) {
	d := e.dispatchers[destination]
	if d == nil {
		return false, nil
	}
	return true, d.Pause(ctx, note)
}

// Resume implements collector.Operations.
func (e *Engine) Resume(ctx context.Context, destination string) (bool, error) {
	d := e.dispatchers[destination]
	if d == nil {
		return false, nil
	}
	return d.Resume(ctx)
}

// Recheck has every destination asked how it stands, soon; for when a person
// has changed what it needs.
func (e *Engine) Recheck() {
	for _, d := range e.dispatchers {
		d.Recheck()
	}
}

// Destinations implements collector.Operations.
func (e *Engine) Destinations() (all []collector.DestinationStatus) {
	for _, name := range e.order {
		all = append(all, e.dispatchers[name].Status())
	}
	return all
}

var _ collector.Operations = (*Engine)(nil)
