// Bench measures Matchkey and writes BENCHMARKS.md. Run it with `make bench`,
// or one of its benches with `go run ./build/bench -only compose`.
//
// Speeds of a shared machine mean nothing by themselves, so every number is a
// ratio to a baseline of the same run, rounds are interleaved, and the median
// round counts. There are four benches, each with files of its own:
//
//   - beacons: what an acknowledged-durable beacon costs, beside a handler that
//     stores nothing and one that appends to a file and syncs it: rates, lag,
//     processor time, latency at half load, allocations, and a profile.
//   - compose: an event's way from the joined profile to an encoded batch,
//     beside Meta's own Node SDK and beside bare SHA-256 and JSON.
//   - tag: the size of the tag by preset and feature, beside what others ship.
//   - dispatch: a queue of deliveries to a fake Graph API that takes its time,
//     beside a loop that posts the same bodies and does nothing else.
//   - withdrawal: from the POST of a withdrawal to silence, with a queue of one
//     person's deliveries, beside the time that the queue takes otherwise.
//   - sealed: journal and look-ups on a data folder that is encrypted at rest,
//     beside one that is not.
//   - profiles: what an event costs from the journal to its applied profile, and
//     what a folder of many profiles takes, beside a bare Pebble.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"
)

// settings are what the flags say.
type settings struct {
	role, only, out string
	rounds          int
	seed            uint64

	url, metrics string
	conns        int
	length       time.Duration
	perSecond    float64

	people, deliveries int
	peopleFile, bodies string

	profiles      int
	data, profile string
}

func main() {
	var s settings
	flag.StringVar(&s.role, "role", "all", "all, or what a process of the bench is started as: bare, fsync, disk, load, matchkey-side, floor-side, graph, profiles-bare, profiles-load, profiles-look")
	flag.StringVar(&s.only, "only", "", "all: measure only beacons, compose, tag, dispatch, sealed, profiles or withdrawal, and keep the other sections")
	flag.StringVar(&s.out, "out", "BENCHMARKS.md", "all: where to write")
	flag.IntVar(&s.rounds, "rounds", 3, "all: rounds of each case")
	flag.Uint64Var(&s.seed, "seed", 1, "compose, dispatch, sealed, profiles, withdrawal: of the people")
	flag.IntVar(&s.people, "people", 10_000, "compose, sealed: how many people, one event each")
	flag.IntVar(&s.deliveries, "deliveries", 10_000, "dispatch, withdrawal: how many deliveries are queued")
	flag.StringVar(&s.url, "url", "", "load: where to send")
	flag.StringVar(&s.metrics, "metrics", "", "load: where to read the lag, which is then kept from growing")
	flag.IntVar(&s.conns, "conns", 64, "load: connections")
	flag.Float64Var(&s.perSecond, "rate", 0, "load: requests a second at fixed times; 0 sends as fast as answers come")
	flag.DurationVar(&s.length, "for", 1500*time.Millisecond, "beacons: how long a round takes")
	flag.StringVar(&s.peopleFile, "people-file", "", "sides: where the people are")
	flag.StringVar(&s.bodies, "bodies", "", "sides: where to write the bodies")
	flag.IntVar(&s.profiles, "profiles", 1_000_000, "profiles: how many at most; the curve has every power of ten from 10,000 on, and this")
	flag.StringVar(&s.data, "data", "", "profiles-load, profiles-look: the data folder")
	flag.StringVar(&s.profile, "cpu-profile", "", "profiles-load: where to write what the processors did")
	flag.Parse()
	if err := s.run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (s *settings) run() error {
	switch s.role {
	case "all":
		return s.measure()
	case "bare":
		return serveBare()
	case "fsync":
		return serveFsync()
	case "load":
		return s.load()
	case "disk":
		return syncAlone(s.length)
	case "matchkey-side":
		return runSide(newMatchkeySide, s.peopleFile, s.bodies)
	case "floor-side":
		return runSide(newFloorSide, s.peopleFile, s.bodies)
	case "graph":
		return serveGraph()
	case "profiles-load":
		return loadProfiles(s)
	case "profiles-bare":
		return bareProfiles(s)
	case "profiles-look":
		return lookUpProfiles(s)
	}
	return errors.New("no such role: " + s.role)
}

// A bench measures in a folder that is removed after it, and returns its
// section of the report without the heading.
type bench struct {
	name, title string
	// check says what is missing, before anything is measured.
	check   func() error
	measure func(s *settings, dir string) (section string, err error)
}

// benches in the order of the report.
var benches = []bench{
	{"beacons", "Acknowledged-durable beacons", func() error { return nil }, measureBeacons},
	{"compose", "From joined profile to encoded batch", checkNode, measureCompose},
	{"tag", "The tag", func() error { return nil }, measureTag},
	{"dispatch", "Dispatch end to end", func() error { return nil }, measureDispatch},
	{"sealed", "Encryption at rest", func() error { return nil }, measureSealed},
	{"profiles", "Millions of profiles", func() error { return nil }, measureProfiles},
	{"withdrawal", "From withdrawal to silence", func() error { return nil }, measureWithdrawal},
}

// measure runs the benches and rewrites their sections.
func (s *settings) measure() error {
	wanted := slices.DeleteFunc(slices.Clone(benches), func(b bench) bool { return s.only != "" && b.name != s.only })
	if len(wanted) == 0 {
		return fmt.Errorf("there is no bench %q; there are beacons, compose, tag, dispatch, sealed, profiles and withdrawal", s.only)
	}
	for _, b := range wanted {
		if err := b.check(); err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
	}
	doc, err := readReport(s.out)
	if err != nil {
		return err
	}
	for _, b := range wanted {
		if err := s.measureOne(b, doc); err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
	}
	fmt.Println("wrote", s.out)
	return nil
}

func (s *settings) measureOne(b bench, doc report) error {
	dir, err := os.MkdirTemp("", "matchkey-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	section, err := b.measure(s, dir)
	if err != nil {
		return err
	}
	doc[b.title] = fmt.Sprintf("Measured by `go run ./build/bench -only %s` (%s).\n\n%s", b.name, machine(), section)
	return doc.write(s.out)
}
