package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"matchkey/collector/meta/graphsim"
)

// TestBackupOfAProcess backs a real process up while events are posted, kills
// it, and restores into a new folder: what was acknowledged before each backup
// is there.
func TestBackupOfAProcess(t *testing.T) {
	sim := graphsim.New(graphsim.Options{})
	graph := httptest.NewServer(sim)
	defer graph.Close()
	config := processConfig(t, graph.URL)
	home := filepath.Dir(config)
	p := startProcess(t, config)
	p.accept(t, noticeHash(t, config))

	ctx, cancel := context.WithCancel(t.Context())
	var (
		posting sync.WaitGroup
		mu      sync.Mutex
		acked   []string
	)
	enough := make(chan struct{})
	for w := range 2 {
		posting.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				id := fmt.Sprintf("%d-%d", w, n)
				if !p.post(ctx, fmt.Sprintf(`{"events":[{"id":"%s","name":"purchase","customer":{"id":"c-42","email":"ada@example.com"},"properties":{"value":1.5,"currency":"EUR"}}]}`, id)) {
					continue
				}
				mu.Lock()
				if acked = append(acked, id); len(acked) == 30 {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	<-enough
	before := map[string][]string{} // what was acknowledged before each backup
	away := filepath.Join(t.TempDir(), "away")
	for _, dir := range []string{"", away} {
		mu.Lock()
		known := append([]string(nil), acked...)
		mu.Unlock()
		args := []string{"backup", "--console", p.console, "--verify"}
		if dir != "" {
			args = append(args, dir)
		}
		out, errs, code := command(t, nil, "", args...)
		if code != 0 || !strings.Contains(out, "All of it can be read") {
			t.Fatalf("exit %d\n%s%s", code, out, errs)
		}
		path := strings.TrimPrefix(strings.SplitN(out, "\n", 2)[0], "The backup is complete: ")
		before[path] = known
	}
	p.kill()
	cancel()
	posting.Wait()

	if _, ok := before[away]; !ok || len(before) != 2 {
		t.Fatalf("the backups are at %v", before)
	}
	left, err := os.ReadDir(filepath.Join(home, "data", "backups"))
	if err != nil || len(left) != 1 {
		t.Errorf("beside the data are %v (%v); want the one backup that has no other place", left, err)
	}
	for _, dir := range []string{away, filepath.Join(home, "data", "backups")} {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s is open to others: %v, %v", dir, info.Mode(), err)
		}
	}
	for path, known := range before {
		config := processConfig(t, graph.URL)
		into := filepath.Join(filepath.Dir(config), "data")
		if out, errs, code := command(t, nil, "", "restore", path, "--into", into); code != 0 || !strings.Contains(errs, "nobody's erasure was carried over") {
			t.Fatalf("exit %d\n%s%s", code, out, errs)
		}
		q := startProcess(t, config)
		for _, id := range known {
			q.waitDelivered(t, id)
		}
		q.kill()
	}
	noSecretOnDisk(t, away, "token-of-the-process-test", processKey, "ada@example.com")

	// The killed one's own folder, over which the backup is then put.
	data := filepath.Join(home, "data")
	for _, c := range []struct {
		args, part string
		code       int
	}{
		{"verify " + data, "All of it can be read", 0},
		{"restore " + away + " --into " + data, "--replace moves it aside", 1},
		{"restore " + away + " --replace --into " + data, "What was there is now " + data + "/store.replaced-", 0},
		{"verify " + data, "All of it can be read", 0},
		{"backup --data " + data, "The backup is complete: " + data + "/backups/", 0},
		{"backup --verify --data " + data + " " + away + "2", "The backup is complete: " + away + "2\n", 0},
	} {
		if out, errs, code := command(t, nil, "", strings.Fields(c.args)...); code != c.code || !strings.Contains(out+errs, c.part) {
			t.Errorf("%s: exit %d\n%s%swant %q", c.args, code, out, errs, c.part)
		}
	}
}

// TestBackupTakesNoWrongFolder: what is there is never written to, and nothing
// is left behind.
func TestBackupTakesNoWrongFolder(t *testing.T) {
	config := processConfig(t, "http://127.0.0.1:1")
	p := startProcess(t, config)
	dir := t.TempDir()
	data := filepath.Join(filepath.Dir(config), "data")
	for _, err := range []error{
		os.Mkdir(filepath.Join(dir, "empty"), 0o700),
		os.WriteFile(filepath.Join(dir, "file"), []byte("mine"), 0o600),
		os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "dangling")),
		os.Symlink(data, filepath.Join(dir, "link-to-data")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for to, part := range map[string]string{
		filepath.Join(dir, "empty"):                  "never overwrites",
		filepath.Join(dir, "file"):                   "never overwrites",
		filepath.Join(dir, "file", "below"):          "not a folder",
		filepath.Join(dir, "dangling"):               "never overwrites",
		filepath.Join(dir, "not", "mounted"):         "parent folder has to be there",
		filepath.Join(data, "mine"):                  "within the data folder",
		filepath.Join(data, "store", "x"):            "within the data folder",
		filepath.Join(dir, "link-to-data", "hidden"): "within the data folder",
		data + "/../data/./mine":                     "within the data folder",
		".":                                          "never overwrites",
		"/":                                          "never overwrites",
		"/proc/matchkey":                             "",
	} {
		out, errs, code := command(t, nil, "", "backup", "--console", p.console, to)
		if code != 1 || !strings.Contains(errs, part) {
			t.Errorf("%s: exit %d, want 1\n%s%swant %q", to, code, out, errs, part)
		}
	}
	if left, err := os.ReadDir(filepath.Join(data, "backups")); err != nil || len(left) != 0 {
		t.Errorf("refused backups left %v, %v", left, err)
	}
	// A relative path is the caller's, not the server's.
	t.Chdir(dir)
	if out, errs, code := command(t, nil, "", "backup", "--console", p.console, "here"); code != 0 || !strings.Contains(out, filepath.Join(dir, "here")) {
		t.Errorf("a relative path: exit %d\n%s%s", code, out, errs)
	}
	for args, part := range map[string]string{
		"verify " + data:                                  "stop that one",
		"verify " + dir:                                   "no matchkey data",
		"verify file":                                     "file",
		"restore here --replace --into " + data:           "stop that one",
		"restore nowhere --into new":                      "no matchkey data",
		"restore here --into file":                        "file",
		"backup --data " + data + " again":                "stop that one",
		"backup --data empty again":                       "no matchkey data",
		"restore here":                                    "--config",
		"restore here --into n --tombstones-from nowhere": "--forget-erasures",
	} {
		if out, errs, code := command(t, nil, "", strings.Fields(args)...); code == 0 || !strings.Contains(errs, part) {
			t.Errorf("%s: exit %d\n%s%swant %q", args, code, out, errs, part)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "again*")); len(left) != 0 {
		t.Errorf("refused backups left %v", left)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "file")); string(text) != "mine" {
		t.Errorf("the file is %q, %v", text, err)
	}
}
