package collector

import (
	"reflect"
	"time"
)

// Origin says which side witnessed an event.
type Origin string

// The origins of an event.
const (
	OriginBrowser Origin = "browser" // the tag saw it in a page
	OriginServer  Origin = "server"  // the site's own back end said so
)

// Names of events that carry a rule. Every other name is the site's own.
const (
	EventPageView   = "page_view"
	EventCartUpdate = "cart_update"
	EventPurchase   = "purchase"
	EventIdentify   = "identify"
	EventConsent    = "consent"
	// EventSignOut ends whose browser it is: the visitor goes on in a new
	// generation, and nothing of the customer follows.
	EventSignOut = "sign_out"
)

// An Event is one immutable fact: a named thing that happened.
//
// The journal holds events exactly as the edge accepted them. What may not be
// kept was taken out before (Withheld says why), and contact data is already
// hashed: no e-mail address and no phone number in the clear ever reaches this
// type.
type Event struct {
	// ID is the identity of the fact, minted once at its origin. Facts whose
	// truth is on the server have a deterministic ID, "<name>.<order id>" (see
	// [DeterministicID]), so that the browser's copy, the shop's copy and a
	// retry meet. Same site, name and ID is one event, whatever its source.
	ID   string `json:"id"`
	Site string `json:"site"`
	Name string `json:"name"`

	Origin Origin `json:"origin"`
	// Channel says where it happened; empty when the sender did not say.
	Channel Channel `json:"channel,omitempty"`
	// Receipt names the beacon or API call that carried the event. It is the
	// provenance of everything learned from it, and stands in lineage.
	Receipt string `json:"receipt"`
	// OccurredAt is when it happened: the edge's receive time less the age the
	// sender reported, so that a wrong browser clock does no harm.
	OccurredAt time.Time `json:"occurred_at"`
	// ReceivedAt is the edge's clock.
	ReceivedAt time.Time `json:"received_at"`

	// Visitor is this browser, Customer the site's own id of the person. Either
	// may be empty.
	Visitor  string `json:"visitor,omitempty"`
	Customer string `json:"customer,omitempty"`
	// Session is the tag's session id; empty for server events.
	Session string `json:"session,omitempty"`
	// PageView is the tag's id of the page view the event belongs to.
	PageView string `json:"page_view,omitempty"`

	// Client is the browser's end of the connection. Zero for server events:
	// the shop's own address says nothing about the person.
	Client Client `json:"client,omitzero"`
	// URL is origin and path of the page; the query is never kept, because
	// click ids and personal data travel there.
	URL      string `json:"url,omitempty"`
	Referrer string `json:"referrer,omitempty"`

	// Identifiers were observed together with the event.
	Identifiers []Identifier `json:"identifiers,omitempty"`
	// Properties are the site's own words about the fact (value, currency,
	// contents …): JSON values only, bounded by the edge.
	Properties map[string]any `json:"properties,omitempty"`
	// Integrations is what only one kind of destination understands, by the
	// name of the kind: JSON values only, bounded by the edge and opaque to
	// everybody but that kind. Ids of the person in it are used for this event
	// alone; they enter no profile.
	Integrations map[string]map[string]any `json:"integrations,omitempty"`

	// Consent is the person's answer, when this event carries one.
	Consent *ConsentAnswer `json:"consent,omitempty"`
	Signals Signals        `json:"signals,omitzero"`
	// Withheld lists the reasons why identifiers were not kept at the edge.
	Withheld []Reason `json:"withheld,omitempty"`
	// Notes are faults that cost a field and not the event, for example
	// {"phone","not_normalisable"}; shown in lineage.
	Notes []Note `json:"notes,omitempty"`
}

// DeterministicID is the event ID of a fact that has an id of its own on the
// server: "<name>.<id>". Tag and edge build it alike; see also the golden
// files in tag/testdata.
func DeterministicID(name, id string) string { return name + "." + id }

// Redacted returns what is left of an event whose person does not allow more:
// that it happened, and why nothing else is kept.
func (e Event) Redacted(reasons ...Reason) Event {
	return Event{
		ID: e.ID, Site: e.Site, Name: e.Name, Origin: e.Origin, Receipt: e.Receipt,
		OccurredAt: e.OccurredAt, ReceivedAt: e.ReceivedAt, Withheld: reasons,
	}
}

// IsRedacted reports whether nothing is left of an event but that it happened, and
// why no more.
func (e Event) IsRedacted() bool {
	return len(e.Withheld) > 0 && reflect.DeepEqual(e, e.Redacted(e.Withheld...))
}

// Client is what the edge knows of the browser that sent a beacon.
type Client struct {
	// IP is the browser's address as text, found by walking X-Forwarded-For
	// from the right through configured proxies; empty when not kept.
	IP        string `json:"ip,omitempty"`
	UserAgent string `json:"user_agent,omitempty"`
	// Hints are what the browser says of itself beside the user agent, unasked.
	Hints Hints `json:"hints,omitzero"`
	// Locale is the language that the browser asks for first, as it writes it.
	Locale string `json:"locale,omitempty"`
	Geo    Geo    `json:"geo,omitzero"`
}

// Hints are the client hints that a browser sends with every request, to the
// letter (User-Agent Client Hints, W3C). Browsers that have none leave them empty.
type Hints struct {
	Brands   string `json:"brands,omitempty"`
	Platform string `json:"platform,omitempty"`
	Mobile   string `json:"mobile,omitempty"` // "?1" or "?0"
}

// Geo is where the address is said to be. The zero value means unknown, which
// counts as a country that requires opt-in.
type Geo struct {
	Country string `json:"country,omitempty"` // ISO 3166-1 alpha-2, upper case
	Region  string `json:"region,omitempty"`  // ISO 3166-2 subdivision without the country, upper case
	// Source is "geoip", "declared" (the site said so) or empty.
	Source string `json:"source,omitempty"`
	// Conflict is true when two sources disagree; the strictest regime counts.
	Conflict bool `json:"conflict,omitzero"`
}

// A Note records a fault that cost a field and not the event.
type Note struct {
	Field  string `json:"field"`
	Reason Reason `json:"reason"`
}

// SessionStart is the first event after 30 minutes of silence. It fixes
// address, user agent, geo and landing page as one consistent set.
type SessionStart struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Client  Client    `json:"client"`
	URL     string    `json:"url,omitempty"`
	Receipt string    `json:"receipt"`
}
