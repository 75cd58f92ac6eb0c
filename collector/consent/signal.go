package consent

import (
	"slices"

	"matchkey/collector"
)

// What browsers and consent tools say (reference/consent.md § 2). A signal can
// only forbid: permission needs a record. The running system carries Global
// Privacy Control ([collector.Signals]); the others come with cases for
// `matchkey decide` until the tag reads them.

// signals are all that was said with one event.
type signals struct {
	gpc bool
	tcf *tcfSignal
	gpp *gppSignal
	gcm map[string]string
	cmp *cmpSignal
	usp string
}

// tcfSignal is IAB TCF, as its listener reports it (§ 2.2).
type tcfSignal struct {
	// applies false is the tool's opinion that the GDPR does not apply: then it
	// has no opinion on consent, and that is no permission.
	applies  *bool
	status   string
	purposes map[string]bool
	// vendors is the Additional Consent list; nil when the tool has none.
	vendors []int
}

// additionalConsentMeta is the recipient's number in Google's list of ad
// technology providers. It is not a number of IAB's vendor list (§ 2.2).
const additionalConsentMeta = 89

// gppSignal is IAB GPP (§ 2.3), reduced to what counts.
type gppSignal struct{ ready, optedOut bool }

// cmpSignal is a consent tool read by its own interface (§ 2.7).
type cmpSignal struct{ answered, granted bool }

// votes is what the signals come to.
type votes struct {
	deny []collector.Reason
	// impersonal: advertising must not be optimised with it.
	impersonal bool
	// waiting: a tool has not come to an answer yet.
	waiting bool
}

func (s signals) votes() votes {
	var v votes
	against := func(no bool, why collector.Reason) {
		if no {
			v.deny = append(v.deny, why)
		}
	}
	against(s.gpp != nil && s.gpp.ready && s.gpp.optedOut, ReasonGPP)
	against(len(s.usp) >= 3 && (s.usp[2] == 'Y' || s.usp[2] == 'y'), ReasonUSP)
	if t := s.tcf; t != nil && (t.applies == nil || *t.applies) {
		switch t.status {
		case "tcloaded", "useractioncomplete":
			against(!t.purposes["1"], ReasonTCFPurpose1)
			against(!t.purposes["7"], ReasonTCFPurpose7)
			against(t.vendors != nil && !slices.Contains(t.vendors, additionalConsentMeta), ReasonTCFVendor)
			v.impersonal = !t.purposes["3"] || !t.purposes["4"]
		default: // on screen, loading, failed: no answer yet
			v.waiting = true
		}
	}
	against(denied(s.gcm, "ad_user_data") || denied(s.gcm, "ad_storage"), ReasonGCM)
	v.impersonal = v.impersonal || denied(s.gcm, "ad_personalization")
	against(s.cmp != nil && s.cmp.answered && !s.cmp.granted, ReasonCMP)
	v.waiting = v.waiting || s.gpp != nil && !s.gpp.ready || s.cmp != nil && !s.cmp.answered
	return v
}

// denied reads one key of Google Consent Mode: whatever is there and is not
// "granted" denies.
func denied(gcm map[string]string, key string) bool {
	value, said := gcm[key]
	return said && value != "granted"
}
