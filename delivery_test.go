package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/config"
	"matchkey/collector/engine"
	"matchkey/collector/meta"
	"matchkey/collector/meta/graphsim"
)

// TestBusinessOfDays runs a shop for days in a bubble of time, in which they
// pass at once: real configuration, rules, engine and destinations, on a disk in
// memory, against the fake Graph API. At random Meta fails in every way it can,
// people take their consent back, somebody pauses a destination, and the power
// fails. At every step the accounts are closed; in the end no purchase is lost,
// and none was sent more often than it was in doubt.
func TestBusinessOfDays(t *testing.T) {
	for range 4 {
		seed := rand.Uint64()
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { businessOfDays(t, seed) })
		})
	}
}

func businessOfDays(t *testing.T, seed uint64) {
	b := openBusiness(t, rand.New(rand.NewPCG(seed, 0)))
	defer b.close()
	for who := range b.people {
		b.accept(who, collector.ConsentAccept)
	}
	for range 100 {
		b.step()
		b.checkAccounts()
	}
	b.settleDown()
	b.checkAccounts()
	b.checkBusiness()
}

const businessConfig = `version: 1
data: data
destinations:
  - {name: main, meta: {dataset: "100000000000001", token: "${env:T}", batch: 40, concurrency: 3}}
  - {name: second, meta: {dataset: "100000000000002", token: "${env:T}", batch: 7, concurrency: 1, batch_age: 10s, pixel: false}}
sites:
  - name: shop
    origins: [https://shop.example]
    write_keys: ["${env:T}"]
    consent:
      notices: [{language: en, text: "May we?", recipients: [meta]}]
      categories: [{id: advertising, label: Advertising, purposes: [ads_measurement, ads_matching, ads_personalization]}]
    scenarios: [{name: purchase, on: purchase, consent: advertising, send: Purchase, to: [main, second]}]
`

// A business is the world of the test.
type business struct {
	*testing.T
	rng    *rand.Rand
	fs     *vfs.MemFS
	sim    *graphsim.Sim
	line   *line
	engine *engine.Engine
	config *config.Config
	rules  *compiled

	people   []bool          // whether the person took the consent back at some time
	orders   []int           // the person of each
	poisoned map[string]bool // event IDs that Meta refuses
	paused   map[string]bool
}

func (b *business) id(n int) string { return fmt.Sprintf("purchase.%d", n) }

// clock is ahead of the bubble's, which begins in the year 2000: Meta's versions
// were released later.
func clock() time.Time { return time.Now().Add(26*365*24*time.Hour + 300*24*time.Hour) }

func openBusiness(t *testing.T, rng *rand.Rand) *business {
	c, faults := config.Parse("business", []byte(businessConfig),
		func(string) (string, bool) { return "a-secret-that-is-long-enough", true }, os.ReadFile)
	b := &business{
		T: t, rng: rng, fs: vfs.NewCrashableMem(), sim: graphsim.New(graphsim.Options{Now: clock}), config: c,
		people: make([]bool, 20), poisoned: map[string]bool{}, paused: map[string]bool{},
	}
	if faults.Err() == nil {
		b.rules = compile(c, &faults)
	}
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	b.open()
	return b
}

func (b *business) open() {
	b.line = &line{to: b.sim}
	var destinations []collector.Destination
	for _, d := range b.config.Destinations {
		made, err := meta.New(meta.Config{
			Name: d.Name, Dataset: d.Meta.Dataset, Token: meta.Token(d.Meta.Token.Reveal()), BatchMax: d.Meta.Batch,
			Concurrency: d.Meta.Concurrency, Linger: d.Meta.BatchAge, NoPixel: !d.Meta.Pixel, Transport: b.line, Now: clock,
		})
		if err != nil {
			b.Fatal(err)
		}
		destinations = append(destinations, made)
	}
	e, err := engine.Open(context.Background(), b.fs, engine.Config{
		Dir: "data", Sites: b.rules.engineSites(), Now: clock, Random: rand.NewChaCha8([32]byte{}),
		Jitter: rand.Float64, Log: slog.New(slog.DiscardHandler),
	}, destinations...)
	if err != nil {
		b.Fatal(err)
	}
	b.engine = e
}

func (b *business) close() {
	if err := b.engine.Close(context.Background()); err != nil {
		b.Error(err)
	}
	b.sim.Close()
}

// A line is a network without a network: the bubble's time stands still while
// anybody waits for a real one.
type line struct {
	to  http.Handler
	cut atomic.Bool
}

func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if l.cut.Load() {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	there := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), strings.NewReader(string(body)))
	there.Header = r.Header.Clone()
	answer, aborted := httptest.NewRecorder(), make(chan bool, 1)
	go func() {
		defer func() { aborted <- recover() != nil }()
		l.to.ServeHTTP(answer, there)
	}()
	select {
	case gone := <-aborted:
		if gone {
			return nil, io.ErrUnexpectedEOF
		}
		return answer.Result(), nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// step lets something happen, and time pass.
func (b *business) step() {
	switch b.rng.IntN(10) {
	case 0, 1, 2, 3:
		for range 1 + b.rng.IntN(30) {
			b.buy()
		}
	case 4, 5:
		if err := b.sim.Script(b.trouble()...); err != nil {
			b.Fatal(err)
		}
	case 6:
		who := b.rng.IntN(len(b.people))
		b.people[who] = true
		b.accept(who, collector.ConsentWithdraw)
	case 7:
		b.cutPower()
	case 8:
		b.togglePause()
	case 9:
		n, err := b.engine.Redrive(b.Context(), collector.DeliveryQuery{Destination: "second"})
		if err != nil {
			b.Fatalf("redrive: %d, %v", n, err)
		}
	}
	pauses := []time.Duration{0, time.Millisecond, time.Second, 10 * time.Second, time.Minute, 10 * time.Minute, 2 * time.Hour}
	time.Sleep(pauses[b.rng.IntN(len(pauses))])
}

// trouble is a few faults of Meta's.
func (b *business) trouble() (faults []graphsim.Fault) {
	kinds := []graphsim.Fault{
		{Kind: graphsim.FaultError, Code: 1}, {Kind: graphsim.FaultError, Code: 2, Transient: true, Accept: true},
		{Kind: graphsim.FaultError, Code: 190, Subcode: 463}, {Kind: graphsim.FaultError, Code: 200},
		{Kind: graphsim.FaultError, Code: 368},
		{Kind: graphsim.FaultThrottle, Code: 4, Minutes: 3}, {Kind: graphsim.FaultThrottle},
		{Kind: graphsim.FaultHTML, Status: 502, Size: 1 << 20}, {Kind: graphsim.FaultHTML, Status: 200, Accept: true},
		{Kind: graphsim.FaultHang}, {Kind: graphsim.FaultHang, Accept: true},
		{Kind: graphsim.FaultCutBefore}, {Kind: graphsim.FaultAcceptThenCut}, {Kind: graphsim.FaultTruncate},
		{Kind: graphsim.FaultWrongCount, By: -1}, {Kind: graphsim.FaultVersionWarning},
		{Kind: graphsim.FaultUsage, Percent: 80}, {Kind: graphsim.FaultUsage, Percent: 97, Minutes: 4},
	}
	for range 1 + b.rng.IntN(3) {
		f := kinds[b.rng.IntN(len(kinds))]
		f.Times = 1 + b.rng.IntN(6)
		if b.rng.IntN(2) == 0 {
			f.Dataset = b.config.Destinations[b.rng.IntN(2)].Meta.Dataset
		}
		faults = append(faults, f)
	}
	return faults
}

// buy is one purchase of somebody, which perhaps Meta will not take, and of
// which perhaps the Pixel sends a copy.
func (b *business) buy() {
	n := len(b.orders)
	who := b.rng.IntN(len(b.people))
	b.orders = append(b.orders, who)
	if b.rng.IntN(25) == 0 {
		b.poisoned[b.id(n)] = true
		err := b.sim.Script(graphsim.Fault{Kind: graphsim.FaultError, Code: 100, Subcode: 2804003, EventID: b.id(n), Always: true})
		if err != nil {
			b.Fatal(err)
		}
	}
	now := clock().UTC()
	hashes, how, why := meta.Hasher()(collector.KindEmail, fmt.Sprintf("p%d@example.com", who), "")
	if why != "" {
		b.Fatal(why)
	}
	b.append(collector.Event{
		ID: b.id(n), Site: "shop", Name: collector.EventPurchase, Origin: collector.OriginServer, Receipt: "c_" + b.id(n),
		OccurredAt: now, ReceivedAt: now, Customer: fmt.Sprint("c", who), URL: "https://shop.example/thanks",
		Identifiers: []collector.Identifier{{Kind: collector.KindEmail, Value: hashes[0], FirstAt: now, LastAt: now, How: how}},
		Properties:  map[string]any{"value": 10.0, "currency": "EUR"},
	})
	if b.rng.IntN(4) == 0 {
		pixel := httptest.NewRequest(http.MethodGet, "/tr?id=100000000000001&ev=Purchase&eid="+b.id(n)+"&cd[value]=10&cd[currency]=EUR", nil)
		b.sim.ServeHTTP(httptest.NewRecorder(), pixel)
	}
}

// accept is a person's answer, in the browser.
func (b *business) accept(who int, action string) {
	now := clock().UTC()
	visitor, customer := fmt.Sprint("1.t.visitor", who), fmt.Sprint("c", who)
	b.append(collector.Event{
		ID: fmt.Sprint("consent.", who, action, now), Site: "shop", Name: collector.EventConsent, Origin: collector.OriginBrowser,
		Receipt: "b_answer", OccurredAt: now, ReceivedAt: now, Visitor: visitor, Customer: customer, Session: "s" + visitor,
		Client: collector.Client{IP: "203.0.113.7", UserAgent: "a browser"}, URL: "https://shop.example/",
		Consent: &collector.ConsentAnswer{
			Action: action, At: now, Notice: notice(b.config.Sites[0].Consent.Notices[0]).Hash(), Language: "en",
			Source: "banner", Explicit: true,
		},
	})
}

func (b *business) append(ev collector.Event) {
	if _, err := b.engine.Journal().Append(b.Context(), []collector.Event{ev}); err != nil {
		b.Fatal(err)
	}
}

// cutPower ends the engine as a power cut would: what was not synced is lost, at
// random, and requests that are out get no answer.
func (b *business) cutPower() {
	b.line.cut.Store(true)
	disk := b.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: b.rng.IntN(101), RNG: b.rng})
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if err := b.engine.Close(gone); err != nil {
		b.Error(err)
	}
	b.fs = disk
	b.open()
}

func (b *business) togglePause() {
	name := b.config.Destinations[b.rng.IntN(2)].Name
	var err error
	if b.paused[name] {
		_, err = b.engine.Resume(b.Context(), name)
	} else {
		_, err = b.engine.Pause(b.Context(), name, "a test")
	}
	if err != nil {
		b.Fatal(err)
	}
	b.paused[name] = !b.paused[name]
}

// settleDown ends all trouble but that of the poisoned, and waits.
func (b *business) settleDown() {
	b.sim.ClearScript()
	for id := range b.poisoned {
		err := b.sim.Script(graphsim.Fault{Kind: graphsim.FaultError, Code: 100, Subcode: 2804003, EventID: id, Always: true})
		if err != nil {
			b.Fatal(err)
		}
	}
	for _, d := range b.config.Destinations {
		if _, err := b.engine.Resume(b.Context(), d.Name); err != nil {
			b.Fatal(err)
		}
	}
	time.Sleep(3 * time.Hour)
	synctest.Wait()
}

// checkAccounts recounts: every conversion is in exactly one state.
func (b *business) checkAccounts() {
	b.Helper()
	accounts, err := b.engine.Reader().Accounts(b.Context(), clock().Add(-30*24*time.Hour), clock().Add(time.Hour))
	if err != nil {
		b.Fatal(err)
	}
	for _, a := range accounts {
		if a.Remainder() != 0 {
			b.Fatalf("the account of %s has a remainder of %d: %+v", a.Hour, a.Remainder(), a)
		}
	}
}

// checkBusiness compares what we say with what Meta counts.
func (b *business) checkBusiness() {
	copies := map[string]map[string]int{}
	for _, c := range b.sim.Counted() {
		if copies[c.Dataset] == nil {
			copies[c.Dataset] = map[string]int{}
		}
		copies[c.Dataset][c.EventID] = c.Server
	}
	tally := map[collector.State]int{}
	for n, who := range b.orders {
		for _, dest := range b.config.Destinations {
			key := collector.DeliveryKey{Site: "shop", Destination: dest.Name, Send: "Purchase", EventID: b.id(n)}
			d, ok, err := b.engine.Reader().Delivery(b.Context(), key)
			if err != nil || !ok {
				b.Fatalf("%s was acknowledged and is not there (%v)", key, err)
			}
			tally[d.State]++
			got := copies[dest.Meta.Dataset][b.id(n)]
			if got > d.Doubts && d.State != collector.StateDelivered || got > 1+d.Doubts {
				b.Errorf("%s is %s, was in doubt %d times, and reached Meta %d times", key, d.State, d.Doubts, got)
			}
			switch d.State {
			case collector.StateDelivered:
				if got == 0 {
					b.Errorf("%s is said to be delivered and never reached Meta", key)
				}
			case collector.StateDead:
				if !b.poisoned[b.id(n)] {
					b.Errorf("%s is dead for %v (%s) and nothing was wrong with it", key, d.Reasons, d.Detail)
				}
			case collector.StateWithheld:
				if !b.people[who] {
					b.Errorf("%s is withheld for %v, and the person agrees", key, d.Reasons)
				}
			case collector.StateInDoubt:
				if d.Doubts < 3 {
					b.Errorf("%s is left in doubt after %d doubts", key, d.Doubts)
				}
			case collector.StateExpired:
				if len(d.Attempts) == 0 || d.MovedAt.Sub(d.Attempts[0].At) < 47*time.Hour {
					b.Errorf("%s has expired for %v, with %d attempts", key, d.Reasons, len(d.Attempts))
				}
			default:
				b.Errorf("%s is still %s for %v, due %s, after %d attempts", key, d.State, d.Reasons, d.DueAt, len(d.Attempts))
			}
		}
	}
	for _, s := range b.engine.Destinations() {
		if s.Paused != "" || !s.Breaker.OpenSince.IsZero() {
			b.Errorf("%s did not recover: %+v", s.Name, s)
		}
	}
	if found := b.sim.PersonalData(); len(found) != 0 {
		b.Errorf("personal data in the clear: %+v", found)
	}
	if leaks := b.sim.Leaks(); len(leaks) != 0 {
		b.Errorf("the token leaked: %+v", leaks)
	}
	b.Logf("%d purchases in %s: %v", len(b.orders), time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).Round(time.Hour), tally)
}
