package edge

import (
	"time"

	"matchkey/collector"
)

// The beacon's wire format, version 1. It cannot change; what is added must be
// ignorable by an older edge, and everything else is a new version. The golden
// files are in tag/testdata/beacon: the tag's tests produce them, the edge's
// tests accept them.
//
//	POST {prefix}/{site}    text/plain;charset=UTF-8 (no preflight), at most 64 KiB and 50 events
//
//	{"v":1,                  version
//	 "t":1795431646170,      the client's clock when it sent, ms since 1970
//	 "b":"23c060e1",         build of the tag; for people who read captures
//	 "i":"1.toybxa.mfa9…",   visitor: with consent, and on withdrawal
//	 "k":"toybxa6aof",       session: with consent
//	 "p":"x7…",              page view
//	 "l":"https://…",        address of the page; query and fragment are dropped here
//	 "r":"https://…",        referrer, likewise
//	 "m":{"<cookie>":"…"},   browser identifiers by cookie name: with consent
//	 "u":{"id":"c42","email":"…",…},   the customer and contact data by kind; "signature" of the id (signature.go)
//	 "c":{"a":"accept","t":…,"n":"<sha256 of the notice>","g":"en","s":"banner","x":true,"k":["advertising"]},
//	                         the person's answer: action, when (ms), notice, language, source, explicit, categories
//	 "g":true,               navigator.globalPrivacyControl
//	 "e":[{"n":"page_view","i":"k3…","t":1795431646120,"p":{…}}]}   events: name, id, when (ms), properties
//
// An event happened at the edge's clock less (t − e.t): a browser's clock may be
// wrong by years, its differences are right. So is an accept dated, by t − c.t;
// a refusal counts from when it came.
//
// Faults. What makes a body unreadable refuses the beacon (400): broken JSON,
// duplicate names, invalid UTF-8, a version that is not known. So does an
// answer "c" that cannot be read: nobody guesses what a person said. Everything
// else costs itself only. Names that are not known are ignored.

// Bounds of a beacon.
const (
	maxBeaconEvents     = 50
	maxBeaconMembers    = 64 // of "m" and "u"
	maxAnswerCategories = 64
	maxClockAhead       = 60 * time.Second // an event later than its own sending
)

// maxEventAge is how old an event of a page may be; older ones are of no use to
// anybody.
var maxEventAge = collector.ChannelWeb.MaxAge()

// A beacon is a decoded request of the tag. Its strings are parts of one copy of
// the body, which is nobody else's.
type beacon struct {
	sentAt   int64 // t; 0 when absent
	visitor  string
	session  string
	pageView string
	url      string // origin and path
	referrer string
	// members of "m" and "u" in the order in which they came
	identifiers []member
	person      []member
	answer      *collector.ConsentAnswer // nil or said; At is zero until dateAnswer
	said        collector.ConsentAnswer
	gpc         bool
	events      []beaconEvent
	// notes are faults that concern every event of the beacon.
	notes []collector.Note
	// refused are the events that could not be read, by reason.
	refused map[collector.Reason]int
}

// A member is one name and value of an object of strings. ok is false when the
// value is no string (numbers are taken as they are spelled: postal codes).
type member struct {
	name, value string
	ok          bool
}

// A beaconEvent is one event of a beacon, checked but not yet dated.
type beaconEvent struct {
	name, id   string
	at         int64 // e.t; 0 when absent
	properties map[string]any
	notes      []collector.Note
}

// note adds a fault that concerns every event.
func (b *beacon) note(field string, why collector.Reason) {
	b.notes = append(b.notes, collector.Note{Field: field, Reason: why})
}

// valueOf returns the member of a name; "" when absent or no string.
func valueOf(members []member, name string) string {
	for _, m := range members {
		if m.name == name && m.ok {
			return m.value
		}
	}
	return ""
}

// occurredAt dates an event by the edge's clock: received less the age that the
// sender reports, never later than received and at most a week earlier. why
// says what was wrong with the age.
func (b *beacon) occurredAt(e *beaconEvent, received time.Time) (at time.Time, why collector.Reason) {
	if b.sentAt == 0 || e.at == 0 {
		return received, collector.ReasonMalformed
	}
	age := b.sentAt - e.at // ms; as a Duration it could overflow
	switch {
	case age > maxEventAge.Milliseconds():
		return received.Add(-maxEventAge), collector.ReasonTooOld
	case age < -maxClockAhead.Milliseconds():
		return received, collector.ReasonInFuture
	case age < 0:
		return received, ""
	}
	return received.Add(-time.Duration(age) * time.Millisecond), ""
}
