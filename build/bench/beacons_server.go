package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A server is a process that answers beacons.
type server struct {
	url     string
	metrics string // of Matchkey, else empty
	cmd     *exec.Cmd
}

// serve starts a server: bare, fsync, or a binary of Matchkey by its path.
func (b *beaconRun) serve(ctx context.Context, what string, env ...string) (*server, error) {
	if what != "matchkey" && what != "profiled" {
		s := &server{cmd: exec.CommandContext(ctx, b.self, "-role", what)}
		out, err := s.cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		return s, s.listen(out, map[string]*string{"http://": &s.url})
	}
	config, err := b.config()
	if err != nil {
		return nil, err
	}
	s := &server{cmd: exec.CommandContext(ctx, filepath.Join(b.dir, what), "serve", "--config", config)}
	s.cmd.Env = append(append(os.Environ(), env...), "BENCH_TOKEN=nobody-will-ever-see-this-token", "BENCH_KEY=a-write-key-that-is-never-used-here")
	out, err := s.cmd.StderrPipe() // it says its addresses in the log
	if err != nil {
		return nil, err
	}
	err = s.listen(out, map[string]*string{"console listens": &s.metrics, "edge listens": &s.url})
	s.url, s.metrics = s.url+"/mk/shop", s.metrics+"/metrics"
	return s, err
}

// listen starts the process and waits until it has said its addresses, each on a
// line with a given text.
func (s *server) listen(out io.Reader, wanted map[string]*string) error {
	if err := s.cmd.Start(); err != nil {
		return err
	}
	var talk bytes.Buffer
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := lines.Text()
		fmt.Fprintln(&talk, line)
		i := strings.Index(line, "http://")
		for text, into := range wanted {
			if i >= 0 && strings.Contains(line, text) {
				*into = strings.Fields(line[i:])[0]
				delete(wanted, text)
			}
		}
		if len(wanted) == 0 {
			go func() { // keep the pipe empty
				for lines.Scan() {
				}
			}()
			return nil
		}
	}
	s.stop()
	return fmt.Errorf("the server did not say where it listens:\n%s", &talk)
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(os.Interrupt)
	_ = s.cmd.Wait()
}

// processor is the processor time that the process has used, all threads together.
// Linux counts it in hundredths of a second (proc(5), fields 14 and 15).
func (s *server) processor() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, errors.New("what Linux says of a process is too short")
	}
	user, err := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond, errors.Join(err, err2)
}

// drain waits until everything is applied, and tells how much was not and how long
// it took. A server without a pipeline has nothing to do.
func (s *server) drain() (lag int, took time.Duration, err error) {
	for began := time.Now(); s.metrics != ""; time.Sleep(50 * time.Millisecond) {
		left, err := lagOf(s.metrics)
		lag, took = max(lag, left), time.Since(began)
		if err != nil || left == 0 {
			return lag, took, err
		}
	}
	return 0, 0, nil
}

// lagOf reads from Matchkey's metrics how many events wait to be applied.
func lagOf(metrics string) (int, error) {
	resp, err := http.Get(metrics)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if v, ok := strings.CutPrefix(lines.Text(), "matchkey_pipeline_lag_events "); ok {
			f, err := strconv.ParseFloat(v, 64)
			return int(f), err
		}
	}
	return 0, errors.New("the metrics do not tell the lag")
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
