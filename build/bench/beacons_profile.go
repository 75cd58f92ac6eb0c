package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Where the processor time of a saturated Matchkey goes. The binary is built
// with one file more, which serves profiles; nothing of it is in a release.

// profileServer is that file.
const profileServer = `package main

import (
	"net/http"
	_ "net/http/pprof"
	"os"
)

func init() { go http.ListenAndServe(os.Getenv("BENCH_PROFILE"), nil) }
`

// A part is a function with all that it calls.
type part struct {
	name     string // as it is told
	function string // as the profile calls it
	depth    int    // below the part before it that has one less
}

// parts do not overlap but for those that lie in one another.
var parts = []part{
	{"connections: read, answer, write", "github.com/valyala/fasthttp.(*Server).serveConn", 0},
	{"the edge's handler", "matchkey/edge.(*Server).Handler", 1},
	{"reading and decoding the beacon", "matchkey/edge.readBeacon", 2},
	{"making events of it", "matchkey/edge.(*arrival).keep", 2},
	{"the journal's Append: encode, join a group, wait", "matchkey/collector/internal/journal.(*Pebble).Append", 2},
	{"writing to the connection", "bufio.(*Writer).Flush", 1},
	{"the journal's committer", "matchkey/collector/internal/journal.(*Pebble).commit", 0},
	{"Pebble's log: write and fsync", "github.com/cockroachdb/pebble/v2/record.(*LogWriter).flushLoop", 0},
	{"Pebble's flushes", "github.com/cockroachdb/pebble/v2.(*DB).flush", 0},
	{"Pebble's compactions", "github.com/cockroachdb/pebble/v2.(*DB).compact", 0},
	{"the pipeline", "matchkey/collector/internal/pipeline.(*Pipeline).Run", 0},
	{"collecting garbage", "runtime.gcBgMarkWorker", 0},
	{"finding what to run next", "runtime.mcall", 0},
}

// A profile is the share of each part in the processor time, by function.
type profile map[string]float64

// profile measures one round.
func (b *beaconRun) profile() (profile, error) {
	source, overlay := filepath.Join(b.dir, "profile.go"), filepath.Join(b.dir, "overlay.json")
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(here, "bench_profile.go"): source}})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(source, []byte(profileServer), 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(overlay, replace, 0o600); err != nil {
		return nil, err
	}
	if err := b.build("profiled", "-overlay", overlay); err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s, err := b.serve(ctx, "profiled", "BENCH_PROFILE="+address)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	const length = 4 * time.Second
	loaded := make(chan error, 1)
	go func() {
		_, err := b.load(ctx, s, usualConnections, length+time.Second)
		loaded <- err
	}()
	resp, err := http.Get(fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", address, int(length.Seconds())))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	file := filepath.Join(b.dir, "cpu.pprof")
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		return nil, err
	}
	if err := <-loaded; err != nil {
		return nil, err
	}
	top, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-cum", "-nodecount", "100000", "-nodefraction", "0",
		filepath.Join(b.dir, "profiled"), file).Output()
	return readTop(top), err
}

// readTop reads the shares of `go tool pprof -top -cum`: the fifth column, before
// the function's name.
func readTop(top []byte) profile {
	p := profile{}
	for lines := bufio.NewScanner(bytes.NewReader(top)); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) < 6 {
			continue
		}
		if share, err := strconv.ParseFloat(strings.TrimSuffix(f[4], "%"), 64); err == nil {
			p[f[5]] = share
		}
	}
	return p
}

func (p profile) section() string {
	var b strings.Builder
	b.WriteString(`
### What the profile says

Shares of the processor time of a saturated matchkey, 256 connections, with all
that each part calls; what is indented is a part of what it stands under. Waiting
costs nothing here, only work does.

| part | % |
|---|--:|
`)
	left := 100.0
	for _, part := range parts {
		if part.depth == 0 {
			left -= p[part.function]
		}
		fmt.Fprintf(&b, "| %s%s | %.0f |\n", strings.Repeat("&emsp;", part.depth), part.name, p[part.function])
	}
	fmt.Fprintf(&b, "| all else | %.0f |\n\n%s", left, findings)
	return b.String()
}

// findings is what was learned from profiles and changed for it.
//
//go:embed beacons_findings.md
var findings string

// freeAddress is one that nobody listens on.
func freeAddress() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}
