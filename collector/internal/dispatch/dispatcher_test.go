package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"matchkey/collector"
	"matchkey/collector/collectortest"
	"matchkey/collector/internal/store"
)

// A flaky store fails the next call of a name, having done it or not.
type flaky struct {
	collector.Store
	mu    sync.Mutex
	fails map[string]bool // by name of the call; true: it was done all the same
}

var errDisk = errors.New("the disk is on fire")

// fault says whether a call fails, and whether it is to be done before.
func (f *flaky) fault(name string) (fails, done bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	done, fails = f.fails[name]
	delete(f.fails, name)
	return fails, done
}

func (f *flaky) LeaseDue(ctx context.Context, q collector.LeaseQuery) ([]collector.Delivery, error) {
	fails, done := f.fault("lease")
	if fails && !done {
		return nil, errDisk
	}
	leased, err := f.Store.LeaseDue(ctx, q)
	if fails {
		return nil, errDisk
	}
	return leased, err
}

func (f *flaky) BeginAttempts(ctx context.Context, begun []collector.Delivery, at time.Time, length time.Duration) ([]collector.Delivery, error) {
	fails, done := f.fault("begin")
	if fails && !done {
		return nil, errDisk
	}
	good, err := f.Store.BeginAttempts(ctx, begun, at, length)
	if fails {
		return nil, errDisk
	}
	return good, err
}

func (f *flaky) SettleIfLeased(ctx context.Context, s []collector.Settlement) (int, error) {
	fails, done := f.fault("settle")
	if fails && !done {
		return 0, errDisk
	}
	n, err := f.Store.SettleIfLeased(ctx, s)
	if fails {
		return 0, errDisk
	}
	return n, err
}

func (f *flaky) Backlog(ctx context.Context, destination string, now time.Time, max int) (collector.Backlog, error) {
	if fails, _ := f.fault("backlog"); fails {
		return collector.Backlog{}, errDisk
	}
	return f.Store.Backlog(ctx, destination, now, max)
}

type yes struct{}

func (yes) Decide(collector.Question) collector.Decision {
	return collector.Decision{Outcome: collector.SendFull, Reasons: []collector.Reason{"granted"}}
}

// TestStoreFaults: whatever fails in the store, with or without effect, the
// delivery arrives, and what may have been sent twice was in doubt.
func TestStoreFaults(t *testing.T) {
	for _, c := range []struct {
		call         string
		done         bool
		sent, doubts int
	}{
		{"backlog", false, 1, 0},
		{"lease", false, 1, 0},
		{"lease", true, 1, 0},
		{"begin", false, 1, 0},
		{"begin", true, 1, 0},   // it began, and was given back
		{"settle", false, 1, 0}, // tried again while the lease lasts
		{"settle", true, 1, 0},
		{"await", false, 1, 0},
	} {
		name := c.call
		if c.done {
			name += ", done all the same"
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := &flaky{Store: store.NewMemory(nil), fails: map[string]bool{}}
				meta := collectortest.NewMemoryDestination("main")
				d, end := run(t, st, meta, func(context.Context) error {
					if fails, _ := st.fault("await"); fails {
						return errDisk
					}
					return nil
				})

				key := due(t, st)
				st.mu.Lock()
				st.fails[c.call] = c.done
				st.mu.Unlock()
				d.Poke()
				time.Sleep(time.Millisecond)
				if d.Healthy() == nil {
					t.Error("a fault of the store does not show in the health")
				}
				time.Sleep(10 * time.Minute)
				got, _, err := st.Delivery(t.Context(), key)
				if err != nil || got.State != collector.StateDelivered || got.Doubts != c.doubts || len(meta.Received()) != c.sent {
					t.Errorf("it is %s after %d doubts and was received %d times (%v); want delivered, %d and %d",
						got.State, got.Doubts, len(meta.Received()), err, c.doubts, c.sent)
				}
				if err := d.Healthy(); err != nil {
					t.Errorf("it is still unwell: %v", err)
				}
				end()
			})
		})
	}
}

// run runs a dispatcher in a bubble of time until end is called.
func run(t *testing.T, st collector.Store, to collector.Destination, await func(context.Context) error) (d *Dispatcher, end func()) {
	d = New(Options{
		Store: st, Destination: to, Deciders: map[string]collector.Decider{"shop": yes{}}, Await: await,
		Now: time.Now, Jitter: func() float64 { return 0.5 }, Log: slog.New(slog.DiscardHandler),
		Sleep: func(ctx context.Context, until time.Time, wake <-chan struct{}) {
			select {
			case <-time.After(time.Until(until)):
			case <-wake:
			case <-ctx.Done():
			}
		},
	})
	stop, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { d.Run(t.Context(), stop) })
	synctest.Wait()
	return d, func() {
		cancel()
		running.Wait()
	}
}

// TestLagLongerThanALease: the pipeline is further behind than a lease lasts; what
// is due goes all the same, and nothing is leased meanwhile.
func TestLagLongerThanALease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, meta := store.NewMemory(nil), collectortest.NewMemoryDestination("main")
		key := due(t, st)
		_, end := run(t, st, meta, func(context.Context) error {
			time.Sleep(3 * leaseLength)
			return nil
		})
		time.Sleep(2 * leaseLength)
		if d, _, err := st.Delivery(t.Context(), key); err != nil || d.State != collector.StatePending {
			t.Errorf("while the pipeline is behind it is %s (%v)", d.State, err)
		}
		time.Sleep(2 * leaseLength)
		if d, _, err := st.Delivery(t.Context(), key); err != nil || d.State != collector.StateDelivered {
			t.Errorf("after that it is %s (%v)", d.State, err)
		}
		end()
	})
}

// due adds a delivery that is due now.
func due(t *testing.T, st collector.Store) collector.DeliveryKey {
	t.Helper()
	d := collectortest.NewDelivery("purchase.A-1", collector.StatePending)
	d.DueAt, d.MatchedAt, d.ExpiresAt = time.Now(), time.Now(), time.Now().Add(24*time.Hour)
	ev := collector.Event{ID: d.Key.EventID, Site: "shop", Name: d.EventName, OccurredAt: time.Now(), Customer: "c1"}
	err := st.Apply(t.Context(), 0, 1, func(tx collector.Tx) error {
		if err := tx.PutEvent(collector.EventRecord{Event: ev, Offset: 1}); err != nil {
			return err
		}
		_, err := tx.AddDelivery(d)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return d.Key
}
