package meta

import "matchkey/collector"

// Reasons why a value has no place in a payload, or why a payload is refused
// before anything is sent.
const (
	ReasonKeyUnknown collector.Reason = "key_unknown" // not a key that is normalised
	// What broken senders hash, by name; perhaps it was hashed already.
	ReasonPlaceholderEmpty     collector.Reason = "placeholder_empty"
	ReasonPlaceholderNull      collector.Reason = "placeholder_null"
	ReasonPlaceholderUndefined collector.Reason = "placeholder_undefined"
	ReasonPlaceholderTest      collector.Reason = "placeholder_test"

	ReasonPhoneCountry    collector.Reason = "phone_without_country" // a national number and no country to read it with
	ReasonNotHashed       collector.Reason = "not_hashed"            // a stored value that is not a SHA-256
	ReasonPersonal        collector.Reason = "personal_data"         // a property that must not travel in custom_data
	ReasonEmptyValue      collector.Reason = "empty_value"
	ReasonTooMany         collector.Reason = "too_many"
	ReasonEventName       collector.Reason = "event_name_invalid"
	ReasonEventID         collector.Reason = "event_id_missing"
	ReasonValueMissing    collector.Reason = "value_missing"
	ReasonValueInvalid    collector.Reason = "value_invalid"
	ReasonCurrencyMissing collector.Reason = "currency_missing"
	ReasonCurrencyInvalid collector.Reason = "currency_invalid"
	ReasonTooWeak         collector.Reason = "user_data_too_weak"
	ReasonNoUserAgent     collector.Reason = "user_agent_missing"
	ReasonLimitedUse      collector.Reason = "limited_use_incomplete"
	ReasonWordUnknown     collector.Reason = "value_not_allowed"      // none of the words that the key can have
	ReasonOtherChannel    collector.Reason = "not_for_this_channel"   // has no place where the event happened
	ReasonFieldMissing    collector.Reason = "required_field_missing" // where the event happened, Meta wants it
	ReasonMessagingName   collector.Reason = "messaging_event_name"   // a messenger's events have names of their own
)

// Reasons of verdicts.
const (
	ReasonClickMalformed   collector.Reason = "click_id_malformed"
	ReasonPayloadInvalid   collector.Reason = "payload_invalid"
	ReasonLeadInvalid      collector.Reason = "lead_id_invalid"
	ReasonPayloadRejected  collector.Reason = "payload_rejected"
	ReasonBodyBroken       collector.Reason = "body_broken"
	ReasonToken            collector.Reason = "token_refused"
	ReasonPermission       collector.Reason = "permission_missing"
	ReasonDataset          collector.Reason = "dataset_unknown"
	ReasonThrottled        collector.Reason = "throttled"
	ReasonPolicy           collector.Reason = "policy_blocked"
	ReasonUnavailable      collector.Reason = "graph_unavailable"
	ReasonUnreachable      collector.Reason = "graph_unreachable"
	ReasonForeignAnswer    collector.Reason = "foreign_answer"
	ReasonCodeUnknown      collector.Reason = "error_code_unknown"
	ReasonCountMismatch    collector.Reason = "count_mismatch"
	ReasonAnswerUnreadable collector.Reason = "answer_unreadable"
	ReasonNotSent          collector.Reason = "not_sent"
	ReasonTwinWindow       collector.Reason = "twin_window_passed"
	ReasonTokenEnds        collector.Reason = "token_ends"
	ReasonVersionEnds      collector.Reason = "version_ends"
	ReasonVersionEnded     collector.Reason = "version_ended"
)

// Sentences gives every reason of this package in words for people.
func Sentences() map[collector.Reason]string {
	return map[collector.Reason]string{
		ReasonKeyUnknown:           "This is not a key that has a normal form.",
		ReasonPlaceholderEmpty:     "The value is the hash of nothing: the sender hashes an empty field. Leave it out there.",
		ReasonPlaceholderNull:      "The value is \"null\", perhaps hashed: the sender makes a text of a missing value. Leave it out there.",
		ReasonPlaceholderUndefined: "The value is \"undefined\", perhaps hashed: the sender's script makes a text of a missing value. Leave it out there.",
		ReasonPlaceholderTest:      "The value is \"test\", perhaps hashed: somebody's test data are sent.",

		ReasonPhoneCountry:    "The phone number has no country code and no country came with it; a prefix is never invented.",
		ReasonNotHashed:       "The stored value is not a SHA-256, so it was left out.",
		ReasonPersonal:        "The property looks like personal data, which must not travel in custom_data; it was left out.",
		ReasonEmptyValue:      "The property is empty, so it was left out.",
		ReasonTooMany:         "There are more values than are sent in one place; the rest was left out.",
		ReasonEventName:       "The name under which the event is sent is 1 to 64 printable characters; correct the scenario.",
		ReasonEventID:         "The event has no ID, so that copies could not be recognised.",
		ReasonValueMissing:    "A Purchase needs a value; the site or the scenario has to give it.",
		ReasonValueInvalid:    "The value is not a number from 0 upwards.",
		ReasonCurrencyMissing: "A Purchase needs a currency; the site or the scenario has to give it.",
		ReasonCurrencyInvalid: "The currency is not a three-letter code of ISO 4217.",
		ReasonTooWeak:         "What is known of the person is too little to match anybody; Meta refuses such events.",
		ReasonNoUserAgent:     "An event of a website without a user agent needs an e-mail address, phone number, customer id or browser id.",
		ReasonLimitedUse:      "Limited data use needs a state, or an IP address from which Meta derives it.",
		ReasonWordUnknown:     "The property can have a few words only, and this is none of them; it was left out.",
		ReasonOtherChannel:    "It has no place in an event of this channel, so it was left out.",
		ReasonFieldMissing:    "An event of this channel needs this field; the site has to send it.",
		ReasonMessagingName:   "An event of a messenger has to have one of the names that Meta lists for it; correct the scenario.",

		ReasonClickMalformed:   "Meta cannot read the click id.",
		ReasonPayloadInvalid:   "Meta found an invalid field.",
		ReasonLeadInvalid:      "Meta does not know the lead id.",
		ReasonPayloadRejected:  "Meta refuses the event.",
		ReasonBodyBroken:       "The stored body is not a JSON object, so it was not sent; redrive composes it anew.",
		ReasonToken:            "Meta does not accept the access token; nothing is sent until a person replaces it.",
		ReasonPermission:       "The access token lacks a permission for this data set; nothing is sent until a person grants it.",
		ReasonDataset:          "The data set does not exist, or the token may not use it; nothing is sent until a person corrects it.",
		ReasonThrottled:        "Meta asks to send less for a while.",
		ReasonPolicy:           "Meta has blocked the app for a while for reasons of policy; look at the account's support page.",
		ReasonUnavailable:      "Meta could not process the request.",
		ReasonUnreachable:      "Meta could not be reached; nothing was sent.",
		ReasonForeignAnswer:    "The answer does not come from Meta's API; look at proxies and at the base URL.",
		ReasonCodeUnknown:      "Meta answered with an error code that is not documented.",
		ReasonCountMismatch:    "Meta accepted the request but counted another number of events; they may have been counted.",
		ReasonAnswerUnreadable: "Meta accepted the request but the answer cannot be read; the events may have been counted.",
		ReasonTokenEnds:        "The access token is about to end; without a new one nothing is sent any more.",
		ReasonVersionEnds:      "The Graph API's version is about to end; set a newer one.",
		ReasonVersionEnded:     "Meta answered with another version of its API than the one that was asked for; set a newer one.",
		ReasonTwinWindow:       "48 hours have passed since the first attempt; Meta would count another copy beside the Pixel's.",
		ReasonNotSent:          "Not sent, because an earlier request of the same batch did not go through.",
	}
}
