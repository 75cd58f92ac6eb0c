// Package edge is HTTP for the public: it serves the tag and takes beacons from
// browsers and events from the sites' back ends.
//
// It is separate because it is the only part that strangers can reach. It knows
// fasthttp and the words of package collector and is handed everything else: a
// journal to append to, the hash of contact data, the grammar of the
// identifiers, the rule of consent, the clock. It knows no vendor, no database
// and no machinery behind the journal.
//
// # The way of a beacon
//
//	request ─► route ─► origin ─► body (bounded, copied once) ─► decode ─► may we keep it?
//	                                                                       │yes         │no
//	                                  identifiers, contact data (hashed), client   only the answer
//	                                                                       └─► Journal.Append ─► 204
//
// # What it promises
//
//   - 204 (beacons) and 202 (server events) leave only after Append returned:
//     what was acknowledged is on stable storage. When it cannot be, the answer
//     is 503 with Retry-After. The picture of an e-mail is the one exception: it is
//     always shown and acknowledges nothing (open_handler.go).
//   - Everything it refuses has a reason: the status, the X-Matchkey-Reason
//     header, a sentence in the body, a counter. A bad field costs itself, a bad
//     event costs itself; the good ones beside it are kept.
//   - What may not be kept is taken out here, before the journal. Contact data
//     is hashed here, and no page's query string is kept. Ids, paths and
//     properties are searched for e-mail addresses that a site put there by
//     mistake; a phone number is known by its property's name only.
//   - Nothing of a request reaches a log.
//   - Everything is bounded: headers, bodies before and after decompression,
//     events, depth, strings, time, metric labels.
//   - X-Forwarded-For is believed from configured proxies only.
//
// # Addresses
//
//	GET  {prefix}/{site}.js          the tag; brotli, gzip or plain; revalidated after 5 minutes
//	GET  {prefix}/{site}.{hash}.js   the same bytes for ever
//	POST {prefix}/{site}             a beacon (wire.go describes it)
//	GET  {prefix}/{site}.gif?{json}  a beacon of a page that may load nothing but images (image.go)
//	GET  {prefix}/{site}/ip          the caller's own address (address.go)
//	POST /v1/{site}/events           server-side events (server_event.go)
//	GET  {prefix}/{site}/open.gif    the picture that tells of an opened e-mail (opens.go)
//	GET  /livez, /readyz             the process answers; the journal can append
//
// fasthttp speaks HTTP/1.1 only. A TLS listener that is handed to
// [Server.Serve] must not offer "h2" in its ALPN list, else every modern
// browser fails (reference/deps.md § 14 measured it with autocert).
package edge
