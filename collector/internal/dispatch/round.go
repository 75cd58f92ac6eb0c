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
	leave, openAt := d.gate.enter(now)
	used := false
	defer func() {
		if !used {
			d.gate.cancel(leave)
		}
	}()
	backlog, err := d.Store.Backlog(ctx, d.name, now, leave)
	if err != nil {
		return now, err
	}
	q := collector.LeaseQuery{Destination: d.name, Now: now, Max: looksMax, Length: leaseLength}
	q.Sends = leave > 0 && d.ripe(backlog, leave, now)
	if q.Sends {
		q.Max = leave
	} else if backlog.LookAt.IsZero() || backlog.LookAt.After(now) {
		return d.idleUntil(backlog, openAt, now), nil
	}
	leased, err := d.Store.LeaseDue(ctx, q)
	if err != nil || len(leased) == 0 {
		return now, err
	}
	if err := d.Await(ctx); err != nil {
		return now, err
	}
	sends := 0
	if q.Sends {
		sends = leave
	}
	outgoing, settled, err := d.prepare(ctx, leased, sends, now)
	if err != nil {
		return now, err
	}
	if d.gate.stopped() {
		for _, dl := range outgoing {
			settled = append(settled, back(dl, now, collector.StatePending, dl.DueAt, dl.Reasons...))
		}
		outgoing = nil
	}
	if len(settled) > 0 {
		if _, err := d.Store.SettleIfLeased(ctx, settled); err != nil {
			return now, err
		}
	}
	if len(outgoing) == 0 {
		return now, nil
	}
	begun, err := d.Store.BeginAttempts(ctx, outgoing, d.Now(), leaseLength)
	if err != nil || len(begun) == 0 {
		return now, err
	}
	used = true
	out.Go(func() {
		d.send(ctx, leave, begun)
		d.Poke()
	})
	return now, nil
}

// ripe reports whether a batch should go now: it is full, or its oldest has
// waited long enough.
func (d *Dispatcher) ripe(b collector.Backlog, leave int, now time.Time) bool {
	return b.Ready >= leave || b.Ready > 0 && !now.Before(b.SendAt.Add(d.limits.Linger))
}

// idleUntil is when the next round can have something to do.
func (d *Dispatcher) idleUntil(b collector.Backlog, openAt, now time.Time) time.Time {
	until := earlier(now.Add(idleMax), b.LookAt)
	if !b.SendAt.IsZero() {
		until = earlier(until, later(openAt, b.SendAt.Add(d.limits.Linger)))
	}
	return until
}

// earlier is the earlier of a time and another, which may be zero for none.
func earlier(a, b time.Time) time.Time {
	if !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// send sends deliveries whose attempts have begun, and settles them durably.
func (d *Dispatcher) send(ctx context.Context, leave int, begun []collector.Delivery) {
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

func (d *Dispatcher) settle(ctx context.Context, begun []collector.Delivery, verdicts []collector.Verdict, now time.Time) error {
	settlements := make([]collector.Settlement, len(begun))
	for i := range begun {
		settlements[i] = d.outcome(begun[i], verdicts[i], now)
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
