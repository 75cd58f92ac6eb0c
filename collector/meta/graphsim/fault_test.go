package graphsim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// faulty sends the good purchase to a Sim with one fault, by HTTP.
func faulty(t *testing.T, f Fault) (s *Sim, resp *http.Response, body string, err error) {
	t.Helper()
	s, _ = newSim(t)
	if err := s.Script(f); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	resp, body, err = post(t, t.Context(), server, purchase(t))
	return s, resp, body, err
}

func post(t *testing.T, ctx context.Context, server *httptest.Server, b []byte) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, "POST", server.URL+goodPath, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+goodToken)
	resp, err := server.Client().Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

func TestCuts(t *testing.T) {
	for _, c := range []struct {
		kind     FaultKind
		recorded int
	}{{FaultCutBefore, 0}, {FaultAcceptThenCut, 1}} {
		s, _, body, err := faulty(t, Fault{Kind: c.kind})
		if err == nil {
			t.Errorf("%s: an answer came: %s", c.kind, body)
		}
		if len(s.Received()) != c.recorded {
			t.Errorf("%s: %d events recorded, want %d", c.kind, len(s.Received()), c.recorded)
		}
		r := s.Requests()[0]
		if r.Status != 0 || r.Fault != c.kind || r.Events != 1 || r.Recorded != c.recorded || !r.TokenOnlyInHeader {
			t.Errorf("%s: record %+v", c.kind, r)
		}
	}
}

// What would be refused is not recorded by a fault either.
func TestAcceptThenCutRecordsOnlyWhatIsGood(t *testing.T) {
	s, _ := newSim(t)
	if err := s.Script(Fault{Kind: FaultAcceptThenCut}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	defer server.Close()
	_, _, err := post(t, t.Context(), server, []byte(`{"data":[{}]}`))
	if err == nil || len(s.Received()) != 0 {
		t.Errorf("error %v, %d events; want a cut and none", err, len(s.Received()))
	}
}

func TestErrorFaults(t *testing.T) {
	for _, c := range []struct {
		fault                 Fault
		status, code, subcode int
		usage                 string
	}{
		{Fault{Kind: FaultError, Code: 190, Subcode: 463}, 401, 190, 463, "3"},
		{Fault{Kind: FaultError, Code: 2, Transient: true}, 500, 2, 0, "3"},
		{Fault{Kind: FaultError, Code: 368, Status: 403}, 403, 368, 0, "3"},
		{Fault{Kind: FaultThrottle}, 400, 17, 2446079, "100"},
		{Fault{Kind: FaultThrottle, Code: 4}, 400, 4, 1504022, "100"},
		{Fault{Kind: FaultThrottle, Code: 613, Status: 429}, 429, 613, 1487742, "100"},
		{Fault{Kind: FaultThrottle, Code: 80004, Percent: 120, Minutes: 7}, 400, 80004, 0, "120"},
	} {
		s, resp, body, err := faulty(t, c.fault)
		if err != nil {
			t.Fatalf("%+v: %v", c.fault, err)
		}
		var e errorBody
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			t.Fatalf("%+v: %v", c.fault, err)
		}
		if resp.StatusCode != c.status || e.Error.Code != c.code || e.Error.Subcode != c.subcode || e.Error.Type != "OAuthException" {
			t.Errorf("%+v: %d %s", c.fault, resp.StatusCode, body)
		}
		if e.Error.Transient == nil || *e.Error.Transient != c.fault.Transient {
			t.Errorf("%+v: is_transient is wrong: %s", c.fault, body)
		}
		if !strings.Contains(resp.Header.Get("X-App-Usage"), `"call_count":`+c.usage+`,`) ||
			!strings.Contains(resp.Header.Get("X-Business-Use-Case-Usage"), `"estimated_time_to_regain_access":`+strconv.Itoa(c.fault.Minutes)) {
			t.Errorf("%+v: usage headers %q", c.fault, resp.Header)
		}
		if resp.Header.Get("Retry-After") != "" {
			t.Errorf("%+v: Meta sends no Retry-After", c.fault)
		}
		if len(s.Received()) != 0 || s.Totals().Refused != 0 {
			t.Errorf("%+v: recorded, or counted as a refusal", c.fault)
		}
	}
}

func TestErrorThatDidItAnyway(t *testing.T) {
	for _, f := range []Fault{
		{Kind: FaultError, Code: 1, Accept: true},
		{Kind: FaultThrottle, Accept: true},
		{Kind: FaultHTML, Accept: true},
	} {
		s, resp, _, err := faulty(t, f)
		if err != nil || resp.StatusCode < 400 || len(s.Received()) != 1 {
			t.Errorf("%s: %v, %d events recorded; want an error and 1", f.Kind, err, len(s.Received()))
		}
	}
}

func TestHTMLFault(t *testing.T) {
	for _, c := range []struct{ status, size, wantStatus, least, most int }{
		{0, 0, 502, 50, 200},
		{503, 5000, 503, 5000, 5000},
		{200, 100_000, 200, 100_000, 100_000},
	} {
		s, resp, body, err := faulty(t, Fault{Kind: FaultHTML, Status: c.status, Size: c.size})
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != c.wantStatus || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") ||
			len(body) < c.least || len(body) > c.most || !strings.HasPrefix(body, "<!DOCTYPE html>") {
			t.Errorf("%d, %s, %d bytes", resp.StatusCode, resp.Header.Get("Content-Type"), len(body))
		}
		if len(s.Received()) != 0 {
			t.Error("recorded")
		}
	}
}

func TestTruncateAndWrongCount(t *testing.T) {
	s, resp, body, err := faulty(t, Fault{Kind: FaultTruncate})
	if err != nil || resp.StatusCode != 200 || !strings.HasPrefix(body, `{"events_received"`) || json.Unmarshal([]byte(body), new(any)) == nil || len(s.Received()) != 1 {
		t.Errorf("truncate: %v %d events, %q", err, len(s.Received()), body)
	}
	s, _, body, err = faulty(t, Fault{Kind: FaultWrongCount})
	if err != nil || !strings.Contains(body, `"events_received":0,`) || len(s.Received()) != 1 {
		t.Errorf("wrong count: %v %q", err, body)
	}
	_, _, body, err = faulty(t, Fault{Kind: FaultWrongCount, By: 2})
	if err != nil || !strings.Contains(body, `"events_received":3,`) {
		t.Errorf("wrong count by 2: %v %q", err, body)
	}
}

func TestWarningAndUsageFaults(t *testing.T) {
	s, resp, _, err := faulty(t, Fault{Kind: FaultVersionWarning})
	if err != nil || resp.StatusCode != 200 || resp.Header.Get("X-Ad-Api-Version-Warning") == "" || len(s.Received()) != 1 {
		t.Errorf("version warning: %v %v", err, resp)
	}
	s, resp, _, err = faulty(t, Fault{Kind: FaultUsage, Percent: 96, Minutes: 4})
	if err != nil || resp.StatusCode != 200 || !strings.Contains(resp.Header.Get("X-App-Usage"), `:96,`) ||
		!strings.Contains(resp.Header.Get("X-Business-Use-Case-Usage"), `"`+goodDataset+`":[{"type":"ads_management","call_count":96,`) || len(s.Received()) != 1 {
		t.Errorf("usage: %v %v", err, resp)
	}
}

// Hanging ends when the sender gives up, or goes on after a time.
func TestHang(t *testing.T) {
	for _, accept := range []bool{false, true} {
		s, _ := newSim(t)
		if err := s.Script(Fault{Kind: FaultHang, Accept: accept}); err != nil {
			t.Fatal(err)
		}
		ctx, giveUp := context.WithCancel(t.Context())
		giveUp()
		func() {
			defer func() {
				if p := recover(); p != http.ErrAbortHandler {
					t.Errorf("recovered %v, want a cut", p)
				}
			}()
			serve(s, request(purchase(t)).WithContext(ctx))
		}()
		if want := map[bool]int{false: 0, true: 1}[accept]; len(s.Received()) != want {
			t.Errorf("accept %t: %d events recorded, want %d", accept, len(s.Received()), want)
		}
	}
	s, resp, _, err := faulty(t, Fault{Kind: FaultHang, ForSeconds: 0.001})
	if err != nil || resp.StatusCode != 200 || len(s.Received()) != 1 {
		t.Errorf("a short hang: %v, %d events; want a late 200", err, len(s.Received()))
	}
}

// A sender that hangs up is noticed through a real connection, too.
func TestHangSeesTheSenderGo(t *testing.T) {
	heard := make(chan struct{})
	s := New(Options{Now: (&clock{noon}).now, OnEvent: func(Received) { close(heard) }})
	if err := s.Script(Fault{Kind: FaultHang, Accept: true}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	ctx, giveUp := context.WithCancel(t.Context())
	go func() {
		<-heard
		giveUp()
	}()
	if _, _, err := post(t, ctx, server, purchase(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want a cancelled request", err)
	}
	server.Close() // waits for the handler: it must have noticed
	if r := s.Requests(); len(r) != 1 || r[0].Status != 0 || r[0].Recorded != 1 {
		t.Errorf("record %+v", r)
	}
}

func TestScriptIsTakenInOrder(t *testing.T) {
	s, _ := newSim(t)
	faults, err := ReadScript(strings.NewReader(`
		{"fault":"none"}
		{"fault":"error","code":2,"times":2}
		{"fault":"html","status":503,"size":1000}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Script(faults...); err != nil {
		t.Fatal(err)
	}
	if s.FaultsLeft() != 4 {
		t.Errorf("%d faults wait, want 4", s.FaultsLeft())
	}
	seePurchase(t, s, "x") // the Pixel takes none
	var got []int
	for range 5 {
		got = append(got, serve(s, request(purchase(t))).Code)
	}
	if want := []int{200, 500, 500, 503, 200}; !slices.Equal(got, want) {
		t.Errorf("statuses %v, want %v", got, want)
	}
	if s.FaultsLeft() != 0 {
		t.Errorf("%d faults are left", s.FaultsLeft())
	}
}

func TestScriptsThatMakeNoSense(t *testing.T) {
	for _, c := range []struct{ script, says string }{
		{`{"fault":"explode"}`, "there is no fault"},
		{`{}`, "there is no fault"},
		{`{"fault":"none"} {"fault":"error"}`, `fault 2 of the script: "error" needs a "code"`},
		{`{"fault":"throttle","code":5}`, "knows the codes"},
		{`{"fault":"usage"}`, `needs a "percent"`},
		{`{"fault":"html","status":42}`, "200 to 599"},
		{`{"fault":"html","size":2000000}`, "at most 1048576 bytes"},
		{`{"fault":"none","times":-1}`, "times"},
		{`{"fault":"hang","for_seconds":601}`, "for_seconds"},
		{`{"fault":"usage","percent":-1}`, "percent"},
		{`{"fault":"none","tines":2}`, "tines"},
		{`{"fault":"none"`, "EOF"},
		{`[{"fault":"none"}]`, "fault 1"},
		{strings.Repeat(`{"fault":"none"}`, maxScript+1), "at most 10000 lines"},
		{`{"fault":"none"}` + strings.Repeat(" ", maxScriptSize), "at most 1048576 bytes"},
	} {
		_, err := ReadScript(strings.NewReader(c.script))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.60s: %v, want %q", c.script, err, c.says)
		}
	}
	s, _ := newSim(t)
	if err := s.Script(Fault{Kind: FaultNone}, Fault{Kind: "explode"}); err == nil || s.FaultsLeft() != 0 {
		t.Errorf("%v, %d faults wait; want an error and none", err, s.FaultsLeft())
	}
	full := make([]Fault, maxScript)
	for i := range full {
		full[i].Kind = FaultNone
	}
	if err := s.Script(full...); err != nil {
		t.Fatal(err)
	}
	if err := s.Script(Fault{Kind: FaultNone}); err == nil {
		t.Error("more faults wait than may")
	}
}

func TestServeStopsWithItsContext(t *testing.T) {
	for _, hanging := range []bool{false, true} {
		heard := make(chan struct{}, 1)
		s := New(Options{Now: (&clock{noon}).now, OnEvent: func(Received) { heard <- struct{}{} }})
		if hanging {
			if err := s.Script(Fault{Kind: FaultHang, Accept: true}); err != nil {
				t.Fatal(err)
			}
		}
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- Serve(ctx, ln, s) }()

		answered := make(chan error, 1)
		go func() {
			r := request(purchase(t))
			r.RequestURI = ""
			r.URL.Scheme, r.URL.Host = "http", ln.Addr().String()
			resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
			if err == nil {
				resp.Body.Close()
			}
			answered <- err
		}()
		<-heard
		if !hanging {
			if err := <-answered; err != nil {
				t.Errorf("no answer: %v", err)
			}
		}
		stop()
		if err := <-served; err != nil {
			t.Errorf("hanging %t: %v", hanging, err)
		}
		if hanging {
			if err := <-answered; err == nil {
				t.Error("a hanging answer came after the stop")
			}
		}
	}
}

func TestServeSaysWhyItCannot(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	if err := Serve(t.Context(), ln, New(Options{})); err == nil {
		t.Error("a closed listener served")
	}
}
