package edge

import (
	"slices"
	"time"

	"matchkey/collector"
)

// From a decoded beacon to the events that are stored. There are two ways and
// no third: what may be kept is kept whole; what may not leaves only the
// person's answer behind.

// An arrival is what the edge itself knows of a beacon.
type arrival struct {
	site    *site
	receipt string
	at      time.Time
	client  collector.Client
	signals collector.Signals
	// cookie returns a cookie of the request, or "".
	cookie func(string) string
	// sameJar is true when page and edge see the same cookies. Then the request's
	// are newer than what the page read.
	sameJar bool
	// doubt is why the browser's word on who its customer is did not count.
	doubt collector.Reason
}

// visitor is whose browser sent a beacon. Where page and edge share cookies the
// cookie says so: tabs that were opened together each make an id when there is
// none, the last one written stays, and all requests that leave after it carry
// it. So one browser is one visitor.
func (a *arrival) visitor(b *beacon) string {
	if carried := a.cookie(cookieVisitor); b.visitor != "" && a.sameJar && isToken(carried) {
		return carried
	}
	return b.visitor
}

// keep makes events of a beacon that may be kept, and the cookies to set again.
func (a *arrival) keep(b *beacon) ([]collector.Event, []setCookie) {
	notes := b.notes
	visitor := a.visitor(b)
	found, cookies, more := a.site.browserIdentifiers(b.identifiers, a.cookie, a.sameJar, a.at)
	notes = append(notes, more...)
	contact, more := a.site.contact(b.person, "u")
	notes = append(notes, more...)
	found = append(found, contact...)
	customer, why := customerOf(b)
	if customer != "" {
		if why = a.site.believes(customer, valueOf(b.person, "signature"), a.at); why != "" {
			customer, a.doubt = "", why
		}
	}
	if why != "" {
		notes = append(notes, collector.Note{Field: "u.id", Reason: why})
	}
	if visitor != "" {
		cookies = append(cookies, setCookie{cookieVisitor, visitor, visitorMaxAge})
	}

	events := make([]collector.Event, len(b.events))
	for i := range b.events {
		e := &b.events[i]
		at, why := b.occurredAt(e, a.at)
		own := slices.Concat(e.notes, notes)
		if why != "" {
			own = append(own, collector.Note{Field: "t", Reason: why})
		}
		events[i] = collector.Event{
			ID: e.id, Site: a.site.name, Name: e.name,
			Origin: collector.OriginBrowser, Receipt: a.receipt,
			OccurredAt: at, ReceivedAt: a.at,
			Visitor: visitor, Customer: customer, Session: b.session, PageView: b.pageView,
			Client: a.client, URL: b.url, Referrer: b.referrer,
			Identifiers: identifiers(found, e.name, at, a.receipt),
			Properties:  e.properties,
			Consent:     b.answer, Signals: a.signals,
			Notes: own,
		}
	}
	return events, cookies
}

// leaveOnlyAnswer makes events of a beacon that may not be kept: its consent
// events, with the answer and nothing by which the browser could be recognised.
// The customer stays, because "customer c42 refuses" has to be found later, and
// so does the visitor when the person refuses or withdraws, because it must
// reach what was stored before. Everything else is withheld; how many is
// returned.
func (a *arrival) leaveOnlyAnswer(b *beacon, reasons []collector.Reason) (events []collector.Event, withheld int) {
	if b.answer == nil {
		return nil, len(b.events)
	}
	said := collector.Event{
		ID: a.receipt, Site: a.site.name, Name: collector.EventConsent,
		Origin: collector.OriginBrowser, Receipt: a.receipt,
		OccurredAt: a.at, ReceivedAt: a.at,
		Consent: b.answer, Withheld: reasons,
	}
	said.Customer, _ = customerOf(b)
	if b.answer.Action != collector.ConsentAccept {
		said.Visitor = b.visitor
	}
	for i := range b.events {
		e := &b.events[i]
		if e.name != collector.EventConsent {
			withheld++
			continue
		}
		event := said
		event.ID = e.id
		event.OccurredAt, _ = b.occurredAt(e, a.at)
		events = append(events, event)
	}
	if len(events) == 0 && b.answer.Action != collector.ConsentAccept {
		// A refusal that came with other events only counts all the same. A yes
		// that is not enough (a privacy signal stands against it) tells nothing.
		events = append(events, said)
	}
	return events, withheld
}

// giveAnswerAnEvent makes the event of an answer that came with no event at
// all, under the beacon's receipt.
func (a *arrival) giveAnswerAnEvent(b *beacon) {
	if b.answer != nil && len(b.events) == 0 {
		b.events = append(b.events, beaconEvent{name: collector.EventConsent, id: a.receipt, at: b.sentAt})
	}
}

// customerOf returns the site's own id of the person, when it can be kept.
func customerOf(b *beacon) (id string, why collector.Reason) {
	m, given := lookup(b.person, "id")
	switch {
	case !given || m.ok && m.value == "":
		return "", ""
	case !m.ok:
		return "", collector.ReasonMalformed
	}
	if why := checkCustomer(m.value); why != "" {
		return "", why
	}
	return m.value, ""
}

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
