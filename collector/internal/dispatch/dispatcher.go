package dispatch

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"matchkey/collector"
)

const (
	// batchMax is how many deliveries one round leases.
	batchMax = 200
	// leaseLength outlasts sendTimeout. BeginAttempts renews the lease, so that
	// it ends only with its holder, however long Await took before.
	leaseLength = 90 * time.Second
	sendTimeout = 60 * time.Second
	// probeEvery is how often a paused destination is tried with one delivery.
	probeEvery = 5 * time.Minute
	// lookAgain is how soon a paused destination's deliveries are decided again:
	// consent, holds and windows do not wait for the pause to end.
	lookAgain = time.Minute
	// idleMax bounds the sleep, so that lapsed leases are taken back.
	idleMax = 30 * time.Second
	// faultPause is the pause after an error of the store.
	faultPause = time.Second
)

// Options assemble a dispatcher for one destination.
type Options struct {
	Store       collector.Store
	Destination collector.Destination
	// Await returns when all that is durable at the call has been applied, so
	// that an acknowledged withdrawal is never overtaken by a send.
	Await func(context.Context) error
	// Deciders by site.
	Deciders map[string]collector.Decider
	Now      func() time.Time
	// Jitter is uniform in [0,1). Safe for concurrent use.
	Jitter func() float64
	// Sleep waits until a time, a value on wake or the context's end.
	Sleep func(ctx context.Context, until time.Time, wake <-chan struct{})
	// OnSettled is called with each delivery that was attempted, after its
	// outcome is durable; may be nil.
	OnSettled func(collector.Delivery)
	Log       *slog.Logger
}

// A Dispatcher sends a destination's deliveries. Use Run in one goroutine; all
// other methods are safe for concurrent use.
type Dispatcher struct {
	Options
	wake chan struct{}

	// mu guards the fields below.
	mu      sync.Mutex
	status  collector.DestinationStatus
	probeAt time.Time
	fault   error
}

// New returns a dispatcher that does nothing yet.
func New(o Options) *Dispatcher {
	return &Dispatcher{
		Options: o, wake: make(chan struct{}, 1),
		status: collector.DestinationStatus{Name: o.Destination.Name()},
	}
}

// Poke says that something may be due.
func (d *Dispatcher) Poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Status tells how the destination stands.
func (d *Dispatcher) Status() collector.DestinationStatus {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.status
}

// Healthy returns nil, or why nothing can be dispatched. A paused destination
// is healthy: the node is not what is wrong.
func (d *Dispatcher) Healthy() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fault
}

// Resume ends a pause; false when there is none.
func (d *Dispatcher) Resume() bool {
	d.mu.Lock()
	was := d.status.Paused != ""
	d.status = collector.DestinationStatus{Name: d.status.Name}
	d.mu.Unlock()
	d.Poke()
	return was
}

func (d *Dispatcher) pause(v collector.Verdict, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.status.Paused == "" {
		d.status.PausedAt = now
		d.Log.Error("dispatch: paused a destination; nothing is lost and it is tried again by itself",
			"destination", d.status.Name, "reason", v.Reason, "detail", v.Detail, "next_try", now.Add(probeEvery))
	}
	d.status.Paused, d.status.Detail = v.Reason, v.Detail
	d.probeAt = now.Add(probeEvery)
}

// allowance says how many deliveries may be sent now.
func (d *Dispatcher) allowance(now time.Time) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.status.Paused == "":
		return batchMax
	case now.Before(d.probeAt):
		return 0
	default:
		return 1
	}
}

// Run works until stop ends, and finishes the round under way. When ctx ends
// too, its requests are cut off, and what was sent and not answered is settled
// as in doubt.
func (d *Dispatcher) Run(ctx, stop context.Context) {
	rescueAt := d.Now().Add(leaseLength)
	for stop.Err() == nil {
		now := d.Now()
		if !now.Before(rescueAt) {
			rescueAt = now.Add(leaseLength)
			d.note(d.rescue(ctx, now))
		}
		worked, err := d.Step(ctx)
		if ctx.Err() != nil {
			return
		}
		d.note(err)
		switch {
		case err != nil:
			d.Sleep(stop, now.Add(faultPause), nil)
		case !worked:
			d.Sleep(stop, d.idleUntil(ctx), d.wake)
		}
	}
}

func (d *Dispatcher) note(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = nil
	if err != nil {
		d.fault = fmt.Errorf("destination %s: %w", d.status.Name, err)
		d.Log.Error("dispatch: a round failed; trying again", "destination", d.status.Name, "error", err)
	}
}

func (d *Dispatcher) rescue(ctx context.Context, now time.Time) error {
	pending, doubtful, err := d.Store.Rescue(ctx, d.Destination.Name(), now, false, now.Add(base))
	if pending+doubtful > 0 {
		d.Log.Warn("dispatch: took back leases that had lapsed", "pending", pending, "in_doubt", doubtful)
	}
	return err
}

func (d *Dispatcher) idleUntil(ctx context.Context) time.Time {
	now := d.Now()
	until := now.Add(idleMax)
	due, err := d.Store.NextDue(ctx, d.Destination.Name())
	if err != nil || due.IsZero() {
		return until
	}
	return earlier(until, due)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// Step works one round; worked is false when nothing was due.
func (d *Dispatcher) Step(ctx context.Context) (worked bool, err error) {
	now := d.Now()
	leased, err := d.Store.LeaseDue(ctx, d.Destination.Name(), now, batchMax, leaseLength)
	if err != nil || len(leased) == 0 {
		return false, err
	}
	if err := d.Await(ctx); err != nil {
		return false, err
	}
	outgoing, settled, err := d.prepare(ctx, leased, d.allowance(now), now)
	if err != nil {
		return false, err
	}
	if len(settled) > 0 {
		if _, err := d.Store.SettleIfLeased(ctx, settled); err != nil {
			return false, err
		}
	}
	return true, d.send(ctx, outgoing)
}

// send attempts deliveries: begin durably, send, settle durably.
func (d *Dispatcher) send(ctx context.Context, outgoing []collector.Delivery) error {
	if len(outgoing) == 0 {
		return nil
	}
	begun, err := d.Store.BeginAttempts(ctx, outgoing, d.Now(), leaseLength)
	if err != nil || len(begun) == 0 {
		return err
	}
	parcels := make([]collector.Parcel, len(begun))
	for i := range begun {
		parcels[i] = collector.Parcel{Key: begun[i].Key, Body: begun[i].Payload.Body}
	}
	limited, cancel := context.WithTimeout(ctx, sendTimeout)
	verdicts := d.Destination.Send(limited, parcels)
	cancel()
	if len(verdicts) != len(begun) {
		return fmt.Errorf("BUG: destination %s gave %d verdicts for %d parcels", d.Destination.Name(), len(verdicts), len(begun))
	}
	return d.settle(ctx, begun, verdicts)
}

func (d *Dispatcher) settle(ctx context.Context, begun []collector.Delivery, verdicts []collector.Verdict) error {
	now := d.Now()
	settlements := make([]collector.Settlement, len(begun))
	for i := range begun {
		settlements[i] = d.outcome(begun[i], verdicts[i], now)
	}
	d.heed(verdicts, now)
	// What the destination said must be written even when we are told to stop.
	if _, err := d.Store.SettleIfLeased(context.WithoutCancel(ctx), settlements); err != nil {
		return err
	}
	if d.OnSettled == nil {
		return nil
	}
	for i := range begun {
		after, ok, err := d.Store.Delivery(context.WithoutCancel(ctx), begun[i].Key)
		if err != nil {
			return err
		}
		if ok {
			d.OnSettled(after)
		}
	}
	return nil
}

// heed pauses the destination when it is blocked, and ends the pause when it
// took something.
func (d *Dispatcher) heed(verdicts []collector.Verdict, now time.Time) {
	for _, v := range verdicts {
		if v.Ruling == collector.Blocked {
			d.pause(v, now)
			return
		}
	}
	for _, v := range verdicts {
		if v.Ruling == collector.Accepted && d.Status().Paused != "" {
			d.Log.Info("dispatch: a paused destination accepts again", "destination", d.Destination.Name())
			d.Resume()
			return
		}
	}
}
