package graphsim

import (
	"fmt"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// batch sends purchases with these ids in one request.
func batch(t testing.TB, s *Sim, ids ...string) *httptest.ResponseRecorder {
	t.Helper()
	one := string(mutated(t, func(m mutable) { m.event["event_id"] = "THE-ID" }))
	one = one[strings.Index(one, "[")+1 : strings.LastIndex(one, "]")]
	events := make([]string, len(ids))
	for i, id := range ids {
		events[i] = strings.Replace(one, "THE-ID", id, 1)
	}
	return serve(s, request([]byte(`{"data":[`+strings.Join(events, ",")+`]}`)))
}

// One poisoned event fails whatever batch it is in, and nothing else fails: so
// a bisecting sender finds it in few requests.
func TestAPoisonedEventAmongAThousand(t *testing.T) {
	s, _ := newSim(t)
	play(t, s, `{"fault":"too_weak","event_id":"p-712","always":true}`)
	ids := make([]string, 1000)
	for i := range ids {
		ids[i] = "p-" + strconv.Itoa(i)
	}
	var culprits []string
	requests := 0
	var send func(ids []string)
	send = func(ids []string) {
		requests++
		w := batch(t, s, ids...)
		switch {
		case w.Code == 200:
		case len(ids) == 1:
			culprits = append(culprits, ids[0])
		default:
			send(ids[:len(ids)/2])
			send(ids[len(ids)/2:])
		}
	}
	send(ids)
	if len(culprits) != 1 || culprits[0] != "p-712" || requests > 2*10+1 {
		t.Errorf("found %v in %d requests", culprits, requests)
	}
	good := append(append([]string{}, ids[:712]...), ids[713:]...)
	if a := s.Audit(goodDataset, "Purchase", good...); !a.Clean() || a.Counted != 999 {
		t.Errorf("%d counted, lost %v, twice %v, unexpected %v", a.Counted, a.Lost, a.Twice, a.Unexpected)
	}
	if s.FaultsLeft() != 0 || len(s.Waiting()) != 1 {
		t.Errorf("%d left, %d wait; a fault that holds always is not counted, and stays", s.FaultsLeft(), len(s.Waiting()))
	}
	s.ClearScript()
	if w := batch(t, s, "p-712"); w.Code != 200 {
		t.Errorf("after ClearScript: %d", w.Code)
	}
}

// The answer to a fault for an event blames that event.
func TestAFaultForAnEventBlamesIt(t *testing.T) {
	s, _ := newSim(t)
	play(t, s, `{"fault":"too_weak","event_id":"c","times":2,"language":"en"}`, `{"fault":"too_weak","event_id":"c","error_data":"none"}`)
	for i := range 2 {
		if e := said(t, batch(t, s, "a", "b", "c")); !strings.Contains(e.UserMsg, "$['data'][2]") || e.Data == nil || e.Title != "Not Enough Customer Information" {
			t.Errorf("%d: %+v", i, e)
		}
	}
	if e := said(t, batch(t, s, "a", "b", "c")); e.Data != nil {
		t.Errorf("error_data %v, want none", e.Data)
	}
}

func TestWhichRequestsAFaultHoldsFor(t *testing.T) {
	for _, c := range []struct {
		line  string
		holds bool
	}{
		{`{"fault":"token_expired"}`, true},
		{`{"fault":"token_expired","dataset":"` + goodDataset + `"}`, true},
		{`{"fault":"token_expired","dataset":"999"}`, false},
		{`{"fault":"token_expired","event_id":"purchase.A-1001"}`, true},
		{`{"fault":"token_expired","event_id":"purchase.A"}`, false},
		{`{"fault":"token_expired","event_name":"Purchase"}`, true},
		{`{"fault":"token_expired","event_name":"purchase"}`, false},
		{`{"fault":"token_expired","event_id":"purchase.A-1001","event_name":"Purchase"}`, true},
		{`{"fault":"token_expired","event_id":"purchase.A-1001","event_name":"Lead"}`, false},
		{`{"fault":"token_expired","edge":"events"}`, true},
		{`{"fault":"token_expired","edge":"debug_token"}`, false},
	} {
		s, _ := newSim(t)
		play(t, s, c.line)
		want := map[bool]int{true: 401, false: 200}[c.holds]
		if w := serve(s, request(purchase(t))); w.Code != want || s.FaultsLeft() != map[bool]int{true: 0, false: 1}[c.holds] {
			t.Errorf("%s: %d, want %d; %d left", c.line, w.Code, want, s.FaultsLeft())
		}
	}
}

// The first line that holds is taken; those before it go on waiting.
func TestFaultsForEventsDoNotBlockOthers(t *testing.T) {
	s, _ := newSim(t)
	play(t, s, `{"fault":"http_503","event_id":"x","times":2}`, `{"fault":"service_unavailable"}`, `{"fault":"none","event_id":"x"}`, `{"fault":"too_weak","event_id":"x"}`)
	var got []string
	for _, id := range []string{"a", "x", "b", "x", "x", "x", "x"} {
		got = append(got, fmt.Sprint(batch(t, s, id).Code))
	}
	if want := "500 503 200 503 200 400 200"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestMoreScriptsThatMakeNoSense(t *testing.T) {
	for _, c := range []struct{ script, says string }{
		{`{"fault":"none","times":1,"always":true}`, `either "times" or "always"`},
		{`{"fault":"hang","cut":true}`, `"cut" is for a hang that ends`},
		{`{"fault":"none","cut":true,"for_seconds":1}`, `"cut" is for a hang`},
		{`{"fault":"none","edge":"users"}`, "edge has to be one of events, debug_token"},
		{`{"fault":"none","edge":"debug_token","event_id":"x"}`, "neither a dataset nor events"},
		{`{"fault":"error","code":1,"language":"de"}`, "language has to be one of"},
		{`{"fault":"error","code":1,"error_data":"list"}`, "error_data has to be one of"},
		{`{"fault":"usage","percent":1,"header":"X-App-Usage"}`, "header has to be one of"},
		{`{"fault":"usage","percent":1,"measure":"cpu"}`, "measure has to be one of"},
		{`{"fault":"none"}` + "\n" + `{"fault":"token_expire"}`, `fault 2 of the script: there is no fault "token_expire"; matchkey sim --list-faults has them all`},
	} {
		_, err := ReadScript(strings.NewReader(c.script))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.script, err, c.says)
		}
	}
}
