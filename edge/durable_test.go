package edge

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/valyala/fasthttp/fasthttputil"

	"matchkey/collector"
)

const purchase = `{"events":[{"id":"A-1001","name":"purchase","customer":{"id":"c42"}}]}`

// TestAnswerFollowsDurability holds the journal back and looks whether an
// answer leaves before it is done.
func TestAnswerFollowsDurability(t *testing.T) {
	for name, send := range map[string]func(*fixture) reply{
		"beacon":        func(f *fixture) reply { return f.beacon(good) },
		"refusal":       func(f *fixture) reply { return f.beacon(refusal("reject", false)) },
		"server events": func(f *fixture) reply { return f.call(purchase) },
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			f.journal.entered, f.journal.release = make(chan struct{}), make(chan struct{})
			answered := make(chan reply)
			go func() { answered <- send(f) }()

			<-f.journal.entered
			// Another request passes through all of the edge meanwhile.
			if r := f.do("GET", "/livez", ""); r.StatusCode != 200 {
				t.Fatalf("livez: %d", r.StatusCode)
			}
			select {
			case r := <-answered:
				t.Fatalf("answered %d before it was durable", r.StatusCode)
			default:
			}
			f.journal.release <- struct{}{}
			if r := <-answered; r.StatusCode/100 != 2 || len(f.journal.stored()) != 1 {
				t.Errorf("got %d, %d events stored", r.StatusCode, len(f.journal.stored()))
			}
		})
	}
}

func TestJournalSaysNo(t *testing.T) {
	for _, c := range []struct {
		fail   error
		reason collector.Reason
		logged int
	}{
		{collector.ErrBusy, collector.ReasonJournalBusy, 0},
		{collector.ErrClosed, collector.ReasonJournalFailed, 1},
		{errors.New("no space left on device"), collector.ReasonJournalFailed, 1},
		{context.DeadlineExceeded, collector.ReasonJournalFailed, 1},
	} {
		f := start(t)
		f.journal.fail = c.fail
		for _, r := range []reply{f.beacon(full), f.beacon(refusal("withdraw", false)), f.call(purchase)} {
			wait, err := strconv.Atoi(r.Header.Get("Retry-After"))
			if r.StatusCode != 503 || r.reason() != c.reason || err != nil || wait < 1 || wait > 5 || len(r.Header["Set-Cookie"]) != 0 {
				t.Errorf("%v: got %d %v", c.fail, r.StatusCode, r.Header)
			}
		}
		// The trouble is logged once, and its end.
		f.journal.mu.Lock()
		f.journal.fail = nil
		f.journal.mu.Unlock()
		f.beacon(good)
		f.beacon(good)
		if got := strings.Count(f.log.String(), "does not append"); got != c.logged {
			t.Errorf("%v: logged %d times", c.fail, got)
		}
		if got := strings.Count(f.log.String(), "appends again"); got != c.logged {
			t.Errorf("%v: the end was logged %d times", c.fail, got)
		}
	}
}

func TestHealth(t *testing.T) {
	f := start(t)
	for _, path := range []string{"/livez", "/readyz"} {
		if r := f.do("GET", path, ""); r.StatusCode != 200 || r.body != "ok\n" || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %q", path, r.StatusCode, r.body)
		}
	}
	f.journal.sick = errors.New("the disk of /data is full; nothing is appended until there is space")
	if r := f.do("GET", "/readyz", ""); r.StatusCode != 503 || r.body != f.journal.sick.Error()+"\n" || r.reason() != collector.ReasonJournalFailed {
		t.Errorf("readyz: %d %q", r.StatusCode, r.body)
	}
	if r := f.do("HEAD", "/readyz", ""); r.StatusCode != 503 || r.body != "" {
		t.Errorf("HEAD readyz: %d %q", r.StatusCode, r.body)
	}
	if r := f.do("GET", "/livez", ""); r.StatusCode != 200 {
		t.Errorf("livez of a sick journal: %d", r.StatusCode)
	}
	if n := len(f.refusals()); n != 0 {
		t.Errorf("%d refusals were counted for a health check", n)
	}
}

func TestShutdownFinishesRequests(t *testing.T) {
	f := start(t)
	f.journal.entered, f.journal.release = make(chan struct{}), make(chan struct{})
	answered := make(chan reply)
	go func() { answered <- f.beacon(good) }()
	<-f.journal.entered

	shut := make(chan error)
	go func() { shut <- f.server.Shutdown(context.Background()) }()
	if err := <-f.served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	select {
	case err := <-shut:
		t.Fatalf("Shutdown did not wait: %v", err)
	default:
	}
	f.journal.release <- struct{}{}
	if r := <-answered; r.StatusCode != 204 || r.Close != true {
		t.Errorf("the request under way got %d, close %v", r.StatusCode, r.Close)
	}
	if err := <-shut; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if err := f.server.Serve(fasthttputil.NewInmemoryListener()); err == nil {
		t.Error("the edge serves again after Shutdown")
	}
}

func TestForcedShutdownLetsGoOfTheJournal(t *testing.T) {
	f := start(t)
	f.journal.entered, f.journal.release = make(chan struct{}), make(chan struct{})
	answered := make(chan reply)
	go func() { answered <- f.beacon(good) }()
	<-f.journal.entered

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := f.server.Shutdown(ctx); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "connections open") {
		t.Errorf("Shutdown: %v", err)
	}
	if r := <-answered; r.StatusCode != 503 || len(f.journal.stored()) != 0 {
		t.Errorf("the request under way got %d", r.StatusCode)
	}
}

func TestShutdownBeforeServe(t *testing.T) {
	s, err := New(Options{Sites: []Site{testSite()}, Journal: &memoryJournal{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	ln := fasthttputil.NewInmemoryListener()
	if err := s.Serve(ln); err == nil {
		t.Error("the edge serves after Shutdown")
	}
	if _, err := ln.Accept(); err == nil {
		t.Error("the listener was left open")
	}
}

// TestRealListener runs the edge on a TCP socket, as main does.
func TestRealListener(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	journal := &memoryJournal{}
	s, err := New(Options{Sites: []Site{testSite()}, Journal: journal})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- s.Serve(ln) }()

	// The body is far too large; the refusal must be readable all the same.
	req, err := http.NewRequest("POST", "http://"+ln.Addr().String()+"/mk/shop", strings.NewReader(strings.Repeat(" ", 200<<10)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", origin)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if resp.StatusCode != 413 {
		t.Errorf("got %d", resp.StatusCode)
	}

	req, _ = http.NewRequest("POST", "http://"+ln.Addr().String()+"/mk/shop", strings.NewReader(full))
	req.Header.Set("Origin", origin)
	resp, err = http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if events := journal.stored(); resp.StatusCode != 204 || len(events) != 2 || events[0].Client.IP != "127.0.0.1" {
		t.Errorf("got %d, stored %v", resp.StatusCode, events)
	}
	http.DefaultClient.CloseIdleConnections()
	if err := s.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
