package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"matchkey/collector/meta/graphsim"
)

// TestOpenedEmail follows e-mails through a real process: the scenario of the
// documentation makes a conversion of a person's open and none of a machine's, and of
// who did not agree nothing is kept.
func TestOpenedEmail(t *testing.T) {
	doc, err := os.ReadFile("docs/email.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "      - name: newsletter_read\n")
	scenario, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("the documentation has no scenario of an opened e-mail")
	}
	graph := httptest.NewServer(graphsim.New(graphsim.Options{}))
	defer graph.Close()
	file := processConfig(t, graph.URL)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(text), "scenarios:")
	if err := os.WriteFile(file, []byte(before+"scenarios:\n      - name: newsletter_read\n"+scenario), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"TEST_TOKEN": "x", "TEST_KEY": processKey}
	do := func(args ...string) string {
		t.Helper()
		out, errs, code := command(t, env, "", args...)
		if code != 0 || strings.Contains(errs, "prefetched") {
			t.Fatalf("%v: exit %d\n%s%s", args, code, out, errs)
		}
		return out
	}
	do("check", "--config", file)
	p := startProcess(t, file)
	yes := filepath.Join(t.TempDir(), "yes.ndjson")
	if err := os.WriteFile(yes, fmt.Appendf(nil, `{"id":"1","customer":"c42","action":"accept","at":%q,"notice":%q,"source":"crm"}`,
		time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), noticeHash(t, file)), 0o600); err != nil {
		t.Fatal(err)
	}
	do("consent", "import", yes, "--config", file, "--edge", p.edge)
	if !p.post(t.Context(), `{"events":[{"id":"1","name":"signup","customer":{"id":"c42","email":"ada@example.com"}}]}`) {
		t.Fatal("the event was not acknowledged")
	}

	open := func(customer, agent string) (reason string) {
		t.Helper()
		address, err := url.Parse(strings.TrimSpace(do("open-link", "--config", file, "--customer", customer, "--message", "news", "--campaign", "autumn")))
		if err != nil || address.Host != "shop.example" {
			t.Fatalf("the address is %v, %v", address, err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.edge+address.RequestURI(), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("User-Agent", agent)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK || !strings.HasPrefix(string(body), "GIF89a") {
			t.Fatalf("%d %q, %v", answer.StatusCode, body, err)
		}
		return answer.Header.Get("X-Matchkey-Reason")
	}
	const person = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0"
	if why := open("c43", person); why != "consent_absent" {
		t.Errorf("who never answered: %q", why)
	}
	for why := open("c42", "Mozilla/5.0"); why != ""; why = open("c42", "Mozilla/5.0") {
		if why != "consent_absent" { // the consent that was imported is not applied yet
			t.Fatalf("the open is not kept: %s", why)
		}
	}
	if why := open("c42", person); why != "" {
		t.Errorf("the open is not kept: %s", why)
	}
	history := do("export", "c42", "--site", "shop", "--console", p.console)
	id, machine := "", ""
	for _, part := range strings.Split(history, `"`) {
		switch {
		case strings.HasPrefix(part, "email_open.news.") && strings.HasSuffix(part, ".prefetched"):
			machine = part
		case strings.HasPrefix(part, "email_open.news."):
			id = part
		}
	}
	if id == "" || machine == "" {
		t.Fatalf("the person's events are %s", history)
	}
	p.waitDelivered(t, id)
	if out := do("explain", "--console", p.console, id); !strings.Contains(out, `action_source`) || !strings.Contains(out, "email") || !strings.Contains(out, "autumn") {
		t.Errorf("the open is explained as\n%s", out)
	}
	if out := do("explain", "--console", p.console, machine); !strings.Contains(out, "it matched no scenario") {
		t.Errorf("a machine's open is a conversion:\n%s", out)
	}
}
