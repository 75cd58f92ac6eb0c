package consent

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	gocmp "github.com/google/go-cmp/cmp"

	"matchkey/collector"
)

// decided restates reference/consent.md § 5.7: what every case comes to. The
// inputs are read from ../shared/vectors/consent_cases.json, which lies beside
// the checkout.
var decided = []struct {
	id, outcome, reasons string
	options              string // "", "attribution" only, limited use "explicit"ly off, or its "state"
	strip                string
}{
	{"C01", "send_full", "regime_opt_in consent_granted", "", ""},
	{"C02", "hold", "regime_opt_in consent_pending", "", ""},
	{"C03", "drop", "regime_opt_in consent_pending hold_ttl_exceeded", "", ""},
	{"C04", "drop", "regime_opt_in consent_denied", "", ""},
	{"C05", "drop", "regime_opt_in consent_denied", "", ""},
	{"C06", "drop", "regime_opt_in withdrawn_before_dispatch", "", ""},
	{"C07", "drop", "regime_opt_in event_in_denied_interval", "", ""},
	{"C08", "send_full", "regime_opt_in released_after_grant consent_granted", "", ""},
	{"C09", "drop", "regime_opt_in event_predates_consent", "", ""},
	{"C10", "drop", "regime_opt_in event_predates_consent", "", ""},
	{"C11", "send_reduced", "regime_opt_in consent_granted contact_data_stripped ads_optimisation_off", "attribution", "em"},
	{"C12", "send_reduced", "regime_opt_in consent_granted ads_optimisation_off", "attribution", ""},
	{"C13", "drop", "regime_opt_in consent_granted contact_data_stripped ads_optimisation_off no_matchable_data_after_minimisation", "", ""},
	{"C14", "hold", "regime_opt_in consent_pending", "", ""},
	{"C15", "hold", "regime_opt_in consent_expired", "", ""},
	{"C16", "drop", "regime_opt_in consent_expired hold_ttl_exceeded", "", ""},
	{"C17", "hold", "regime_opt_in consent_stale_notice", "", ""},
	{"C18", "drop", "regime_opt_in consent_unproven", "", ""},
	{"C19", "drop", "regime_opt_in recipient_not_named", "", ""},
	{"C20", "drop", "regime_opt_in consent_not_explicit", "", ""},
	{"C21", "drop", "regime_opt_in record_invalid_revokes", "", ""},
	{"C22", "drop", "regime_opt_in consent_denied", "", ""},
	{"C23", "drop", "regime_opt_in tcf_purpose1_denied", "", ""},
	{"C24", "drop", "regime_opt_in tcf_ac_vendor_denied", "", ""},
	{"C25", "send_full", "regime_opt_in consent_granted", "", ""},
	{"C26", "send_reduced", "regime_opt_in consent_granted ads_optimisation_off", "attribution", ""},
	{"C27", "hold", "regime_opt_in signal_not_ready", "", ""},
	{"C28", "hold", "regime_opt_in consent_pending", "", ""},
	{"C29", "hold", "regime_opt_in consent_pending", "", ""},
	{"C30", "drop", "regime_opt_in gcm_denied", "", ""},
	{"C31", "drop", "regime_opt_in gpc_opt_out", "", ""},
	{"C32", "send_full", "regime_opt_in consent_granted", "", ""},
	{"C33", "send_full", "regime_opt_in consent_granted", "", ""},
	{"C34", "drop", "regime_opt_in consent_pending hold_ttl_exceeded", "", ""},
	{"C35", "drop", "regime_opt_in consent_pending hold_ttl_exceeded", "", ""},
	{"C36", "hold", "regime_opt_in consent_pending", "", ""},
	{"C37", "hold", "regime_opt_in consent_pending", "", ""},
	{"C38", "hold", "regime_opt_in consent_pending", "", ""},
	{"C39", "send_full", "regime_ca_pipeda no_opt_out", "", ""},
	{"C40", "drop", "regime_ca_pipeda consent_denied", "", ""},
	{"C41", "hold", "regime_default_opt_in consent_pending", "", ""},
	{"C42", "hold", "geo_unknown_fail_closed consent_pending", "", ""},
	{"C43", "send_full", "geo_unknown_fail_closed consent_granted", "", ""},
	{"C44", "hold", "geo_conflict_strictest consent_pending", "", ""},
	{"C45", "send_full", "regime_us_law no_opt_out", "explicit", ""},
	{"C46", "send_reduced", "regime_us_law gpc_opt_out ldu_applied contact_data_stripped", "state 1000", "client_ip_address em"},
	{"C47", "drop", "regime_us_law gpc_opt_out", "", ""},
	{"C48", "send_reduced", "regime_us_law gpc_opt_out ldu_applied contact_data_stripped", "state 1000", "client_ip_address em"},
	{"C49", "send_full", "regime_us_law no_opt_out", "explicit", ""},
	{"C50", "send_reduced", "regime_us_law consent_denied ldu_applied contact_data_stripped", "state 1000", "client_ip_address em"},
	{"C51", "drop", "regime_us_law consent_denied ldu_applied contact_data_stripped no_matchable_data_after_minimisation", "", ""},
	{"C52", "drop", "regime_us_law consent_denied ldu_not_available", "", ""},
	{"C53", "send_reduced", "regime_us_law consent_denied ldu_applied contact_data_stripped", "state 1013", "client_ip_address em"},
	{"C54", "drop", "regime_us_no_state_law gpc_opt_out ldu_not_available", "", ""},
	{"C55", "send_full", "regime_us_no_state_law no_opt_out", "explicit", ""},
	{"C56", "drop", "us_region_unknown gpc_opt_out ldu_not_available", "", ""},
	{"C57", "send_reduced", "regime_us_law gpp_opted_out ldu_applied contact_data_stripped", "state 1005", "client_ip_address em"},
	{"C58", "hold", "regime_us_law signal_not_ready", "", ""},
	{"C59", "send_reduced", "regime_us_law withdrawn_before_dispatch ldu_applied contact_data_stripped", "state 1000", "client_ip_address em"},
	{"C60", "send_reduced", "regime_us_law event_in_denied_interval ldu_applied contact_data_stripped", "state 1000", "client_ip_address em"},
	{"C61", "drop", "age_under_13", "", ""},
	{"C62", "drop", "age_minor", "", ""},
	{"C63", "drop", "sensitive_context", "", ""},
	{"C64", "drop", "subject_erased", "", ""},
	{"C65", "drop", "subject_suppressed", "", ""},
	{"C66", "drop", "event_too_old", "", ""},
	{"C67", "drop", "event_time_in_future", "", ""},
	{"C68", "hold", "regime_opt_in consent_pending", "", ""},
	{"C69", "drop", "regime_opt_in consent_denied", "", ""},
	{"C70", "drop", "regime_opt_in withdrawn_before_dispatch", "", ""},
	{"C71", "hold", "regime_opt_in consent_pending", "", ""},
	{"C72", "send_reduced", "regime_us_law signal_timeout_as_opt_out ldu_applied contact_data_stripped", "state 1005", "client_ip_address em"},
	{"C73", "drop", "regime_opt_in consent_denied", "", ""},
	{"C74", "send_full", "regime_opt_in consent_granted", "", ""},
	{"C75", "drop", "regime_opt_in consent_pending hold_ttl_exceeded", "", ""},
	{"C76", "send_full", "regime_notice no_opt_out", "", ""},
	{"C77", "drop", "regime_notice gpc_opt_out", "", ""},
	{"C78", "hold", "regime_notice consent_pending", "", ""},
}

// vectors returns the cases' inputs and outcomes by id.
func vectors(t testing.TB) map[string]vector {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "vectors", "consent_cases.json"))
	if errors.Is(err, fs.ErrNotExist) {
		if os.Getenv("CI") != "" {
			t.Fatal("CI is set and ../shared/vectors/consent_cases.json is missing; put the vectors beside the checkout")
		}
		t.Skip("../shared/vectors/consent_cases.json is not beside the checkout")
	}
	if err != nil {
		t.Fatal(err)
	}
	var list []vector
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	byID := map[string]vector{}
	for _, v := range list {
		byID[v.ID] = v
	}
	return byID
}

type vector struct {
	ID     string         `json:"id"`
	Name   string         `json:"name"`
	Input  jsontext.Value `json:"input"`
	Expect struct {
		Outcome string           `json:"outcome"`
		Reason  collector.Reason `json:"reason"`
	} `json:"expect"`
}

func TestEveryCaseOfTheSpecification(t *testing.T) {
	cases := vectors(t)
	if len(decided) != 78 || len(cases) != 78 {
		t.Fatalf("there are %d decided cases and %d inputs, want 78 of each", len(decided), len(cases))
	}
	for _, want := range decided {
		t.Run(want.id, func(t *testing.T) {
			c, ok := cases[want.id]
			if !ok {
				t.Fatal("the vectors lack this case")
			}
			want := caseResult{
				Outcome: collector.Outcome(want.outcome), Reasons: reasons(want.reasons),
				Strip: strings.Fields(want.strip), Meta: optionsOf(want.options),
			}
			if d := gocmp.Diff(want, decideText(t, string(c.Input))); d != "" {
				t.Errorf("%s (-want +got):\n%s", c.Name, d)
			}
			if string(want.Outcome) != c.Expect.Outcome || !slices.Contains(want.Reasons, c.Expect.Reason) {
				t.Errorf("%s: the vectors expect %s for %s", c.Name, c.Expect.Outcome, c.Expect.Reason)
			}
		})
	}
}

// reasons splits a list of codes.
func reasons(codes string) []collector.Reason {
	var list []collector.Reason
	for _, c := range strings.Fields(codes) {
		list = append(list, collector.Reason(c))
	}
	return list
}

// optionsOf spells out the table's short form of what is added to an event.
func optionsOf(short string) map[string]any {
	code, limited := strings.CutPrefix(short, "state ")
	switch {
	case limited:
		state, _ := strconv.Atoi(code)
		return map[string]any{
			"data_processing_options":         []any{"LDU"},
			"data_processing_options_country": 1.0,
			"data_processing_options_state":   float64(state),
		}
	case short == "explicit":
		return map[string]any{"data_processing_options": []any{}}
	case short == "attribution":
		return map[string]any{"opt_out": true}
	}
	return map[string]any{}
}

// decideText runs a line and reads its result back; an error is a failure.
func decideText(t testing.TB, line string) caseResult {
	t.Helper()
	var got struct {
		caseResult
		Error string `json:"error"`
	}
	if err := json.Unmarshal(DecideLine([]byte(line)), &got, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("the result cannot be read: %v", err)
	}
	if got.Error != "" {
		t.Fatalf("%s: %s", line, got.Error)
	}
	return got.caseResult
}

// A case with head and tail, at T = 1790000000 and sixty seconds later.
func lineOf(members string) string {
	return `{"now":1790000060,"event":{"time":1790000000},"geo":{"country":"DE"},` + members + `}`
}

const yes = `{"purpose":"*","action":"accept","time":1789999900,"valid_until":"unlimited","notice_hash":"h1","notice_epoch":1,"explicit":true,"recipients":["meta"]}`

func TestCasesBeyondTheTable(t *testing.T) {
	us := func(region, members string) string {
		return strings.Replace(lineOf(members), `"country":"DE"`, `"country":"US","region":"`+region+`"`, 1)
	}
	for _, c := range []struct{ name, line, outcome, reasons string }{
		{"a withdrawal before the event", lineOf(`"records":[` + yes + `,{"purpose":"*","action":"withdraw","time":1789999950}]`), "drop", "regime_opt_in consent_withdrawn"},
		{"the US privacy string says no", us("CA", `"signals":{"usp":"1YYN"}`), "send_reduced", "regime_us_law usp_opted_out ldu_applied contact_data_stripped"},
		{"the US privacy string says nothing", us("CA", `"signals":{"usp":"1---"}`), "send_full", "regime_us_law no_opt_out"},
		{"GPP carries GPC", us("TX", `"signals":{"gpp":{"signal_status":"ready","Gpc":true}}`), "send_reduced", "regime_us_law gpp_opted_out ldu_applied contact_data_stripped"},
		{"GPP denies for a child", us("TX", `"signals":{"gpp":{"signal_status":"ready","KnownChildSensitiveDataConsents":[0,1]}}`), "send_reduced", "regime_us_law gpp_opted_out ldu_applied contact_data_stripped"},
		{"GPP does not apply or was not used", us("TX", `"signals":{"gpp":{"signal_status":"ready","SaleOptOut":0,"SharingOptOut":2}}`), "send_full", "regime_us_law no_opt_out"},
		{"TCF without measuring", lineOf(`"records":[` + yes + `],"signals":{"tcf":{"event_status":"tcloaded","purposes":{"1":true}}}`), "drop", "regime_opt_in tcf_purpose7_denied"},
		{"TCF failed", lineOf(`"records":[` + yes + `],"signals":{"tcf":{"event_status":"error"}}`), "hold", "regime_opt_in signal_not_ready"},
		{"a tool's category denied", lineOf(`"records":[` + yes + `],"signals":{"cmp":{"answered":true,"marketing":"denied"}}`), "drop", "regime_opt_in cmp_category_denied"},
		{"a tool's partial yes", lineOf(`"records":[` + yes + `],"signals":{"cmp":{"answered":true,"marketing":"partial"}}`), "drop", "regime_opt_in cmp_category_denied"},
		{"a tool's default", lineOf(`"records":[` + yes + `],"signals":{"cmp":{"answered":false,"marketing":"granted"}}`), "hold", "regime_opt_in signal_not_ready"},
		{"consent mode denies personalisation", lineOf(`"records":[` + yes + `],"signals":{"gcm":{"ad_personalization":"denied"}}`), "send_reduced", "regime_opt_in consent_granted ads_optimisation_off"},
		{"consent mode says something odd", lineOf(`"records":[` + yes + `],"signals":{"gcm":{"ad_storage":1}}`), "drop", "regime_opt_in gcm_denied"},
		{"the destination is off", lineOf(`"records":[` + yes + `],"policy":{"destination_disabled":true}`), "drop", "destination_disabled"},
		{"an age that is not understood", lineOf(`"subject":{"age":"17"}`), "drop", "age_minor"},
		{"no proof asked for", lineOf(`"records":[` + strings.Replace(yes, `"h1"`, `null`, 1) + `],"policy":{"require_proof":false}`), "send_full", "regime_opt_in consent_granted"},
		{"no waiting", lineOf(`"policy":{"hold_ttl":0}`), "drop", "regime_opt_in consent_pending hold_ttl_exceeded"},
		{"opt-in everywhere, in the US", us("CA", `"policy":{"opt_in_everywhere":true}`), "hold", "regime_us_law consent_pending"},
		{"a US territory has a code of its own", strings.Replace(lineOf(`"records":[]`), `"DE"`, `"PR"`, 1), "send_full", "regime_us_no_state_law no_opt_out"},
		{"an anonymiser's code", strings.Replace(lineOf(`"records":[]`), `"DE"`, `"T1"`, 1), "hold", "geo_unknown_fail_closed consent_pending"},
		{"an implied yes takes no refusal back", us("CA", `"records":[{"purpose":"*","action":"reject","time":1789999800},`+strings.Replace(yes, `"explicit":true`, `"explicit":false`, 1)+`]`), "send_reduced", "regime_us_law consent_denied ldu_applied contact_data_stripped"},
		{"an implied yes hides a proven one", lineOf(`"records":[` + yes + `,` + strings.Replace(strings.Replace(yes, `"explicit":true`, `"explicit":false`, 1), "1789999900", "1789999950", 1) + `]`), "drop", "regime_opt_in consent_not_explicit"},
		{"a yes on the page, not the first", strings.Replace(lineOf(`"records":[`+strings.Replace(yes, `"unlimited"`, "1789999950", 1)+`,`+strings.Replace(yes, `"time":1789999900`, `"page_view_id":"p1","time":1790000030`, 1)+`]`), `"time":1790000000`, `"page_view_id":"p1","time":1790000000`, 1), "drop", "regime_opt_in event_predates_consent"},
		{"a yes to selling grants nothing", lineOf(`"records":[` + strings.Replace(yes, `"*"`, `"sale_share"`, 1) + `]`), "hold", "regime_opt_in consent_pending"},
		{"an accept without a time revokes", lineOf(`"records":[{"purpose":"*","action":"accept","explicit":true}]`), "drop", "regime_opt_in record_invalid_revokes"},
		{"a refusal of nothing in particular", lineOf(`"records":[` + yes + `,{"action":"reject","time":1789999950}]`), "drop", "regime_opt_in consent_denied"},
		{"matching that came later than the event", lineOf(`"records":[` + strings.Replace(yes, `"*"`, `"ads_measurement"`, 1) + `,` + strings.Replace(strings.Replace(yes, `"*"`, `"ads_matching"`, 1), "1789999900", "1790000030", 1) + `,` + strings.Replace(yes, `"*"`, `"ads_personalization"`, 1) + `]`), "send_reduced", "regime_opt_in consent_granted contact_data_stripped"},
		{"a field that nobody knows is contact data", strings.Replace(lineOf(`"records":[`+strings.Replace(yes, `"*"`, `"ads_measurement"`, 1)+`]`), `"time":1790000000`, `"time":1790000000,"user_data":["fbc","lead_id"]`, 1), "send_reduced", "regime_opt_in consent_granted contact_data_stripped ads_optimisation_off"},
		{"nothing by which anybody is recognised", strings.Replace(lineOf(`"records":[`+yes+`]`), `"time":1790000000`, `"time":1790000000,"user_data":["client_ip_address"]`, 1), "drop", "regime_opt_in consent_granted no_matchable_data_after_minimisation"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := decideText(t, c.line)
			if string(got.Outcome) != c.outcome {
				t.Errorf("outcome %s, want %s", got.Outcome, c.outcome)
			}
			if d := gocmp.Diff(reasons(c.reasons), got.Reasons); d != "" {
				t.Errorf("reasons (-want +got):\n%s", d)
			}
		})
	}
}

func TestDecideLineSaysWhatItCannotRead(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"nothing", ``, `not valid JSON`},
		{"no object", `[]`, `has the wrong type`},
		{"no JSON", `{"now":1,`, `not valid JSON`},
		{"two values for one name", `{"now":1,"now":2}`, `not valid JSON`},
		{"no times", `{}`, `no now or no event.time`},
		{"a time that is none", `{"now":"x","event":{"time":1}}`, `\"/now\" has the wrong type`},
		{"a time out of range", `{"now":-1,"event":{"time":1}}`, `now is no time`},
		{"an end that is none", lineOf(`"records":[{"valid_until":"soon"}]`), `valid_until is no time`},
		{"a length that is none", lineOf(`"policy":{"hold_ttl":-1}`), `hold_ttl is no length`},
		{"an action of the wrong type", lineOf(`"records":[{"action":5}]`), `\"/records/0/action\"`},
	} {
		got := string(DecideLine([]byte(c.line)))
		if !strings.HasPrefix(got, `{"error":"`) || !strings.Contains(got, c.want) || strings.Contains(got, "outcome") {
			t.Errorf("%s: got %s, want an error with %s and no outcome", c.name, got, c.want)
		}
	}
}

func TestDecideLineNamesWhatItDidNotRead(t *testing.T) {
	got := decideText(t, lineOf(`"signals":{"gcp":true}`))
	if got.Ignored != "/signals/gcp" {
		t.Errorf("ignored %q, want /signals/gcp", got.Ignored)
	}
}

// FuzzDecideLine: whatever comes in, one line of JSON goes out, the same each
// time; and where consent is asked for first nothing is sent without a grant.
func FuzzDecideLine(f *testing.F) {
	f.Add([]byte(lineOf(`"records":[` + yes + `]`)))
	f.Add([]byte(lineOf(`"signals":{"tcf":{"gdpr_applies":false},"gpp":{"signal_status":"ready","SaleOptOut":1},"gcm":{"ad_storage":"denied"},"cmp":{"answered":true},"usp":"1YYN"}`)))
	f.Add([]byte(`{"now":1790000060,"event":{"time":1790000000,"subjects":["a"],"user_data":["em"]},"subject":{"linked":["b"]},"records":[{"subject":"b","action":"?"}]}`))
	f.Add([]byte(`{"now":1e400}`))
	f.Add([]byte("\xff"))
	f.Fuzz(func(t *testing.T, line []byte) {
		out := DecideLine(line)
		if again := DecideLine(line); string(again) != string(out) {
			t.Fatalf("two answers to one case: %s and %s", out, again)
		}
		var got struct {
			Outcome collector.Outcome  `json:"outcome"`
			Reasons []collector.Reason `json:"reasons"`
			Error   string             `json:"error"`
		}
		if err := json.Unmarshal(out, &got); err != nil || (got.Error == "") == (got.Outcome == "") {
			t.Fatalf("neither a decision nor an error: %s (%v)", out, err)
		}
		if !got.Outcome.Sends() {
			return
		}
		switch got.Reasons[0] {
		case ReasonRegimeOptIn, ReasonRegimeDefaultOptIn, ReasonGeoUnknown, ReasonGeoConflict:
			if !slices.Contains(got.Reasons, ReasonConsentGranted) {
				t.Fatalf("sent without a grant: %s", out)
			}
		}
	})
}
