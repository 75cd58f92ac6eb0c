// Package tag is the script that a site's pages load: its TypeScript sources,
// embedded. Package build compiles them, once for each site, with what is
// particular to the site as constants. It is small, and harmless: it never
// throws into a page, never blocks one, and before the person has answered it
// stores nothing and sends nothing. (The banner, where a site takes it, asks for
// its text, and that request says nothing of the visitor.)
//
// # Code map
//
// One behaviour a file. From what a page calls down to what leaves:
//
//	main         what happens on a page by itself
//	api          window.matchkey, the stub's queue, double inclusion
//	events       matchkey('track'), ('page'): turned into JSON at once
//	identify     matchkey('identify'); hash: SHA-256 in the page
//	consent      matchkey('consent'): the gate, and what moves it
//	banner       asks with the edge's notice; matchkey('ask')
//	cmp          consent managers: TCF, GPP, Google's consent mode
//	twin         the Pixel's calls; its hook is inline (build/snippet.go)
//	get          matchkey('get')
//	spa          page views of single-page applications
//
//	answer       the person's answer and the cookie _mkc, for all tabs
//	gpc          the browser's privacy signal
//	refusal      telling of a refusal
//	user         the customer whom the page has named
//
//	queue        events that wait, messages made of them; the only way out
//	transport    fetch with keepalive, sendBeacon, fetchLater, retry
//	parked       what is kept for the next page
//	image        where nothing else is allowed
//	beacon       the wire format
//
//	identifiers  what travels as "m"
//	click        fbclid and the cookie _fbc; landing, inapp: where else one may be
//	visitor      the cookie _mkv
//	session      the cookie _mks
//	hints, ipv6  what a browser tells when asked
//	cookies      reading and writing them; domain: for which hosts
//
//	page         where we are: address, first-seen time, inert or not
//	native       the browser's functions as they were when we loaded
//	guard        nothing is thrown into the page
//	ignore       the only way not to send; the closed list of reasons
//	public       what a page may call, for people who write pages
//	types        shapes that several files share
//	constants    what the build fixes: features, addresses
//
// Invariants: queue.take is the only source of what transport sends, and looks
// at the answer each time. Whatever is not sent passes through ignore(reason);
// ?matchkey_debug=1 shows the reasons in the console. Only click, visitor,
// session, answer and domain write a cookie; only parked and landing write to
// storage. Numbers that bound something are enums named Limit at the top of
// their file. A feature that a site does not take is a constant false, and
// everything behind it is gone: so each is asked for where it is used.
//
// # What a page may call
//
//	matchkey('track', name, properties?, {id?})   an id makes the event id "<name>.<id>"
//	matchkey('page', properties?)                 a page view more; one is sent by itself
//	matchkey('identify', customer, contact?)      null signs out (event sign_out)
//	matchkey('consent', 'accept' | 'reject' | 'withdraw', {categories?, source?, language?, notice?, token?, informed?}?)
//	matchkey('ask')                               shows the banner, where there is one
//	matchkey('get', callback)                     {visitor?, session?, identifiers, consent}
//
// An accept without categories means all. A reject or a withdrawal closes the
// gate whatever categories it names; one that takes back a grant is sent as
// "withdraw" with the visitor's id, and clears the tag's cookies.
//
// # Wire format, version 1
//
// This cannot change; add a version. What is added must be ignorable by an
// older edge. testdata/beacon holds one beacon for each situation: the tag's
// tests must produce them to the letter, the edge's tests must accept them.
//
// A beacon is POST {prefix}/{site} with a body of JSON, sent as
// text/plain;charset=UTF-8 so that no browser asks first (CORS-simple), with
// credentials. It has at most 64 KiB and 50 events. Absent members are left out.
//
//	{
//	  "v": 1,                          version
//	  "t": 1795431646170,              the browser's clock when the beacon leaves, ms;
//	                                   a retry is dated anew, its events are not, so
//	                                   that an event's age is t less its own t
//	  "b": "23c060e1",                 which build of the tag
//	  "i": "1.toybxa.0123456789abcdef",visitor: 1.<made, s, base 36>.<80 random bits>
//	  "k": "toybxa6aof",               session: <start, s, base 36><4 random>
//	  "p": "x7v0page0view0id",         page view: random, known to nobody afterwards
//	  "l": "https://shop.example/cart?x=1",  address of the page, at most 2,048 characters
//	  "r": "https://shop.example/",    referrer, likewise
//	  "m": {"_fbp": "fb.1.…", "_fbc": "fb.1.…"},  identifiers by cookie name, as they are
//	  "u": {"id": "c42", "email": "…"},customer: id, and of email, phone, first_name,
//	                                   last_name, date_of_birth, gender, city, region,
//	                                   postal_code, country what the page gave, as text;
//	                                   signature of the id, where the site signs
//	  "a": "2001:db8::1",              the browser's IPv6 address, where another host had to tell it
//	  "x": {"full": 3},                how often the tag did not send, by reason, since it last said so
//	  "c": {                           the person's answer, in every beacon
//	    "a": "accept",                 accept, reject, withdraw
//	    "t": 1795431646110,            when, ms
//	    "n": "9f86d081…",              SHA-256 of the notice: the present one, or the one that was named
//	    "p": "1.tgr7s0.q8…",           the edge's token for that notice, when there was one
//	    "g": "en",                     its language
//	    "s": "banner",                 banner, preferences, api, gpc, tcf, gpp, consent_mode, pixel
//	    "x": true,                     the person acted; absent for a signal
//	    "o": true,                     told of the GPC signal before they accepted; else absent
//	    "k": ["advertising"]           categories; absent for all
//	  },
//	  "g": true,                       navigator.globalPrivacyControl
//	  "e": [{"n": "page_view",         name: 1 to 64 of A-Z a-z 0-9 _ . : -
//	         "i": "k3e0mh9qd7t2vc01",  id: 16 of 0-9 a-v (80 random bits), or <name>.<own id>
//	         "t": 1795431646120,       when it happened, ms
//	         "p": {"value": 59.9}}]    properties, any JSON the page gave
//	}
//
// A refusal has v, t, b, c, g and one event named consent; "u" with nothing but
// the id when the page named a customer; and "i" only when it takes back a
// grant. Nothing else, never contact data.
//
// Answers: 2xx taken; 5xx, or none: tried again, after Retry-After seconds if
// given; 4xx final, X-Matchkey-Reason says why.
package tag
