package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// Cases of a run.
var (
	servers     = []string{"bare", "fsync", "matchkey"}
	connections = []int{64, 256, 1000}
)

// usualConnections are those of the cases that are measured with one number only.
const usualConnections = 256

// warmUp is load on each server that is not counted: first connections, first
// growth of memory.
const warmUp = 300 * time.Millisecond

// A beaconRun is one run with its temporary folder.
type beaconRun struct {
	self, dir string
	length    time.Duration
}

// A round is one server under load, and how it came to rest.
type round struct {
	result
	processor time.Duration // of the server during the load

	// Matchkey only.
	lag            int           // events that were not applied when the load ended
	drain          time.Duration // until they were
	drainProcessor time.Duration
}

// perRequest is the server's processor time for a request, in µs.
func (r round) rate() float64 { return r.Rate }

func (r round) perRequest() float64 { return micros(r.processor, r.Count) }

// both is the processor time of server and load generator for a request, in µs. On
// cores that nobody else uses, the rate is their number divided by it.
func (r round) both() float64 { return micros(r.processor+r.result.processor, r.Count) }

// perApplied is the processor time for an event behind the journal, in µs, as the
// drain tells it.
func (r round) perApplied() float64 { return micros(r.drainProcessor, r.lag) }

// perAcknowledged is the processor time up to the answer, in µs: that of a request
// less that of the events that were applied meanwhile.
func (r round) perAcknowledged() float64 {
	return r.perRequest() - r.perApplied()*float64(r.Count-r.lag)/float64(r.Count)
}

// sustained is how many requests a second were acknowledged and applied.
func (r round) sustained(length time.Duration) float64 {
	return float64(r.Count) / (length + r.drain).Seconds()
}

func micros(d time.Duration, n int) float64 {
	if n == 0 {
		return 0
	}
	return float64(d.Microseconds()) / float64(n)
}

// beaconRounds are the rounds of a run.
type beaconRounds struct {
	full      map[string][]round // as fast as answers come, by server and connections
	sustained []round            // Matchkey, whose lag may not grow
	half      map[string][]round // at half of Matchkey's rate, by server
	halfRate  float64
}

func measureBeacons(s *settings, dir string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	b := &beaconRun{self: self, dir: dir, length: s.length}
	if err := b.build("matchkey"); err != nil {
		return "", err
	}
	r := beaconRounds{full: map[string][]round{}, half: map[string][]round{}}
	for n := range s.rounds {
		for _, conns := range connections {
			for _, server := range servers {
				got, err := b.round(server, conns)
				if err != nil {
					return "", fmt.Errorf("%s with %d connections: %w", server, conns, err)
				}
				say(n, fmt.Sprintf("%s, %d connections", server, conns), got)
				r.full[key(server, conns)] = append(r.full[key(server, conns)], got)
			}
		}
		got, err := b.round("matchkey", usualConnections, "-metrics")
		if err != nil {
			return "", fmt.Errorf("without lag: %w", err)
		}
		say(n, "matchkey without lag", got)
		r.sustained = append(r.sustained, got)
	}
	r.halfRate = middle(r.full[key("matchkey", usualConnections)], round.rate).Rate / 2
	for n := range s.rounds {
		for _, server := range append([]string{"disk"}, servers...) {
			got, err := b.round(server, usualConnections, "-rate", strconv.FormatFloat(r.halfRate, 'f', 0, 64))
			if err != nil {
				return "", fmt.Errorf("%s at half load: %w", server, err)
			}
			say(n, server+" at half load", got)
			r.half[server] = append(r.half[server], got)
		}
	}
	profile, err := b.profile()
	if err != nil {
		return "", err
	}
	allocated, err := countAllocations()
	if err != nil {
		return "", err
	}
	return r.section(s.rounds, s.length) + profile.section() + allocationSection(allocated), nil
}

func key(server string, conns int) string { return server + "/" + strconv.Itoa(conns) }

func say(n int, what string, r round) {
	fmt.Fprintf(os.Stderr, "round %d  %-28s %8.0f/s  %5.1f µs  p50 %.2f ms  p99 %.2f ms  refused %d  failed %d  lag %d, %s\n",
		n+1, what, r.Rate, r.perRequest(), r.P50, r.P99, r.Refused, r.Failed, r.lag, r.drain.Round(time.Millisecond))
}

func (b *beaconRun) build(name string, flags ...string) error {
	cmd := exec.Command("go", append(append([]string{"build", "-trimpath", "-o", filepath.Join(b.dir, name)}, flags...), ".")...)
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// round starts a server, puts load on it from another process, waits until it has
// done its work, and stops it. "-metrics" among flags gets the server's address.
func (b *beaconRun) round(what string, conns int, flags ...string) (r round, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if what == "disk" {
		r.result, err = b.besideBare(ctx, conns, flags...)
		return r, err
	}
	s, err := b.serve(ctx, what)
	if err != nil {
		return r, err
	}
	defer s.stop()
	if slices.Equal(flags, []string{"-metrics"}) {
		flags = append(flags, s.metrics)
	}
	if _, err := b.load(ctx, s, conns, warmUp, flags...); err != nil {
		return r, err
	}
	if _, _, err := s.drain(); err != nil {
		return r, err
	}
	before, err := s.processor()
	if err != nil {
		return r, err
	}
	if r.result, err = b.load(ctx, s, conns, b.length, flags...); err != nil {
		return r, err
	}
	after, err := s.processor()
	if err != nil {
		return r, err
	}
	r.processor = after - before
	if r.lag, r.drain, err = s.drain(); err != nil {
		return r, err
	}
	drained, err := s.processor()
	r.drainProcessor = drained - after
	return r, err
}

// besideBare is the loop that appends and syncs while the bare handler is under load.
func (b *beaconRun) besideBare(ctx context.Context, conns int, flags ...string) (r result, err error) {
	s, err := b.serve(ctx, "bare")
	if err != nil {
		return r, err
	}
	defer s.stop()
	loaded := make(chan error, 1)
	go func() {
		_, err := b.load(ctx, s, conns, b.length, flags...)
		loaded <- err
	}()
	out, err := exec.CommandContext(ctx, b.self, "-role", "disk", "-for", b.length.String()).Output()
	if err := errors.Join(err, <-loaded); err != nil {
		return r, err
	}
	return r, json.Unmarshal(out, &r)
}

// load puts load on a server from another process.
func (b *beaconRun) load(ctx context.Context, s *server, conns int, length time.Duration, flags ...string) (r result, err error) {
	cmd := exec.CommandContext(ctx, b.self, append([]string{"-role", "load", "-url", s.url,
		"-conns", strconv.Itoa(conns), "-for", length.String()}, flags...)...)
	out, err := cmd.Output()
	if err != nil {
		return r, fmt.Errorf("load: %w", err)
	}
	r.processor = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return r, json.Unmarshal(out, &r)
}

// middle takes the round with the middle rate.
func middle[T any](rounds []T, rate func(T) float64) T {
	rounds = slices.Clone(rounds)
	slices.SortFunc(rounds, func(a, b T) int { return cmp.Compare(rate(a), rate(b)) })
	return rounds[len(rounds)/2]
}
