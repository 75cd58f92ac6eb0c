package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"matchkey/collector"
	"matchkey/collector/engine"
)

// How much is done beside the loading.
const (
	appended   = 500    // events of one append
	returning  = 50_000 // events of people who are known, at random
	lookedCold = 2_000
	lookedWarm = 20_000
	// The pipeline is no further behind when the process is killed: a start applies
	// what is left.
	lagWhenKilled = 2_000
	nobodyHears   = "http://127.0.0.1:9" // there is nothing to send
)

// A phase is what a number of events cost the process.
type phase struct {
	Events int
	// Seconds are by the clock, Processor of the process's processors; what making
	// the events cost is taken off.
	Seconds, Processor float64
}

func (p phase) micros() float64 { return p.Processor / float64(p.Events) * 1e6 }

// loaded is what the loading process tells before it is killed.
type loaded struct {
	Load, Return phase
	Resident     int64 // bytes, the most there were
}

// loadProfiles is the process that makes the profiles. It says what it found and
// then goes on with load until it is killed.
func loadProfiles(s *settings) error {
	e, err := open(s.data, nobodyHears, 0)
	if err != nil {
		return err
	}
	people := populace{s.seed, time.Now().UTC().Truncate(time.Millisecond), visitors(s.profiles)}
	var l loaded
	if l.Load, err = feed(e, s.profiles, "", func(from, to int) []collector.Event { return people.loading(from, to) }); err != nil {
		return err
	}
	known := newVisits(people).next
	if l.Return, err = feed(e, min(returning, s.profiles*2), s.profile, known); err != nil {
		return err
	}
	if l.Resident, err = resident("VmHWM"); err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(l); err != nil {
		return err
	}
	for { // until it is killed
		if _, err := e.Journal().Append(context.Background(), known(0, appended)); err != nil {
			return err
		}
		for e.Lag() > lagWhenKilled {
			time.Sleep(time.Millisecond)
		}
	}
}

// feed appends n events and waits until they are applied. Where a file is named,
// it holds the profile of the processors' time afterwards.
func feed(e *engine.Engine, n int, file string, make func(from, to int) []collector.Event) (p phase, err error) {
	if file != "" {
		out, err := os.Create(file)
		if err != nil {
			return p, err
		}
		defer out.Close()
		if err := pprof.StartCPUProfile(out); err != nil {
			return p, err
		}
		defer pprof.StopCPUProfile()
	}
	p.Events = n
	began, cpu := time.Now(), processorTime()
	for from := 0; from < n; from += appended {
		events := make(from, min(from+appended, n))
		for {
			_, err := e.Journal().Append(context.Background(), events)
			if err == nil {
				break
			}
			if !errors.Is(err, collector.ErrBusy) {
				return p, err
			}
			time.Sleep(10 * time.Millisecond)
		}
		for e.Lag() > 20_000 {
			time.Sleep(5 * time.Millisecond)
		}
	}
	for e.Lag() > 0 {
		time.Sleep(time.Millisecond)
	}
	p.Seconds = time.Since(began).Seconds()
	p.Processor = (processorTime() - cpu).Seconds()
	// What making the events costs is measured alone and taken off.
	const sample = 10_000
	cpu = processorTime()
	for from := 0; from < sample; from += appended {
		make(from, from+appended)
	}
	p.Processor -= (processorTime() - cpu).Seconds() / sample * float64(n)
	return p, nil
}

// looked is what the process found that opens the folder after the kill.
type looked struct {
	// Open is how many seconds it took until the engine was ready, OpenProcessor how
	// many of the processors.
	Open, OpenProcessor float64

	Cold     quantiles
	Warm     quantiles
	Resident int64
}

// quantiles are of one kind of look-up.
type quantiles struct{ P50, P99, Rate float64 } // ms, ms, a second

// lookUpProfiles is the process that recovers the folder and joins customers with their
// browsers.
func lookUpProfiles(s *settings) error {
	began := time.Now()
	e, err := open(s.data, nobodyHears, 0)
	if err != nil {
		return err
	}
	var l looked
	l.Open, l.OpenProcessor = time.Since(began).Seconds(), processorTime().Seconds()
	if err := forgetPages(s.data); err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(s.seed, 3))
	names := make([]string, lookedCold)
	for i := range names {
		names[i] = customerOf(r.IntN(customers(s.profiles)))
	}
	if l.Cold, err = join(e, names, lookedCold); err != nil {
		return err
	}
	if l.Warm, err = join(e, names, lookedWarm); err != nil {
		return err
	}
	if l.Resident, err = resident("VmHWM"); err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(os.Stdout).Encode(l), shut(e))
}

// join looks customers up, each joined with the browsers that are linked.
func join(e *engine.Engine, names []string, n int) (q quantiles, err error) {
	times := make([]time.Duration, n)
	began := time.Now()
	for i := range n {
		s := collector.Customer(site, names[i%len(names)])
		asked := time.Now()
		p, err := e.Reader().Profile(context.Background(), s)
		if err != nil {
			return q, err
		}
		times[i] = time.Since(asked)
		if len(p.Visitors) != 1 || len(p.Sessions) == 0 || len(p.Of(collector.KindBrowser)) == 0 || len(p.Of(collector.KindEmail)) == 0 {
			return q, fmt.Errorf("the profile of %s is not joined with its browser: %d visitors, %d sessions", s, len(p.Visitors), len(p.Sessions))
		}
	}
	q.Rate = float64(n) / time.Since(began).Seconds()
	slices.Sort(times)
	at := func(part float64) float64 {
		return float64(times[int(part*float64(n-1))].Nanoseconds()) / 1e6
	}
	q.P50, q.P99 = at(0.5), at(0.99)
	return q, nil
}

// resident reads a line of this process's /proc/self/status, in bytes.
func resident(name string) (int64, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), name+":"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no %s", name)
}
