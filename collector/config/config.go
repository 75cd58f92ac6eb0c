package config

import (
	"net/netip"
	"time"
)

// The types below are the file. A field's doc comment becomes the description
// of its key in the JSON schema. The `jsonschema` tag is read by the schema's
// generator and by the decoder alike: required, default, enum, minimum and
// maximum therefore hold in both. Durations are written with a unit (30s, 2m,
// 12h, 180d); their minimum and maximum stand in the `bounds` tag.

// A Config is a whole file. It may be used only when [Load] reported no error;
// it is never written to afterwards and so safe for concurrent use.
type Config struct {
	// Version of this file's format. It is 1.
	Version int `yaml:"version" jsonschema:"required,minimum=1,maximum=1,example=1"`
	// Data is the folder in which everything is kept. A relative path starts at the configuration file's folder.
	Data string `yaml:"data" jsonschema:"required,example=/var/lib/matchkey"`
	// DiskReserveMB is how much of the data folder's disk is left free, in MB: below it events are answered 503 until there is space.
	DiskReserveMB int `yaml:"disk_reserve_mb" jsonschema:"default=512,minimum=16,maximum=1048576"`
	// Encryption seals the data folder and its backups. Without it they are plain.
	Encryption *Encryption `yaml:"encryption"`
	// Listen is the address of the public listener, host:port. TLS is the reverse proxy's task.
	Listen string `yaml:"listen" jsonschema:"default=:8080"`
	// TrustedProxies are the networks whose X-Forwarded-For is believed, as CIDR. Every other sender's is ignored.
	TrustedProxies []netip.Prefix `yaml:"trusted_proxies"`
	// GeoIP is the path of a MaxMind city or country database. Without it every place is unknown, which means opt-in.
	GeoIP string `yaml:"geoip"`
	// Console is the analyst's listener.
	Console Console `yaml:"console"`
	// Log says what is logged and how.
	Log Log `yaml:"log"`
	// Retention says how long what is kept.
	Retention Retention `yaml:"retention"`
	// Destinations are where conversions go.
	Destinations []Destination `yaml:"destinations" jsonschema:"required,minItems=1"`
	// Sites are the web sites that send events.
	Sites []Site `yaml:"sites" jsonschema:"required,minItems=1"`

	positions map[string]position
}

// Encryption at rest: everything in the data folder is sealed with a key that is not in it.
type Encryption struct {
	// Key is what everything is sealed with: 32 random bytes, as 64 hexadecimal digits or as base64. Who loses it loses the data.
	Key Secret `yaml:"key" jsonschema:"required,example=${file:/etc/matchkey/data.key}"`
	// Previous are keys that also open the data, until a change of keys is through.
	Previous []Secret `yaml:"previous" jsonschema:"maxItems=8"`
}

// Console is the second listener: the analyst's screens and /metrics.
type Console struct {
	// Listen is the address, host:port. Keep it on loopback, or behind a proxy that speaks TLS.
	Listen string `yaml:"listen" jsonschema:"default=127.0.0.1:8081"`
	// Password is asked of everybody. It is required unless the address is loopback.
	Password Secret `yaml:"password"`
}

// Log says what is logged and how.
type Log struct {
	// Level is the least important level that is written.
	Level string `yaml:"level" jsonschema:"enum=debug,enum=info,enum=warn,enum=error,default=info"`
	// Format is text for people or json for machines.
	Format string `yaml:"format" jsonschema:"enum=text,enum=json,default=text"`
}

// Retention says how long what is kept. What has expired is used for nothing from that moment on, and is deleted within a day or so.
type Retention struct {
	// Click is how long a click id is kept, from when it was first seen. Meta takes none that is older than 90 days.
	Click time.Duration `yaml:"click" jsonschema:"default=90d" bounds:"1d..90d"`
	// Browser is how long the network's id of a browser is kept, from when it was last seen.
	Browser time.Duration `yaml:"browser" jsonschema:"default=90d" bounds:"1d..400d"`
	// IP is how long addresses are kept.
	IP time.Duration `yaml:"ip" jsonschema:"default=90d" bounds:"1d..400d"`
	// Sessions is how long the starts of sessions are kept: address, user agent, place and landing page.
	Sessions time.Duration `yaml:"sessions" jsonschema:"default=30d" bounds:"1d..400d"`
	// Contact is how long hashes of contact data are kept, from when each was last seen.
	Contact time.Duration `yaml:"contact" jsonschema:"default=400d" bounds:"1d..3650d"`
	// ExternalIDs is how long a visitor and a customer are known, with the links between them, from when they were last seen.
	ExternalIDs time.Duration `yaml:"external_ids" jsonschema:"default=400d" bounds:"1d..3650d"`
	// Events is how long events and the journal are kept, with all that came with each.
	Events time.Duration `yaml:"events" jsonschema:"default=90d" bounds:"1d..400d"`
	// Deliveries is how long deliveries are kept, from when each was settled.
	Deliveries time.Duration `yaml:"deliveries" jsonschema:"default=90d" bounds:"1d..800d"`
	// ConsentProof is how long the record of a yes is kept after it ceased. The record of a no is kept without end.
	ConsentProof time.Duration `yaml:"consent_proof" jsonschema:"default=1825d" bounds:"365d..3650d"`
}

// A Destination is somewhere conversions go. Exactly one vendor's block says which.
type Destination struct {
	// Name is how scenarios, the console and the accounting call it: lower-case letters, digits, '-' and '_'.
	Name string `yaml:"name" jsonschema:"required,maxLength=64"`
	// Meta sends to a dataset of Meta's Conversions API.
	Meta *Meta `yaml:"meta" jsonschema:"required"`
}

// Meta is a dataset of Meta's Conversions API.
type Meta struct {
	// Dataset is the id of the dataset, which is also the Pixel's id: digits.
	Dataset string `yaml:"dataset" jsonschema:"required,example=1234567890123456"`
	// Token is the dataset's access token.
	Token Secret `yaml:"token" jsonschema:"required,example=${env:META_TOKEN}"`
	// Version is the Graph API's version.
	Version string `yaml:"version" jsonschema:"default=v26.0"`
	// BaseURL is the Graph API's address. Change it for a simulator on this machine only.
	BaseURL string `yaml:"base_url" jsonschema:"default=https://graph.facebook.com"`
	// AppSecret is the secret of the app that issued the token, when the app asks for proof of it.
	AppSecret Secret `yaml:"app_secret"`
	// PartnerAgent names the platform to Meta: fewer than 23 letters, digits, '_', '.' and '-', two letters among them.
	PartnerAgent string `yaml:"partner_agent" jsonschema:"default=matchkey"`
	// TestEventCode marks every event for the Test Events window, until test_event_code_until. Such events still count.
	TestEventCode string `yaml:"test_event_code"`
	// TestEventCodeUntil is when the test ends: a day, which counts whole in UTC, or a time as in RFC 3339. Without it no code is sent.
	TestEventCodeUntil string `yaml:"test_event_code_until" jsonschema:"example=2026-12-31"`
	// Timeout bounds one request. One that was sent and not answered by then is in doubt.
	Timeout time.Duration `yaml:"timeout" jsonschema:"default=10s" bounds:"1s..60s"`
	// Batch is the largest number of events in one request.
	Batch int `yaml:"batch" jsonschema:"default=100,minimum=1,maximum=1000"`
	// BatchAge is how long the oldest event waits for others to fill its request. A full one goes at once.
	BatchAge time.Duration `yaml:"batch_age" jsonschema:"default=500ms" bounds:"0s..1m"`
	// Concurrency is how many requests go at a time.
	Concurrency int `yaml:"concurrency" jsonschema:"default=4,minimum=1,maximum=32"`
	// Pixel is true when the dataset's Pixel sends the same events from the pages, with the same ids. Retries then end 48 hours after the first attempt, because Meta would count a later copy again.
	Pixel bool `yaml:"pixel" jsonschema:"default=true"`
	// InDoubt is what happens to an event that was sent and never answered: resend sends it up to two more times with the same id, ask leaves it to a person.
	InDoubt string `yaml:"in_doubt" jsonschema:"enum=resend,enum=ask,default=resend"`
}

// A Site is one web site with its tag, its consent and its scenarios.
type Site struct {
	// Name stands in the address of the tag and of the server events: lower-case letters, digits, '-' and '_'.
	Name string `yaml:"name" jsonschema:"required,maxLength=64"`
	// Origins of the pages that may send beacons, scheme://host[:port] as the browser writes them.
	Origins []string `yaml:"origins" jsonschema:"required,minItems=1"`
	// Prefix is the path under which the edge serves this site.
	Prefix string `yaml:"prefix" jsonschema:"default=/mk"`
	// Endpoint is scheme://host[:port] of the edge, when it is on another host than the pages.
	Endpoint string `yaml:"endpoint"`
	// CookieDomain is the domain of the cookies. The default is the registrable domain that the origins share; without one, cookies stay on their host.
	CookieDomain string `yaml:"cookie_domain"`
	// Country is the ISO 3166-1 alpha-2 code that phone numbers without a country code are read with.
	Country string `yaml:"country"`
	// WriteKeys are what the site's back end shows to send server events. Without one it cannot.
	WriteKeys []Secret `yaml:"write_keys"`
	// LinkByEmail links a browser to the customer who is known by the same e-mail address, when there is just one.
	LinkByEmail bool `yaml:"link_by_email" jsonschema:"default=false"`
	// IdentifyKey is the secret with which the site's back end signs whom a browser names. With it, a browser's unsigned word links nobody.
	IdentifyKey Secret `yaml:"identify_key"`
	// Consent says how people are asked.
	Consent Consent `yaml:"consent" jsonschema:"required"`
	// Scenarios say which events are conversions.
	Scenarios []Scenario `yaml:"scenarios"`
}

// BeaconAddress is where the site's tag sends its beacons: a path on the pages'
// own host, or an absolute URL when there is an endpoint.
func (s Site) BeaconAddress() string { return s.Endpoint + s.Prefix + "/" + s.Name }

// Consent says how the people of a site are asked, and for what.
type Consent struct {
	// Mode is opt_in (everybody is asked first) or by_region (asked first where the law says so; needs geoip).
	Mode string `yaml:"mode" jsonschema:"enum=opt_in,enum=by_region,default=opt_in"`
	// Hold is how long a conversion waits for an answer before it is withheld.
	Hold time.Duration `yaml:"hold" jsonschema:"default=30m" bounds:"0s..24h"`
	// Notices are the texts that people are shown, present and past. An answer is proven by the text it was given to.
	Notices []Notice `yaml:"notices" jsonschema:"required,minItems=1"`
	// Categories are what people are asked for; scenarios refer to them.
	Categories []Category `yaml:"categories" jsonschema:"required,minItems=1"`
}

// A Notice is one text in one language.
type Notice struct {
	// Language of the text as a BCP 47 tag, such as en or de-AT.
	Language string `yaml:"language" jsonschema:"required,example=en"`
	// Text is what people read, to the letter. Give either text or file.
	Text string `yaml:"text"`
	// File holds the text instead. A relative path starts at the configuration file's folder.
	File string `yaml:"file"`
	// Recipients are whom the text names, by kind of destination (meta). Nothing is sent to one that it does not name.
	Recipients []string `yaml:"recipients" jsonschema:"required,minItems=1"`
	// Current is true for the text shown now, false for an older one whose answers still count. The tag names the first current one.
	Current bool `yaml:"current" jsonschema:"default=true"`
	// Epoch is raised when the meaning changes (a new recipient or purpose). Older answers then no longer count.
	Epoch int `yaml:"epoch" jsonschema:"default=1,minimum=1,maximum=1000000"`
}

// A Category is one thing that people are asked for.
type Category struct {
	// ID is how scenarios and the page call it: lower-case letters, digits, '-' and '_'.
	ID string `yaml:"id" jsonschema:"required,maxLength=64"`
	// Label is how people read it.
	Label string `yaml:"label" jsonschema:"required"`
	// Purposes are what a yes allows: ads_measurement, ads_matching, ads_personalization.
	Purposes []string `yaml:"purposes" jsonschema:"required,minItems=1"`
	// Validity is how long a yes counts.
	Validity time.Duration `yaml:"validity" jsonschema:"default=180d" bounds:"1h..180d"`
}

// A Scenario says which event is a conversion, on which condition, and what is sent where.
type Scenario struct {
	// Name is how the console calls it: lower-case letters, digits, '-' and '_'.
	Name string `yaml:"name" jsonschema:"required,maxLength=64"`
	// On is the name of the event.
	On string `yaml:"on" jsonschema:"required"`
	// When is a condition; without one every such event matches.
	When string `yaml:"when"`
	// Consent is the category that a person must have agreed to.
	Consent string `yaml:"consent"`
	// LegitimateInterest is the reason why no category is named. Where the law asks for a yes, one is needed all the same.
	LegitimateInterest string `yaml:"legitimate_interest"`
	// Wait is how long the conversion waits for identifiers that come late.
	Wait time.Duration `yaml:"wait" jsonschema:"default=0s" bounds:"0s..24h"`
	// Send is the name under which the destinations get it, in their vocabulary.
	Send string `yaml:"send" jsonschema:"required,maxLength=64"`
	// To are the names of the destinations.
	To []string `yaml:"to" jsonschema:"required,minItems=1"`
	// Properties maps names of sent properties to expressions over the event. Without it the event's own are sent.
	Properties map[string]string `yaml:"properties"`
}
