package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"matchkey/collector"
	"matchkey/collector/config"
	"matchkey/collector/meta/graphsim"
)

// TestConsentOfAProcess imports answers into a real process, reads a person's
// history, and verifies the ledger: of the process, of its folder when it was
// killed, and of a backup.
func TestConsentOfAProcess(t *testing.T) {
	graph := httptest.NewServer(graphsim.New(graphsim.Options{}))
	defer graph.Close()
	config := processConfig(t, graph.URL)
	home := filepath.Dir(config)
	p := startProcess(t, config)
	hash := noticeHash(t, config)
	env := map[string]string{"TEST_TOKEN": "x", "TEST_KEY": processKey}
	do := func(want int, args ...string) (stdout, stderr string) {
		t.Helper()
		stdout, stderr, code := command(t, env, "", args...)
		if code != want {
			t.Errorf("%v: exit %d, want %d\n%s%s", args, code, want, stdout, stderr)
		}
		return stdout, stderr
	}

	lines := filepath.Join(home, "answers.ndjson")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(lines, fmt.Sprintf(`{"id":"1","customer":"c42","action":"accept","at":"2026-01-02T10:00:00Z","notice":%q,"source":"crm"}

{"customer":"c42","action":"reject","at":"2026-02-02T10:00:00Z","source":"crm"}
{"id":"3","customer":"c43"}
not json
{"id":"5","customer":"c43","action":"accept","source":"crm"}
`, hash))
	args := []string{"consent", "import", lines, "--config", config, "--edge", p.edge}
	out, _ := do(1, append(args, "--dry-run")...)
	if !strings.Contains(out, "5 rows: 3 good, and none was imported, 0 came twice in the file, 2 were not taken.") || !strings.Contains(out, "1 are doubtful") {
		t.Errorf("the dry run says %s", out)
	}
	if out, _ := do(0, "consent", "verify", "--console", p.console); !strings.Contains(out, "Nobody has answered yet") {
		t.Errorf("after a dry run the ledger is %s", out)
	}
	for range 2 { // run again, as after a cut
		do(1, args...)
	}
	faults, err := os.ReadFile(lines + ".errors.ndjson")
	if err != nil || !strings.Contains(string(faults), `{"line":4,"code":"consent_action_invalid"`) || !strings.Contains(string(faults), `{"line":5,"code":"line_unreadable"`) {
		t.Errorf("the rows that were not taken: %s, %v", faults, err)
	}
	table := filepath.Join(home, "answers.csv")
	write(table, "id,visitor,action,categories,source,explicit\n7,1.a.b,withdraw,,form,true\n8,1.a.c,accept,advertising|cars,form,true\n9,1.a.d,accept,advertising,form,no\n")
	do(1, "consent", "import", table, "--config", config, "--edge", p.edge)
	write(table, "id,name\n")
	if _, errs := do(1, "consent", "import", table, "--config", config, "--edge", p.edge); !strings.Contains(errs, `"name"`) {
		t.Errorf("a column that is not known: %s", errs)
	}

	// What was posted is applied when an export, which waits for nothing, has it.
	history := func(args ...string) (h consentHistory) {
		t.Helper()
		out, _ := do(0, append([]string{"consent", "history", "c42", "--site", "shop"}, args...)...)
		if err := json.Unmarshal([]byte(out), &h); err != nil {
			t.Fatal(err)
		}
		return h
	}
	for len(history("--console", p.console).Answers) < 4 {
		time.Sleep(10 * time.Millisecond) // the process has a clock of its own
	}
	h := history("--console", p.console)
	if len(h.Notices) != 1 || h.Notices[0].Text != "May we?" || h.Answers[0].Entry.Action != collector.ConsentAccept || h.Answers[3].Entry.Purposes[0] != "*" {
		t.Errorf("the history is %+v", h)
	}
	out, _ = do(0, "consent", "verify", "--console", p.console)
	var head string
	if _, err := fmt.Sscanf(out[strings.Index(out, "head "):], "head %s", &head); err != nil || len(head) != 64 {
		t.Fatalf("the ledger is %s", out)
	}
	report := func(args ...string) (r collector.LedgerReport) {
		t.Helper()
		out, _ := do(0, append([]string{"consent", "verify", "--json"}, args...)...)
		if err := json.Unmarshal([]byte(out), &r); err != nil || len(r.Sites) != 1 {
			t.Fatalf("%s, %v", out, err)
		}
		return r
	}
	seq := report("--console", p.console).Sites[0].Seq
	anchor := fmt.Sprintf("shop:%d:%s", seq, head)
	do(0, "consent", "verify", "--console", p.console, "--anchor", anchor)
	if out, _ := do(1, "consent", "verify", "--console", p.console, "--anchor", "shop:1:"+head); !strings.Contains(out, "FAULT at record 1") {
		t.Errorf("a head that is not there: %s", out)
	}
	do(1, "consent", "verify", "--anchor", "shop")

	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	data := filepath.Join(home, "data")
	stopped := report("--data", data).Sites[0]
	if stopped.Covered != seq || stopped.Checkpoints == 0 || len(stopped.Keys) != 1 {
		t.Errorf("after a stop not all is signed: %+v", stopped)
	}
	if out, _ := do(1, "consent", "verify", "--data", data, "--key", strings.Repeat("0", 64)); !strings.Contains(out, "not known") {
		t.Errorf("signed with an unknown key: %s", out)
	}
	backup := filepath.Join(t.TempDir(), "backup")
	do(0, "backup", backup, "--data", data)
	do(0, "consent", "verify", "--data", backup, "--anchor", anchor, "--key", stopped.Keys[0])
	if h := history("--data", data); len(h.Answers) != 4 {
		t.Errorf("in the folder the history is %+v", h)
	}
	for _, name := range []string{signingKeyFile, publicKeysFile} {
		if info, err := os.Stat(filepath.Join(data, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

// TestSigningKey: it is made once, given by the configuration when it has one, and
// what cannot be one is refused with the way out.
func TestSigningKey(t *testing.T) {
	c := &config.Config{Data: t.TempDir()}
	first, err := openSigningKey(c)
	if err != nil {
		t.Fatal(err)
	}
	again, err := openSigningKey(c)
	if err != nil || first != again {
		t.Errorf("the second start has another key, %v", err)
	}
	if string(first.tokens()) == string(first[:]) {
		t.Error("tokens are signed with the ledger's own key")
	}
	if err := os.WriteFile(filepath.Join(c.Data, signingKeyFile), []byte("what?"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openSigningKey(c); err == nil || !strings.Contains(err.Error(), "move it aside") {
		t.Errorf("a broken key file: %v", err)
	}
	if keys, err := knownKeys(c.Data); err != nil || len(keys) != 1 || keys[0] != first.public() {
		t.Errorf("known are %v, %v", keys, err)
	}
}

// TestLinksMakeNoKey: a link by a key that no edge has is good for nothing, so that a
// command on another machine, or before the first start, says so and leaves no key
// behind, which the service's own user might not be able to read.
func TestLinksMakeNoKey(t *testing.T) {
	file := processConfig(t, "http://127.0.0.1:9")
	env := map[string]string{"TEST_TOKEN": "x", "TEST_KEY": processKey}
	for _, args := range [][]string{
		{"consent", "link", "--config", file, "--customer", "c42"},
		{"open-link", "--config", file, "--customer", "c42", "--message", "news"},
	} {
		out, errs, code := command(t, env, "", args...)
		if code == 0 || out != "" || !strings.Contains(errs, signingKeyFile) {
			t.Errorf("%v: exit %d, %q, %q", args, code, out, errs)
		}
	}
	if made, err := filepath.Glob(filepath.Join(filepath.Dir(file), "data", "*")); err != nil || len(made) > 0 {
		t.Errorf("%v are made, %v", made, err)
	}
}

// FuzzImportRows: no file makes the reading of rows fail otherwise than with an
// error, and every row is one JSON object with an id, or says why not.
func FuzzImportRows(f *testing.F) {
	f.Add("id,customer,action\n1,c42,accept\n", true)
	f.Add("Customer,ACtion\n0\"0", true) // found by fuzzing
	f.Add("{\"customer\":\"c42\"}\nx\n", false)
	f.Fuzz(func(t *testing.T, text string, table bool) {
		var rows rowReader = newLineRows(strings.NewReader(text), &answerForm{})
		if table {
			made, err := newTableRows(strings.NewReader(text), &answerForm{})
			if err != nil {
				return
			}
			rows = made
		}
		for {
			r, err := rows.next()
			if err != nil {
				return
			}
			var fields map[string]any
			if r.why == nil && (json.Unmarshal(r.text, &fields) != nil || fields["id"] == nil && !strings.Contains(text, "null")) {
				t.Fatalf("line %d is %q", r.line, r.text)
			}
		}
	})
}
