package graphsim

// What is checked of one event outside user_data and custom_data
// (capi.md § 2 and § 10.2).

import (
	"net/url"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Windows of event_time, in seconds.
const (
	maxAge        = 7 * 24 * 3600  // § 2
	maxAgeInStore = 62 * 24 * 3600 // physical_store, § 2
	// maxAhead: no tolerance is documented (§ 14). One minute is what a peer
	// allows itself (§ 2); Meta may allow less or more.
	maxAhead = 60
)

// eventKeys are all keys that an event may have (§ 2); any other fails the
// whole request. attribution_data is missing: its beta is gated, § 2.6.
var eventKeys = []string{
	"action_source", "advanced_measurement_table", "app_data", "custom_data",
	"customer_segmentation", "data_processing_options",
	"data_processing_options_country", "data_processing_options_state",
	"event_id", "event_name", "event_source_url", "event_time",
	"messaging_channel", "opt_out", "original_event_data", "referrer_url", "user_data",
}

var requiredKeys = []string{"event_name", "event_time", "user_data", "action_source"}

// textKeys are strings that may not be empty.
var textKeys = []string{
	"event_name", "action_source", "event_id", "event_source_url", "referrer_url",
	"customer_segmentation", "messaging_channel", "advanced_measurement_table",
}

var actionSources = []string{ // § 2.1
	"email", "website", "app", "phone_call", "chat", "physical_store",
	"system_generated", "business_messaging", "other",
}

var segments = []string{ // § 2.5
	"new_customer_to_business", "new_customer_to_business_line",
	"new_customer_to_product_area", "new_customer_to_medium",
	"existing_customer_to_business", "existing_customer_to_business_line",
	"existing_customer_to_product_area", "existing_customer_to_medium",
	"customer_in_loyalty_program",
}

// Diagnostic is a complaint that costs no event: Meta shows it in Events
// Manager, days later (§ 8.4). The codes are ours.
type Diagnostic string

// The diagnostics.
const (
	DiagNoEventID            Diagnostic = "event_id_missing"          // nothing can collapse the copies
	DiagNoUserAgent          Diagnostic = "client_user_agent_missing" // website only, § 2.2
	DiagNoAddress            Diagnostic = "client_ip_address_missing" // website only
	DiagValueAlone           Diagnostic = "value_without_currency"    // § 4.2
	DiagCurrencyAlone        Diagnostic = "currency_without_value"
	DiagTestEvent            Diagnostic = "test_event_code_set"     // counts as production traffic, § 1.6
	DiagPartnerAgent         Diagnostic = "partner_agent_unusual"   // 23 characters or more, or under two letters, § 1.6
	DiagBrowserDataInMessage Diagnostic = "browser_data_in_message" // § 13.39
	DiagGenderUnknown        Diagnostic = "ge_is_no_hash_of_f_or_m"
	DiagCountryUnknown       Diagnostic = "country_is_no_hash_of_a_code"
	DiagBirthdayUnknown      Diagnostic = "db_is_no_hash_of_a_date"
)

// checkEvent says what Meta would say of one event that arrives now. tree is the
// event as anything decodes it.
func checkEvent(raw jsontext.Value, tree map[string]any, now time.Time) (Received, *refusal) {
	event, ok := members(raw)
	if !ok {
		return Received{}, bad(subStructure, "An event has to be an object.")
	}
	if f := checkShape(event); f != nil {
		return Received{}, f
	}
	r := Received{Raw: raw}
	r.EventName, _ = text(event.get("event_name"))
	r.EventID, _ = text(event.get("event_id"))
	r.ActionSource, _ = text(event.get("action_source"))
	r.EventSourceURL, _ = text(event.get("event_source_url"))
	seconds, _ := integer(event.get("event_time"))
	r.EventTime = time.Unix(seconds, 0).UTC()

	f := checkTime(seconds, r.ActionSource, now)
	if f == nil {
		f = checkURL(event)
	}
	if f == nil {
		r.UserData, f = checkUserData(event.get("user_data"), seconds, now)
	}
	if f == nil {
		f = checkProcessingOptions(event, r.UserData)
	}
	if f == nil {
		f = checkAppData(event)
	}
	if f == nil {
		f = checkChannel(r, event)
	}
	if f == nil {
		r.CustomData, f = checkCustomData(event.get("custom_data"), tree["custom_data"], r.EventName)
	}
	if f != nil {
		return Received{}, f
	}
	r.Diagnostics = diagnose(r)
	return r, nil
}

// checkShape: keys, required keys, types and enums.
func checkShape(event object) *refusal {
	for _, m := range event {
		if !slices.Contains(eventKeys, m.key) {
			return unexpected(m.key)
		}
		if m.value.Kind() == 'n' {
			return bad(subStructure, "A parameter must not be null: leave it out.", m.key)
		}
	}
	for _, key := range requiredKeys {
		if _, ok := event.find(key); !ok {
			return bad(subStructure, "A required parameter is missing.", key)
		}
	}
	for _, key := range textKeys {
		if v, ok := event.find(key); ok {
			if s, isString := text(v); !isString || s == "" {
				return bad(subStructure, "A parameter has to be a string that is not empty.", key)
			}
		}
	}
	if _, ok := integer(event.get("event_time")); !ok {
		return bad(subStructure, "The time has to be an integer: Unix time in seconds.", "event_time")
	}
	if v, ok := event.find("opt_out"); ok && !boolean(v) {
		return bad(subStructure, "A parameter has to be true or false.", "opt_out")
	}
	if f := oneOf(event, "action_source", actionSources); f != nil {
		return f
	}
	if f := oneOf(event, "customer_segmentation", segments); f != nil {
		return f
	}
	return checkOriginal(event)
}

func unexpected(key string) *refusal {
	return bad(subStructure, "Unexpected key.", shownKey(key))
}

// oneOf checks a string that is there against its enum.
func oneOf(o object, key string, allowed []string) *refusal {
	if s, ok := text(o.get(key)); ok && !slices.Contains(allowed, s) {
		return bad(subNotUsable, "The value is none of those that the parameter can have.", key)
	}
	return nil
}

func checkTime(seconds int64, source string, now time.Time) *refusal {
	oldest := int64(maxAge)
	if source == "physical_store" {
		oldest = maxAgeInStore
	}
	switch n := now.Unix(); {
	case seconds < n-oldest:
		return bad(subTooOld, "The time is too far in the past.", "event_time")
	case seconds > n+maxAhead: // also milliseconds
		return bad(subInFuture, "The time lies in the future.", "event_time")
	}
	return nil
}

// checkURL: website events need the page. Meta's page calls it required; that
// the API enforces it is not recorded (§ 2.2).
func checkURL(event object) *refusal {
	s, ok := text(event.get("event_source_url"))
	if !ok {
		if source, _ := text(event.get("action_source")); source == "website" {
			return bad(subStructure, "A website event needs the page where it happened.", "event_source_url")
		}
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return bad(subNotUsable, "The page has to be an absolute http or https address.", "event_source_url")
	}
	return nil
}

// checkOriginal: § 2.4.
func checkOriginal(event object) *refusal {
	v, ok := event.find("original_event_data")
	if !ok {
		return nil
	}
	original, ok := members(v)
	if !ok {
		return bad(subStructure, "A parameter has to be an object.", "original_event_data")
	}
	for _, m := range original {
		switch key := m.key; key {
		case "event_name", "order_id", "event_id":
			if s, ok := text(m.value); !ok || s == "" {
				return bad(subStructure, "A parameter has to be a string that is not empty.", "original_event_data", key)
			}
		case "event_time":
			if _, ok := integer(m.value); !ok {
				return bad(subStructure, "The time has to be an integer: Unix time in seconds.", "original_event_data", key)
			}
		default:
			return unexpected(key).under("original_event_data")
		}
	}
	return nil
}

// checkProcessingOptions: Limited Data Use, § 10.2. What Meta does with a
// country and no state, or with no address to geolocate, is documented as a
// requirement; the subcode is not.
func checkProcessingOptions(event object, user map[string][]string) *refusal {
	const options, country, state = "data_processing_options", "data_processing_options_country", "data_processing_options_state"
	limited := false
	if v, ok := event.find(options); ok {
		values, isList := list(v)
		if !isList {
			return bad(subStructure, "A parameter has to be an array.", options)
		}
		for _, v := range values {
			if s, _ := text(v); s != "LDU" {
				return bad(subNotUsable, "The options are [] or [\"LDU\"].", options)
			}
			limited = true
		}
	}
	c, hasCountry := integer(event.get(country))
	s, hasState := integer(event.get(state))
	switch {
	case event.get(country) != nil && (!hasCountry || c != 0 && c != 1):
		return bad(subNotUsable, "The country is 0 or 1.", country)
	case event.get(state) != nil && (!hasState || s != 0 && (s < 1000 || s > 1013)):
		return bad(subNotUsable, "The state is 0 or 1000 to 1013.", state)
	case limited && !hasCountry:
		return bad(subStructure, "Limited Data Use needs a country.", country)
	case hasCountry && !hasState:
		return bad(subStructure, "A country needs a state.", state)
	case limited && s == 0 && user["client_ip_address"] == nil:
		return bad(subStructure, "Without an address to geolocate a state is required.", state)
	}
	return nil
}

// diagnoseRequest lists what all events of a request are to be blamed for.
func diagnoseRequest(r Request) (out []Diagnostic) {
	if r.TestEventCode != "" {
		out = append(out, DiagTestEvent)
	}
	if a := r.PartnerAgent; a != "" {
		letters := 0
		for _, c := range a {
			if unicode.IsLetter(c) {
				letters++
			}
		}
		if utf8.RuneCountInString(a) >= 23 || letters < 2 {
			out = append(out, DiagPartnerAgent)
		}
	}
	return out
}

// diagnose lists what an accepted event is still to be blamed for.
func diagnose(r Received) (out []Diagnostic) {
	say := func(d Diagnostic, when bool) {
		if when {
			out = append(out, d)
		}
	}
	say(DiagNoEventID, r.EventID == "")
	if r.ActionSource == "website" {
		say(DiagNoUserAgent, r.UserData["client_user_agent"] == nil)
		say(DiagNoAddress, r.UserData["client_ip_address"] == nil)
	}
	if r.ActionSource == "business_messaging" {
		browser := func(key string) bool { return r.UserData[key] != nil }
		say(DiagBrowserDataInMessage, slices.ContainsFunc([]string{"client_ip_address", "client_user_agent", "fbc", "fbp"}, browser))
	}
	say(DiagValueAlone, r.CustomData["value"] != nil && r.CustomData["currency"] == nil)
	say(DiagCurrencyAlone, r.CustomData["currency"] != nil && r.CustomData["value"] == nil)
	return append(out, diagnoseHashes(r.UserData)...)
}
