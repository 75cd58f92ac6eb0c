package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/engine"
	"matchkey/collector/meta/graphsim"
)

// TestPersonByCommandLine exports and erases a person with a real process, and
// looks for everything about the person on a real disk.
func TestPersonByCommandLine(t *testing.T) {
	graph := httptest.NewServer(graphsim.New(graphsim.Options{}))
	defer graph.Close()
	config := processConfig(t, graph.URL)
	// A key of chance would have the customer's id in it once in a hundred times.
	key := filepath.Join(filepath.Dir(config), "data", signingKeyFile)
	if err := writeNew(key, strings.Repeat("00", 32)+"\n"); err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, config)
	p.accept(t, noticeHash(t, config))
	const address = "Ada@Example.com"
	buy := `{"events":[{"id":"S-1001","name":"purchase","customer":{"id":"c-42","email":"` + address + `"},"properties":{"value":1.5,"currency":"EUR"}}]}`
	if !p.post(t.Context(), buy) {
		t.Fatal("the purchase was not acknowledged")
	}
	p.waitDelivered(t, "S-1001")
	for i := range 5 {
		p.post(t.Context(), strings.NewReplacer("S-1001", fmt.Sprint("T-", i), "c-42", "c77", address, "b@example.com").Replace(buy))
	}
	words := []string{
		"c-42", "1.t.abcdefghijklmnop", "fb.1.1603122906825.1012802381", "process test", "S-1001", hash("ada@example.com"),
	}

	text, stderr, code := command(t, nil, "", "export", "--console", p.console, "--email", address)
	var rec collector.PersonRecord
	if err := json.Unmarshal([]byte(text), &rec); err != nil || code != 0 {
		t.Fatalf("export ended with %d, %v: %s", code, err, stderr)
	}
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("the export does not have %q", word)
		}
	}
	if len(rec.Deliveries) != 1 || len(rec.Deliveries[0].Attempts) != 1 || len(rec.Consent) == 0 {
		t.Errorf("the export has %d deliveries and %d consent records", len(rec.Deliveries), len(rec.Consent))
	}
	for _, wrong := range [][]string{
		{"erase", "--console", p.console},
		{"erase", "--console", p.console, "c-42", "--visitor", "v"},
		{"erase", "--console", p.console, "c-42", "--site", "shoop"},
		{"erase", "--console", p.console, "--email", "nobody@example.com"},
		{"erase", "--console", p.console, "--email", "no address"},
	} {
		if out, stderr, code := command(t, nil, "", wrong...); code == 0 || out != "" || strings.Contains(stderr, "nobody@") {
			t.Errorf("%v gave %d, %q and %q", wrong[3:], code, out, stderr)
		}
	}
	if out, _, code := command(t, nil, "", "erase", "--console", p.console, "c-42", "--dry-run"); code != 0 || !strings.Contains(out, `"sent": 1`) {
		t.Errorf("a dry run gave %d and %s", code, out)
	}

	out, stderr, code := command(t, nil, "", "erase", "--console", p.console, "c-42")
	var receipt collector.Receipt
	if err := json.Unmarshal([]byte(out), &receipt); err != nil || code != 0 || receipt.Events == 0 || receipt.SentTo["main"] != 1 {
		t.Fatalf("erase ended with %d, %v: %s%s", code, err, out, stderr)
	}
	p.post(t.Context(), buy) // the shop repeats it
	for deadline := time.Now().Add(time.Minute); receipt.BytesGoneAt.IsZero(); time.Sleep(20 * time.Millisecond) {
		var said strings.Builder
		get(t, &said, p.console+"/api/receipt?id="+receipt.ID)
		if err := json.Unmarshal([]byte(said.String()), &receipt); err != nil || time.Now().After(deadline) {
			t.Fatalf("the bytes do not go (%v): %s\n%s", err, said.String(), p.log)
		}
	}
	p.kill()

	// The repeated order went through the log after that; a folder that nobody uses
	// is erased where it is.
	data := filepath.Join(filepath.Dir(config), "data")
	out, stderr, code = command(t, nil, "", "erase", "--data", data, "--site", "shop", "c-42")
	if code != 0 {
		if !strings.Contains(stderr, "not applied yet") {
			t.Fatalf("erase in the folder ended with %d: %s", code, stderr)
		}
		startProcess(t, config).kill() // applies it
		out, stderr, code = command(t, nil, "", "erase", "--data", data, "--site", "shop", "c-42")
	}
	if code != 0 || !strings.Contains(out, "bytes_gone_at") {
		t.Fatalf("erase in the folder ended with %d: %s%s", code, out, stderr)
	}
	noSecretOnDisk(t, data, words...)
	noSecretInRows(t, filepath.Join(data, "store"), words...)
	reader, done, err := engine.OpenReader(vfs.Default, filepath.Join(data, "store"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer done.Close()
	if kept, ok, err := reader.Receipt(t.Context(), receipt.ID); !ok || err != nil || kept.Events != receipt.Events {
		t.Errorf("after a restart the receipt is %+v, %t, %v", kept, ok, err)
	}
}
