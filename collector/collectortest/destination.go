package collectortest

// The conformance suite of collector.Destination.

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"matchkey/collector"
)

// A Behaviour is what the far side of a destination does with one event.
type Behaviour int

// The behaviours. A request that carries several events meets with the worst
// of theirs, in this order; only Refuse concerns its own event alone.
const (
	// Take: the event is counted, and the answer says so.
	Take Behaviour = iota
	// Refuse: the event is at fault and never counted; others of the same
	// request are, at last.
	Refuse
	// Fail: nothing is counted now; it may be later.
	Fail
	// Shut: nothing is counted until a person acts, as with a revoked token.
	Shut
	// Cut: the event is counted, and the connection ends before the answer.
	Cut
	// Hang: nothing is counted, and no answer comes while the context lives.
	Hang
)

// A DestinationWorld is a destination with a far side that a test commands.
type DestinationWorld struct {
	Destination collector.Destination
	// Script sets what the far side does with each event from now on. The
	// function may be called from several goroutines, and for every request
	// anew. Before a script is set, everything is taken.
	Script func(func(eventID string) Behaviour)
	// Received returns the IDs of the events that the far side has counted so
	// far, in their order, duplicates included.
	Received func() []string
	// Bodies returns, for each entry of Received, what came, as text.
	Bodies func() []string
}

// Destination checks that what open returns keeps the promises of
// [collector.Destination]. open is called once per subtest and registers its
// own clean-up.
func Destination(t *testing.T, open func(t *testing.T) DestinationWorld) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, DestinationWorld)
	}{
		{"has a name", hasName},
		{"has a window that begins with the event", hasWindow},
		{"has limits", hasLimits},
		{"is checked without an event", checksWithoutEvents},
		{"composes the same from the same", composesPurely},
		{"accounts for every field", accountsForFields},
		{"shows no identifier in full", showsNothingInFull},
		{"leaves out what the decision strips", stripsKinds},
		{"returns no body with a refusal", refusesWithoutBody},
		{"sends nothing when given nothing", sendsNothing},
		{"sends and answers in order", sendsInOrder},
		{"sends a body to the letter, again and again", repeatsBodies},
		{"isolates the parcel that spoils a batch", isolatesParcel},
		{"retries what failed", retriesFailure},
		{"stops when it is shut out", stopsWhenShut},
		{"is in doubt when the answer is lost", doubtsLostAnswer},
		{"is in doubt when no answer comes", doubtsSilence},
		{"sends nothing when the context is over", respectsDeadContext},
		{"keeps no reference to a body", keepsNoReference},
		{"is safe for concurrent use", isConcurrent},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// The suite's own facts. The hashes are of invented people.
var (
	destinationNow = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	emailHash      = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
	phoneHash      = "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"
	clickValue     = fmt.Sprintf("fb.1.%d.IwAR0conformanceSuiteClick-_x", destinationNow.Add(-time.Hour).UnixMilli())
	browserValue   = "fb.1.1603122906825.1012802381"
)

// composition returns a purchase by a person of whom much is known.
func composition(w DestinationWorld, id string) collector.Composition {
	at := destinationNow.Add(-10 * time.Minute)
	seen := func(kind collector.Kind, value string) collector.Identifier {
		return collector.Identifier{
			Kind: kind, Value: value, FirstAt: at.Add(-time.Hour), LastAt: at.Add(-time.Hour),
			Receipt: "b_suite", Event: collector.EventPageView,
		}
	}
	event := collector.Event{
		ID: id, Site: "shop", Name: collector.EventPurchase, Origin: collector.OriginBrowser, Receipt: "b_order",
		OccurredAt: at, ReceivedAt: at, Visitor: "v1", Customer: "c42",
		Client: collector.Client{IP: "203.0.113.57", UserAgent: "Mozilla/5.0 (conformance)"},
		URL:    "https://shop.example/thanks",
		Identifiers: []collector.Identifier{
			seen(collector.KindEmail, emailHash),
		},
	}
	return collector.Composition{
		Now:        destinationNow,
		Delivery:   collector.DeliveryKey{Site: "shop", Destination: w.Destination.Name(), Send: "Purchase", EventID: id},
		Event:      event,
		Properties: map[string]any{"value": 59.9, "currency": "EUR", "order_id": "A-1001"},
		Profile: collector.Profile{
			Subject: collector.Customer("shop", "c42"),
			Identifiers: []collector.Identifier{
				seen(collector.KindBrowser, browserValue),
				seen(collector.KindClick, clickValue),
				seen(collector.KindPhone, phoneHash),
			},
		},
		Decision: collector.Decision{Outcome: collector.SendFull, Reasons: []collector.Reason{"consent_granted"}},
	}
}

// parcels composes a parcel for each ID.
func parcels(t *testing.T, w DestinationWorld, ids ...string) []collector.Parcel {
	t.Helper()
	out := make([]collector.Parcel, len(ids))
	for i, id := range ids {
		c := composition(w, id)
		payload, refusal := w.Destination.Compose(c)
		if refusal != nil {
			t.Fatalf("the suite's own purchase is refused: %+v", *refusal)
		}
		out[i] = collector.Parcel{Key: c.Delivery, Body: payload.Body}
	}
	return out
}

func numbered(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("purchase.%03d", i)
	}
	return ids
}

func hasName(t *testing.T, w DestinationWorld) {
	if name := w.Destination.Name(); name == "" || name != w.Destination.Name() {
		t.Errorf("the name is %q and has to be constant and not empty", name)
	}
}

func hasWindow(t *testing.T, w DestinationWorld) {
	e := composition(w, "purchase.1").Event
	until, why := w.Destination.Window(e, time.Time{})
	if !until.After(e.OccurredAt) || why == "" {
		t.Errorf("the window ends at %v for the reason %q, before the event of %v can be sent", until, why, e.OccurredAt)
	}
	later := e
	later.OccurredAt = e.OccurredAt.Add(time.Hour)
	if end, _ := w.Destination.Window(later, time.Time{}); end.Before(until) {
		t.Error("the window of a later event ends earlier")
	}
	if end, why := w.Destination.Window(e, e.OccurredAt); end.After(until) || why == "" {
		t.Errorf("after a first attempt the window ends at %v for the reason %q, later than without", end, why)
	}
}

func hasLimits(t *testing.T, w DestinationWorld) {
	l := w.Destination.Limits()
	if l.Batch < 1 || l.Concurrency < 1 || l.Linger < 0 || l.Resends < 0 || l != w.Destination.Limits() {
		t.Errorf("the limits are %+v and have to be constant, with room for one parcel of one Send", l)
	}
}

func checksWithoutEvents(t *testing.T, w DestinationWorld) {
	if c := w.Destination.Check(t.Context()); c.Verdict.Ruling != collector.Accepted {
		t.Errorf("a destination that takes events is found to be %+v", c.Verdict)
	}
	if got := w.Received(); len(got) != 0 {
		t.Errorf("the check sent the events %v", got)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if c := w.Destination.Check(over); c.Verdict.Ruling == "" {
		t.Error("a check that had no time has no ruling")
	}
}

func composesPurely(t *testing.T, w DestinationWorld) {
	c := composition(w, "purchase.1")
	first, refusal := w.Destination.Compose(c)
	if refusal != nil || len(first.Body) == 0 {
		t.Fatalf("body of %d bytes, refusal %v", len(first.Body), refusal)
	}
	if !reflect.DeepEqual(c, composition(w, "purchase.1")) {
		t.Error("Compose changed its composition")
	}
	second, _ := w.Destination.Compose(composition(w, "purchase.1"))
	if !first.GoodUntil.IsZero() && !first.GoodUntil.After(c.Now) {
		t.Errorf("a body of %v is good until %v: it is never sent", c.Now, first.GoodUntil)
	}
	if !first.GoodUntil.Equal(second.GoodUntil) || !bytes.Equal(first.Body, second.Body) || !reflect.DeepEqual(first.Fields, second.Fields) {
		t.Errorf("equal compositions gave different payloads:\n%s\n%s", first.Body, second.Body)
	}
}

func accountsForFields(t *testing.T, w DestinationWorld) {
	payload, _ := w.Destination.Compose(composition(w, "purchase.1"))
	if len(payload.Fields) == 0 {
		t.Fatal("the payload has no lineage")
	}
	sent := make(map[string]bool)
	for _, f := range payload.Fields {
		if f.Path == "" {
			t.Errorf("a field has no path: %+v", f)
		}
		if f.Dropped == "" {
			if sent[f.Path] {
				t.Errorf("%s is sent by two fields", f.Path)
			}
			sent[f.Path] = true
		}
	}
}

func showsNothingInFull(t *testing.T, w DestinationWorld) {
	payload, _ := w.Destination.Compose(composition(w, "purchase.1"))
	for _, f := range payload.Fields {
		for _, secret := range []string{emailHash, phoneHash, clickValue, browserValue, "203.0.113.57"} {
			if strings.Contains(f.Shown+f.From+f.How, secret) {
				t.Errorf("%s shows an identifier in full", f.Path)
			}
		}
	}
}

func stripsKinds(t *testing.T, w DestinationWorld) {
	secrets := map[collector.Kind]string{
		collector.KindEmail: emailHash, collector.KindPhone: phoneHash,
		collector.KindClick: clickValue, collector.KindBrowser: browserValue,
	}
	for kind, secret := range secrets {
		c := composition(w, "purchase.1")
		c.Decision.Strip = []collector.Kind{kind}
		c.Decision.Reasons = append(c.Decision.Reasons, "contact_data_stripped")
		payload, refusal := w.Destination.Compose(c)
		if refusal != nil {
			t.Fatalf("without its %s the purchase is refused: %+v", kind, *refusal)
		}
		if bytes.Contains(payload.Body, []byte(secret)) {
			t.Errorf("the body holds the %s that the decision stripped", kind)
		}
		named := slices.ContainsFunc(payload.Fields, func(f collector.Field) bool {
			return f.Kind == kind && f.Dropped != ""
		})
		if !named {
			t.Errorf("the lineage does not say why the %s is missing", kind)
		}
	}
}

func refusesWithoutBody(t *testing.T, w DestinationWorld) {
	c := composition(w, "purchase.1")
	// Nothing is left by which a person could be matched, nor a name to send
	// by: no destination that refuses anything takes this.
	c.Delivery.Send = ""
	payload, refusal := w.Destination.Compose(c)
	if refusal == nil {
		t.Log("this destination refuses nothing")
		return
	}
	if refusal.Reason == "" || refusal.Path == "" || refusal.Detail == "" {
		t.Errorf("the refusal has to say what, where and what to do: %+v", *refusal)
	}
	if len(payload.Body) != 0 || len(payload.Fields) == 0 {
		t.Errorf("a refused payload has lineage and no body, not %d fields and %d bytes", len(payload.Fields), len(payload.Body))
	}
}

func sendsNothing(t *testing.T, w DestinationWorld) {
	if v := w.Destination.Send(t.Context(), nil); len(v) != 0 {
		t.Errorf("verdicts on nothing: %v", v)
	}
	expectReceived(t, w)
}

func sendsInOrder(t *testing.T, w DestinationWorld) {
	ids := numbered(25)
	expectRulings(t, w.Destination.Send(t.Context(), parcels(t, w, ids...)), 25, collector.Accepted)
	expectReceived(t, w, ids...)
}

func repeatsBodies(t *testing.T, w DestinationWorld) {
	p := parcels(t, w, "purchase.1")
	for range 3 {
		expectRulings(t, w.Destination.Send(t.Context(), p), 1, collector.Accepted)
	}
	expectReceived(t, w, "purchase.1", "purchase.1", "purchase.1")
	for _, body := range w.Bodies() {
		if body != string(p[0].Body) {
			t.Errorf("the body changed on its way:\n%s\n%s", body, p[0].Body)
		}
	}
}

func isolatesParcel(t *testing.T, w DestinationWorld) {
	ids := numbered(20)
	for culprit := range ids {
		before := len(w.Received())
		w.Script(func(id string) Behaviour {
			if id == ids[culprit] {
				return Refuse
			}
			return Take
		})
		verdicts := w.Destination.Send(t.Context(), parcels(t, w, ids...))
		for i, v := range verdicts {
			want := collector.Accepted
			if i == culprit {
				want = collector.Rejected
			}
			if v.Ruling != want {
				t.Errorf("culprit %d: parcel %d is %s, want %s", culprit, i, v.Ruling, want)
			}
			if i == culprit && v.Reason == "" {
				t.Error("a rejection has no reason")
			}
		}
		got := w.Received()[before:]
		slices.Sort(got)
		if want := slices.Delete(slices.Clone(ids), culprit, culprit+1); !slices.Equal(got, want) {
			t.Errorf("culprit %d: received %v", culprit, got)
		}
	}
}

func retriesFailure(t *testing.T, w DestinationWorld) {
	w.Script(func(string) Behaviour { return Fail })
	expectRulings(t, w.Destination.Send(t.Context(), parcels(t, w, numbered(5)...)), 5, collector.Retry)
	expectReceived(t, w)
	w.Script(func(string) Behaviour { return Take })
	expectRulings(t, w.Destination.Send(t.Context(), parcels(t, w, numbered(5)...)), 5, collector.Accepted)
	expectReceived(t, w, numbered(5)...)
}

func stopsWhenShut(t *testing.T, w DestinationWorld) {
	w.Script(func(string) Behaviour { return Shut })
	verdicts := w.Destination.Send(t.Context(), parcels(t, w, numbered(5)...))
	expectRulings(t, verdicts, 5, collector.Blocked)
	for _, v := range verdicts {
		if v.Reason == "" {
			t.Fatal("a block has no reason, so nobody knows what to do")
		}
	}
	expectReceived(t, w)
}

func doubtsLostAnswer(t *testing.T, w DestinationWorld) {
	w.Script(func(string) Behaviour { return Cut })
	expectRulings(t, w.Destination.Send(t.Context(), parcels(t, w, "purchase.1")), 1, collector.InDoubt)
	expectReceived(t, w, "purchase.1")
}

func doubtsSilence(t *testing.T, w DestinationWorld) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// The context ends as soon as the far side has the request, not after a time.
	w.Script(func(string) Behaviour { cancel(); return Hang })
	expectRulings(t, w.Destination.Send(ctx, parcels(t, w, "purchase.1")), 1, collector.InDoubt)
	expectReceived(t, w)
}

func respectsDeadContext(t *testing.T, w DestinationWorld) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	expectRulings(t, w.Destination.Send(ctx, parcels(t, w, numbered(3)...)), 3, collector.Retry)
	expectReceived(t, w)
}

func keepsNoReference(t *testing.T, w DestinationWorld) {
	p := parcels(t, w, "purchase.1")
	want := string(p[0].Body)
	expectRulings(t, w.Destination.Send(t.Context(), p), 1, collector.Accepted)
	for i := range p[0].Body {
		p[0].Body[i] = 'x'
	}
	if got := w.Bodies(); len(got) != 1 || got[0] != want {
		t.Errorf("what was received changed with the parcel: %q", got)
	}
	expectRulings(t, w.Destination.Send(t.Context(), parcels(t, w, "purchase.2")), 1, collector.Accepted)
	expectReceived(t, w, "purchase.1", "purchase.2")
}

func isConcurrent(t *testing.T, w DestinationWorld) {
	const senders, each = 8, 10
	var wg sync.WaitGroup
	var want []string
	for s := range senders {
		ids := make([]string, each)
		for i := range ids {
			ids[i] = fmt.Sprintf("purchase.%d-%d", s, i)
		}
		want = append(want, ids...)
		wg.Go(func() {
			var p []collector.Parcel
			for _, id := range ids {
				c := composition(w, id)
				payload, _ := w.Destination.Compose(c)
				p = append(p, collector.Parcel{Key: c.Delivery, Body: payload.Body})
			}
			for _, v := range w.Destination.Send(t.Context(), p) {
				if v.Ruling != collector.Accepted {
					t.Errorf("sender %d: %s (%s)", s, v.Ruling, v.Detail)
				}
			}
		})
	}
	wg.Wait()
	got := w.Received()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("received %v, want %v", got, want)
	}
}

func expectRulings(t *testing.T, verdicts []collector.Verdict, n int, want collector.Ruling) {
	t.Helper()
	if len(verdicts) != n {
		t.Fatalf("%d verdicts on %d parcels", len(verdicts), n)
	}
	for i, v := range verdicts {
		if v.Ruling != want {
			t.Errorf("parcel %d is %s (%s: %s), want %s", i, v.Ruling, v.Reason, v.Detail, want)
		}
	}
}

// expectReceived waits for nothing: when Send has returned, the far side has
// made up its mind.
func expectReceived(t *testing.T, w DestinationWorld, want ...string) {
	t.Helper()
	if got := w.Received(); !slices.Equal(got, want) {
		t.Errorf("received %v, want %v", got, want)
	}
}
