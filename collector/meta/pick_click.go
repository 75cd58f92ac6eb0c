package meta

// The two identifiers of Meta's own: the click by which a person came, and the
// browser's id. Which one of several goes along decides what the conversion is
// attributed to.

import (
	"slices"
	"time"

	"matchkey/collector"
)

// observedSlack is how far after the conversion a click's own time may lie when
// it was not observed with the conversion: the drift of an honest clock. A
// click that came with the event itself was there before it, whatever the
// browser's clock says; for it clockSlack counts.
const observedSlack = 2 * time.Second

// click sets fbc: the newest valid click before the conversion, less than 90 days
// old; when that ends, the payload is no longer good. The same fbclid seen twice is one click, of the earliest time: seeing it
// again does not make it younger (capi.md § 13.2, § 13.4).
func (d *draft) click() {
	const kind, path = collector.KindClick, "user_data.fbc"
	if d.inMessenger() {
		d.dropped(path, kind, ReasonOtherChannel)
		return
	}
	if d.leftOut(path, kind) {
		return
	}
	ids, own := d.candidates(kind)
	if len(ids) == 0 {
		d.dropped(path, kind, d.missing(kind, "fbc", clickCookie))
		return
	}
	if d.c.Decision.Strips(kind) {
		d.dropped(path, kind, stripReason(d.c.Decision, kind))
		return
	}
	var best *clickSeen
	why := collector.ReasonMalformed
	clicks := distinctClicks(ids, own)
	for i := range clicks {
		c := &clicks[i]
		if reason := d.refusesClick(c); reason != "" {
			why = reason
			continue
		}
		if best == nil || c.value.at.After(best.value.at) {
			best = c
		}
	}
	if best == nil {
		d.dropped(path, kind, why)
		return
	}
	d.event.UserData.Click = best.value.text
	f := d.identified(path, best.id, maskBrowserValue(best.value.text), howToTheLetter(best.id))
	f.At = best.value.at
	d.sent(f)
	d.goodUntil = best.value.at.Add(clickLife)
}

func howToTheLetter(id *collector.Identifier) string {
	if id.How != "" {
		return id.How
	}
	return "to the letter"
}

// A clickSeen is one click, of its earliest observation.
type clickSeen struct {
	id    *collector.Identifier
	value browserValue
	own   bool // one of its observations came with the event itself
}

// distinctClicks returns the well-formed clicks, each fbclid once, in the order
// in which they first appear. The first own of ids are the event's.
func distinctClicks(ids []collector.Identifier, own int) []clickSeen {
	var clicks []clickSeen
	for i := range ids {
		v, ok := readBrowserValue(ids[i].Value, isClickID)
		if !ok {
			continue
		}
		// Compared one by one: a person has a few clicks, not hundreds.
		at := slices.IndexFunc(clicks, func(c clickSeen) bool { return c.value.payload == v.payload })
		if at < 0 {
			at = len(clicks)
			clicks = append(clicks, clickSeen{id: &ids[i], value: v})
		}
		known := &clicks[at]
		if v.at.Before(known.value.at) {
			known.id, known.value = &ids[i], v
		}
		known.own = known.own || i < own
	}
	return clicks
}

// clickLife is how old a click may be when it is sent: it has to be inside of
// Meta's window still when the request arrives, by Meta's clock, because one that
// is not costs the whole request (capi.md § 5.3).
const clickLife = cookieLife - windowSafety

// refusesClick says why a click is not the conversion's (capi.md § 5.3). Its age
// counts at the time of sending, because that is when Meta looks at it, and
// whether it was before the conversion by the whole seconds that are sent.
func (d *draft) refusesClick(c *clickSeen) collector.Reason {
	slack := observedSlack
	if c.own {
		slack = clockSlack
	}
	at := c.value.at
	switch {
	case at.After(time.Unix(d.event.EventTime, 0).Add(slack)):
		return collector.ReasonAfterConversion
	case at.After(d.c.Now.Add(clockSlack)):
		return collector.ReasonInFuture
	case d.c.Event.OccurredAt.Sub(at) > cookieLife, d.c.Now.Sub(at) >= clickLife:
		return collector.ReasonTooOld
	}
	return ""
}

// browser sets fbp: the event's own browser id, else the newest that was known
// before the conversion, be it by our observation or by its own time.
func (d *draft) browser() {
	const kind, path = collector.KindBrowser, "user_data.fbp"
	if d.inMessenger() {
		d.dropped(path, kind, ReasonOtherChannel)
		return
	}
	if d.leftOut(path, kind) {
		return
	}
	ids, own := d.candidates(kind)
	if len(ids) == 0 {
		d.dropped(path, kind, d.missing(kind, "fbp", browserCookie))
		return
	}
	if d.c.Decision.Strips(kind) {
		d.dropped(path, kind, stripReason(d.c.Decision, kind))
		return
	}
	why := collector.ReasonMalformed
	for i := range ids {
		id := &ids[i]
		v, ok := readBrowserValue(id.Value, isRandomPart)
		if !ok {
			continue
		}
		limit := d.c.Event.OccurredAt.Add(observedSlack)
		if i >= own && id.FirstAt.After(limit) && v.at.After(limit) {
			why = collector.ReasonAfterConversion
			continue
		}
		if v.at.After(d.c.Now.Add(clockSlack)) {
			why = collector.ReasonInFuture
			continue
		}
		d.event.UserData.Browser = v.text
		d.sent(d.identified(path, id, maskBrowserValue(v.text), howToTheLetter(id)))
		return
	}
	d.dropped(path, kind, why)
}
