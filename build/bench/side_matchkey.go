package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"matchkey/collector"
	"matchkey/collector/consent"
	"matchkey/collector/meta"
)

// site is the name of the benches' site.
const site = "shop"

// purposes are what a person of the benches agreed to: all there is.
var purposes = []string{consent.PurposeMeasurement, consent.PurposeMatching, consent.PurposePersonalisation}

// register asks what the site of the beacons asks, in the same words.
var register = consent.NewRegister([]consent.Category{{ID: "advertising", Label: "Advertising", Purposes: purposes}}, []consent.Notice{asked})

// decider is a site's policy as a configuration without options makes it.
func decider() *consent.Decider {
	p := consent.Defaults()
	p.OptInEverywhere, p.NoticeEpoch = true, register.Epoch()
	return consent.New(p)
}

// A matchkeySide does what edge and dispatcher do with a person's order. The
// store between them is left out: what it would hand to the dispatcher is put
// together before.
type matchkeySide struct {
	now         time.Time
	people      []person
	orders      []order
	hash        collector.Hasher
	cookies     []collector.BrowserIdentifier
	decider     collector.Decider
	destination *meta.Destination
	wire        *wire
}

// An order is what the store has of one, contact data and cookies apart.
type order struct {
	event      collector.Event
	properties map[string]any
	profile    collector.Profile
	records    []collector.ConsentRecord
}

func newMatchkeySide(c crowd) (worker, error) {
	m := &matchkeySide{
		now: time.UnixMilli(c.Now).UTC(), people: c.People,
		hash: meta.Hasher(), cookies: meta.BrowserIdentifiers(), decider: decider(), wire: &wire{},
	}
	for i := range c.People {
		m.orders = append(m.orders, newOrder(&c.People[i]))
	}
	var err error
	m.destination, err = meta.New(meta.Config{
		Name: "main", Dataset: "100000000000001", Token: "nobody-will-ever-see-this-token", Transport: m.wire, BatchMax: batchEvents,
	})
	return m, err
}

func newOrder(p *person) order {
	at := time.UnixMilli(p.At).UTC()
	before := at.Add(-time.Hour)
	o := order{
		event:      purchase(p),
		properties: properties(p),
		profile: collector.Profile{
			Subject: collector.Customer(site, p.Customer), FirstAt: before, LastAt: at, Visitors: []string{"1.toybxa." + p.Customer},
			Sessions: []collector.SessionStart{{
				ID: "s", At: before, Client: collector.Client{IP: p.IP, UserAgent: p.UserAgent}, URL: "https://shop.example/", Receipt: "b_1",
			}},
			Page: collector.PageSeen{URL: p.URL, At: at, Receipt: "b_2"},
		},
	}
	subjects := []collector.Subject{collector.Visitor(site, "1.toybxa."+p.Customer), o.profile.Subject}
	o.records = register.Records(answer(before), subjects, o.event, 1)
	return o
}

// answer is a yes to everything.
func answer(at time.Time) collector.ConsentAnswer {
	return collector.ConsentAnswer{
		Action: collector.ConsentAccept, At: at, Notice: noticeHash, Language: asked.Language, Source: "banner", Explicit: true,
	}
}

// purchase is the shop's report of a person's order.
func purchase(p *person) collector.Event {
	at := time.UnixMilli(p.At).UTC()
	return collector.Event{
		ID: collector.DeterministicID(collector.EventPurchase, p.Order), Site: site, Name: collector.EventPurchase,
		Origin: collector.OriginServer, Receipt: "c_" + p.Order, OccurredAt: at, ReceivedAt: at, Customer: p.Customer,
	}
}

// properties are an order's as a journal holds them.
func properties(p *person) map[string]any {
	var contents []any
	for _, it := range p.Items {
		contents = append(contents, map[string]any{"id": it.ID, "quantity": it.Quantity, "item_price": it.Price})
	}
	return map[string]any{
		"value": p.Value, "currency": p.Currency, "order_id": p.Order, "content_type": "product", "contents": contents,
	}
}

func (m *matchkeySide) lap(post func([]byte)) (edge time.Duration) {
	m.wire.post = post
	ctx := context.Background()
	identifiers := make([][]collector.Identifier, batchEvents)
	parcels := make([]collector.Parcel, 0, batchEvents)
	for start := 0; start < len(m.people); start += batchEvents {
		n := min(batchEvents, len(m.people)-start)
		began := processorTime()
		for i := range n {
			identifiers[i] = m.atEdge(&m.people[start+i])
		}
		edge += processorTime() - began
		parcels = parcels[:0]
		for i := range n {
			parcels = append(parcels, m.atDispatcher(&m.orders[start+i], identifiers[i]))
		}
		m.wire.events = n
		for _, v := range m.destination.Send(ctx, parcels) {
			if v.Ruling != collector.Accepted {
				panic("BUG: the bench's own answer was read as " + string(v.Ruling))
			}
		}
	}
	return edge
}

// atEdge hashes contact data and checks cookies.
func (m *matchkeySide) atEdge(p *person) []collector.Identifier {
	at := time.UnixMilli(p.At).UTC()
	ids := make([]collector.Identifier, 0, 10)
	for _, c := range [...]struct {
		kind  collector.Kind
		value string
	}{
		{collector.KindEmail, p.Email}, {collector.KindPhone, p.Phone},
		{collector.KindFirstName, p.FirstName}, {collector.KindLastName, p.LastName},
		{collector.KindCity, p.City}, {collector.KindPostalCode, p.Zip}, {collector.KindCountry, p.Country},
	} {
		hashes, how, _ := m.hash(c.kind, c.value, p.Country)
		for _, h := range hashes {
			ids = append(ids, collector.Identifier{Kind: c.kind, Value: h, FirstAt: at, LastAt: at, Receipt: "c_1", Event: "identify", How: how})
		}
	}
	for _, c := range m.cookies {
		value := p.Browser
		if c.Kind == collector.KindClick {
			value = p.Click
		}
		if kept, made, why := c.Parse(value, m.now); why == "" {
			ids = append(ids, collector.Identifier{Kind: c.Kind, Value: kept, FirstAt: made, LastAt: at, Receipt: "b_1", Event: "page_view"})
		}
	}
	return ids
}

// atDispatcher decides about an order and composes its body.
func (m *matchkeySide) atDispatcher(o *order, ids []collector.Identifier) collector.Parcel {
	profile := o.profile
	profile.Identifiers = ids
	has := make([]collector.Kind, 0, len(ids)+3)
	for _, id := range ids {
		if !slices.Contains(has, id.Kind) {
			has = append(has, id.Kind)
		}
	}
	has = append(has, collector.KindCustomer, collector.KindUserAgent, collector.KindIP)
	decision := m.decider.Decide(collector.Question{
		Now: m.now, Event: o.event, Direct: []collector.Subject{profile.Subject},
		Linked: []collector.Subject{o.records[0].Subject}, Records: o.records, Purposes: purposes, Has: has,
	})
	if decision.Outcome != collector.SendFull {
		panic(fmt.Sprint("BUG: a person of the bench who agreed to everything: ", decision.Reasons))
	}
	key := collector.DeliveryKey{Site: site, Destination: "main", Send: "Purchase", EventID: o.event.ID}
	payload, refusal := m.destination.Compose(collector.Composition{
		Now: m.now, Delivery: key, Event: o.event, Properties: o.properties, Profile: profile, Decision: decision,
	})
	if refusal != nil {
		panic("BUG: an order of the bench is refused: " + refusal.Detail)
	}
	return collector.Parcel{Key: key, Body: payload.Body}
}

// A wire takes requests and accepts what is in them, without a network.
type wire struct {
	post   func(body []byte)
	body   bytes.Buffer
	events int // of the next request; to count them would be work of nobody's
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.body.Reset()
	if _, err := w.body.ReadFrom(r.Body); err != nil {
		return nil, err
	}
	w.post(w.body.Bytes())
	text := fmt.Sprintf(`{"events_received":%d,"messages":[],"fbtrace_id":"x"}`, w.events)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text))}, nil
}
