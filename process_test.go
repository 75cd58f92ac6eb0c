package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"matchkey/collector/meta/graphsim"
)

// TestMain lets the test binary be the program, so that tests can start and
// kill a real process without building one.
func TestMain(m *testing.M) {
	if os.Getenv("MATCHKEY_TEST_AS_PROGRAM") != "" {
		main()
	}
	os.Exit(m.Run())
}

const processKey = "write-key-of-the-process-test"

// process is a real `matchkey serve`.
type process struct {
	cmd           *exec.Cmd
	edge, console string
	log           *lockedBuffer
	ended         chan struct{} // closed when it has said its last
}

// lockedBuffer collects what a process says.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.WriteString(line + "\n")
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// processConfig writes the configuration of a shop that sends to graph.
func processConfig(t *testing.T, graph string) (path string) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "matchkey.yaml")
	text := fmt.Sprintf(`version: 1
data: data
listen: 127.0.0.1:0
console: {listen: 127.0.0.1:0}
destinations:
  - name: main
    meta: {dataset: "100000000000001", token: "${env:TEST_TOKEN}", base_url: %s}
sites:
  - name: shop
    origins: [https://shop.example]
    write_keys: ["${env:TEST_KEY}"]
    consent:
      notices: [{language: en, text: "May we?", recipients: [meta]}]
      categories: [{id: advertising, label: Advertising, purposes: [ads_measurement, ads_matching, ads_personalization]}]
    scenarios: [{name: purchase, on: purchase, when: event.value > 0, consent: advertising, send: Purchase, to: [main]}]
`, graph)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func startProcess(t *testing.T, config string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(self, "serve", "--config", config), log: &lockedBuffer{}, ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "MATCHKEY_TEST_AS_PROGRAM=1", "TEST_TOKEN=token-of-the-process-test", "TEST_KEY="+processKey)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	go func() {
		defer close(p.ended)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			line := lines.Text()
			p.log.add(line)
			address, found := "", strings.Index(line, "address=")
			if found >= 0 {
				address = strings.Fields(line[found+len("address="):])[0]
			}
			switch {
			case strings.Contains(line, "console listens"):
				p.console = address
			case strings.Contains(line, "edge listens"):
				p.edge = address
				close(ready)
			}
		}
	}()
	select {
	case <-ready:
	case <-p.ended:
		t.Fatalf("matchkey serve ended before it listened:\n%s", p.log)
	}
	t.Cleanup(p.kill)
	return p
}

// kill ends the process as the kernel would: nothing of it runs any more.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// post posts events and returns whether they were acknowledged.
func (p *process) post(ctx context.Context, events string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.edge+"/v1/shop/events", strings.NewReader(events))
	if err != nil {
		return false
	}
	r.Header.Set("Authorization", "Bearer "+processKey)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode == http.StatusAccepted
}

// beacon sends a beacon in which a customer accepts, and says whether it was
// acknowledged.
func (p *process) accept(t *testing.T, notice string) {
	t.Helper()
	now := time.Now().UnixMilli()
	body := fmt.Sprintf(`{"v":1,"t":%d,"i":"1.t.abcdefghijklmnop","k":"s1","p":"p1","l":"https://shop.example/",
		"m":{"_fbp":"fb.1.1603122906825.1012802381"},"u":{"id":"c-42"},
		"c":{"a":"accept","t":%d,"n":"%s","g":"en","s":"banner","x":true},
		"e":[{"n":"identify","i":"e1","t":%d}]}`, now, now-1000, notice, now)
	r, err := http.NewRequest(http.MethodPost, p.edge+"/mk/shop", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "https://shop.example")
	r.Header.Set("User-Agent", "process test")
	// The leftmost address is what a visitor could have written himself.
	r.Header.Set("X-Forwarded-For", "198.51.100.99, 203.0.113.7, 127.0.0.1")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		t.Fatalf("the beacon was answered %s, %s", answer.Status, answer.Header.Get("X-Matchkey-Reason"))
	}
}

// TestPlaceOfTheVisitor: behind a trusted proxy the address is the rightmost
// that is not a proxy's own, and the database says where it is.
func TestPlaceOfTheVisitor(t *testing.T) {
	sim := graphsim.New(graphsim.Options{})
	graph := httptest.NewServer(sim)
	defer graph.Close()
	config := processConfig(t, graph.URL)
	database := filepath.Join(filepath.Dir(config), "GeoLite2-City.mmdb")
	writePlaces(t, database)
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	more := "trusted_proxies: [127.0.0.1/32]\ngeoip: " + filepath.Base(database) + "\n"
	if err := os.WriteFile(config, append(text, more...), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, config)
	p.accept(t, noticeHash(t, config))
	if !p.post(t.Context(), `{"events":[{"id":"A-1","name":"purchase","customer":{"id":"c-42"},"properties":{"value":1.5,"currency":"EUR"}}]}`) {
		t.Fatal("the purchase was not acknowledged")
	}
	p.waitDelivered(t, "A-1")
	if got := sim.Received()[0].UserData["client_ip_address"]; len(got) != 1 || got[0] != "203.0.113.7" {
		t.Errorf("client_ip_address is %v", got)
	}
	if reasons := p.explain(t, "A-1").Events[0].Deliveries[0].Decision.Reasons; !slices.Equal(reasons, []string{"regime_opt_in", "consent_granted"}) {
		t.Errorf("the decision is for %v; the place is known, and it is in Germany", reasons)
	}
}

func writePlaces(t *testing.T, path string) {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "GeoLite2-City", IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	_, network, err := net.ParseCIDR("203.0.113.0/24")
	if err != nil {
		t.Fatal(err)
	}
	if err := tree.Insert(network, mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String("DE")}}); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tree.WriteTo(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestKill9 kills a real process under load again and again. No acknowledged
// purchase is lost, each has its delivery, and what Graph got more than once
// was in doubt.
func TestKill9(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	sim := graphsim.New(graphsim.Options{})
	graph := httptest.NewServer(sim)
	defer graph.Close()
	config := processConfig(t, graph.URL)

	p := startProcess(t, config)
	p.accept(t, noticeHash(t, config))
	var (
		mu    sync.Mutex
		acked []string
	)
	for round := range 4 {
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		enough := make(chan struct{})
		count, want := 0, 5+rng.IntN(60)
		for w := range 4 {
			wg.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					id := fmt.Sprintf("%d-%d-%d", round, w, n)
					if !p.post(ctx, fmt.Sprintf(`{"events":[{"id":"%s","name":"purchase","customer":{"id":"c-42","email":"ada@example.com"},"properties":{"value":1.5,"currency":"EUR"}}]}`, id)) {
						continue
					}
					mu.Lock()
					acked = append(acked, id)
					if count++; count == want {
						close(enough)
					}
					mu.Unlock()
				}
			})
		}
		<-enough
		p.kill()
		cancel()
		wg.Wait()
		p = startProcess(t, config)
	}

	for _, id := range acked {
		p.waitDelivered(t, id)
	}
	got := map[string]int{}
	for _, r := range sim.Received() {
		got[r.EventID]++
	}
	twice := 0
	for _, id := range acked {
		switch n := got["purchase."+id]; {
		case n == 0:
			t.Errorf("purchase %s was acknowledged and never reached Graph", id)
		case n > 1:
			twice++
			if doubts := p.explain(t, id).doubts(); doubts < n-1 {
				t.Errorf("purchase %s reached Graph %d times and was in doubt %d times", id, n, doubts)
			}
		}
	}
	t.Logf("%d purchases acknowledged over four kills, %d of them sent more than once (in doubt)", len(acked), twice)
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("a stop in order ended with %v:\n%s", err, p.log)
	}
	for _, secret := range []string{"token-of-the-process-test", processKey, "ada@example.com"} {
		if strings.Contains(p.log.String(), secret) {
			t.Errorf("the log contains %q", secret)
		}
	}
	replaySame(t, config)
	noSecretOnDisk(t, filepath.Join(filepath.Dir(config), "data"), "token-of-the-process-test", processKey, "ada@example.com")
}

// replaySame checks that what four kills left derived is what the journal says.
func replaySame(t *testing.T, config string) {
	t.Helper()
	var said, faults bytes.Buffer
	p := &program{ctx: t.Context(), stdout: &said, stderr: &faults, env: func(string) (string, bool) { return processKey, true }}
	if code := run(p, []string{"replay", "--config", config, "--dry-run"}); code != 0 {
		t.Errorf("a replay to compare ended with %d:\n%s%s", code, &said, &faults)
	}
}

// noSecretOnDisk greps the data folder, but for the keys: they are hexadecimal digits
// of chance, and one in sixty has a customer such as c42 in it.
func noSecretOnDisk(t *testing.T, dir string, secrets ...string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == signingKeyFile || d.Name() == publicKeysFile {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, s := range secrets {
			if bytes.Contains(text, []byte(s)) {
				t.Errorf("%s contains %q", path, s)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// noticeHash is the hash of a configuration's only notice.
func noticeHash(t *testing.T, path string) string {
	t.Helper()
	p := &program{ctx: t.Context(), stdout: io.Discard, stderr: io.Discard, env: func(string) (string, bool) { return "a-secret-that-is-long-enough", true }}
	c, _, err := p.load(path)
	if err != nil {
		t.Fatal(err)
	}
	return notice(c.Sites[0].Consent.Notices[0]).Hash()
}

// answer is what /api/explain says, as far as it is looked at here.
type answer struct {
	Events []struct {
		Deliveries []struct {
			State    string            `json:"state"`
			Doubts   int               `json:"doubts"`
			Attempts []json.RawMessage `json:"attempts"`
			Decision struct {
				Reasons []string `json:"reasons"`
			} `json:"decision"`
		} `json:"deliveries"`
	} `json:"events"`
}

func (a answer) doubts() (n int) {
	for _, e := range a.Events {
		for _, d := range e.Deliveries {
			n += d.Doubts
		}
	}
	return n
}

func (p *process) explain(t *testing.T, id string) (a answer) {
	t.Helper()
	response, err := http.Get(p.console + "/api/explain?id=" + id)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	return a
}

func (p *process) waitDelivered(t *testing.T, id string) {
	t.Helper()
	var last answer
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		last = p.explain(t, id)
		if len(last.Events) == 1 && len(last.Events[0].Deliveries) == 1 && last.Events[0].Deliveries[0].State == "delivered" {
			return
		}
	}
	t.Fatalf("purchase %s: %+v\n%s", id, last, p.log)
}
