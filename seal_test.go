package main

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"matchkey/collector/meta/graphsim"
)

const (
	firstKey  = "8d6f0c31e7a94b52f0be17c65d2a39487b1ec40f5693d8a27c04e9b11f8a3d62"
	secondKey = "3q2+7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs="
)

// TestSealedProcess: a real process on a plain folder gets a key, is sealed to the
// last byte, changes its key, and goes back; at each step the commands work with the
// key from where it is, and say what to do where it is not.
func TestSealedProcess(t *testing.T) {
	t.Setenv("TEST_DATA_KEY", firstKey)
	t.Setenv("TEST_NEXT_KEY", secondKey)
	graph := httptest.NewServer(graphsim.New(graphsim.Options{}))
	defer graph.Close()
	config := processConfig(t, graph.URL)
	plainText, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	with := func(encryption string) {
		t.Helper()
		text := strings.Replace(string(plainText), "data: data\n", "data: data\n"+encryption+"\n", 1)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"TEST_TOKEN": secretToken, "TEST_KEY": processKey, "TEST_DATA_KEY": firstKey, "TEST_NEXT_KEY": secondKey}
	data := filepath.Join(filepath.Dir(config), "data")
	order := func(id string) {
		t.Helper()
		p := startProcess(t, config)
		if !p.post(t.Context(), `{"events":[{"id":"`+id+`","name":"purchase","customer":{"id":"customer-forty-two"},"properties":{"value":1.5,"currency":"EUR"}}]}`) {
			t.Fatal("the purchase was not acknowledged")
		}
		p.kill()
	}
	says := func(want string, extra map[string]string, args ...string) {
		t.Helper()
		all := map[string]string{}
		for _, m := range []map[string]string{env, extra} {
			for name, value := range m {
				all[name] = value
			}
		}
		out, errs, code := command(t, all, "", args...)
		if !strings.Contains(out+errs, want) {
			t.Errorf("matchkey %v ended with %d and does not say %q:\n%s%s", args, code, want, out, errs)
		}
		if strings.Contains(out+errs, firstKey) || strings.Contains(out+errs, secondKey) {
			t.Errorf("matchkey %v prints a key", args)
		}
	}

	order("A-1")
	says("It is not sealed.", nil, "verify", data)
	says("no encryption.key", nil, "seal", "--config", config)
	with(`encryption: {key: "${env:TEST_DATA_KEY}"}`)
	order("A-2")
	says("opens with the key", nil, "verify", data, "--config", config)
	says("files were plain and are sealed now", nil, "seal", "--config", config)
	says("all of it", nil, "verify", data, "--config", config)
	if found := filesWith(t, data, "customer-forty-two", "purchase.A-", firstKey); len(found) > 0 {
		t.Errorf("what should be sealed stands in %v", found)
	}
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte(firstKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	says("purchase", nil, "explain", "A-1", "--data", data, "--key-file", keyFile)
	says("purchase", map[string]string{"MATCHKEY_ENCRYPTION_KEY": firstKey}, "explain", "A-1", "--data", data)
	says("none was given", nil, "explain", "A-1", "--data", data)
	says("given was", map[string]string{"MATCHKEY_ENCRYPTION_KEY": secondKey}, "export", "customer-forty-two", "--site", "shop", "--data", data)
	says("customer-forty-two", nil, "export", "customer-forty-two", "--site", "shop", "--data", data, "--key-file", keyFile)
	says("shop", nil, "consent", "history", "customer-forty-two", "--site", "shop", "--data", data, "--key-file", keyFile)
	says("Nobody has answered yet", nil, "consent", "verify", "--data", data, "--key-file", keyFile)
	says("none was given", nil, "consent", "verify", "--data", data)
	says("Looked at 1 events", nil, "scenario", "diff", "--config", config)
	backup := filepath.Join(t.TempDir(), "backup")
	says("The backup is complete", nil, "backup", "--data", data, "--key-file", keyFile, "--verify", backup)

	with(`encryption: {key: "${env:TEST_NEXT_KEY}", previous: ["${env:TEST_DATA_KEY}"]}`)
	order("A-3")
	with(`encryption: {key: "${env:TEST_NEXT_KEY}"}`)
	order("A-4")
	says("given was", nil, "verify", data, "--key-file", keyFile)
	says("given was", nil, "verify", backup, "--config", config)
	with(`encryption: {key: "${env:TEST_NEXT_KEY}", previous: ["${env:TEST_DATA_KEY}"]}`)
	says("opens with the key", nil, "rekey", backup, "--config", config)
	says("Restored into", nil, "restore", backup, "--config", config, "--replace")
	says("The derived state is what the journal says", nil, "replay", "--config", config, "--dry-run")
	says("files were sealed and are plain now", nil, "unseal", "--config", config)
	with("")
	order("A-5")
	says("It is not sealed.", nil, "verify", data)
}

// TestKeyInPlaceOfItsFile: an error is no second place where a key is read.
func TestKeyInPlaceOfItsFile(t *testing.T) {
	for _, key := range []string{firstKey, secondKey} {
		out, errs, code := command(t, nil, "", "verify", t.TempDir(), "--key-file", key)
		if code == 0 || strings.Contains(out+errs, key) || !strings.Contains(errs, "was given a key") {
			t.Errorf("it ends with %d and says:\n%s%s", code, out, errs)
		}
	}
}

// filesWith are the files below a folder in which one of the words stands.
func filesWith(t *testing.T, dir string, words ...string) (found []string) {
	t.Helper()
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, word := range words {
			if bytes.Contains(text, []byte(word)) {
				found = append(found, path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
