package engine

import (
	"context"

	"matchkey/collector"
)

// Reader reads the derived state.
func (e *Engine) Reader() collector.Reader { return e.store }

// Redrive implements collector.Operations.
func (e *Engine) Redrive(ctx context.Context, q collector.DeliveryQuery) (int, error) {
	n, err := e.store.Redrive(ctx, q, e.config.Now())
	if n > 0 {
		e.config.Log.Info("engine: dead deliveries were put back to pending", "count", n)
		e.poke()
	}
	return n, err
}

// Resume implements collector.Operations.
func (e *Engine) Resume(destination string) bool {
	d := e.dispatchers[destination]
	return d != nil && d.Resume()
}

// Destinations implements collector.Operations.
func (e *Engine) Destinations() (all []collector.DestinationStatus) {
	for _, name := range e.order {
		all = append(all, e.dispatchers[name].Status())
	}
	return all
}

var _ collector.Operations = (*Engine)(nil)
