package meta

// What Meta would refuse as a whole, found before anything is sent: one bad
// event costs its whole request (capi.md § 6.1, § 12.4). All that is wrong is
// found at once, so that it can be corrected at once. What the types of
// vocabulary.go and the readers of single fields already rule out (unknown
// keys, nulls, values that are no hash, malformed clicks) is not asked again.

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"matchkey/collector"
)

// A keySet is a set of keys of user_data, those of the weak combinations by
// name and all others as one.
type keySet uint16

const (
	hasCity keySet = 1 << iota
	hasCountry
	hasState
	hasPostalCode
	hasGender
	hasUserAgent
	hasBirth
	hasFirstName
	hasLastName
	hasStrong // matches a person without the help of a user agent
	hasOther
)

// weakSets are combinations of user_data that Meta finds too broad: an event
// whose keys all lie inside one of them is refused, code 100 / 2804050
// (capi.md § 3.2).
var weakSets = []keySet{
	hasCity | hasCountry | hasState | hasPostalCode | hasGender | hasUserAgent,
	hasBirth | hasUserAgent,
	hasFirstName | hasGender,
	hasLastName | hasGender,
}

// keys returns the keys that are set.
func (u *UserData) keys() keySet {
	var set keySet
	add := func(is bool, k keySet) {
		if is {
			set |= k
		}
	}
	add(len(u.City) > 0, hasCity)
	add(len(u.Country) > 0, hasCountry)
	add(len(u.State) > 0, hasState)
	add(len(u.PostalCode) > 0, hasPostalCode)
	add(len(u.Gender) > 0, hasGender)
	add(u.UserAgent != "", hasUserAgent)
	add(len(u.Birth) > 0, hasBirth)
	add(len(u.FirstName) > 0, hasFirstName)
	add(len(u.LastName) > 0, hasLastName)
	add(len(u.Email) > 0 || len(u.Phone) > 0 || len(u.ExternalID) > 0 || u.Click != "" || u.Browser != "" ||
		u.Login != "" || u.Lead != "" || u.Advertising != "" || u.Subscription != "", hasStrong)
	add(u.IP != "" || u.Install != "" || u.PagePerson != "" || u.ChatClick != "" ||
		u.InstagramAccount != "" || u.InstagramPerson != "", hasOther)
	return set
}

// maxName bounds an event's name, in bytes.
const maxName = 64

// preflight returns why the draft cannot be sent, or nil: the first fault. All
// of them stand in lineage.
func (d *draft) preflight() *collector.Refusal {
	d.checkIdentity()
	d.checkTime()
	d.checkSource()
	d.checkPurchase()
	d.checkLimitedUse()
	d.checkUserData()
	return d.refusal
}

// fail notes a fault that costs the whole event.
func (d *draft) fail(path string, reason collector.Reason) {
	if d.refusal == nil {
		detail, ok := Sentences()[reason]
		if !ok {
			detail = collector.Sentences()[reason]
		}
		d.refusal = &collector.Refusal{Reason: reason, Path: path, Detail: detail}
	}
	for i := range d.fields {
		if f := &d.fields[i]; f.Path == path {
			f.Dropped, f.Shown = reason, ""
			return
		}
	}
	d.dropped(path, "", reason)
}

func (d *draft) checkIdentity() {
	name := d.event.EventName
	if name == "" || len(name) > maxName || !utf8.ValidString(name) ||
		strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		d.fail("event_name", ReasonEventName)
	}
	if d.event.EventID == "" || !utf8.ValidString(d.event.EventID) {
		d.fail("event_id", ReasonEventID)
	}
}

// checkTime refuses what is outside of Meta's window. Our own window ends a
// little earlier; the dispatcher expires deliveries by it.
func (d *draft) checkTime() {
	at := d.c.Event.OccurredAt
	switch {
	case d.c.Now.Sub(at) > windowLength(d.c.Event.Channel):
		d.fail("event_time", collector.ReasonEventTooOld)
	case at.Sub(d.c.Now) > clockSlack:
		d.fail("event_time", collector.ReasonEventInFuture)
	}
}

// checkPurchase wants value and currency of a Purchase. Filling them in would
// let the event pass and make revenue wrong (capi.md § 13.34).
func (d *draft) checkPurchase() {
	if d.event.EventName != eventPurchase {
		return
	}
	if _, ok := d.event.Custom["value"]; !ok {
		why := ReasonValueMissing
		if d.whyDropped("custom_data.value") == ReasonValueInvalid {
			why = ReasonValueInvalid
		}
		d.fail("custom_data.value", why)
	}
	if _, ok := d.event.Custom["currency"]; !ok {
		why := ReasonCurrencyMissing
		if d.whyDropped("custom_data.currency") == ReasonCurrencyInvalid {
			why = ReasonCurrencyInvalid
		}
		d.fail("custom_data.currency", why)
	}
}

// checkLimitedUse wants a state where Meta cannot derive one: country 1 always
// needs it, and a geolocation (0, 0) needs the address (capi.md § 10.2).
func (d *draft) checkLimitedUse() {
	l := d.c.Decision.LimitedUse
	if l == nil || !l.Applies {
		return
	}
	if l.State == 0 && (l.Country != 0 || d.event.UserData.IP == "") {
		d.fail("data_processing_options_state", ReasonLimitedUse)
	}
}

// checkUserData wants enough to match somebody. Meta documents the user agent
// as required for websites but accepts events without it (capi.md § 2.2), so it
// is wanted only where nothing stronger is there: the order of a customer who
// blocks every script has to arrive.
func (d *draft) checkUserData() {
	keys := d.event.UserData.keys()
	for _, weak := range weakSets {
		if keys&^weak == 0 {
			d.fail("user_data", ReasonTooWeak)
			return
		}
	}
	if d.event.ActionSource == sourceWebsite && keys&(hasUserAgent|hasStrong) == 0 {
		d.fail("user_data.client_user_agent", ReasonNoUserAgent)
	}
}
