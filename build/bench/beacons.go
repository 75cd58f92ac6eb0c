package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Cases of a run.
var (
	servers     = []string{"bare", "fsync", "matchkey"}
	connections = []int{64, 256}
)

// A beaconRun is one run with its temporary folder.
type beaconRun struct {
	self, dir string
	length    time.Duration
}

func measureBeacons(s *settings, dir string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	b := &beaconRun{self: self, dir: dir, length: s.length}
	if err := b.build(); err != nil {
		return "", err
	}
	results := map[string][]result{} // by server and connections
	for round := range s.rounds {
		for _, conns := range connections {
			for _, server := range servers {
				r, err := b.round(server, conns)
				if err != nil {
					return "", fmt.Errorf("%s with %d connections: %w", server, conns, err)
				}
				fmt.Fprintf(os.Stderr, "round %d  %-8s %4d connections  %8.0f/s  p50 %.2f ms  p99 %.2f ms  failed %d\n",
					round+1, server, conns, r.Rate, r.P50, r.P99, r.Failed)
				key := server + "/" + strconv.Itoa(conns)
				results[key] = append(results[key], r)
			}
		}
	}
	return beaconSection(results, s.rounds, s.length), nil
}

func (b *beaconRun) build() error {
	cmd := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(b.dir, "matchkey"), ".")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// round starts a server, puts load on it from another process, and stops it.
func (b *beaconRun) round(server string, conns int) (r result, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	url, stop, err := b.serve(ctx, server)
	if err != nil {
		return r, err
	}
	defer stop()
	out, err := exec.CommandContext(ctx, b.self, "-role", "load", "-url", url, "-conns", strconv.Itoa(conns), "-for", b.length.String()).Output()
	if err != nil {
		return r, fmt.Errorf("load: %w", err)
	}
	return r, json.Unmarshal(out, &r)
}

func (b *beaconRun) serve(ctx context.Context, server string) (url string, stop func(), err error) {
	cmd := exec.CommandContext(ctx, b.self, "-role", server)
	path := "/"
	if server == "matchkey" {
		config, err := b.config()
		if err != nil {
			return "", nil, err
		}
		cmd = exec.CommandContext(ctx, filepath.Join(b.dir, "matchkey"), "serve", "--config", config)
		cmd.Env = append(os.Environ(), "BENCH_TOKEN=nobody-will-ever-see-this-token", "BENCH_KEY=a-write-key-that-is-never-used-here")
		path = "/mk/shop"
	}
	var talk bytes.Buffer
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	lines := bufio.NewScanner(stdout)
	if server == "matchkey" { // it says its address in the log
		stderr, err := cmd.StderrPipe()
		if err != nil {
			return "", nil, err
		}
		lines = bufio.NewScanner(stderr)
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	}
	for lines.Scan() {
		line := lines.Text()
		fmt.Fprintln(&talk, line)
		if server == "matchkey" && !strings.Contains(line, "edge listens") {
			continue
		}
		if i := strings.Index(line, "http://"); i >= 0 {
			go func() { // keep the pipe empty
				for lines.Scan() {
				}
			}()
			return strings.Fields(line[i:])[0] + path, stop, nil
		}
	}
	stop()
	return "", nil, fmt.Errorf("the server did not say where it listens:\n%s", &talk)
}

// config writes a configuration with a fresh data folder.
func (b *beaconRun) config() (string, error) {
	data, err := os.MkdirTemp(b.dir, "data-")
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf(`version: 1
data: '%s'
listen: 127.0.0.1:0
console: {listen: 127.0.0.1:0}
destinations:
  - name: main
    meta: {dataset: "100000000000001", token: "${env:BENCH_TOKEN}", base_url: http://127.0.0.1:9}
sites:
  - name: shop
    origins: [%s]
    write_keys: ["${env:BENCH_KEY}"]
    consent:
      notices: [{language: en, text: "May we?", recipients: [meta]}]
      categories: [{id: advertising, label: Advertising, purposes: [ads_measurement]}]
    scenarios: [{name: purchase, on: purchase, consent: advertising, send: Purchase, to: [main]}]
`, data, origin)
	path := filepath.Join(data, "matchkey.yaml")
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// middle takes the round with the middle rate.
func middle[T any](rounds []T, rate func(T) float64) T {
	rounds = slices.Clone(rounds)
	slices.SortFunc(rounds, func(a, b T) int { return cmp.Compare(rate(a), rate(b)) })
	return rounds[len(rounds)/2]
}

func beaconSection(results map[string][]result, rounds int, length time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, `One beacon is about 590 bytes with consent and two identifiers; it is answered
204 when it is on the disk. Server and load generator are two processes on the
same cores. %d interleaved rounds of %s each; the median round counts.

- **bare**: a fasthttp handler that reads the body and answers 204
- **fsync**: the same, which appends the body to a file and answers after the group's fdatasync
- **matchkey**: the real binary; the pipeline applies what was accepted meanwhile

| connections | server | acknowledged/s | of bare | of fsync | p50 ms | p99 ms | p99 of fsync | failed |
|--:|---|--:|--:|--:|--:|--:|--:|--:|
`, rounds, length)
	for _, conns := range connections {
		at := func(server string) result {
			return middle(results[server+"/"+strconv.Itoa(conns)], func(r result) float64 { return r.Rate })
		}
		for _, server := range servers {
			r := at(server)
			fmt.Fprintf(&b, "| %d | %s | %.0f | %.2f | %.2f | %.2f | %.2f | %.1f | %d |\n", conns, server, r.Rate,
				r.Rate/at("bare").Rate, r.Rate/at("fsync").Rate, r.P50, r.P99, r.P99/at("fsync").P99, r.Failed)
		}
	}
	return b.String()
}
