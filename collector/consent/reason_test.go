package consent

import (
	"strings"
	"testing"

	"matchkey/collector"
)

// stable are the codes of reference/consent.md § 5.4. One that vanishes from
// the code would break whoever reads our logs.
const stable = `regime_opt_in regime_default_opt_in regime_us_law regime_us_no_state_law us_region_unknown regime_ca_pipeda
regime_notice geo_unknown_fail_closed geo_conflict_strictest
destination_disabled subject_erased subject_suppressed sensitive_context age_under_13 age_minor event_too_old event_time_in_future
consent_granted consent_pending consent_denied consent_withdrawn withdrawn_before_dispatch consent_expired consent_stale_notice
consent_unproven consent_not_explicit recipient_not_named record_invalid_revokes event_in_denied_interval event_predates_consent
released_after_grant hold_ttl_exceeded no_opt_out
gpc_opt_out gpp_opted_out usp_opted_out tcf_purpose1_denied tcf_purpose7_denied tcf_purpose3_4_denied tcf_ac_vendor_denied
gcm_denied gcm_personalization_denied cmp_category_denied signal_not_ready signal_timeout_as_opt_out
ldu_applied ldu_not_available contact_data_stripped ads_optimisation_off no_matchable_data_after_minimisation`

func TestEveryCodeHasOneSentence(t *testing.T) {
	sentences := Sentences()
	for _, code := range strings.Fields(stable) {
		s := sentences[collector.Reason(code)]
		if s == "" || !strings.HasSuffix(s, ".") || strings.Count(s, ". ") > 0 {
			t.Errorf("%s: want one sentence, got %q", code, s)
		}
		delete(sentences, collector.Reason(code))
	}
	for code := range sentences {
		t.Errorf("%s is no code of the specification; add it there and here", code)
	}
}
