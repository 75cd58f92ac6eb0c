package engine_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/collectortest"
	"matchkey/collector/engine"
	"matchkey/collector/internal/faultfs"
)

// world is an engine on a disk in memory, with one site "shop", one
// destination "main", and rules small enough to read here: a purchase is a
// conversion; a person must have accepted and not refused since.
type world struct {
	testing.TB
	fs     *vfs.MemFS
	dir    string
	over   *faultfs.FS // laid over fs for the engine, when not nil
	engine *engine.Engine
	meta   *collectortest.MemoryDestination
	others []*collectortest.MemoryDestination // beside "main"
	wait   time.Duration                      // of the scenario
	// linkByEmail is the site's choice; it counts from the next open on.
	linkByEmail bool
	signs       bool             // whom its pages name; likewise
	clock       func() time.Time // nil: time.Now
	config      engine.Config    // bounds to open with; zero means the defaults
	keys        []engine.SealKey // to seal with
}

// newWorld opens a world. The destination is "main"; what others are named are
// destinations beside it, and every purchase goes to all.
func newWorld(t testing.TB, others ...string) *world {
	w := &world{TB: t, fs: vfs.NewCrashableMem(), dir: "data", meta: collectortest.NewMemoryDestination("main")}
	for _, name := range others {
		w.others = append(w.others, collectortest.NewMemoryDestination(name))
	}
	w.open()
	t.Cleanup(w.close)
	return w
}

func (w *world) open() {
	w.Helper()
	destinations := []collector.Destination{w.meta}
	for _, d := range w.others {
		destinations = append(destinations, d)
	}
	disk := vfs.FS(w.fs)
	if w.over != nil {
		disk = w.over
	}
	e, err := engine.Open(context.Background(), engine.WithSealKeys(disk, w.keys...), w.settings(), destinations...)
	if err != nil {
		w.Fatal(err)
	}
	w.engine = e
}

// settings are the configuration with which the world's engine is opened.
func (w *world) settings() engine.Config {
	c := w.config
	c.Dir, c.Backups, c.Now, c.Random, c.Log = w.dir, "backups", w.now, rand.NewChaCha8([32]byte{}), quiet()
	c.Jitter = func() float64 { return 0 }
	c.Sites = map[string]engine.Site{"shop": {Matcher: rules{w}, Decider: rules{w}, Records: records, LinkByEmail: w.linkByEmail, SignsCustomers: w.signs}}
	return c
}

// now is the clock of the edge and of the engine.
func (w *world) now() time.Time {
	if w.clock != nil {
		return w.clock()
	}
	return time.Now()
}

// cutPower ends the engine as a power cut would and opens another on what the
// disk holds: all that was synced, and a random share of the rest. From the cut
// on the old engine's requests reach nobody and get no answer.
func (w *world) cutPower(rng *rand.Rand) {
	w.Helper()
	w.meta.Script(func(collector.Parcel) collector.Verdict { return collector.Verdict{} })
	disk := w.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.engine.Close(gone); err != nil {
		w.Error(err)
	}
	w.meta.Script(nil)
	w.fs = disk
	w.open()
}

func (w *world) close() {
	w.Helper()
	if w.engine == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := w.engine.Close(ctx); err != nil {
		w.Error(err)
	}
	w.engine = nil
}

// rules match and decide.
type rules struct{ w *world }

func (r rules) Match(ev collector.Event, _ collector.Profile) ([]collector.Conversion, []collector.Note) {
	if ev.Name != "purchase" {
		return nil, nil
	}
	to := []string{"main"}
	for _, d := range r.w.others {
		to = append(to, d.Name())
	}
	return []collector.Conversion{{
		Scenario: "purchase", Send: "Purchase", Destinations: to, Wait: r.w.wait, Properties: ev.Properties,
	}}, nil
}

func (rules) Decide(q collector.Question) collector.Decision {
	state, at := "", time.Time{}
	for _, rec := range q.Records {
		own := slices.Contains(q.Direct, rec.Subject)
		if (own || rec.Action != collector.ConsentAccept) && !rec.At.Before(at) {
			state, at = rec.Action, rec.At
		}
	}
	switch state {
	case collector.ConsentAccept:
		return collector.Decision{Outcome: collector.SendFull, Reasons: []collector.Reason{"granted"}}
	case "":
		if !q.Now.Before(q.Event.ReceivedAt.Add(time.Hour)) {
			return collector.Decision{Outcome: collector.Drop, Reasons: []collector.Reason{"unanswered"}}
		}
		return collector.Decision{Outcome: collector.Hold, Reasons: []collector.Reason{"pending"}, RetryAt: q.Event.ReceivedAt.Add(time.Hour)}
	default:
		return collector.Decision{Outcome: collector.Drop, Reasons: []collector.Reason{"refused"}}
	}
}

func records(a collector.ConsentAnswer, subjects []collector.Subject, ev collector.Event, at collector.Offset) (recs []collector.ConsentRecord) {
	for _, s := range subjects {
		recs = append(recs, collector.ConsentRecord{
			ID: a.Action + a.At.String(), Subject: s, Purpose: "*", Action: a.Action, At: a.At, ReceivedAt: ev.ReceivedAt, Seq: at,
		})
	}
	return recs
}

func (w *world) append(events ...collector.Event) {
	w.Helper()
	if _, err := w.engine.Journal().Append(w.Context(), events); err != nil {
		w.Fatal(err)
	}
}

// accepted is a beacon's answer of a while ago.
func accepted(at time.Time) *collector.ConsentAnswer {
	return &collector.ConsentAnswer{Action: collector.ConsentAccept, At: at.Add(-time.Minute), Explicit: true, Source: "banner"}
}

// browsed is a page view of a visitor with a click, with consent.
func browsed(visitor, customer string) collector.Event {
	now := time.Now().UTC()
	return collector.Event{
		ID: "pv." + visitor + customer, Site: "shop", Name: collector.EventPageView, Origin: collector.OriginBrowser, Receipt: "b_" + visitor,
		OccurredAt: now, ReceivedAt: now, Visitor: visitor, Customer: customer, Session: "s." + visitor,
		Client:      collector.Client{IP: "203.0.113.7", UserAgent: "test"},
		URL:         "https://shop.example/",
		Identifiers: []collector.Identifier{{Kind: collector.KindClick, Value: "click of " + visitor, FirstAt: now, LastAt: now, Receipt: "b_" + visitor}},
		Consent:     accepted(now),
	}
}

// bought is the shop's purchase of a customer.
func bought(order, customer string) collector.Event {
	now := time.Now().UTC()
	return collector.Event{
		ID: "purchase." + order, Site: "shop", Name: collector.EventPurchase, Origin: collector.OriginServer, Receipt: "c_" + order,
		OccurredAt: now, ReceivedAt: now, Customer: customer,
		Identifiers: []collector.Identifier{{Kind: collector.KindEmail, Value: "hash of " + customer, FirstAt: now, LastAt: now, Receipt: "c_" + order}},
		Properties:  map[string]any{"value": 59.9, "currency": "EUR"},
	}
}

// answered is a beacon that carries an answer and nothing else.
func answered(action, visitor, customer string) collector.Event {
	now := time.Now().UTC()
	return collector.Event{
		ID: "consent." + action + visitor + customer, Site: "shop", Name: collector.EventConsent, Origin: collector.OriginBrowser,
		Receipt: "b_answer", OccurredAt: now, ReceivedAt: now, Visitor: visitor, Customer: customer,
		Consent: &collector.ConsentAnswer{Action: action, At: now, Source: "banner", Explicit: true},
	}
}

// eventually waits for a delivery to reach a state.
func (w *world) eventually(order string, state collector.State) collector.Delivery {
	w.Helper()
	var last collector.Delivery
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		d, ok, err := w.engine.Reader().Delivery(w.Context(), key(order))
		if err != nil {
			w.Fatal(err)
		}
		if ok && d.State == state {
			return d
		}
		last = d
	}
	w.Fatalf("delivery of %s is %q (%v), want %q", order, last.State, last.Reasons, state)
	return last
}

// until waits for something that has no signal.
func (w *world) until(what string, done func() bool) {
	w.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("in vain waited until %s", what)
		}
	}
}

func key(order string) collector.DeliveryKey {
	return collector.DeliveryKey{Site: "shop", Destination: "main", Send: "Purchase", EventID: "purchase." + order}
}

// kinds are the kinds that the destination received for an order, once.
func (w *world) kinds(order string) []collector.Kind {
	w.Helper()
	var found [][]collector.Kind
	for _, p := range w.meta.Received() {
		if p.Key == key(order) {
			body, err := collectortest.ReadMemoryBody(p.Body)
			if err != nil {
				w.Fatal(err)
			}
			found = append(found, body.Kinds)
		}
	}
	if len(found) != 1 {
		w.Fatalf("order %s was received %d times, want once", order, len(found))
	}
	return found[0]
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// journaled stops the engine and returns all that its journal holds.
func (w *world) journaled() []collector.Entry {
	w.Helper()
	w.close()
	entries, err := engine.ReadJournal(w.fs, w.dir)
	if err != nil {
		w.Fatal(err)
	}
	return entries
}
