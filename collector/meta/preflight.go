package meta

// What Meta would refuse as a whole, found before anything is sent: one bad
// event costs its whole request (capi.md § 6.1, § 12.4).

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"matchkey/collector"
)

// weakSets are combinations of user_data that Meta finds too broad: an event
// whose keys all lie inside one of them is refused, code 100 / 2804050
// (capi.md § 3.2).
var weakSets = [][]string{
	{keyCity, keyCountry, keyState, keyPostalCode, keyGender, "client_user_agent"},
	{keyBirth, "client_user_agent"},
	{keyFirstName, keyGender},
	{keyLastName, keyGender},
}

// strongKeys match a person without the help of a user agent.
var strongKeys = []string{keyEmail, keyPhone, keyExternalID, "fbc", "fbp"}

// maxName bounds an event's name, in bytes.
const maxName = 64

// preflight returns why the draft cannot be sent, or nil.
func (d *draft) preflight() *collector.Refusal {
	for _, check := range []func() *collector.Refusal{
		d.checkIdentity, d.checkTime, d.checkPurchase, d.checkLimitedUse, d.checkUserData,
	} {
		if r := check(); r != nil {
			return r
		}
	}
	return nil
}

func refuse(reason collector.Reason, path string) *collector.Refusal {
	detail, ok := Sentences()[reason]
	if !ok {
		detail = collector.Sentences()[reason]
	}
	return &collector.Refusal{Reason: reason, Path: path, Detail: detail}
}

func (d *draft) checkIdentity() *collector.Refusal {
	name := d.event.EventName
	if name == "" || len(name) > maxName || !utf8.ValidString(name) ||
		slices.ContainsFunc([]rune(name), func(r rune) bool { return !unicode.IsPrint(r) }) {
		return refuse(ReasonEventName, "event_name")
	}
	if d.event.EventID == "" || !utf8.ValidString(d.event.EventID) {
		return refuse(ReasonEventID, "event_id")
	}
	return nil
}

// checkTime refuses what is outside of Meta's window. Our own window ends a
// little earlier; the dispatcher expires deliveries by it.
func (d *draft) checkTime() *collector.Refusal {
	at := d.c.Event.OccurredAt
	switch {
	case d.c.Now.Sub(at) > windowLength:
		return refuse(collector.ReasonEventTooOld, "event_time")
	case at.Sub(d.c.Now) > clockSlack:
		return refuse(collector.ReasonEventInFuture, "event_time")
	}
	return nil
}

// checkPurchase wants value and currency of a Purchase. Filling them in would
// let the event pass and make revenue wrong (capi.md § 13.34).
func (d *draft) checkPurchase() *collector.Refusal {
	if d.event.EventName != eventPurchase {
		return nil
	}
	if _, ok := d.event.Custom["value"]; !ok {
		if d.whyDropped("custom_data.value") == ReasonValueInvalid {
			return refuse(ReasonValueInvalid, "custom_data.value")
		}
		return refuse(ReasonValueMissing, "custom_data.value")
	}
	if _, ok := d.event.Custom["currency"]; !ok {
		if d.whyDropped("custom_data.currency") == ReasonCurrencyInvalid {
			return refuse(ReasonCurrencyInvalid, "custom_data.currency")
		}
		return refuse(ReasonCurrencyMissing, "custom_data.currency")
	}
	return nil
}

// checkLimitedUse wants a state where Meta cannot derive one: country 1 always
// needs it, and a geolocation (0, 0) needs the address (capi.md § 10.2).
func (d *draft) checkLimitedUse() *collector.Refusal {
	l := d.c.Decision.LimitedUse
	if l == nil || !l.Applies || l.State != 0 {
		return nil
	}
	if l.Country != 0 || d.event.UserData.IP == "" {
		return refuse(ReasonLimitedUse, "data_processing_options_state")
	}
	return nil
}

// checkUserData wants enough to match somebody. Meta documents the user agent
// as required for websites but accepts events without it (capi.md § 2.2), so it
// is wanted only where nothing stronger is there: the order of a customer who
// blocks every script has to arrive.
func (d *draft) checkUserData() *collector.Refusal {
	keys := d.event.UserData.keys()
	for _, weak := range weakSets {
		if !slices.ContainsFunc(keys, func(k string) bool { return !slices.Contains(weak, k) }) {
			return refuse(ReasonTooWeak, "user_data")
		}
	}
	strong := slices.ContainsFunc(keys, func(k string) bool { return slices.Contains(strongKeys, k) })
	if d.event.ActionSource == sourceWebsite && d.event.UserData.UserAgent == "" && !strong {
		return refuse(ReasonNoUserAgent, "user_data.client_user_agent")
	}
	return nil
}
