package graphsim

// The faults by name: the kinds, and a preset for every row of the tables of
// capi.md § 6.4 and § 6.5.

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
)

// A KnownFault is one line of the table of what can be scripted.
type KnownFault struct {
	Name    FaultKind
	Section string // of capi.md
	Means   string
	// Fault is what the name stands for; for a kind, the kind itself.
	Fault Fault
}

// Faults lists everything that a script can name: first the kinds, then the
// presets in the order of capi.md's tables.
func Faults() []KnownFault {
	out := make([]KnownFault, 0, len(kinds)+len(presets))
	return append(append(out, kinds...), presets...)
}

// WriteFaults writes that list as a table for people.
func WriteFaults(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FAULT\tSECTION\tHTTP\tCODE\tMEANS")
	for _, k := range Faults() {
		status, code := "", ""
		if f := k.Fault; k.Name != f.Kind {
			if f.Kind == FaultError || f.Kind == FaultThrottle {
				code = strconv.Itoa(f.Code)
				if f.Subcode != 0 {
					code += "/" + strconv.Itoa(f.Subcode)
				}
				status = strconv.Itoa(cmp.Or(f.Status, usualStatus(f.Code)))
			} else if f.Status != 0 {
				status = strconv.Itoa(f.Status)
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", k.Name, "§ "+k.Section, status, code, k.Means)
	}
	return t.Flush()
}

var kinds = []KnownFault{
	kind(FaultNone, "6.2", "nothing: the request is answered on its merits"),
	kind(FaultError, "6.3", "any error: code, and subcode, status, transient, message, language, error_data"),
	kind(FaultThrottle, "6.6", "a rate limit: code, status, percent, minutes"),
	kind(FaultUsage, "6.6", "usage headers without an error: percent, minutes, header, measure"),
	kind(FaultVersionWarning, "1.2", "answered by another version, with X-Ad-Api-Version-Warning"),
	kind(FaultHTML, "6.3", "a page of a proxy: status, size up to 1048576"),
	kind(FaultStatus, "6.2", "the JSON of a success with another status: status, 500 when not said"),
	kind(FaultTruncate, "6.2", "accepted; half of the JSON"),
	kind(FaultWrongCount, "6.2", "accepted; events_received off by: by, -1 when not said"),
	kind(FaultZeroCount, "6.2", "accepted; events_received 0"),
	kind(FaultNoCount, "6.2", "accepted; no events_received"),
	kind(FaultHang, "6.7", "silence: for_seconds, without end when not said; accept before it; cut after it"),
	kind(FaultCutBefore, "6.7", "the connection is closed, nothing accepted"),
	kind(FaultAcceptThenCut, "6.7", "accepted, then the connection is closed"),
	kind(FaultReset, "6.7", "the connection is reset; accept before it"),
	kind(FaultHalfHeaders, "6.7", "closed in the middle of the headers; accept before it"),
	kind(FaultHalfBody, "6.7", "accepted; closed in the middle of the body"),
}

func kind(name FaultKind, section, means string) KnownFault {
	return KnownFault{name, section, means, Fault{Kind: name}}
}

// presets follow § 6.4 and § 6.5 row by row. Meanings are in our words.
var presets = func() (out []KnownFault) {
	add := func(section string, name FaultKind, f Fault, means string) {
		f.Kind = cmp.Or(f.Kind, FaultError)
		out = append(out, KnownFault{name, section, means, f})
	}
	code := func(name FaultKind, code, subcode int, means string) {
		add("6.4", name, Fault{Code: code, Subcode: subcode}, means)
	}
	limit := func(name FaultKind, code, subcode int, means string) {
		add("6.4", name, Fault{Code: code, Subcode: subcode, Percent: 100, Minutes: 5}, means)
	}
	payload := func(name FaultKind, subcode int, means string) {
		add("6.5", name, Fault{Code: codeParameter, Subcode: subcode}, means)
	}

	code("unknown_1", 1, 0, "unknown: transient")
	code("unknown_1_99", 1, 99, "unknown: transient")
	add("6.4", "service_unavailable", Fault{Code: 2, Transient: true}, "down for a while: transient")
	code("no_capability", 3, 0, "the app lacks the capability: stop")
	limit("app_limit", 4, 1504022, "rate limit of the app")
	limit("app_limit_1504039", 4, 1504039, "rate limit of the app")
	code("permission_denied", codePermission, 0, "permission denied: stop")
	limit("user_limit", 17, 2446079, "rate limit of the user")
	limit("page_limit", 32, 0, "rate limit of the page")
	code("object_missing", codeParameter, subObjectMissing, "no such object, or no permission: pause")
	code("object_missing_34", codeParameter, 34, "no such object, or no permission: pause")
	code("object_missing_38", codeParameter, 38, "no such object, or no permission: pause")
	code("session_invalid", 102, 0, "session: pause")
	code("signature_invalid", 104, 0, "signature: pause")
	code("too_many_parameters", 105, 0, "too many parameters: split")
	code("token_invalid", codeToken, 0, "token cannot be read: pause")
	code("token_app_removed", codeToken, 458, "token: the app was removed")
	code("token_checkpoint", codeToken, 459, "token: its owner has to log in")
	code("token_password_changed", codeToken, 460, "token: its owner changed the password")
	code("token_expired", codeToken, subTokenExpired, "token: expired")
	code("token_unconfirmed", codeToken, 464, "token: its owner is not confirmed")
	code("token_revoked", codeToken, 467, "token: no longer valid")
	code("token_session_gone", codeToken, 492, "token: its owner lost the role")
	code("no_permission", codeNoPermission, 0, "permission: pause")
	code("no_permission_1870034", codeNoPermission, 1870034, "permission or terms: pause")
	code("no_permission_1870047", codeNoPermission, 1870047, "permission or terms: pause")
	code("no_permission_1870050", codeNoPermission, 1870050, "permission or terms: pause")
	code("terms_not_accepted", codeNoPermission, 1870090, "terms not accepted: pause")
	code("no_permission_299", 299, 0, "permission, the last of 200 to 299: pause")
	code("needs_ads_management", 294, 0, "ads_management is missing: pause")
	limit("application_limit", 341, 0, "limit of the application")
	code("blocked_for_policy", 368, 0, "blocked for a while for policy: long back-off")
	limit("custom_limit", 613, 1487742, "custom rate limit")
	limit("custom_limit_5044001", 613, 5044001, "custom rate limit")
	limit("custom_limit_1996", 613, 1996, "custom rate limit")
	limit("custom_limit_plain", 613, 0, "custom rate limit, no subcode")
	code("unknown_alias", codeAlias, 0, "no such dataset: pause")
	code("unknown_5000", 5000, 0, "unknown: transient")
	code("unknown_21009", 21009, 0, "unknown: transient")
	for n := 80000; n <= 80014; n++ {
		limit(FaultKind("business_limit_"+strconv.Itoa(n)), n, 0, "limit of a business use case")
	}
	code("internal_error", -1, 0, "a negative code, internal: transient")
	for _, status := range []int{408, 425, 429, 500, 502, 503, 504} {
		add("6.4", FaultKind("http_"+strconv.Itoa(status)), Fault{Kind: FaultHTML, Status: status}, "this status and a page: transient")
	}
	add("6.4", "storm", Fault{Kind: FaultThrottle, Code: 17, Status: 429, Percent: 100, Minutes: 5}, "rate limit with HTTP 429; say how many times")
	add("6.4", "says_transient", Fault{Code: codeParameter, Transient: true}, "is_transient true with a code that is not: transient")
	add("6.4", "error_with_200", Fault{Code: 2, Status: 200, Transient: true}, "the JSON of an error with HTTP 200")
	add("6.3", "huge_html", Fault{Kind: FaultHTML, Status: 502, Size: maxPage}, "1 MiB of HTML")
	add("6.7", "silence", Fault{Kind: FaultHang, ForSeconds: 30, Cut: true}, "30 s of silence, then nothing; nothing accepted")
	add("6.7", "silence_then_accept", Fault{Kind: FaultHang, ForSeconds: 30}, "30 s of silence, then accepted")
	add("6.7", "accept_then_silence", Fault{Kind: FaultHang, ForSeconds: 30, Accept: true, Cut: true}, "accepted, 30 s of silence, then nothing")

	payload("click_id_malformed", subClickID, "fbc is malformed")
	payload("too_old", subTooOld, "event_time is too old")
	payload("in_future", subInFuture, "event_time lies ahead")
	payload("no_value", subNoValue, "Purchase without value")
	payload("no_currency", subNoCurrency, "Purchase without currency")
	payload("field_invalid", subNotUsable, "a field that cannot be")
	payload("parameter_error", subStructure, "a key missing or unexpected")
	payload("ldu_selection", 2804030, "Limited Data Use: a selection is required")
	payload("lead_id_invalid", subLeadID, "lead id invalid or deleted")
	payload("os_version_missing", subExtInfo, "extinfo without OS version")
	payload("too_weak", subTooWeak, "customer information absent or too broad")
	payload("messaging_name", subMessagingName, "messaging: event name not allowed")
	payload("page_mismatch", 2804072, "messaging: page_id is not the ad's page")
	payload("messaging_click_id", subMessagingClickID, "messaging: ctwa_clid invalid or missing")
	payload("payload_2804007", 2804007, "payload, text unknown")
	payload("payload_2804017", 2804017, "payload, text unknown")
	payload("payload_2804048", 2804048, "payload, text unknown")
	payload("payload_other", 2804999, "a subcode 2804xxx nobody has seen: payload")
	payload("dataset_unknown", 2044055, "Dataset Quality: the dataset does not exist")
	return out
}()

// presetOf finds a preset by its name.
var presetOf = func() map[FaultKind]Fault {
	of := make(map[FaultKind]Fault, len(presets))
	for _, p := range presets {
		of[p.Name] = p.Fault
	}
	return of
}()
