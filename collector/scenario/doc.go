// Package scenario says which events are conversions.
//
// A scenario is one rule of a site: on this event, when this condition holds,
// send that to these destinations, with these properties, under this consent.
// [Compile] reads and type-checks all scenarios of a site when the
// configuration is loaded and reports every fault at once; the [Set] it gives
// answers for each event which conversions it is.
//
// It is a package of its own because it is the only one that knows the
// expression language (github.com/expr-lang/expr) and what is dangerous in it
// (guard.go). It reads no clock, file or network: the same event and profile
// give the same conversions, today and in a replay.
//
// # What an expression sees
//
// These names and no others; a wrong one is a fault with a suggestion.
//
//	event.name             string   purchase, cart_update, …
//	event.origin           string   browser or server
//	event.channel          string   web, app, store, phone, email, chat, messaging, system, other; "" when nobody said
//	event.id               string   the event ID
//	event.url              string   origin and path of the page, without query
//	event.value            any      properties.value: a number, or a text that plainly is one ("59.90");
//	                                what is neither stays as it is, and is nil when it is missing
//	event.currency         string   properties.currency when that is a text, else ""
//	event.properties       map      the site's own properties, free: event.properties.action
//	event.customer         string   the site's id of the person, or ""
//	event.visitor          string   our id of the browser, or ""
//	session.country        string   ISO 3166-1 alpha-2, "" when unknown
//	session.region         string   ISO 3166-2 without the country, "" when unknown
//	session.landing_url    string   the first page of the session, without query
//	session.age_minutes    number   from the session's start to the event, 0 without a session
//	session.browser        string   Chrome, Safari, Instagram …, "" when unknown
//	session.mobile         bool     a telephone's browser
//	session.bot            bool     a crawler or another program; as far as the user agent says
//	profile.has_click      bool     came by an advertisement
//	profile.has_browser    bool     has the advertiser network's own browser id
//	profile.has_email      bool     an e-mail address is known (hashed)
//	profile.has_phone      bool     a phone number is known (hashed)
//	profile.visits         int      sessions kept of the person
//	profile.known_customer bool     the site has an id of the person
//
// The session is the last one that started at or before the event.
//
// # What may be written
//
// Arithmetic, comparison, and/or/not, in, contains, startsWith, endsWith,
// matches with a fixed pattern, ??, ?. and ?:, lists and maps, and the
// functions of [Functions]. An expression has at most 2,000 characters and 200
// parts. Functions over a list (any, filter, map …) take at most 100 entries,
// nest at most twice, and map stands neither in another one's list nor in its
// body. Why this is so tight: guard.go.
//
// A property that is not there is nil. It equals nothing but nil, so that
// event.properties.plan == "pro" is false. Everything else that is done with
// nil (a comparison with <, a function over a list) fails; write
// event.properties.contents ?? [] where a list may be missing. A condition that
// gives nil does not hold. event.value of an event without a value is nil, too:
// event.value > 0 then fails, which is noted, and never counts as 0.
//
// Within map, filter and their like, { opens the body, so a map is written with
// two: map(event.properties.contents, {{"id": .sku}}).
//
// # What happens when it fails
//
// A condition that fails at run time is no conversion, and a property that
// fails is left out of one; both leave a note on the event (reason.go). A
// failing expression never stops the others and never panics.
package scenario
