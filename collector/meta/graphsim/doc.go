// Package graphsim is a fake Graph API: the events edge of Meta's Conversions
// API, the inspection of tokens (debug_token), the Pixel's /tr, and what the
// business sees in the end. It is an adversary, not a mock that says yes: it
// refuses in every way in which Meta is known to refuse, accepts in silence what
// Meta accepts in silence and reports it elsewhere, and cuts, hangs, throttles
// and lies on demand.
//
// It is separate from package meta, and imports nothing of it, because it has
// to catch meta's mistakes: both were written from the dossier of Meta's
// documentation (capi.md; the sections are named below), not from each other.
// `matchkey demo` and `matchkey sim` serve it; tests use it as an http.Handler.
//
// # What is checked
//
// In this order; the first fault refuses the whole request, and with it every
// good event in it (§ 6.1). The answer names the first bad event in
// error_data.blame_field_specs and error_user_msg.
//
//	check                                             answer          section
//	path without a version                            400 2635        § 1.1 (a)
//	unknown path, or version never released           400 2500        (b)
//	not a POST                                        400 100/33      § 1.1
//	token missing or not the good one                 401 190         § 1.3
//	token past its end                                401 190/463     § 6.4 (e)
//	appsecret_proof missing or wrong                  400 100         § 1.4 (e)
//	dataset that is no id                             404 803         § 6.4
//	dataset that is another one                       400 100/33      § 6.4, § 13.36
//	token without permission                          403 10 or 200   § 6.4 (e)
//	body no JSON object, other content type           400 100         § 1.1
//	data missing, no array, empty, over 1,000         400 100         § 1.1, § 1.6
//	unexpected, missing, null, empty, wrong type      400 100/2804019 § 2, § 3.1, § 13.11, § 13.12
//	event_id inside custom_data                       400 100/2804019 § 2, § 13.26
//	event_time over 7 days old (62 in a store)        400 100/2804003 § 2, § 6.5
//	event_time over 60 s ahead, also milliseconds     400 100/2804004 § 2, § 6.5
//	website event without event_source_url            400 100/2804019 § 2.2
//	value outside its enum (action_source, …)         400 100/2804016 § 2.1, § 2.5, § 4.1
//	hashed key that is not 64 lower-case hex digits   400 100/2804016 § 3.1 (c)
//	hash of "", "null", "undefined" or "test"         400 100/2804016 § 3.3 (d)
//	client_ip_address not public, or with spaces      400 100/2804016 § 3.5 (d)
//	user agent or plain id that was hashed            400 100/2804016 § 3.1 (d)
//	fbc malformed, over 90 days old, ahead of now
//	or of the event                                   400 100/2804001 § 5.1, § 5.3
//	fbp malformed, or made in the future              400 100/2804016 § 5.1, § 5.3 (d)
//	user_data empty or within a too-weak set          400 100/2804050 § 3.2
//	Purchase without a numeric value                  400 100/2804009 § 4.2
//	Purchase without a currency of ISO 4217           400 100/2804010 § 4.2
//	Limited Data Use without country or state         400 100/2804019 § 10.2 (d)
//	lead id not of 15 or 16 digits                    400 100/2804036 § 3.1
//	app event: app_data, extinfo, OS version          400 100/2804019, 2804043 § 2.3
//	unexpected key of app_data                        400 100/2804019 § 2.3 (d)
//	messaging event: name, channel, its ids           400 100/2804066, 2804087, 2804019 § 4.3
//
// (a) the code was seen in facebook-nodejs-business-sdk#239 and others; that it
// answers a missing version is an inference. (b) seen for v99.0. (c) "User
// Parameter Not Hashed", facebook-java-business-sdk#421. (d) stricter than
// anything Meta is known to refuse: Meta's pages forbid it or its Events
// Manager complains of it, so a sender of ours must not do it. (e) only when
// the Options say so.
//
// The order makes a token triable without an event: an empty list of events is
// refused as such only when token, dataset and permission are good.
//
// Not refused, but reported: tokens outside the Authorization header
// ([Sim.Leaks], § 1.3), contact data in the clear ([Sim.PersonalData], § 4.1),
// and what Events Manager would complain of ([Received.Diagnostics], § 8.4).
// Versions past their end are answered, with X-Ad-Api-Version-Warning (§ 1.2).
//
// # What goes wrong by script
//
// [Sim.Script] plays faults: errors of every code of § 6.4 and § 6.5, throttling
// and usage headers (§ 6.6), silence, cuts and lies (§ 6.2, § 6.7). A fault is
// for the next requests, or for those with a certain event in them: so one
// poisoned event fails every batch that it is in. [Faults] lists them all;
// docs/simulator.md shows how to write them.
//
// # What is counted
//
// [Sim.Counted] applies § 7: a browser copy and a server copy of the same
// dataset, event_name and event_id collapse within 48 hours of the receipt of
// the first, in any order. Two copies from servers count twice, as do two from
// browsers: Meta's page promises nothing for them. A set of copies within one
// window therefore counts as often as the side that sent more of them. Events in
// a store (physical_store) collapse among themselves within 7 days, by time,
// name, item and order, or the same user keys; messaging events never do.
// [Sim.Audit] compares the result with what the business should see: which ids
// were lost, which counted twice, and the sum of their value.
//
// # What is not known
//
// Documentation is silent on these, so the fake does what is said here, and
// agreement with it proves nothing (§ 14):
//
//   - The tolerance for event_time ahead of Meta's clock: 60 s here, and the
//     same for an fbc ahead of now or of its event.
//   - The order of Meta's checks, and whether it names every bad event.
//   - The texts of 2804007, 2804017, 2804030 and 2804048, which occur by script only;
//     so does 2804072: which page an advertisement belongs to is not known here.
//   - The exact subcode of a fault of structure or of value: 2804019 and 2804016
//     here. Branch on code 100 with any 2804xxx, as § 6.5 says.
//   - Whether unknown keys beside data are refused: ignored here; whether
//     duplicate JSON keys are: refused here, as no reader agrees on them.
//   - Form-encoded and compressed bodies: Meta takes forms (§ 1.1); here they
//     hold no data. Whether it takes gzip is not documented.
//   - What non-empty messages look like: always empty here.
//   - Whether two server copies of one event_id collapse: a summary in § 7 reads
//     "any source mix", Meta's page speaks of browser and server only. The fake
//     takes the answer that costs a careless sender more.
//   - Currencies that ISO 4217 has withdrawn (BGN since 2026): refused here.
//   - Deduplication by fbp or external_id (§ 7, method B), by order_id for selected
//     partners, and of app installs: not modelled. Which copy wins decides here
//     about the value only: the first, or the browser's within five minutes.
//   - What debug_token says of a system user's token is taken from Meta's page on
//     debugging tokens; that it takes a POST with method=get is common practice.
//     The permission error's status, and the code of a wrong appsecret_proof, too.
//   - customer_segmentation is accepted beside event_name and in custom_data, as
//     § 2.5 has it in both; attribution_data is refused, because its beta is gated.
//
// Titles and messages are localised by Meta to the token's owner: every second
// refusal here is in French, and error_data is by turns an object and a JSON
// string (§ 6.3). Nothing personal is ever quoted in an answer.
package graphsim
