package graphsim

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// row is one code and subcode of capi.md § 6.4 or § 6.5. rule breaks it by what
// is sent, where Meta's rule is known; subcodes without one only come by script.
type row struct {
	code, subcode int
	rule          func(mutable)
}

// rows are all of them, written apart from the presets.
func rows() (out []row) {
	subcodes := func(code int, subs ...int) {
		for _, sub := range subs {
			out = append(out, row{code: code, subcode: sub})
		}
	}
	subcodes(1, 0, 99)
	subcodes(2, 0)
	subcodes(3, 0)
	subcodes(4, 1504022, 1504039)
	subcodes(10, 0)
	subcodes(17, 2446079)
	subcodes(32, 0)
	subcodes(100, 33, 34, 38)
	subcodes(102, 0)
	subcodes(104, 0)
	subcodes(105, 0)
	subcodes(190, 0, 458, 459, 460, 463, 464, 467, 492)
	subcodes(200, 0, 1870034, 1870047, 1870050, 1870090)
	subcodes(294, 0)
	subcodes(299, 0)
	subcodes(341, 0)
	subcodes(368, 0)
	subcodes(613, 0, 1487742, 5044001, 1996)
	subcodes(803, 0)
	subcodes(5000, 0)
	subcodes(21009, 0)
	for code := 80000; code <= 80014; code++ {
		subcodes(code, 0)
	}
	subcodes(-1, 0)

	week := int64(7 * 24 * 3600)
	for _, r := range []row{
		{subcode: 2804001, rule: func(m mutable) { m.user["fbc"] = "fb.1.1795400000000" }},
		{subcode: 2804003, rule: func(m mutable) { m.event["event_time"] = noon.Unix() - week - 1 }},
		{subcode: 2804004, rule: func(m mutable) { m.event["event_time"] = noon.Unix() + 61 }},
		{subcode: 2804007}, {subcode: 2804017}, {subcode: 2804030}, {subcode: 2804048}, {subcode: 2804072}, {subcode: 2804999},
		{subcode: 2804009, rule: func(m mutable) { delete(m.custom, "value") }},
		{subcode: 2804010, rule: func(m mutable) { delete(m.custom, "currency") }},
		{subcode: 2804016, rule: func(m mutable) { m.event["action_source"] = "web" }},
		{subcode: 2804019, rule: func(m mutable) { m.event["click_id"] = "x" }},
		{subcode: 2804036, rule: func(m mutable) { m.user["lead_id"] = 7 }},
		{subcode: 2804043, rule: func(m mutable) { app(m, "i2", "") }},
		{subcode: 2804050, rule: func(m mutable) { m.event["user_data"] = map[string]any{} }},
		{subcode: 2804066, rule: func(m mutable) {
			messaging(m, "whatsapp")
			m.event["event_name"] = "Lead"
		}},
		{subcode: 2804087, rule: func(m mutable) { messaging(m, "whatsapp") }},
		{subcode: 2044055},
	} {
		r.code = 100
		out = append(out, r)
	}
	return out
}

// Every row by its raw form, by its preset, for one event only, and by its rule.
func TestEveryRowOfTheTables(t *testing.T) {
	named := map[[2]int]FaultKind{}
	for _, k := range Faults() {
		if f := k.Fault; f.Kind == FaultError && k.Name != FaultError {
			if _, taken := named[[2]int{f.Code, f.Subcode}]; !taken {
				named[[2]int{f.Code, f.Subcode}] = k.Name
			}
		}
	}
	expect := func(t *testing.T, s *Sim, body []byte, r row, refusals int) {
		t.Helper()
		w := serve(s, request(body))
		e := said(t, w)
		if e.Code != r.code || e.Subcode != r.subcode || w.Code < 400 {
			t.Errorf("%d %d/%d, want an error %d/%d: %s", w.Code, e.Code, e.Subcode, r.code, r.subcode, w.Body)
		}
		if r.code == 100 && r.subcode/1000 == 2804 && (e.Title == "" || e.UserMsg == "" || e.Data == nil) {
			t.Errorf("the envelope of a payload error is not complete: %s", w.Body)
		}
		if len(s.Received()) != 0 || s.Totals().Refused != refusals {
			t.Errorf("%d recorded, %d refused", len(s.Received()), s.Totals().Refused)
		}
	}
	for _, r := range rows() {
		t.Run(fmt.Sprintf("%d/%d", r.code, r.subcode), func(t *testing.T) {
			name, ok := named[[2]int{r.code, r.subcode}]
			if !ok {
				t.Fatal("has no preset")
			}
			for _, line := range []string{
				fmt.Sprintf(`{"fault":"error","code":%d,"subcode":%d}`, r.code, r.subcode),
				fmt.Sprintf(`{"fault":%q}`, name),
				fmt.Sprintf(`{"fault":%q,"event_id":"purchase.A-1001","event_name":"Purchase","dataset":%q}`, name, goodDataset),
			} {
				s, _ := newSim(t)
				play(t, s, line)
				expect(t, s, purchase(t), r, 0)
			}
			if r.rule != nil {
				s, _ := newSim(t)
				expect(t, s, mutated(t, r.rule), r, 1)
			}
		})
	}
}

func play(t testing.TB, s *Sim, lines ...string) {
	t.Helper()
	faults, err := ReadScript(strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Script(faults...); err != nil {
		t.Fatal(err)
	}
}

// Whatever the table lists can be scripted by its name alone or with what it
// asks for, and is named once.
func TestEveryKnownFaultCanBeScripted(t *testing.T) {
	needs := map[FaultKind]string{FaultError: `,"code":1`, FaultUsage: `,"percent":80`}
	seen := map[FaultKind]bool{}
	for _, k := range Faults() {
		if seen[k.Name] || k.Means == "" || k.Section == "" {
			t.Errorf("%s is listed twice, or says nothing", k.Name)
		}
		seen[k.Name] = true
		s, _ := newSim(t)
		play(t, s, fmt.Sprintf(`{"fault":%q%s}`, k.Name, needs[k.Name]))
	}
	var b strings.Builder
	if err := WriteFaults(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "faults.txt", b.String())
}

// The rows of § 6.4 that have no code: statuses with a page.
func TestStatusesWithAPage(t *testing.T) {
	for _, status := range []int{408, 425, 429, 500, 502, 503, 504} {
		s, _ := newSim(t)
		play(t, s, `{"fault":"http_`+strconv.Itoa(status)+`"}`)
		if w := serve(s, request(purchase(t))); w.Code != status || !strings.HasPrefix(w.Body.String(), "<!DOCTYPE html>") || s.Requests()[0].Fault != FaultKind("http_"+strconv.Itoa(status)) {
			t.Errorf("%d, want %d and a page; record %+v", w.Code, status, s.Requests()[0])
		}
	}
}

// A preset's fields give way to those of the line.
func TestPresetsGiveWay(t *testing.T) {
	s, _ := newSim(t)
	play(t, s,
		`{"fault":"service_unavailable","status":503,"times":2,"message":"later"}`,
		`{"fault":"error_with_200"}`,
		`{"fault":"says_transient"}`,
		`{"fault":"storm","percent":130,"times":3}`,
		`{"fault":"huge_html"}`,
	)
	for i, want := range []struct {
		status, code int
		transient    bool
	}{{503, 2, true}, {503, 2, true}, {200, 2, true}, {400, 100, true}, {429, 17, false}, {429, 17, false}, {429, 17, false}} {
		w := serve(s, request(purchase(t)))
		e := said(t, w)
		if w.Code != want.status || e.Code != want.code || *e.Transient != want.transient {
			t.Errorf("%d: %d %s, want %+v", i, w.Code, w.Body, want)
		}
		if want.status == 429 && !strings.Contains(w.Header().Get("X-App-Usage"), `"call_count":130`) {
			t.Errorf("%d: %q", i, w.Header())
		}
	}
	if w := serve(s, request(purchase(t))); w.Code != 502 || w.Body.Len() != 1<<20 {
		t.Errorf("%d with %d bytes, want 1 MiB", w.Code, w.Body.Len())
	}
	var e errorBody
	s, _ = newSim(t)
	play(t, s, `{"fault":"error","code":2,"message":"later"}`)
	if err := json.Unmarshal(serve(s, request(purchase(t))).Body.Bytes(), &e); err != nil || e.Error.Message != "later" {
		t.Errorf("%v %+v", err, e)
	}
}
