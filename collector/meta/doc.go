// Package meta is the destination "Meta Conversions API": it says in Meta's
// words what happened in ours, and says in our words what Meta answered.
//
// It is the only place that knows Meta's vocabulary (its simulator, package
// graphsim, is written apart from it on purpose, so that one misreading of the
// documentation cannot hide in both). It sees neither the store nor the
// dispatcher: it is handed a [collector.Composition] and parcels, and returns a
// payload and verdicts.
//
// # The translation table
//
//	ours                                     Meta's
//	---------------------------------------  -------------------------------------------
//	Delivery.Send (the scenario's send name) event_name
//	Event.ID                                 event_id, as it is
//	Event.OccurredAt                         event_time, whole seconds, rounded down
//	Event.Channel                            action_source; see below
//	Event.URL, page or landing page          event_source_url, origin and path
//	Event.Referrer                           referrer_url, origin and path
//	Properties                               custom_data (value, currency, contents, …)
//	KindEmail, KindPhone                     user_data.em, .ph          SHA-256, lists
//	KindFirstName, KindLastName              user_data.fn, .ln          SHA-256, lists
//	KindDateOfBirth, KindGender              user_data.db, .ge          SHA-256, lists
//	KindCity, KindRegion                     user_data.ct, .st          SHA-256, lists
//	KindPostalCode, KindCountry              user_data.zp, .country     SHA-256, lists
//	KindCustomer                             user_data.external_id      SHA-256, list
//	KindClick                                user_data.fbc              to the letter
//	KindBrowser                              user_data.fbp              to the letter
//	KindIP, KindUserAgent                    user_data.client_ip_address, .client_user_agent
//	Event.Integrations["meta"]               app_data, messaging_channel, original_event_data, the ids of user_data
//	KindAccount, KindDevice                  among them: lead_id, fb_login_id, …; madid, anon_id, …
//	Decision.AttributionOnly                 opt_out
//	Decision.LimitedUse                      data_processing_options[_country|_state]
//	Destination (one data set)               dataset id, also called pixel id
//	Verdict                                  HTTP status, error.code, error.error_subcode
//
// # Where it happened
//
//	web        website             needs a page
//	app        app                 needs app_data with tracking, platform and OS version
//	store      physical_store      may be 62 days old, all others seven
//	phone      phone_call
//	email      email
//	chat       chat
//	messaging  business_messaging  needs a channel and its ids, has names of its own, and no
//	                               address, user agent, click or browser id
//	system     system_generated
//	other      other
//	(empty)    website when a page is known, else system_generated
//
// The page last seen belongs to what happened on the web alone; address and user
// agent of the last session to that and to what the system did. Clicks and
// browser ids are the person's and go along from everywhere but a messenger.
//
// # What is left out
//
// attribution_data is gated by Meta and advanced_measurement_table is known to
// its SDKs only (capi.md § 2, § 2.6), as are consider_views, include_dwell_data,
// include_video_data and receipt_data of app_data (§ 2.3): none is ever sent.
// customer_segmentation goes into custom_data, where an unknown key costs
// nothing (§ 2.5). Parts of names and dates (f5first, fi, dobd, …) are taken as
// hashes and never made: their normal form is not documented.
//
// # Three parts
//
// The pure part turns values into the forms Meta hashes ([Normalise]), checks
// the two browser cookies ([BrowserIdentifiers]) and joins a payload
// ([Compose]). The client ([New]) posts parcels and isolates the one that
// spoils a batch. The verdict part reads answers by their numbers, never by
// their text, which Meta translates into the token owner's language.
//
// # What is promised
//
// Nothing that Meta's documentation does not name is ever emitted outside
// custom_data; no null and no empty string at any depth, but for the empty slots
// that extinfo has by definition. No e-mail address, phone number in
// international form or identifier of the person in custom_data. Money, currency and a
// phone's country are never invented. An access token travels in the
// Authorization header and nowhere else. A parcel's body is sent to the letter,
// on every try. A request that was written and not answered is in doubt, and
// not retried here.
//
// Sources are cited as "capi.md § n", the project's dossier on Meta's
// documentation; the rules of normal forms are in docs/normalisation.md.
package meta
