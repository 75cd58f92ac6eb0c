package collector

// A Reason is a stable machine-readable code, lower_snake_case. Reasons are an
// API: they are added, never renamed. The sentences for people stand beside
// the constants of the package that gives the reason ([Sentences] here).
type Reason string

// Reasons why the edge refuses a request or one event of it. They travel in
// the X-Matchkey-Reason header, in the answer's body and as a metric label.
const (
	ReasonUnknownSite     Reason = "unknown_site"
	ReasonWrongOrigin     Reason = "origin_not_allowed"
	ReasonWrongKey        Reason = "write_key_wrong"
	ReasonNoKey           Reason = "write_key_missing"
	ReasonMethod          Reason = "method_not_allowed"
	ReasonNotFound        Reason = "not_found"
	ReasonBodyTooLarge    Reason = "body_too_large"
	ReasonBodyEmpty       Reason = "body_empty"
	ReasonEncoding        Reason = "encoding_unsupported"
	ReasonEncodingBroken  Reason = "encoding_broken"
	ReasonMalformedJSON   Reason = "json_malformed"
	ReasonInvalidUTF8     Reason = "utf8_invalid"
	ReasonUnknownVersion  Reason = "version_unknown"
	ReasonTooManyEvents   Reason = "too_many_events"
	ReasonNoEvents        Reason = "no_events"
	ReasonJournalBusy     Reason = "journal_busy"
	ReasonJournalFailed   Reason = "journal_failed"
	ReasonEventName       Reason = "event_name_invalid"
	ReasonEventID         Reason = "event_id_invalid"
	ReasonEventTime       Reason = "event_time_invalid"
	ReasonEventTooOld     Reason = "event_too_old"
	ReasonEventInFuture   Reason = "event_in_future"
	ReasonChannel         Reason = "channel_unknown"
	ReasonIntegrations    Reason = "integrations_invalid"
	ReasonPropertiesLarge Reason = "properties_too_large"
	ReasonListLong        Reason = "list_too_long"
	ReasonProperty        Reason = "property_invalid"
	ReasonFieldTooLong    Reason = "field_too_long"
	ReasonUnknownField    Reason = "field_unknown"
	ReasonNoSubject       Reason = "no_subject"
	ReasonInternal        Reason = "internal_error"
)

// Reasons why a field was dropped and its event kept.
const (
	ReasonConsentAbsent   Reason = "consent_absent"   // no grant came with the beacon
	ReasonConsentRefused  Reason = "consent_refused"  // the beacon says the person refused
	ReasonMalformed       Reason = "malformed"        // the value does not follow its grammar
	ReasonInFuture        Reason = "in_future"        // the value's own time lies ahead
	ReasonTooOld          Reason = "too_old"          // the value's own time is out of its window
	ReasonNotNormalisable Reason = "not_normalisable" // no normal form exists
	ReasonPrivateAddress  Reason = "private_address"  // not routable on the Internet
	ReasonNeverSeen       Reason = "never_seen"       // nobody ever told us
	ReasonAfterConversion Reason = "after_conversion" // observed only later than the conversion
)

// Reasons of delivery states that are not a decision's and not a destination's.
const (
	ReasonWindowPassed   Reason = "window_passed"     // too old for the destination
	ReasonTriesExhausted Reason = "tries_exhausted"   // gave up after the last allowed try
	ReasonCrashed        Reason = "crashed_in_flight" // the process ended while a request was out
	ReasonNoAnswer       Reason = "no_answer"         // sent, and no answer came
	ReasonWaiting        Reason = "waiting_for_identifiers"
	ReasonRedriven       Reason = "redriven"
	ReasonResolved       Reason = "resolved"                  // a person ended the doubt
	ReasonPaused         Reason = "paused_by_person"          // a person stopped the destination
	ReasonEventMissing   Reason = "event_missing"             // the delivery's event is not in the store
	ReasonSiteGone       Reason = "site_no_longer_configured" // the configuration has no such site any more
	ReasonNameless       Reason = "event_without_name_or_id"
	ReasonUnreadable     Reason = "frame_unreadable"  // the journal's frame is damaged; it is kept
	ReasonCopyMerged     Reason = "copy_merged"       // its data is in the event's first copy
	ReasonManyBrowsers   Reason = "too_many_browsers" // a customer has so many that it is no one person
	ReasonCopiesDisagree Reason = "copies_disagree"   // two copies of one event name two customers
	ReasonErased         Reason = "erased"            // its person was erased
	ReasonNotComposable  Reason = "not_composable"    // preflight refused it; the detail says what
	ReasonSpent          Reason = "counted_before"    // a copy of a conversion whose records have expired
)

// Sentences gives every reason of this package in words for people.
func Sentences() map[Reason]string {
	return map[Reason]string{
		ReasonUnknownSite:     "No site of this name is configured.",
		ReasonWrongOrigin:     "The page's origin is not in the site's list of origins.",
		ReasonWrongKey:        "The write key is not one of the site's keys.",
		ReasonNoKey:           "The request carries no Authorization: Bearer write key.",
		ReasonMethod:          "This address does not answer that method.",
		ReasonNotFound:        "Nothing is served at this address.",
		ReasonBodyTooLarge:    "The body is larger than allowed; send fewer events at a time.",
		ReasonBodyEmpty:       "The body is empty.",
		ReasonEncoding:        "The content encoding is not supported; use gzip or none.",
		ReasonEncodingBroken:  "The body cannot be decompressed.",
		ReasonMalformedJSON:   "The body is not the JSON that is expected here.",
		ReasonInvalidUTF8:     "The body is not valid UTF-8.",
		ReasonUnknownVersion:  "The wire format's version is not known to this server.",
		ReasonTooManyEvents:   "There are more events in the request than allowed; split it.",
		ReasonNoEvents:        "The request carries no event.",
		ReasonJournalBusy:     "The server has more to do than it may queue; send again after Retry-After.",
		ReasonJournalFailed:   "The event could not be made durable; send again after Retry-After.",
		ReasonEventName:       "An event name is 1 to 64 characters of a-z, A-Z, 0-9, '_', '.', ':' and '-'.",
		ReasonEventID:         "An event id is 1 to 128 printable characters without blanks.",
		ReasonEventTime:       "The event's time is not an RFC 3339 time.",
		ReasonEventTooOld:     "The event happened too long ago to be of use.",
		ReasonEventInFuture:   "The event's time lies in the future.",
		ReasonChannel:         "The channel is none of web, app, store, phone, email, chat, messaging, system, other; leave it out when you do not know.",
		ReasonIntegrations:    "The integrations are an object with one object for each kind of destination, at most 8 KiB in all.",
		ReasonPropertiesLarge: "The event's properties are too large or too deeply nested.",
		ReasonListLong:        "The list has more entries than are kept of one; the first were kept.",
		ReasonProperty:        "A property is not a JSON value that can be kept.",
		ReasonFieldTooLong:    "A field is longer than allowed.",
		ReasonUnknownField:    "A field is not part of the format.",
		ReasonNoSubject:       "The event names neither a customer nor a visitor nor contact data.",
		ReasonInternal:        "The server made a mistake; it has been counted.",

		ReasonConsentAbsent:   "No consent came with it, so it was not kept.",
		ReasonConsentRefused:  "The person refused, so it was not kept.",
		ReasonMalformed:       "The value does not follow its grammar, so it was left out.",
		ReasonInFuture:        "The value's own time lies in the future, so it was left out.",
		ReasonTooOld:          "The value is older than its window, so it was left out.",
		ReasonNotNormalisable: "The value has no normal form, so it was left out.",
		ReasonPrivateAddress:  "The address is private and says nothing about the person.",
		ReasonNeverSeen:       "It was never seen for this person.",
		ReasonAfterConversion: "It was seen only after the conversion.",

		ReasonWindowPassed:   "The conversion is too old for the destination.",
		ReasonTriesExhausted: "The last allowed try failed.",
		ReasonCrashed:        "The process ended while the request was out; the destination may have counted it.",
		ReasonNoAnswer:       "The request was sent and no answer came; the destination may have counted it.",
		ReasonWaiting:        "Identifiers may still arrive; it is sent when they do or when the wait ends.",
		ReasonRedriven:       "A person put it back to be sent.",
		ReasonResolved:       "A person said what became of a request that was never answered.",
		ReasonPaused:         "A person paused the destination; nothing is sent until it is resumed.",
		ReasonEventMissing:   "The event of this delivery is not in the store.",
		ReasonSiteGone:       "The site is no longer in the configuration.",
		ReasonNameless:       "The event has no name or no ID.",
		ReasonUnreadable:     "The journal's frame cannot be read; it is kept as it is.",
		ReasonCopyMerged:     "It is a further copy; what it said is in the first.",
		ReasonManyBrowsers:   "So many browsers named this customer that it is no one person, so this one was not linked.",
		ReasonCopiesDisagree: "Two copies of this event name two customers, so only the server's, or else the first, was used.",
		ReasonSpent:          "It is a late copy of a conversion whose records have expired; it was counted then and is not counted again.",
		ReasonErased:         "The person was erased, so nothing of it is kept and nothing is sent.",
		ReasonNotComposable:  "It fails a check that the destination would fail it for.",
	}
}
