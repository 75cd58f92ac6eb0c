package consent

import "matchkey/collector"

// Reasons of a decision (reference/consent.md § 5.4). They are an API: added,
// never renamed.

// Which rules apply.
const (
	ReasonRegimeOptIn        collector.Reason = "regime_opt_in"
	ReasonRegimeDefaultOptIn collector.Reason = "regime_default_opt_in"
	ReasonRegimeUSLaw        collector.Reason = "regime_us_law"
	ReasonRegimeUSNoStateLaw collector.Reason = "regime_us_no_state_law"
	ReasonUSRegionUnknown    collector.Reason = "us_region_unknown"
	ReasonRegimeCanada       collector.Reason = "regime_ca_pipeda"
	ReasonRegimeNotice       collector.Reason = "regime_notice"
	ReasonGeoUnknown         collector.Reason = "geo_unknown_fail_closed"
	ReasonGeoConflict        collector.Reason = "geo_conflict_strictest"
)

// What stops an event whatever the person said.
const (
	ReasonDestinationDisabled collector.Reason = "destination_disabled"
	ReasonSubjectErased       collector.Reason = "subject_erased"
	ReasonSubjectSuppressed   collector.Reason = "subject_suppressed"
	ReasonSensitiveContext    collector.Reason = "sensitive_context"
	ReasonAgeUnder13          collector.Reason = "age_under_13"
	ReasonAgeMinor            collector.Reason = "age_minor"
	ReasonEventTooOld                          = collector.ReasonEventTooOld
	ReasonEventTimeInFuture   collector.Reason = "event_time_in_future"
)

// What the person said.
const (
	ReasonConsentGranted       collector.Reason = "consent_granted"
	ReasonConsentPending       collector.Reason = "consent_pending"
	ReasonConsentDenied        collector.Reason = "consent_denied"
	ReasonConsentWithdrawn     collector.Reason = "consent_withdrawn"
	ReasonWithdrawnBefore      collector.Reason = "withdrawn_before_dispatch"
	ReasonConsentExpired       collector.Reason = "consent_expired"
	ReasonConsentStale         collector.Reason = "consent_stale_notice"
	ReasonConsentUnproven                       = collector.ReasonConsentUnproven
	ReasonConsentNotExplicit   collector.Reason = "consent_not_explicit"
	ReasonRecipientNotNamed    collector.Reason = "recipient_not_named"
	ReasonRecordInvalid                         = collector.ReasonRecordInvalid
	ReasonEventInDenied        collector.Reason = "event_in_denied_interval"
	ReasonEventPredatesConsent collector.Reason = "event_predates_consent"
	ReasonReleasedAfterGrant   collector.Reason = "released_after_grant"
	ReasonHoldExceeded         collector.Reason = "hold_ttl_exceeded"
	ReasonNoOptOut             collector.Reason = "no_opt_out"
)

// What browser and consent tools signalled.
const (
	ReasonGPC                          = collector.ReasonGPC
	ReasonGPP         collector.Reason = "gpp_opted_out"
	ReasonUSP         collector.Reason = "usp_opted_out"
	ReasonTCFPurpose1 collector.Reason = "tcf_purpose1_denied"
	ReasonTCFPurpose7 collector.Reason = "tcf_purpose7_denied"
	ReasonTCFVendor   collector.Reason = "tcf_ac_vendor_denied"
	ReasonGCM         collector.Reason = "gcm_denied"
	ReasonCMP         collector.Reason = "cmp_category_denied"
	ReasonNotReady    collector.Reason = "signal_not_ready"
	ReasonNeverReady  collector.Reason = "signal_timeout_as_opt_out"

	// The next two are reserved: the signals behind them only switch advertising
	// optimisation off, and a decision then says ReasonAdsOptimisationOff alone
	// (case C26).
	ReasonTCFPurpose34 collector.Reason = "tcf_purpose3_4_denied"
	ReasonGCMPersonal  collector.Reason = "gcm_personalization_denied"
)

// What was done to what is sent.
const (
	ReasonLimitedUse         collector.Reason = "ldu_applied"
	ReasonNoLimitedUse       collector.Reason = "ldu_not_available"
	ReasonContactStripped    collector.Reason = "contact_data_stripped"
	ReasonAdsOptimisationOff collector.Reason = "ads_optimisation_off"
	ReasonNothingMatchable   collector.Reason = "no_matchable_data_after_minimisation"
)

// Sentences gives every reason of this package in words for people.
func Sentences() map[collector.Reason]string {
	return map[collector.Reason]string{
		ReasonRegimeOptIn:        "The place's law asks for consent first.",
		ReasonRegimeDefaultOptIn: "No softer rule is known for the country, so consent is asked for first.",
		ReasonRegimeUSLaw:        "A privacy law of a US state applies: sending is allowed until the person opts out.",
		ReasonRegimeUSNoStateLaw: "The US state has no privacy law of its own: sending is allowed until the person opts out.",
		ReasonUSRegionUnknown:    "The person is in the United States, in a state that is not known.",
		ReasonRegimeCanada:       "Canada's federal law applies: sending is allowed until the person opts out.",
		ReasonRegimeNotice:       "The country's law wants people to be told, not asked.",
		ReasonGeoUnknown:         "The country is not known, so consent is asked for first.",
		ReasonGeoConflict:        "Two sources disagree about the place, so the strictest rule applies.",

		ReasonDestinationDisabled: "The destination is switched off by the policy.",
		ReasonSubjectErased:       "The person's data was erased.",
		ReasonSubjectSuppressed:   "The person is on the suppression list.",
		ReasonSensitiveContext:    "The page is about something sensitive.",
		ReasonAgeUnder13:          "The person is known to be under 13.",
		ReasonAgeMinor:            "The person is known to be a minor, or the age given is not understood.",
		ReasonEventTooOld:         "The event happened too long ago to be of use.",
		ReasonEventTimeInFuture:   "The event's time lies in the future.",

		ReasonConsentGranted:       "The person agreed, and the agreement is valid.",
		ReasonConsentPending:       "The person has not answered yet.",
		ReasonConsentDenied:        "The person refused.",
		ReasonConsentWithdrawn:     "The person withdrew an earlier consent.",
		ReasonWithdrawnBefore:      "The person refused after the event and before it was sent.",
		ReasonConsentExpired:       "The consent is past its validity.",
		ReasonConsentStale:         "The notice has changed its meaning since the person agreed.",
		ReasonConsentUnproven:      "Nothing proves which text the person agreed to.",
		ReasonConsentNotExplicit:   "The consent was assumed, not given by an act.",
		ReasonRecipientNotNamed:    "The text the person agreed to does not name this recipient.",
		ReasonRecordInvalid:        "A consent record is not understood, which counts as a refusal.",
		ReasonEventInDenied:        "The event happened while the person's refusal stood.",
		ReasonEventPredatesConsent: "The event happened before the person agreed.",
		ReasonReleasedAfterGrant:   "The person agreed on the very page on which the event happened.",
		ReasonHoldExceeded:         "The time in which an answer is waited for is over.",
		ReasonNoOptOut:             "The person has not opted out.",

		ReasonGPC:          "The browser sends Global Privacy Control, and no consent was given after a word about it.",
		ReasonGPP:          "The consent tool's GPP signal says that the person opted out.",
		ReasonUSP:          "The US Privacy string says that the person opted out of sale.",
		ReasonTCFPurpose1:  "The TCF signal denies storing and reading on the device (purpose 1).",
		ReasonTCFPurpose7:  "The TCF signal denies measuring advertising (purpose 7).",
		ReasonTCFPurpose34: "The TCF signal denies advertising profiles (purposes 3 and 4).",
		ReasonTCFVendor:    "The consent tool's vendor list does not allow the recipient.",
		ReasonGCM:          "Google Consent Mode says that advertising is denied.",
		ReasonGCMPersonal:  "Google Consent Mode denies personalised advertising.",
		ReasonCMP:          "The consent tool says that the marketing category is denied.",
		ReasonNotReady:     "A consent tool is still waiting for the person's answer.",
		ReasonNeverReady:   "A consent tool never came to an answer, which counts as an opt-out.",

		ReasonLimitedUse:         "It is sent under the state's restricted processing.",
		ReasonNoLimitedUse:       "The recipient has no restricted processing for this place, so nothing is sent.",
		ReasonContactStripped:    "Contact data was taken out.",
		ReasonAdsOptimisationOff: "The recipient is told not to optimise advertising with it.",
		ReasonNothingMatchable:   "Nothing is left by which the recipient could recognise the person.",
	}
}
