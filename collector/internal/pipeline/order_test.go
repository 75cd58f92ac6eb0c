package pipeline

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"matchkey/collector"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/store"
)

// What package identity promises about the order of arrival, at the level of
// the pipeline. Nobody refuses here: answers have an order by nature.

// buying makes every purchase a conversion that waits for late identifiers.
type buying struct{ indifferent }

func (buying) Match(ev collector.Event, _ collector.Profile) ([]collector.Conversion, []collector.Note) {
	if ev.Name != collector.EventPurchase {
		return nil, nil
	}
	return []collector.Conversion{{
		Scenario: "purchase", Send: "Purchase", Destinations: []string{"main"}, Wait: time.Hour, Properties: ev.Properties,
	}}, nil
}

// belongs says whose browser is whose, all the time. v9 is nobody's.
var belongs = map[string]string{"v1": "c1", "v2": "c1", "v3": "c2", "v9": ""}

func minutes(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }

// happened draws an event of a small world.
func happened(t *rapid.T) collector.Event {
	visitor := rapid.SampledFrom([]string{"v1", "v2", "v3", "v9"}).Draw(t, "visitor")
	customer, when := belongs[visitor], rapid.IntRange(0, 40).Draw(t, "when")
	ev := collector.Event{Site: "shop", Origin: collector.OriginBrowser, OccurredAt: minutes(when), ReceivedAt: minutes(when)}
	observed := func(kind collector.Kind, value string, first int) {
		ev.Identifiers = append(ev.Identifiers, collector.Identifier{
			Kind: kind, Value: value, FirstAt: minutes(first), LastAt: minutes(when), Receipt: ev.Receipt, Event: ev.Name,
		})
	}
	inBrowser := func(name string) {
		ev.Name, ev.Visitor, ev.Receipt = name, visitor, fmt.Sprintf("b_%s_%d", visitor, when)
		ev.Session = fmt.Sprintf("%s_%02d", visitor, when/10)
		ev.Client = collector.Client{IP: fmt.Sprintf("203.0.113.%d", when), UserAgent: "test"}
		ev.URL = "https://shop.example/"
		observed(collector.KindClick, fmt.Sprintf("%s.%d", visitor, when/7), when/7-60)
		observed(collector.KindBrowser, "fbp of "+visitor, -90)
	}
	order := fmt.Sprint(rapid.IntRange(1, 4).Draw(t, "order"))
	switch rapid.SampledFrom([]string{"seen", "named", "bought in browser", "bought", "told"}).Draw(t, "what") {
	case "seen":
		inBrowser(collector.EventPageView)
	case "named":
		inBrowser(collector.EventIdentify)
		ev.Customer = customer
		observed(collector.KindEmail, "hash of "+visitor, when)
	case "bought in browser":
		inBrowser(collector.EventPurchase)
		ev.Properties = map[string]any{"value": 1.0, "coupon": "x"}
	case "bought":
		ev.Name, ev.Origin, ev.Customer, ev.Receipt = collector.EventPurchase, collector.OriginServer, "c"+customer, "c_"+visitor
		if customer != "" {
			ev.Customer = customer
		}
		ev.Properties = map[string]any{"value": 59.9}
		observed(collector.KindEmail, "hash of "+ev.Customer, when)
	case "told":
		ev.Name, ev.Origin, ev.Visitor, ev.Customer, ev.Receipt = "lead", collector.OriginServer, visitor, customer, "c_"+visitor
		observed(collector.KindPhone, fmt.Sprint("hash of ", visitor, when/20), when)
	}
	if ev.Name == collector.EventPurchase {
		// Both copies of an order are of one browser, its buyer's.
		ev.ID = collector.DeterministicID(ev.Name, visitor+order)
		ev.OccurredAt = minutes(10)
	} else {
		ev.ID = fmt.Sprintf("%s.%s.%d", ev.Name, visitor, when)
	}
	return ev
}

// An outcome is what a history comes to.
type outcome struct {
	Profiles   map[string]collector.Profile
	Linked     map[string][]collector.Subject
	Deliveries map[string]string
}

// outcomeOf applies a history to an empty store.
func outcomeOf(t *rapid.T, ctx testing.TB, history []collector.Event) (o outcome) {
	ok := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	j := journal.NewMemory()
	_, err := j.Append(ctx.Context(), history)
	ok(err)
	s := store.NewMemory(j)
	p := newPipeline(ctx, j, s)
	p.Sites = map[string]Site{"shop": {Matcher: buying{}, Decider: indifferent{}, Records: noRecords}}
	p.Window = func(_ string, ev collector.Event) (time.Time, collector.Reason) {
		return ev.OccurredAt.Add(7 * 24 * time.Hour), collector.ReasonWindowPassed
	}
	ok(p.CatchUp(ctx.Context()))
	o = outcome{map[string]collector.Profile{}, map[string][]collector.Subject{}, map[string]string{}}
	for _, id := range []string{"v1", "v2", "v3", "v9", "v1~1", "v1~2", "v1~3"} {
		o.add(ctx, ok, s, collector.Visitor("shop", id))
	}
	for _, id := range []string{"c1", "c2", "c", "cc1"} {
		o.add(ctx, ok, s, collector.Customer("shop", id))
	}
	list, err := s.Deliveries(ctx.Context(), collector.DeliveryQuery{Max: 1000})
	ok(err)
	for _, d := range list {
		// Whom it is about may have been a visitor who was linked later.
		person, err := s.Profile(ctx.Context(), d.Person)
		ok(err)
		o.Deliveries[d.Key.String()] = fmt.Sprint(d.State, d.Properties, person.Subject)
	}
	return o
}

func (o outcome) add(ctx testing.TB, ok func(error), s collector.Store, subject collector.Subject) {
	var err error
	o.Profiles[subject.String()], err = s.Profile(ctx.Context(), subject)
	ok(err)
	o.Linked[subject.String()], err = s.Linked(ctx.Context(), subject)
	ok(err)
}

func TestAnyOrderComesToTheSame(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		history := rapid.SliceOfNDistinct(rapid.Custom(happened), 1, 30, sameCopy).Draw(r, "history")
		again := slices.Concat(history, history[:rapid.IntRange(0, len(history)).Draw(r, "twice")])
		again = rapid.Permutation(again).Draw(r, "order")
		if diff := cmp.Diff(outcomeOf(r, t, history), outcomeOf(r, t, again)); diff != "" {
			r.Fatalf("another order comes to something else:\n%s", diff)
		}
	})
}

// sameCopy names one side's copy of an event: a history has each once.
func sameCopy(ev collector.Event) string { return string(ev.Origin) + ev.ID }

// A turn is a sign-in or a sign-out in the browser v1, which three people share.
func turn(name, customer string, when int) collector.Event {
	return collector.Event{
		ID: fmt.Sprintf("%s.%d", name, when), Site: "shop", Name: name, Origin: collector.OriginBrowser, Receipt: fmt.Sprint("b_", when),
		OccurredAt: minutes(when), ReceivedAt: minutes(when), Visitor: "v1", Customer: customer, Session: fmt.Sprint("turn", when),
	}
}

// TestLateEventsOfASharedBrowser: its turns arrive in order; everything else
// arrives late by any time, and several times.
func TestLateEventsOfASharedBrowser(t *testing.T) {
	turns := []collector.Event{
		turn(collector.EventIdentify, "c1", 10), turn(collector.EventSignOut, "c1", 16),
		turn(collector.EventIdentify, "c2", 22), turn(collector.EventSignOut, "", 30),
	}
	ofV1 := rapid.Custom(happened).Filter(func(ev collector.Event) bool { return ev.Visitor == "v1" && ev.Customer == "" })
	rapid.Check(t, func(r *rapid.T) {
		history := rapid.SliceOfNDistinct(ofV1, 1, 20, sameCopy).Draw(r, "history")
		arrival := func(label string) (all []collector.Event) {
			all = slices.Clone(turns)
			for _, ev := range rapid.Permutation(slices.Concat(history, history, turns)).Draw(r, label) {
				first := 0
				for i, other := range all {
					isTurn := other.Name == collector.EventIdentify || other.Name == collector.EventSignOut
					if isTurn && !other.OccurredAt.After(ev.OccurredAt) {
						first = max(first, slices.IndexFunc(all, func(o collector.Event) bool { return o.ID == all[i].ID })+1)
					}
				}
				all = slices.Insert(all, rapid.IntRange(first, len(all)).Draw(r, "at"), ev)
			}
			return all
		}
		one, other := outcomeOf(r, t, arrival("one")), outcomeOf(r, t, arrival("other"))
		if diff := cmp.Diff(one, other); diff != "" {
			r.Fatalf("another order comes to something else:\n%s", diff)
		}
		for _, s := range one.Profiles["customer:c2"].Sessions {
			if s.At.Before(minutes(22)) || s.At.After(minutes(30)) {
				r.Fatalf("the second customer has the session %+v, of another one's time", s)
			}
		}
		for _, s := range one.Profiles["customer:c1"].Sessions {
			if s.At.After(minutes(16)) {
				r.Fatalf("the first customer has the session %+v, of after the sign-out", s)
			}
		}
	})
}

// recognising lets through what somebody could be recognised by.
type recognising struct{ indifferent }

func (recognising) Decide(q collector.Question) collector.Decision {
	for _, k := range q.Has {
		if k == collector.KindBrowser || k == collector.KindCustomer {
			return collector.Decision{Outcome: collector.SendFull}
		}
	}
	return collector.Decision{Outcome: collector.Drop, Reasons: []collector.Reason{"nothing"}}
}

// TestFirstPageViewIsKept: it names nobody, and fixes the session of who is named
// by a later event, whichever of the two comes first.
func TestFirstPageViewIsKept(t *testing.T) {
	view := seen("view")
	view.Session, view.URL, view.Client = "s1", "https://shop.example/landing", collector.Client{IP: "203.0.113.7", UserAgent: "test"}
	named := view
	named.ID, named.Name, named.Customer, named.URL = "named", "identify", "c1", "https://shop.example/account"
	named.OccurredAt = named.OccurredAt.Add(time.Minute)
	for name, order := range map[string][]collector.Event{"view first": {view, named}, "view late": {named, view}} {
		j := journal.NewMemory()
		if _, err := j.Append(t.Context(), order); err != nil {
			t.Fatal(err)
		}
		s := store.NewMemory(j)
		p := newPipeline(t, j, s)
		p.Sites["shop"] = Site{Matcher: indifferent{}, Decider: recognising{}, Records: noRecords}
		if err := p.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, err := s.Profile(t.Context(), collector.Customer("shop", "c1"))
		if err != nil || len(got.Sessions) != 1 || got.Sessions[0].URL != view.URL {
			t.Errorf("%s: sessions %+v, %v; want the one that began with the page view", name, got.Sessions, err)
		}
	}
}
