package engine

import (
	"context"
	"fmt"

	"matchkey/collector"
	"matchkey/collector/internal/store"
)

// Reader reads the derived state, without what has expired.
func (e *Engine) Reader() collector.Reader {
	return store.Unexpired(e.store, e.config.Retention, e.config.Now)
}

// SetSites has events matched by other scenarios from now on; what matched already
// stays as it is. The sites have to be those that the engine was opened with, and
// their consent the same: dispatchers go on deciding by that.
func (e *Engine) SetSites(sites map[string]Site) error {
	now := e.pipeline.SitesNow()
	for name := range sites {
		if _, ok := now[name]; !ok || len(sites) != len(now) {
			return fmt.Errorf("the sites are others than those that run; site %q takes a restart", name)
		}
	}
	e.pipeline.SetSites(sites)
	return nil
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

// Alarms are what a person should act on that is of no one destination.
func (e *Engine) Alarms() (all []collector.Alarm) {
	for _, s := range e.pipeline.Shares() {
		if s.Alarming() {
			all = append(all, collector.Alarm{Reason: collector.ReasonScenarioShare, Detail: fmt.Sprintf(
				"scenario %s of site %s: %d of %d events of browsers (%d %%, at most %d %% are wanted)", s.Scenario, s.Site, s.Matched, s.Events, s.Percent(), s.Max)})
		}
	}
	return all
}

// Destinations implements collector.Operations.
func (e *Engine) Destinations() (all []collector.DestinationStatus) {
	for _, name := range e.order {
		all = append(all, e.dispatchers[name].Status())
	}
	return all
}

var _ collector.Operations = (*Engine)(nil)
