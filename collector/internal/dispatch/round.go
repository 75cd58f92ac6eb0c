package dispatch

import (
	"context"
	"fmt"
	"sync"
	"time"

	"matchkey/collector"
)

// turn works one round: it decides what has to be decided, and starts a request
// when one may go. It returns until when there is nothing to do; a time that is
// not ahead means that there may be more at once.
func (d *Dispatcher) turn(ctx context.Context, out *sync.WaitGroup) (until time.Time, err error) {
	now := d.Now()
	leave := d.gate.enter(now)
	if leave.ask {
		out.Go(func() { d.ask(ctx) })
	}
	used := false
	defer func() {
		if !used {
			d.gate.cancel(leave.n)
		}
	}()
	backlog, err := d.Store.Backlog(ctx, d.name, now, leave.n)
	if err != nil {
		return now, err
	}
	sends := leave.n > 0 && d.ripe(backlog, leave.n, now)
	looks := !backlog.LookAt.IsZero() && !backlog.LookAt.After(now)
	if !sends && !looks {
		return d.idleUntil(backlog, leave.at, now), nil
	}
	// All that was acknowledged by now is applied before anything is decided. This
	// may take long when the pipeline is behind, so nothing is leased before.
	if err := d.Await(ctx); err != nil {
		return now, err
	}
	now = d.Now()
	if looks {
		if _, err := d.lease(ctx, collector.LeaseQuery{Max: looksMax}, now); err != nil {
			return now, err
		}
	}
	if !sends {
		return now, nil
	}
	outgoing, err := d.lease(ctx, collector.LeaseQuery{Max: leave.n, Sends: true}, now)
	if err != nil || len(outgoing) == 0 {
		return now, err
	}
	begun, err := d.begin(ctx, outgoing)
	if err != nil || len(begun) == 0 {
		return now, err
	}
	used = true
	out.Go(func() {
		d.send(ctx, leave.n, begun)
		d.Poke()
	})
	return now, nil
}

// lease leases and decides. What is to be sent comes back; all else is settled.
// When something fails, the leases are given back.
func (d *Dispatcher) lease(ctx context.Context, q collector.LeaseQuery, now time.Time) ([]candidate, error) {
	q.Destination, q.Now, q.Length = d.name, now, leaseLength
	leased, err := d.Store.LeaseDue(ctx, q)
	if err != nil || len(leased) == 0 {
		return nil, err
	}
	sends := 0
	if q.Sends {
		sends = q.Max
	}
	outgoing, settled, err := d.prepare(ctx, leased, sends, now)
	if err == nil && d.gate.stopped() {
		for _, c := range outgoing {
			settled = append(settled, rest(c.Delivery, now))
		}
		outgoing = nil
	}
	if err == nil && len(settled) > 0 {
		_, err = d.Store.SettleIfLeased(ctx, settled)
	}
	if err != nil {
		d.giveBack(ctx, leased, now)
		return nil, err
	}
	return outgoing, nil
}

// giveBack puts leases back, as far as the store takes it; what it does not take
// lapses.
func (d *Dispatcher) giveBack(ctx context.Context, leased []collector.Delivery, now time.Time) {
	settled := make([]collector.Settlement, len(leased))
	for i := range leased {
		settled[i] = rest(leased[i], now)
	}
	_, _ = d.Store.SettleIfLeased(context.WithoutCancel(ctx), settled) // the fault is known already
}

// An attempt is a delivery whose attempt has begun, with the window that it had
// before.
type attempt struct {
	collector.Delivery
	own window
}

// begin records that attempts begin, each with the window from then on.
func (d *Dispatcher) begin(ctx context.Context, outgoing []candidate) ([]attempt, error) {
	deliveries, own := make([]collector.Delivery, len(outgoing)), make(map[collector.DeliveryKey]window, len(outgoing))
	for i, c := range outgoing {
		own[c.Key] = window{c.ExpiresAt, c.ExpiresWhy}
		c.ExpiresAt, c.ExpiresWhy = c.attempted.until, c.attempted.why
		deliveries[i] = c.Delivery
	}
	begun, err := d.Store.BeginAttempts(ctx, deliveries, d.Now(), leaseLength)
	if err != nil {
		d.giveBack(ctx, deliveries, d.Now())
		return nil, err
	}
	attempts := make([]attempt, len(begun))
	for i, dl := range begun {
		attempts[i] = attempt{dl, own[dl.Key]}
	}
	return attempts, nil
}

// ripe reports whether a batch should go now: it is full, or its oldest has
// waited long enough.
func (d *Dispatcher) ripe(b collector.Backlog, leave int, now time.Time) bool {
	return b.Ready >= leave || b.Ready > 0 && !now.Before(b.SendAt.Add(d.limits.Linger))
}

// idleUntil is when the next round can have something to do.
func (d *Dispatcher) idleUntil(b collector.Backlog, openAt, now time.Time) time.Time {
	until := collector.Earlier(now.Add(idleMax), b.LookAt)
	if !b.SendAt.IsZero() {
		until = collector.Earlier(until, collector.Later(openAt, b.SendAt.Add(d.limits.Linger)))
	}
	return until
}

// send sends deliveries whose attempts have begun, and settles them durably.
func (d *Dispatcher) send(ctx context.Context, leave int, begun []attempt) {
	parcels := make([]collector.Parcel, len(begun))
	for i := range begun {
		parcels[i] = collector.Parcel{Key: begun[i].Key, Body: begun[i].Payload.Body}
	}
	limited, cancel := context.WithTimeout(ctx, sendTimeout)
	verdicts := d.Destination.Send(limited, parcels)
	cancel()
	now := d.Now()
	// The gate closes before the deliveries are due again.
	c := d.gate.done(leave, verdicts, now)
	if len(verdicts) != len(begun) {
		d.note(&d.settleFault, fmt.Errorf("BUG: it gave %d verdicts for %d parcels, which are in doubt now", len(verdicts), len(begun)))
		return
	}
	d.say(c, verdicts)
	d.note(&d.settleFault, d.settle(ctx, begun, verdicts, now))
}

func (d *Dispatcher) settle(ctx context.Context, begun []attempt, verdicts []collector.Verdict, now time.Time) error {
	settlements := make([]collector.Settlement, len(begun))
	for i := range begun {
		settlements[i] = d.outcome(begun[i].Delivery, begun[i].own, verdicts[i], now)
	}
	// What the destination said must be written even when we are told to stop; what
	// cannot be written becomes a doubt. So it is tried as long as the lease lasts.
	for {
		_, err := d.Store.SettleIfLeased(context.WithoutCancel(ctx), settlements)
		if err == nil {
			break
		}
		if ctx.Err() != nil || !d.Now().Add(faultPause).Before(begun[0].Lease.Until) {
			return err
		}
		d.note(&d.settleFault, err)
		d.Sleep(ctx, d.Now().Add(faultPause), nil)
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

// say logs what verdicts changed about the destination.
func (d *Dispatcher) say(c change, verdicts []collector.Verdict) {
	said := summarise(verdicts)
	if v := said.blocked; c.paused && v != nil {
		d.Log.Error("dispatch: paused a destination, which takes nothing until a person acts; nothing is lost and it is tried again by itself",
			"destination", d.name, "reason", v.Reason, "detail", v.Detail, "next_try", c.until)
	}
	if v := said.failed; c.opened && v != nil {
		d.Log.Error("dispatch: a destination fails; nothing is lost, and one delivery at a time is tried until it takes one",
			"destination", d.name, "reason", v.Reason, "detail", v.Detail, "next_try", c.until)
	}
	if c.held {
		d.Log.Warn("dispatch: a destination asks to send less; waiting", "destination", d.name,
			"usage_percent", said.usage.Percent, "until", c.until)
	}
	if c.resumed || c.closed {
		d.Log.Info("dispatch: a destination takes deliveries again", "destination", d.name)
	}
	for _, a := range said.alarms {
		d.Log.Warn("dispatch: a destination says what a person should know", "destination", d.name, "reason", a.Reason, "detail", a.Detail)
	}
}
