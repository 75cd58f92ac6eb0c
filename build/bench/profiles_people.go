package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"matchkey/collector"
)

// visitLength is about how many events it takes from a visit's first to its last.
const visitLength = 1000

// customerEvery says how many people there are to one who signs in.
const customerEvery = 4

// A populace is the people of the profiles bench, of whom there are too many to
// keep: each is made anew from a number whenever something of them is wanted.
type populace struct {
	seed uint64
	now  time.Time
	size int // people
}

// loading returns the events that make profiles from to to, in order: a person's
// first page view, and of one in four the sign-in after it. Every event is the
// first of its profile: of a visitor, or of a customer who is linked to one.
func (p populace) loading(from, to int) (events []collector.Event) {
	for i := from; i < to; i++ {
		person, signsIn := i/(customerEvery+1)*customerEvery+i%(customerEvery+1), false
		if i%(customerEvery+1) == customerEvery {
			person, signsIn = person-1, true // the last visitor of the five
		}
		if signsIn {
			events = append(events, p.signIn(person))
		} else {
			events = append(events, p.view(person, 0))
		}
	}
	return events
}

// visitors is how many of a number of profiles are visitors, customers how many are
// not, and customerOf the name of the nth of these.
func visitors(profiles int) int { return profiles / (customerEvery + 1) * customerEvery }

func customers(profiles int) int { return profiles / (customerEvery + 1) }

func customerOf(n int) string { return visitorsCustomer(n*customerEvery + customerEvery - 1) }

func visitorsCustomer(person int) string { return "C-" + strconv.Itoa(100_000+person) }

// view is a person's nth page view, as the edge writes it to the journal.
func (p populace) view(person, nth int) collector.Event {
	r := rand.New(rand.NewPCG(p.seed, uint64(person)))
	// They came one after the other, in forty days: an id begins with its time.
	born := p.now.Add(-time.Hour - time.Duration(float64(40*24*time.Hour)*(1-float64(person)/float64(p.size)))).Truncate(time.Millisecond)
	browser := 1_000_000_000 + r.IntN(1_000_000_000)
	clicked, click := r.IntN(3) == 0, letters(r, 57)
	session := letters(r, 8)
	at := p.now.Add(time.Duration(nth) * time.Second)
	receipt := fmt.Sprintf("b_%s%d", letters(r, 14), nth)
	ev := collector.Event{
		ID: letters(r, 12) + strconv.Itoa(nth), Site: site, Name: collector.EventPageView, Origin: collector.OriginBrowser, Receipt: receipt,
		OccurredAt: at.Add(-80 * time.Millisecond), ReceivedAt: at,
		Visitor: "1." + strconv.FormatInt(born.Unix(), 36) + "." + letters(r, 20),
		Session: session + strconv.Itoa(nth/visitLength), PageView: letters(r, 8) + strconv.Itoa(nth),
		Client: collector.Client{
			IP: fmt.Sprintf("203.0.%d.%d", r.IntN(256), 1+r.IntN(254)), UserAgent: pick(r, agents), Locale: "de-DE",
			Geo: collector.Geo{Country: "DE", Region: "BE", Source: "geoip"},
		},
		URL: "https://shop.example/products/" + strconv.Itoa(r.IntN(5000)), Referrer: "https://www.example.com/",
		Identifiers: []collector.Identifier{{
			Kind: collector.KindBrowser, Value: fmt.Sprintf("fb.1.%d.%d", born.UnixMilli(), browser), FirstAt: born, LastAt: at, Receipt: receipt, Event: collector.EventPageView,
		}},
	}
	if clicked {
		ev.Identifiers = append(ev.Identifiers, collector.Identifier{
			Kind: collector.KindClick, Value: fmt.Sprintf("fb.1.%d.IwAR%s", born.UnixMilli(), click), FirstAt: born, LastAt: at, Receipt: receipt, Event: collector.EventPageView,
		})
	}
	given := answer(born.Add(time.Second))
	given.ClaimedAt = given.At
	ev.Consent = &given
	return ev
}

// signIn is what the tag tells when a person is known.
func (p populace) signIn(person int) collector.Event {
	ev := p.view(person, 1)
	ev.Name, ev.Customer = collector.EventIdentify, visitorsCustomer(person)
	for _, kind := range []collector.Kind{collector.KindEmail, collector.KindPhone} {
		r := rand.New(rand.NewPCG(p.seed+1, uint64(person)<<1))
		ev.Identifiers = append(ev.Identifiers, collector.Identifier{
			Kind: kind, Value: fmt.Sprintf("%016x%016x%016x%016x", r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()),
			FirstAt: ev.OccurredAt, LastAt: ev.OccurredAt, Receipt: ev.Receipt, Event: ev.Name, How: "trimmed, lower-cased, SHA-256",
		})
	}
	return ev
}

// visits are the ones that go on at a time, of people who were here before, taken at
// random. Each is of five page views, one of which comes in every turn of the round.
type visits struct {
	populace
	r    *rand.Rand
	on   [200]struct{ person, views int }
	turn int
}

func newVisits(p populace) *visits { return &visits{populace: p, r: rand.New(rand.NewPCG(p.seed, 2))} }

// next returns the events of the next turns.
func (v *visits) next(from, to int) (events []collector.Event) {
	for range to - from {
		on := &v.on[v.turn%len(v.on)]
		if on.views == 0 {
			on.person, on.views = v.r.IntN(v.size), 5
		}
		on.views--
		v.turn++
		events = append(events, v.view(on.person, 2+v.turn))
	}
	return events
}
