package graphsim

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// Connections that end early, seen through a real one.
func TestConnectionsThatEndEarly(t *testing.T) {
	for _, c := range []struct {
		fault            Fault
		recorded, status int
		failed           func(error) bool
	}{
		{Fault{Kind: FaultReset}, 0, 0, func(err error) bool { return errors.Is(err, syscall.ECONNRESET) }},
		{Fault{Kind: FaultReset, Accept: true}, 1, 0, func(err error) bool { return errors.Is(err, syscall.ECONNRESET) }},
		{Fault{Kind: FaultHalfHeaders}, 0, 0, func(err error) bool { return err != nil }},
		{Fault{Kind: FaultHalfHeaders, Accept: true}, 1, 0, func(err error) bool { return err != nil }},
		{Fault{Kind: FaultHalfBody}, 1, 200, func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
	} {
		s, _, body, err := faulty(t, c.fault)
		if !c.failed(err) {
			t.Errorf("%+v: error %v, body %q", c.fault, err, body)
		}
		if r := s.Requests()[0]; len(s.Received()) != c.recorded || r.Status != c.status || r.Recorded != c.recorded {
			t.Errorf("%+v: %d recorded, record %+v", c.fault, len(s.Received()), r)
		}
	}
}

// Without a connection to take over, as in a test without a server, it is cut.
func TestEndingsWithoutAConnection(t *testing.T) {
	for _, kind := range []FaultKind{FaultReset, FaultHalfHeaders, FaultHalfBody, FaultAcceptThenCut} {
		s, _ := newSim(t)
		play(t, s, `{"fault":"`+string(kind)+`"}`)
		if !aborted(func() { serve(s, request(purchase(t))) }) {
			t.Errorf("%s: no cut", kind)
		}
	}
}

func aborted(f func()) (cut bool) {
	defer func() { cut = recover() == http.ErrAbortHandler }()
	f()
	return false
}

// Statuses and bodies that do not agree, and counts that are wrong.
func TestAnswersThatLie(t *testing.T) {
	for _, c := range []struct {
		line, body string // a part of it
		status     int
	}{
		{`{"fault":"status"}`, `{"events_received":1,`, 500},
		{`{"fault":"status","status":202}`, `{"events_received":1,`, 202},
		{`{"fault":"error","code":100,"subcode":2804003,"status":200}`, `"error_subcode":2804003`, 200},
		{`{"fault":"zero_count"}`, `{"events_received":0,`, 200},
		{`{"fault":"no_count"}`, `{"messages":[],`, 200},
		{`{"fault":"wrong_count","by":5}`, `{"events_received":6,`, 200},
	} {
		s, _ := newSim(t)
		play(t, s, c.line)
		w := serve(s, request(purchase(t)))
		accepted := map[bool]int{true: 0, false: 1}[strings.Contains(c.line, "error")]
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) || len(s.Received()) != accepted || s.Requests()[0].Status != c.status {
			t.Errorf("%s: %d %s, %d recorded", c.line, w.Code, w.Body, len(s.Received()))
		}
	}
}

func TestUsageHeadersAlone(t *testing.T) {
	all := []string{"X-App-Usage", "X-Business-Use-Case-Usage", "X-Ad-Account-Usage"}
	for _, c := range []struct {
		line string
		want [3]string // what each of them has; "": the header is not there
	}{
		{`{"fault":"usage","percent":76}`, [3]string{`"call_count":76,"total_cputime":1,"total_time":1}`, `"call_count":76,`, ""}},
		{`{"fault":"usage","percent":95,"header":"app"}`, [3]string{`"call_count":95,`, "", ""}},
		{`{"fault":"usage","percent":96,"minutes":7,"header":"business","measure":"total_time"}`, [3]string{"", `"call_count":1,"total_cputime":1,"total_time":96,"estimated_time_to_regain_access":7`, ""}},
		{`{"fault":"usage","percent":97,"minutes":7,"header":"ad_account"}`, [3]string{"", "", `{"acc_id_util_pct":97,"reset_time_duration":420,`}},
		{`{"fault":"usage","percent":98,"header":"all","measure":"total_cputime"}`, [3]string{`"total_cputime":98,`, `"total_cputime":98,`, `:98,`}},
		{`{"fault":"usage","header":"none"}`, [3]string{}},
		{`{"fault":"none","percent":75}`, [3]string{`:75,`, `:75,`, ""}},
		{`{"fault":"error","code":2,"percent":100,"minutes":3}`, [3]string{`:100,`, `_access":3`, ""}},
		{`{"fault":"throttle","header":"business","minutes":9}`, [3]string{"", `"call_count":100,"total_cputime":1,"total_time":1,"estimated_time_to_regain_access":9`, ""}},
	} {
		s, _ := newSim(t)
		play(t, s, c.line)
		h := serve(s, request(purchase(t))).Header()
		for i, name := range all {
			got := h.Get(name)
			if c.want[i] == "" && got != "" || !strings.Contains(got, c.want[i]) {
				t.Errorf("%s: %s is %q, want %q in it", c.line, name, got, c.want[i])
			}
			if got != "" && json.Unmarshal([]byte(got), new(any)) != nil {
				t.Errorf("%s: %s is no JSON: %q", c.line, name, got)
			}
		}
	}
}

func TestThrottleCodes(t *testing.T) {
	for _, code := range []int{4, 17, 32, 341, 613, 80000, 80003, 80004, 80014} {
		s, _ := newSim(t)
		if err := s.Script(Fault{Kind: FaultThrottle, Code: code, Status: 429, Times: 3, Minutes: 2}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if w := serve(s, request(purchase(t))); w.Code != 429 || said(t, w).Code != code {
				t.Errorf("%d: %d %s", code, w.Code, w.Body)
			}
		}
		if w := serve(s, request(purchase(t))); w.Code != 200 {
			t.Errorf("%d: after the storm %d", code, w.Code)
		}
	}
}

// Texts in five languages and error_data in either form, or in none.
func TestWordingOfErrors(t *testing.T) {
	titles := map[string]bool{}
	for _, language := range []string{"en", "fr", "da", "pt", "it"} {
		for _, form := range []string{"object", "string", "none"} {
			s, _ := newSim(t)
			if err := s.Script(Fault{Kind: FaultError, Code: 100, Subcode: 2804072, Language: language, ErrorData: form}); err != nil {
				t.Fatal(err)
			}
			e := said(t, serve(s, request(purchase(t))))
			titles[e.Title] = true
			_, isObject := e.Data.(map[string]any)
			_, isString := e.Data.(string)
			if e.Title == "" || e.UserMsg == "" || isObject != (form == "object") || isString != (form == "string") {
				t.Errorf("%s, %s: %+v", language, form, e)
			}
		}
	}
	if len(titles) != 5 {
		t.Errorf("titles %v, want one for each language", titles)
	}
}

// slept is a Sleep that takes no time and remembers how much it was to take.
type slept struct{ all []time.Duration }

func (z *slept) sleep(_ context.Context, d time.Duration) { z.all = append(z.all, d) }

func TestSilenceAndLateness(t *testing.T) {
	for _, c := range []struct {
		line     string
		recorded int
		cut      bool
		want     []time.Duration
	}{
		{`{"fault":"silence"}`, 0, true, []time.Duration{30 * time.Second, 50 * time.Millisecond}},
		{`{"fault":"silence_then_accept"}`, 1, false, []time.Duration{30 * time.Second, 50 * time.Millisecond}},
		{`{"fault":"accept_then_silence"}`, 1, true, []time.Duration{30 * time.Second, 50 * time.Millisecond}},
		{`{"fault":"hang","for_seconds":2,"accept":true}`, 1, false, []time.Duration{2 * time.Second, 50 * time.Millisecond}},
		{`{"fault":"none","for_seconds":3}`, 1, false, []time.Duration{3050 * time.Millisecond}},
		{`{"fault":"service_unavailable","for_seconds":1}`, 0, false, []time.Duration{1050 * time.Millisecond}},
		{`{"fault":"none"}`, 1, false, []time.Duration{50 * time.Millisecond}},
	} {
		z := &slept{}
		s := New(Options{Now: (&clock{noon}).now, Latency: 50 * time.Millisecond, Sleep: z.sleep})
		play(t, s, c.line)
		cut := aborted(func() { serve(s, request(purchase(t))) })
		if cut != c.cut || len(s.Received()) != c.recorded {
			t.Errorf("%s: cut %t, %d recorded", c.line, cut, len(s.Received()))
		}
		if len(z.all) != len(c.want) {
			t.Errorf("%s: slept %v, want %v", c.line, z.all, c.want)
			continue
		}
		for i := range z.all {
			if z.all[i] != c.want[i] {
				t.Errorf("%s: slept %v, want %v", c.line, z.all, c.want)
			}
		}
	}
}

// Closing the Sim ends a silence without end, also through a real connection.
func TestCloseEndsSilence(t *testing.T) {
	heard := make(chan struct{})
	s := New(Options{Now: (&clock{noon}).now, OnEvent: func(Received) { close(heard) }})
	play(t, s, `{"fault":"hang","accept":true}`)
	server := httptest.NewServer(s)
	defer server.Close() // waits for the handler
	answered := make(chan error, 1)
	go func() {
		_, _, err := post(t, context.Background(), server, purchase(t))
		answered <- err
	}()
	<-heard
	s.Close()
	if err := <-answered; err == nil {
		t.Error("a silence without end was answered")
	}
	if len(s.Received()) != 1 {
		t.Error("what was received can no longer be read")
	}
}

// The timer behind Sleep ends with its time and with its context.
func TestSleep(t *testing.T) {
	sleep(t.Context(), time.Microsecond)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	sleep(ctx, time.Hour)
}
