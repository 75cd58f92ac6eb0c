package dispatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"matchkey/collector"
)

const (
	// looksMax is how many deliveries a round decides when it sends none.
	looksMax = 200
	// leaseLength outlasts sendTimeout. BeginAttempts renews the lease, so that
	// it ends only with its holder, however long Await took before.
	leaseLength = 90 * time.Second
	sendTimeout = 60 * time.Second
	// idleMax bounds the sleep, so that lapsed leases are taken back.
	idleMax = 30 * time.Second
	// faultPause is the pause after an error of the store.
	faultPause = time.Second
	// lookAgain is how soon something in doubt is decided again whose person has
	// not answered.
	lookAgain = time.Minute
	// checkEvery is how often a destination is asked how it stands, checkAgain how
	// soon when it did not say, and checkTimeout how long it may take to say.
	checkEvery   = 6 * time.Hour
	checkAgain   = time.Minute
	checkTimeout = 30 * time.Second
)

// Options assemble a dispatcher for one destination.
type Options struct {
	Store       collector.Store
	Destination collector.Destination
	// Pause is a person's pause of an earlier run; zero when there is none.
	Pause collector.Pause
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
	// outcome is durable; may be nil. Calls may be concurrent.
	OnSettled func(collector.Delivery)
	Log       *slog.Logger
}

// A Dispatcher sends a destination's deliveries. Use Run in one goroutine; all
// other methods are safe for concurrent use.
type Dispatcher struct {
	Options
	name    string
	limits  collector.Limits
	gate    *gate
	wake    chan struct{}
	recheck chan struct{}

	pausing sync.Mutex // held while store and gate are told of a pause or its end

	mu sync.Mutex // guards the fields below
	// roundFault and settleFault are why the last round, and the last settlement,
	// failed; nil when they did not.
	roundFault, settleFault error
	check                   collector.Check
}

// New returns a dispatcher that does nothing yet.
func New(o Options) *Dispatcher {
	d := &Dispatcher{
		Options: o, name: o.Destination.Name(), limits: o.Destination.Limits(),
		wake: make(chan struct{}, 1), recheck: make(chan struct{}, 1),
	}
	d.gate = newGate(d.limits, o.Jitter)
	d.gate.stop(o.Pause)
	return d
}

// Poke says that something may be due.
func (d *Dispatcher) Poke() { poke(d.wake) }

// Recheck has the destination asked how it stands, soon.
func (d *Dispatcher) Recheck() { poke(d.recheck) }

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Status tells how the destination stands.
func (d *Dispatcher) Status() collector.DestinationStatus {
	now := d.Now()
	d.mu.Lock()
	s := collector.DestinationStatus{Name: d.name, Check: d.check}
	d.mu.Unlock()
	d.gate.fill(&s, now)
	for _, line := range s.Check.Deadlines {
		if !now.Before(line.WarnFrom) {
			s.Alarms = append(s.Alarms, collector.Alarm{Reason: line.Reason, Detail: line.Detail, At: line.At})
		}
	}
	return s
}

// Healthy returns nil, or why nothing can be dispatched. A paused destination
// is healthy: the node is not what is wrong.
func (d *Dispatcher) Healthy() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return errors.Join(d.roundFault, d.settleFault)
}

// Pause stops sending until Resume, also over restarts. note is what the person
// says; it is kept and shown.
func (d *Dispatcher) Pause(ctx context.Context, note string) error {
	d.pausing.Lock()
	defer d.pausing.Unlock()
	p := collector.Pause{By: collector.PausedByPerson, Reason: collector.ReasonPaused, Detail: note, At: d.Now()}
	if err := d.Store.SetPause(ctx, d.name, p); err != nil {
		return err
	}
	d.gate.stop(p)
	d.Log.Info("dispatch: a person paused a destination; what is due is still decided and nothing is sent", "destination", d.name)
	return nil
}

// Resume ends a pause and has the destination asked how it stands; false when
// there was nothing to end.
func (d *Dispatcher) Resume(ctx context.Context) (bool, error) {
	d.pausing.Lock()
	defer d.pausing.Unlock()
	if err := d.Store.SetPause(ctx, d.name, collector.Pause{}); err != nil {
		return false, err
	}
	was := d.gate.resume(d.Now())
	d.Poke()
	d.Recheck()
	return was, nil
}

// Run works until stop ends, and finishes the requests under way. When ctx ends
// too, they are cut off, and what was sent and not answered is settled as in
// doubt.
func (d *Dispatcher) Run(ctx, stop context.Context) {
	var out sync.WaitGroup
	out.Go(func() { d.checks(stop) })
	rescueAt := d.Now().Add(leaseLength)
	for stop.Err() == nil {
		now := d.Now()
		if !now.Before(rescueAt) {
			rescueAt = now.Add(leaseLength)
			d.note(&d.roundFault, d.rescue(ctx, now))
		}
		until, err := d.turn(ctx, &out)
		if ctx.Err() != nil {
			break
		}
		d.note(&d.roundFault, err)
		switch {
		case err != nil:
			d.Sleep(stop, now.Add(faultPause), nil)
		case until.After(now):
			d.Sleep(stop, until, d.wake)
		}
	}
	out.Wait()
}

// note keeps in one of the two faults how something went, for the health.
func (d *Dispatcher) note(fault *error, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	*fault = nil
	if err != nil {
		*fault = fmt.Errorf("destination %s: %w", d.name, err)
		d.Log.Error("dispatch: the store failed; trying again", "destination", d.name, "error", err)
	}
}

func (d *Dispatcher) rescue(ctx context.Context, now time.Time) error {
	pending, doubtful, err := d.Store.Rescue(ctx, d.name, now, false, now.Add(base))
	if pending+doubtful > 0 {
		d.Log.Warn("dispatch: took back leases that had lapsed", "destination", d.name, "pending", pending, "in_doubt", doubtful)
	}
	return err
}

// checks asks the destination how it stands: at the start, when told to, and
// now and then.
func (d *Dispatcher) checks(ctx context.Context) {
	for ctx.Err() == nil {
		next := checkEvery
		if d.ask(ctx); !d.answered() {
			next = checkAgain
		}
		d.Sleep(ctx, d.Now().Add(next), d.recheck)
	}
}

// answered reports whether the last check said anything about the destination.
func (d *Dispatcher) answered() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.check.Verdict.Ruling
	return r == collector.Accepted || r == collector.Blocked
}

// ask asks the destination how it stands, and heeds the answer.
func (d *Dispatcher) ask(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	c := d.Destination.Check(limited)
	if ctx.Err() != nil {
		return
	}
	d.mu.Lock()
	d.check = c
	d.mu.Unlock()
	d.say(d.gate.checked(c.Verdict, d.Now()), []collector.Verdict{c.Verdict})
	d.Poke()
}
