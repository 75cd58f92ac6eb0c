package collector

import "time"

// Kind is the kind of an [Identifier].
type Kind string

// The kinds of identifier. Contact kinds hold a SHA-256 in lower-case hex of
// the normalised value, never the value itself.
const (
	// KindClick is proof that the person came by an advertisement: the click id
	// byte for byte, with the time it was first seen.
	KindClick Kind = "click"
	// KindBrowser is the advertiser network's own id of this browser.
	KindBrowser Kind = "browser"

	KindVisitor  Kind = "visitor"  // our id of this browser
	KindCustomer Kind = "customer" // the site's id of the person, as given

	KindEmail       Kind = "email"
	KindPhone       Kind = "phone"
	KindFirstName   Kind = "first_name"
	KindLastName    Kind = "last_name"
	KindDateOfBirth Kind = "date_of_birth"
	KindGender      Kind = "gender"
	KindCity        Kind = "city"
	KindRegion      Kind = "region"
	KindPostalCode  Kind = "postal_code"
	KindCountry     Kind = "country"

	// KindAccount is what a destination's own network knows the person by: an
	// account, a lead, a subscription. KindDevice is the id of a telephone or of
	// an app on it. Both come in [Event.Integrations] and are stripped like
	// contact data.
	KindAccount Kind = "account"
	KindDevice  Kind = "device"

	// The following are not identifiers of a profile; they name what a
	// decision strips and what lineage shows.
	KindIP        Kind = "ip"
	KindUserAgent Kind = "user_agent"
	KindURL       Kind = "url"
)

// ContactKinds are the kinds whose values arrive in the clear from the site and
// are hashed at the edge, in the order in which they are shown.
func ContactKinds() []Kind {
	return []Kind{
		KindEmail, KindPhone, KindFirstName, KindLastName, KindDateOfBirth,
		KindGender, KindCity, KindRegion, KindPostalCode, KindCountry,
	}
}

// An Identifier is one (kind, value) by which a person may be recognised, with
// when and by what it was observed. Lineage is read from here, not from logs.
type Identifier struct {
	Kind  Kind   `json:"kind"`
	Value string `json:"value"`
	// FirstAt is the earliest time we know this very value to have been
	// observed, LastAt the latest. For a click FirstAt is the true first-seen
	// time that the value itself carries.
	FirstAt time.Time `json:"first_at"`
	LastAt  time.Time `json:"last_at"`
	// Receipt names the beacon or call of the first observation, and Event the
	// name of the event it came with.
	Receipt string `json:"receipt"`
	Event   string `json:"event,omitempty"`
	// How says what was done to the value on the way in, for people:
	// "trimmed, lower-cased, SHA-256".
	How string `json:"how,omitempty"`
}

// SubjectKind says what a [Subject] is.
type SubjectKind string

// The two kinds of subject.
const (
	SubjectVisitor  SubjectKind = "visitor"
	SubjectCustomer SubjectKind = "customer"
)

// A Subject is whom a profile or a consent record is about: one visitor or one
// customer of one site.
type Subject struct {
	Site string      `json:"site"`
	Kind SubjectKind `json:"kind"`
	ID   string      `json:"id"`
}

// Visitor is the subject of a browser.
func Visitor(site, id string) Subject { return Subject{site, SubjectVisitor, id} }

// Customer is the subject of a person known to the site.
func Customer(site, id string) Subject { return Subject{site, SubjectCustomer, id} }

// IsZero reports whether s names nobody.
func (s Subject) IsZero() bool { return s.ID == "" }

func (s Subject) String() string { return string(s.Kind) + ":" + s.ID }

// A Profile is what is known of one subject. Merging profiles is commutative,
// associative and idempotent (package identity), so that order, duplicates and
// several edges cannot matter. Lists are bounded; see identity.
type Profile struct {
	Subject Subject `json:"subject"`
	// Identifiers are sorted by kind, then newest first, then by value.
	Identifiers []Identifier `json:"identifiers,omitempty"`
	// Sessions are sorted newest first.
	Sessions []SessionStart `json:"sessions,omitempty"`
	// Page is the page last seen, with when and by what.
	Page    PageSeen  `json:"page,omitzero"`
	FirstAt time.Time `json:"first_at,omitzero"`
	LastAt  time.Time `json:"last_at,omitzero"`
	// Visitors are the linked browsers, in a profile that was joined for a
	// customer; empty otherwise.
	Visitors []string `json:"visitors,omitempty"`
}

// PageSeen is a page and when it was seen.
type PageSeen struct {
	URL     string    `json:"url,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Receipt string    `json:"receipt,omitempty"`
}

// Of returns the profile's identifiers of one kind, newest first. The slice
// aliases the profile.
func (p Profile) Of(kind Kind) []Identifier {
	lo := 0
	for lo < len(p.Identifiers) && p.Identifiers[lo].Kind != kind {
		lo++
	}
	hi := lo
	for hi < len(p.Identifiers) && p.Identifiers[hi].Kind == kind {
		hi++
	}
	return p.Identifiers[lo:hi]
}

// SessionBefore returns the last session that started at or before t.
func (p Profile) SessionBefore(t time.Time) (SessionStart, bool) {
	for _, s := range p.Sessions {
		if !s.At.After(t) {
			return s, true
		}
	}
	return SessionStart{}, false
}

// A Link says that a visitor is a customer since a time. A visitor belongs to
// at most one customer; two customers never merge.
type Link struct {
	Site     string    `json:"site"`
	Visitor  string    `json:"visitor"`
	Customer string    `json:"customer"`
	Since    time.Time `json:"since"`
	Receipt  string    `json:"receipt"`
	// Generation is the visitor's (see Owner), Offset the journal entry that made
	// the link: a replay needs both when that entry was redacted since.
	Generation int    `json:"generation,omitzero"`
	Offset     Offset `json:"offset,omitzero"`
}

// A BrowserIdentifier says how one kind of identifier travels between browser
// and server. The edge is handed these and so needs to know no vendor.
type BrowserIdentifier struct {
	Kind Kind
	// Cookie is the name of the cookie, and of the member of a beacon's "m".
	Cookie string
	MaxAge time.Duration
	// Parse checks a value against its grammar and windows. It returns the value
	// to keep (to the letter, repairs apart) and the value's own time, or the
	// reason why it is left out.
	Parse func(value string, now time.Time) (kept string, at time.Time, why Reason)
}

// A Hasher turns contact data into the form in which it is kept: SHA-256 in
// lower-case hex of the normal form, several when several normal forms are in
// use. country is the ISO code that a bare phone number is read with, or empty.
// how says what was done, for people. why is not empty when nothing can be
// kept. Pure and safe for concurrent use.
type Hasher func(kind Kind, value, country string) (hashes []string, how string, why Reason)
