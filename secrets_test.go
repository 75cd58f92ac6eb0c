package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"matchkey/collector/meta/graphsim"
)

// What must never be written down, in the course of a run in which everything
// goes wrong that can.
const (
	secretEmail = "ada.lovelace@example.com"
	secretPhone = "+49 170 1234567"
	secretDigit = "491701234567"
	secretToken = "token-of-the-process-test"
)

// TestNothingPersonalIsWrittenDown runs a real process through deliveries,
// refusals, a revoked token and a crash, and looks for the token, an e-mail
// address and a phone number in all that it leaves behind: log, metrics, every
// page and answer of the console, the dump of a crash, and the data folder, in
// its files and in every row of its database.
func TestNothingPersonalIsWrittenDown(t *testing.T) {
	sim := graphsim.New(graphsim.Options{})
	graph := httptest.NewServer(sim)
	defer graph.Close()
	config := processConfig(t, graph.URL)
	p := startProcess(t, config)
	p.accept(t, noticeHash(t, config))

	// Answers that quote what was sent to Meta, and the token with it.
	echo := "user_data.em of " + secretEmail + ", ph " + secretPhone + ", access_token=" + secretToken
	faults := []graphsim.Fault{
		{Kind: graphsim.FaultError, Code: 100, Subcode: 2804003, Message: echo},
		{Kind: graphsim.FaultError, Code: 1, Message: echo},
		{Kind: graphsim.FaultHTML, Status: 502},
		{Kind: graphsim.FaultAcceptThenCut},
	}
	if err := sim.Script(faults...); err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		purchase := fmt.Sprintf(`{"events":[{"id":"S-%d","name":"purchase","customer":{"id":"c-42","email":%q,"phone":%q},
			"properties":{"value":1.5,"currency":"EUR","customer_email":%[2]q,"note":"call %[3]s","buyer":%[2]q}}]}`, i, secretEmail, secretPhone)
		if !p.post(t.Context(), purchase) {
			t.Fatal("the purchase was not acknowledged")
		}
		if i < len(faults) {
			time.Sleep(20 * time.Millisecond) // so that each meets a fault of its own
		}
	}
	p.post(t.Context(), fmt.Sprintf(`{"events":[{"id":%q,"name":"purchase","customer":{"id":%[1]q}}]}`, secretEmail)) // refused
	p.waitDelivered(t, "S-7")
	if err := sim.Script(graphsim.Fault{Kind: graphsim.FaultError, Code: 190, Subcode: 460, Times: 3, Message: "Error validating access token " + secretToken}); err != nil {
		t.Fatal(err)
	}
	p.post(t.Context(), `{"events":[{"id":"S-9","name":"purchase","customer":{"id":"c-42"},"properties":{"value":1.5,"currency":"EUR"}}]}`)

	var seen bytes.Buffer
	for _, page := range []string{
		"/", "/deliveries", "/deliveries?state=dead", "/event?site=shop&id=purchase.S-0", "/event?site=shop&id=purchase.S-7", "/match", "/install", "/redrive",
		"/metrics", "/api/explain?id=S-0", "/api/explain?id=S-1&format=text", "/api/deliveries", "/api/accounts", "/debug/pprof/heap",
	} {
		get(t, &seen, p.console+page)
	}
	get(t, &seen, p.edge+"/mk/shop.js")
	// A crash with all stacks, as an operator would take one.
	if err := p.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	_ = p.cmd.Wait()
	if !strings.Contains(p.log.String(), "goroutine ") {
		t.Fatalf("the crash left no dump:\n%s", p.log)
	}
	seen.WriteString(p.log.String())
	secrets := []string{secretEmail, "ada.lovelace", secretPhone, "170 1234567", secretDigit, secretToken, processKey}
	for _, s := range secrets {
		if at := strings.Index(seen.String(), s); at >= 0 {
			t.Errorf("%q was written down: …%s…", s, seen.String()[max(0, at-200):min(seen.Len(), at+200)])
		}
	}
	data := filepath.Join(filepath.Dir(config), "data")
	noSecretOnDisk(t, data, secrets...)
	noSecretInRows(t, filepath.Join(data, "store"), secrets...)
}

func get(t *testing.T, into io.Writer, address string) {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(into, answer.Body); err != nil {
		t.Fatal(err)
	}
}

// noSecretInRows looks into every row of the database, whose files are
// compressed.
func noSecretInRows(t *testing.T, dir string, secrets ...string) {
	t.Helper()
	db, err := pebble.Open(dir, &pebble.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.NewIter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for ok := rows.First(); ok; ok = rows.Next() {
		n++
		for _, s := range secrets {
			if bytes.Contains(rows.Key(), []byte(s)) || bytes.Contains(rows.Value(), []byte(s)) {
				t.Fatalf("a row of table %c contains %q: %.1000s", rows.Key()[0], s, rows.Value())
			}
		}
	}
	if err := rows.Error(); err != nil || n < 20 {
		t.Errorf("looked into %d rows only (%v)", n, err)
	}
}

// TestTokenIsReplacedWhileItRuns: the token in its file is revoked, a person
// writes a new one and sends SIGHUP. What waited goes out, without a restart
// and without an attempt spent.
func TestTokenIsReplacedWhileItRuns(t *testing.T) {
	const oldToken, newToken = "EAAtheOldOne0123456789", "EAAtheNewOne0123456789"
	sim := graphsim.New(graphsim.Options{Token: newToken})
	graph := httptest.NewServer(sim)
	defer graph.Close()
	config := processConfig(t, graph.URL)
	file := filepath.Join(filepath.Dir(config), "token")
	writeFile(t, file, oldToken+"\n")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, config, strings.Replace(string(text), "${env:TEST_TOKEN}", "${file:token}", 1))
	p := startProcess(t, config)
	p.accept(t, noticeHash(t, config))
	p.waitLog(t, "paused a destination") // the check at the start, before anything was sent
	if !p.post(t.Context(), `{"events":[{"id":"T-1","name":"purchase","customer":{"id":"c-42"},"properties":{"value":1.5,"currency":"EUR"}}]}`) {
		t.Fatal("the purchase was not acknowledged")
	}
	// A file that cannot be used changes nothing.
	writeFile(t, file, "two words\n")
	p.signal(t, syscall.SIGHUP)
	p.waitLog(t, "an access token was not taken over")
	// A fault elsewhere in the file does not keep a token out.
	text, err = os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, config, strings.Replace(string(text), "name: shop", "name: shop\n    country: XX", 1))
	writeFile(t, file, newToken+"\n")
	p.signal(t, syscall.SIGHUP)
	p.waitDelivered(t, "T-1")
	if d := p.explain(t, "T-1").Events[0].Deliveries[0]; len(d.Attempts) != 1 {
		t.Errorf("%d attempts, want one: the check knew that the token was gone", len(d.Attempts))
	}
	if log := p.log.String(); strings.Contains(log, oldToken) || strings.Contains(log, newToken) || strings.Contains(log, "two words") {
		t.Errorf("a token is in the log:\n%s", log)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func (p *process) waitLog(t *testing.T, part string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for !strings.Contains(p.log.String(), part) {
		if ctx.Err() != nil {
			t.Fatalf("in vain waited for %q in the log:\n%s", part, p.log)
		}
		time.Sleep(time.Millisecond)
	}
}
