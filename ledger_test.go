package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"matchkey/collector"
)

// What of a person's past goes with a conversion (design.md § 4), through real
// rules, engine and destination: the newest valid click before it, at most 90
// days old and of its true first time, and address and user agent of the last
// session start before it, as one pair.

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

// A visit is a session that began some time ago, in one of the person's browsers.
type visit struct {
	ago     time.Duration
	browser string
	click   string        // the fbclid, or none
	clicked time.Duration // when the cookie says it was, ago
}

// session names a visit; its user agent and its address are only its own.
func (v visit) session() string { return fmt.Sprintf("%09d%s", 1e8-int(v.ago/time.Second), v.browser) }

func (v visit) userAgent() string { return "browser of " + v.session() }

func TestWhatGoesWithAConversion(t *testing.T) {
	bought := 5 * hour // ago
	click := func(ago time.Duration, fbclid string) visit { return visit{ago, "v1", fbclid, ago} }
	many := []visit{}
	for i := range 40 {
		many = append(many, click(bought+time.Duration(40-i)*hour, fmt.Sprint("click", i)))
	}
	for _, c := range []struct {
		name   string
		visits []visit
		click  int // which visit's click goes along; -1: none
		client int // which visit's pair; -1: none
	}{
		{"no visit", nil, -1, -1},
		{"one click", []visit{click(2*day, "a")}, 0, 0},
		{"the newest of two", []visit{click(3*day, "a"), click(2*day, "b")}, 1, 1},
		{"a later visit without a click", []visit{click(3*day, "a"), click(2*day, "")}, 0, 1},
		{"after the conversion", []visit{click(3*day, "a"), click(2*hour, "b")}, 0, 0},
		{"only after the conversion", []visit{click(2*hour, "b")}, -1, -1},
		{"in the 90th day", []visit{click(90*day-hour, "a")}, 0, 0},
		{"beyond 90 days", []visit{click(90*day+hour, "a")}, -1, 0},
		{"an old one beside a good one", []visit{click(91*day, "a"), click(30*day, "b")}, 1, 1},
		{"seen again and dated anew", []visit{click(20*day, "a"), click(2*day, "a")}, 0, 1},
		{"a cookie of long ago, seen late", []visit{{2 * day, "v1", "a", 40 * day}, click(3*day, "b")}, 1, 0},
		{"first seen before its session", []visit{{2 * day, "v1", "a", 3 * day}}, 0, 0},
		{"in another browser of the person's", []visit{click(3*day, "a"), {2 * day, "v2", "b", 2 * day}}, 1, 1},
		{"the last visit in the other browser", []visit{click(2*day, "a"), {1 * day, "v2", "", 0}}, 0, 1},
		{"no click but a later session of it", []visit{click(2*day, "a"), {1 * hour, "v2", "", 0}}, 0, 0},
		{"more than are kept", many, 39, 39},
	} {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, late %t", c.name, late), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := openBusiness(t, rand.New(rand.NewPCG(1, 1)))
					defer b.close()
					now := clock().UTC()
					answer := consentAt(b, now.Add(-92*day))
					b.append(answer)
					order := slices.Clone(c.visits)
					if late {
						slices.Reverse(order)
					}
					for i, v := range order {
						b.append(visited(v, now, i))
					}
					b.append(collector.Event{
						ID: "purchase.1", Site: "shop", Name: collector.EventPurchase, Origin: collector.OriginServer, Receipt: "c_1",
						OccurredAt: now.Add(-bought), ReceivedAt: now, Customer: "c42", Properties: map[string]any{"value": 10.0, "currency": "EUR"},
						Identifiers: []collector.Identifier{{Kind: collector.KindEmail, Value: fmt.Sprintf("%064x", 1), FirstAt: now, LastAt: now}},
					})
					time.Sleep(time.Minute)
					got := received(b, "purchase.1")
					wantClick, wantIP, wantAgent := "", "", ""
					if c.click >= 0 {
						v := c.visits[c.click]
						wantClick = clickValue(v, now)
					}
					if c.client >= 0 {
						v := c.visits[c.client]
						wantIP, wantAgent = address(v), v.userAgent()
					}
					for field, want := range map[string]string{"fbc": wantClick, "client_ip_address": wantIP, "client_user_agent": wantAgent} {
						if is := first(got[field]); is != want {
							t.Errorf("%s is %q, want %q", field, is, want)
						}
					}
				})
			})
		}
	}
}

func clickValue(v visit, now time.Time) string {
	return fmt.Sprintf("fb.1.%d.%s", now.Add(-v.clicked).UnixMilli(), v.click)
}

func address(v visit) string {
	n := int(v.ago / time.Hour)
	return fmt.Sprintf("203.0.%d.%d", 100+n/250, n%250)
}

// visited is the page view with which a visit begins.
func visited(v visit, now time.Time, n int) collector.Event {
	at := now.Add(-v.ago)
	ev := collector.Event{
		ID: fmt.Sprint("pv.", n), Site: "shop", Name: collector.EventPageView, Origin: collector.OriginBrowser, Receipt: fmt.Sprint("b_", n),
		OccurredAt: at, ReceivedAt: at, Visitor: "1.t." + v.browser, Customer: "c42", Session: v.session(),
		Client: collector.Client{IP: address(v), UserAgent: v.userAgent()}, URL: "https://shop.example/",
	}
	if v.click != "" {
		ev.Identifiers = []collector.Identifier{{
			Kind: collector.KindClick, Value: clickValue(v, now), FirstAt: now.Add(-v.clicked), LastAt: at, Receipt: ev.Receipt, Event: ev.Name,
		}}
	}
	return ev
}

// consentAt is the customer's yes, on all their browsers.
func consentAt(b *business, at time.Time) collector.Event {
	return collector.Event{
		ID: "consent.1", Site: "shop", Name: collector.EventConsent, Origin: collector.OriginBrowser, Receipt: "b_answer",
		OccurredAt: at, ReceivedAt: at, Customer: "c42",
		Consent: &collector.ConsentAnswer{
			Action: collector.ConsentAccept, At: at, Notice: notice(b.config.Sites[0].Consent.Notices[0]).Hash(), Language: "en",
			Source: "banner", Explicit: true,
		},
	}
}

// received is the user data with which an event was received by the main data set.
func received(b *business, id string) map[string][]string {
	b.Helper()
	for _, r := range b.sim.Received() {
		if r.EventID == id && r.Dataset == "100000000000001" {
			return r.UserData
		}
	}
	b.Fatalf("%s was not received", id)
	return nil
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
