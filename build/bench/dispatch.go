package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/engine"
	"matchkey/collector/meta"
	"matchkey/collector/scenario"
)

// latencies are how long the fake Graph API takes for an answer.
var latencies = []time.Duration{0, 50 * time.Millisecond, 500 * time.Millisecond}

// outage is how late the clock is of the engine that queues the deliveries:
// later than any order. To it none is due yet; on the real clock all are at once.
const outage = 3 * time.Hour

// A drain is one round: a whole queue delivered.
type drain struct {
	rate   float64 // deliveries per second
	counts graphCounts
}

// measureDispatch measures how fast a queue drains into the fake Graph API.
func measureDispatch(s *settings, dir string) (string, error) {
	g, err := startGraph()
	if err != nil {
		return "", err
	}
	defer g.stop()
	queue := filepath.Join(dir, "queue")
	if err := fillQueue(s, queue, g.url); err != nil {
		return "", err
	}
	ours, bare := map[time.Duration][]drain{}, map[time.Duration][]drain{}
	for round := range s.rounds {
		for _, latency := range latencies {
			data := filepath.Join(dir, fmt.Sprintf("data-%d-%s", round, latency))
			if err := os.CopyFS(data, os.DirFS(queue)); err != nil {
				return "", err
			}
			d, err := drainQueue(data, g, latency, s.deliveries)
			if err != nil {
				return "", err
			}
			b, err := postBare(g, latency, d.counts)
			if err != nil {
				return "", err
			}
			ours[latency], bare[latency] = append(ours[latency], d), append(bare[latency], b)
			fmt.Fprintf(os.Stderr, "round %d  %5s  matchkey %8.0f/s  bare %8.0f/s  %.0f events a request, %d at a time\n",
				round+1, latency, d.rate, b.rate, d.counts.perRequest(), d.counts.Peak)
		}
	}
	return dispatchSection(s, ours, bare), nil
}

// open opens an engine with one site and one scenario on a clock that is late.
func open(dir, graphURL string, late time.Duration) (*engine.Engine, error) {
	destination, err := meta.New(meta.Config{
		Name: "main", Dataset: "100000000000001", Token: "nobody-will-ever-see-this-token", BaseURL: graphURL, BatchMax: meta.MaxBatch,
	})
	if err != nil {
		return nil, err
	}
	scenarios, faults := scenario.Compile([]scenario.Spec{{
		Name: "purchase", On: collector.EventPurchase, Category: "advertising", Purposes: purposes,
		Send: "Purchase", To: []string{"main"},
	}})
	if len(faults) > 0 {
		return nil, fmt.Errorf("BUG: the bench's scenario: %s", faults[0].Message)
	}
	return engine.Open(context.Background(), vfs.Default, engine.Config{
		Dir:   dir,
		Sites: map[string]engine.Site{site: {Matcher: scenarios, Decider: decider(), Records: register.Records}},
		Now:   func() time.Time { return time.Now().Add(-late) }, Random: rand.Reader, Jitter: mathrand.Float64,
		Fatal: func(message string) { fmt.Fprintln(os.Stderr, "bench:", message); os.Exit(1) },
		Log:   slog.New(slog.DiscardHandler),
	}, destination)
}

// fillQueue makes a data folder in which all deliveries are pending.
func fillQueue(s *settings, dir, graphURL string) error {
	e, err := open(dir, graphURL, outage)
	if err != nil {
		return err
	}
	people := newCrowd(s.seed, s.deliveries, time.Now()).People
	for start := 0; start < len(people); start += 1000 {
		var events []collector.Event
		for i := start; i < min(start+1000, len(people)); i++ {
			events = append(events, visit(&people[i]))
		}
		if _, err := e.Journal().Append(context.Background(), events); err != nil {
			return errors.Join(err, shut(e))
		}
	}
	err = await(e, collector.StatePending, s.deliveries)
	return errors.Join(err, shut(e))
}

// visit is a person's order as the browser and the shop told of it.
func visit(p *person) collector.Event {
	m := matchkeySide{hash: meta.Hasher(), cookies: meta.BrowserIdentifiers(), now: time.UnixMilli(p.At)}
	ev := purchase(p)
	ev.Origin, ev.Receipt, ev.Visitor, ev.Session = collector.OriginBrowser, "b_"+p.Order, "1.toybxa."+p.Customer, "s."+p.Customer
	ev.Client = collector.Client{IP: p.IP, UserAgent: p.UserAgent}
	ev.URL, ev.Identifiers, ev.Properties = p.URL, m.atEdge(p), properties(p)
	given := answer(ev.OccurredAt.Add(-time.Minute))
	ev.Consent = &given
	return ev
}

func shut(e *engine.Engine) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return e.Close(ctx)
}

// await waits until n deliveries are in a state.
func await(e *engine.Engine, state collector.State, n int) error {
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		accounts, err := e.Reader().Accounts(context.Background(), time.Now().Add(-48*time.Hour), time.Now().Add(time.Hour))
		if err != nil {
			return err
		}
		states := map[collector.State]int{}
		for _, a := range accounts {
			for s, count := range a.States {
				states[s] += count
			}
			if lost := a.States[collector.StateDead] + a.States[collector.StateWithheld] + a.States[collector.StateExpired]; lost > 0 {
				return fmt.Errorf("%d deliveries of the bench ended otherwise: %v", lost, a.Reasons)
			}
		}
		if states[state] == n {
			return nil
		}
	}
	return fmt.Errorf("in vain waited for %d deliveries to be %s", n, state)
}

// drainQueue lets an engine deliver a queue.
func drainQueue(dir string, g *graph, latency time.Duration, n int) (d drain, err error) {
	if err := g.reset(latency); err != nil {
		return d, err
	}
	e, err := open(dir, g.url, 0)
	if err != nil {
		return d, err
	}
	began := time.Now()
	err = await(e, collector.StateDelivered, n)
	d.rate = float64(n) / time.Since(began).Seconds()
	if err := errors.Join(err, shut(e)); err != nil {
		return d, err
	}
	d.counts, err = g.counts()
	return d, err
}

func dispatchSection(s *settings, ours, bare map[time.Duration][]drain) string {
	rate := func(d drain) float64 { return d.rate }
	var b strings.Builder
	fmt.Fprintf(&b, `%d deliveries are queued in a real store on disk, as after an outage, and all due
at once. A real engine with a real destination leases, decides, composes, sends
and settles them; the fake Graph API is another process on the same cores, reads
every event as strictly as Meta, and answers after the latency. The rate counts
from the engine's start to the last delivery that is durably delivered. %d
interleaved rounds; the median round counts.

**bare** posts the very bodies that the engine sent, as many at a time, and waits
for the answers: no store, no decision. Both spend the simulator's time alike.

| latency | deliveries/s | bare/s | of bare | events a request | requests at a time |
|--:|--:|--:|--:|--:|--:|
`, s.deliveries, s.rounds)
	for _, latency := range latencies {
		o, l := middle(ours[latency], rate), middle(bare[latency], rate)
		fmt.Fprintf(&b, "| %d ms | %.0f | %.0f | %.2f | %.0f | %d |\n",
			latency.Milliseconds(), o.rate, l.rate, o.rate/l.rate, o.counts.perRequest(), o.counts.Peak)
	}
	return b.String()
}
