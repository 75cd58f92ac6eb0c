package meta

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"matchkey/collector"
)

// newTLSServer has a certificate that nobody knows.
func newTLSServer() *httptest.Server {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	return s
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		status, code, subcode int
		transient             bool
		ruling                collector.Ruling
		reason                collector.Reason
		spoiled               bool
	}{
		// Transient.
		{500, 1, 0, false, collector.Retry, ReasonUnavailable, false},
		{400, 1, 99, false, collector.Retry, ReasonUnavailable, false},
		{503, 2, 0, true, collector.Retry, ReasonUnavailable, false},
		{400, 5000, 0, false, collector.Retry, ReasonUnavailable, false},
		{400, 21009, 0, false, collector.Retry, ReasonUnavailable, false},
		{400, -3, 0, false, collector.Retry, ReasonUnavailable, false},
		{400, 100, 2804003, true, collector.Retry, ReasonUnavailable, false}, // Meta says it is
		{400, 77777, 0, true, collector.Retry, ReasonUnavailable, false},
		// Throttled, often with HTTP 400.
		{400, 4, 1504022, false, collector.Retry, ReasonThrottled, false},
		{400, 4, 0, true, collector.Retry, ReasonThrottled, false},
		{400, 17, 2446079, false, collector.Retry, ReasonThrottled, false},
		{400, 32, 0, false, collector.Retry, ReasonThrottled, false},
		{400, 341, 0, false, collector.Retry, ReasonThrottled, false},
		{403, 613, 1487742, false, collector.Retry, ReasonThrottled, false},
		{400, 80000, 0, false, collector.Retry, ReasonThrottled, false},
		{400, 80004, 0, false, collector.Retry, ReasonThrottled, false},
		{400, 80014, 0, false, collector.Retry, ReasonThrottled, false},
		{429, 77777, 0, false, collector.Retry, ReasonThrottled, false},
		{400, 368, 0, false, collector.Retry, ReasonPolicy, false},
		// Configuration: a person has to act, and nothing is lost meanwhile.
		{401, 190, 463, false, collector.Blocked, ReasonToken, false},
		{400, 190, 0, false, collector.Blocked, ReasonToken, false},
		{400, 102, 0, false, collector.Blocked, ReasonToken, false},
		{400, 104, 0, false, collector.Blocked, ReasonToken, false},
		{400, 3, 0, false, collector.Blocked, ReasonPermission, false},
		{403, 10, 0, false, collector.Blocked, ReasonPermission, false},
		{403, 200, 1870034, false, collector.Blocked, ReasonPermission, false},
		{403, 294, 0, false, collector.Blocked, ReasonPermission, false},
		{403, 299, 0, false, collector.Blocked, ReasonPermission, false},
		{400, 803, 0, false, collector.Blocked, ReasonDataset, false},
		{400, 100, 33, false, collector.Blocked, ReasonDataset, false},
		{400, 100, 34, false, collector.Blocked, ReasonDataset, false},
		{404, 100, 38, false, collector.Blocked, ReasonDataset, false},
		{401, 77777, 0, false, collector.Blocked, ReasonToken, false},
		{403, 77777, 0, false, collector.Blocked, ReasonPermission, false},
		// An event's fault.
		{400, 100, 2804001, false, collector.Rejected, ReasonClickMalformed, true},
		{400, 100, 2804003, false, collector.Rejected, collector.ReasonEventTooOld, true},
		{400, 100, 2804004, false, collector.Rejected, collector.ReasonEventInFuture, true},
		{400, 100, 2804009, false, collector.Rejected, ReasonValueMissing, true},
		{400, 100, 2804010, false, collector.Rejected, ReasonCurrencyMissing, true},
		{400, 100, 2804016, false, collector.Rejected, ReasonPayloadInvalid, true},
		{400, 100, 2804019, false, collector.Rejected, ReasonPayloadInvalid, true},
		{400, 100, 2804036, false, collector.Rejected, ReasonLeadInvalid, true},
		{400, 100, 2804050, false, collector.Rejected, ReasonTooWeak, true},
		{400, 100, 2804999, false, collector.Rejected, ReasonPayloadRejected, true},
		{400, 100, 0, false, collector.Rejected, ReasonPayloadRejected, true},
		{400, 105, 0, false, collector.Rejected, ReasonPayloadInvalid, true},
		// Undocumented.
		{400, 77777, 0, false, collector.Retry, ReasonCodeUnknown, false},
		{500, 77777, 0, false, collector.Retry, ReasonUnavailable, false},
		{408, 77777, 0, false, collector.Retry, ReasonUnavailable, false},
	} {
		j := judge(answer{status: c.status, header: http.Header{}, body: []byte(graphErrorBody(c.code, c.subcode, c.transient))}, 3)
		v := j.verdict
		if v.Ruling != c.ruling || v.Reason != c.reason || j.spoiled != c.spoiled {
			t.Errorf("HTTP %d, code %d/%d, transient %v: %s %s, spoiled %v", c.status, c.code, c.subcode, c.transient, v.Ruling, v.Reason, j.spoiled)
		}
		if v.Status != c.status || v.Code != c.code || v.Subcode != c.subcode || v.Trace != "AbC-1" || v.Detail == "" {
			t.Errorf("the numbers are lost: %+v", v)
		}
	}
}

func TestAnswersThatAreNotErrors(t *testing.T) {
	for _, c := range []struct {
		name, body string
		status     int
		ruling     collector.Ruling
		reason     collector.Reason
		spoiled    bool
	}{
		{"all counted", `{"events_received":3,"messages":[],"fbtrace_id":"A"}`, 200, collector.Accepted, "", false},
		{"one more key", `{"events_received":3,"id":"1","new":{}}`, 200, collector.Accepted, "", false},
		{"fewer counted", `{"events_received":2}`, 200, collector.InDoubt, ReasonCountMismatch, false},
		{"no count", `{}`, 200, collector.Retry, ReasonAnswerUnreadable, false},
		{"nothing", ``, 200, collector.Retry, ReasonAnswerUnreadable, false},
		{"cut off", `{"events_rec`, 200, collector.Retry, ReasonAnswerUnreadable, false},
		{"a page", `<html>Welcome to the hotel</html>`, 200, collector.Retry, ReasonAnswerUnreadable, false},
		{"an error in spite of 200", graphErrorBody(190, 0, false), 200, collector.Blocked, ReasonToken, false},
		{"a proxy's page", `<html>Bad Gateway</html>`, 502, collector.Retry, ReasonUnavailable, false},
		{"a cut error", `{"error":{"code":100,`, 500, collector.Retry, ReasonUnavailable, false},
		{"a cut refusal", `{"error":{"code":100,`, 400, collector.Retry, ReasonForeignAnswer, false},
		{"a proxy that forbids", `<html>Forbidden</html>`, 403, collector.Retry, ReasonForeignAnswer, false},
		{"a proxy that throttles", ``, 429, collector.Retry, ReasonThrottled, false},
		{"a proxy's timeout", ``, 408, collector.Retry, ReasonUnavailable, false},
		{"a redirect", ``, 302, collector.Retry, ReasonForeignAnswer, false},
		{"too large", ``, 413, collector.Rejected, ReasonPayloadRejected, true},
		{"other types", `{"error":"no"}`, 400, collector.Retry, ReasonForeignAnswer, false},
	} {
		j := judge(answer{status: c.status, header: http.Header{}, body: []byte(c.body)}, 3)
		if j.verdict.Ruling != c.ruling || j.verdict.Reason != c.reason || j.spoiled != c.spoiled {
			t.Errorf("%s: %+v, spoiled %v", c.name, j.verdict, j.spoiled)
		}
		// Whatever came from behind a gateway, or was said to be a success, may count.
		if v := j.verdict; v.Ruling == collector.Retry && v.Doubtful != (c.status < 300 || c.status >= 500 || c.status == 408) {
			t.Errorf("%s: doubtful is %v", c.name, v.Doubtful)
		}
	}
}

func TestPause(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        time.Duration
	}{
		{"X-Business-Use-Case-Usage", `{"1":[{"type":"ads","call_count":100,"estimated_time_to_regain_access":7},{"estimated_time_to_regain_access":3}]}`, 7 * time.Minute},
		{"X-Business-Use-Case-Usage", `{"1":[{"estimated_time_to_regain_access":100000}]}`, time.Hour},
		{"X-Business-Use-Case-Usage", `{"1":[{"estimated_time_to_regain_access":-5}]}`, throttlePause},
		{"X-Business-Use-Case-Usage", `nonsense`, throttlePause},
		{"X-Ad-Account-Usage", `{"acc_id_util_pct":100,"reset_time_duration":90}`, 90 * time.Second},
		{"Retry-After", `30`, 30 * time.Second},
		{"Retry-After", `NaN`, throttlePause},
		{"Retry-After", `Tue, 24 Nov 2026 10:00:00 GMT`, throttlePause},
	} {
		h := http.Header{}
		h.Set(c.name, c.value)
		v := judge(answer{status: 400, header: h, body: []byte(graphErrorBody(80004, 0, false))}, 1).verdict
		if v.After != c.want {
			t.Errorf("%s: %s is %v, want %v", c.name, c.value, v.After, c.want)
		}
	}
	if v := judge(answer{status: 400, header: http.Header{}, body: []byte(graphErrorBody(368, 0, false))}, 1).verdict; v.After != time.Hour {
		t.Errorf("a policy block is tried again after %v", v.After)
	}
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        collector.Usage
	}{
		{"X-App-Usage", `{"call_count":3,"total_time":80.2,"total_cputime":1}`, collector.Usage{Percent: 81, Said: "app: calls 3 %, time 81 %, cpu 1 %"}},
		{"X-Business-Use-Case-Usage", `{"1":[{"type":"ads_management","call_count":96,"total_cputime":1,"total_time":2,"estimated_time_to_regain_access":7}]}`,
			collector.Usage{Percent: 96, RegainSeconds: 420, Said: "ads_management: calls 96 %, time 2 %, cpu 1 %"}},
		{"X-Ad-Account-Usage", `{"acc_id_util_pct":9.67,"reset_time_duration":0}`, collector.Usage{Percent: 10, Said: "account: 10 %"}},
		{"X-App-Usage", `{"call_count":1e300}`, collector.Usage{Percent: 1000, Said: "app: calls 1000 %, time 0 %, cpu 0 %"}},
		{"X-App-Usage", `{"call_count":-1}`, collector.Usage{Said: "app: calls 0 %, time 0 %, cpu 0 %"}},
		{"X-App-Usage", `nonsense`, collector.Usage{}},
	} {
		h := http.Header{}
		h.Set(c.name, c.value)
		v := judge(answer{status: 200, header: h, body: []byte(`{"events_received":1}`)}, 1).verdict
		if v.Usage != c.want || v.Ruling != collector.Accepted {
			t.Errorf("%s: %s gives %+v, want %+v", c.name, c.value, v, c.want)
		}
	}
}

func TestVersionWarningIsAnAlarm(t *testing.T) {
	h := http.Header{}
	h.Set("X-Ad-Api-Version-Warning", "The call has been auto-upgraded to v26.0.")
	v := judge(answer{status: 200, header: h, body: []byte(`{"events_received":1}`)}, 1).verdict
	if v.Ruling != collector.Accepted || v.Alarm == nil || v.Alarm.Reason != ReasonVersionEnded || !strings.Contains(v.Alarm.Detail, "auto-upgraded") {
		t.Errorf("%+v", v)
	}
}

func TestScrub(t *testing.T) {
	for _, c := range []struct{ in, absent, present string }{
		{"Param user_data.em of mary@example.com is invalid", "mary", "Param user_data.em of"},
		{"Token " + testToken + " expired", "EAAtest", "expired"},
		{"Phone +49 (170) 123-4567 is bad", "170", "is bad"},
		{"IP 203.0.113.57 is bad", "203.0", "is bad"},
		{"IP 2001:db8:0:1::5 is bad", "2001:db8", "is bad"},
		{"Hash " + hash("x") + " is bad", hash("x")[:12], "is bad"},
		{"fbc fb.1.1795506300437.IwAR2F4 is bad", "IwAR2F4", "is bad"},
		{"see https://graph.facebook.com/x?access_token=abc now", "access_token", "now"},
		{"line\nbreaks\tgo", "\n", "line breaks go"},
		{"data_processing_options_country is missing", "…", "data_processing_options_country"},
		{"bad bytes \xff here", "\xff", "here"},
	} {
		got := scrub(c.in)
		if strings.Contains(got, c.absent) || !strings.Contains(got, c.present) {
			t.Errorf("%q became %q", c.in, got)
		}
	}
	if got := scrub(strings.Repeat("ä ", 1000)); len(got) > maxDetail || !strings.HasSuffix(got, "…") {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}

func FuzzJudge(f *testing.F) {
	f.Add(200, []byte(`{"events_received":1}`), "")
	f.Add(400, []byte(graphErrorBody(100, 2804003, false)), `{"1":[{"estimated_time_to_regain_access":1}]}`)
	f.Add(500, []byte(`<html>`), "x")
	f.Fuzz(func(t *testing.T, status int, body []byte, usage string) {
		h := http.Header{}
		h.Set("X-Business-Use-Case-Usage", usage)
		j := judge(answer{status: status, header: h, body: body}, 1)
		v := j.verdict
		switch v.Ruling {
		case collector.Accepted:
			if status < 200 || status > 299 {
				t.Fatalf("HTTP %d is accepted", status)
			}
		case collector.Retry, collector.Rejected, collector.Blocked, collector.InDoubt:
			if v.Reason == "" {
				t.Fatalf("no reason: %+v", v)
			}
		default:
			t.Fatalf("no ruling: %+v", v)
		}
		if len(v.Detail) > maxDetail || v.After < 0 || v.After > maxPause {
			t.Fatalf("out of bounds: %+v", v)
		}
	})
}
