package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// sideNames in the order of a round.
var sideNames = []string{"matchkey", "sdk", "floor"}

// measureCompose measures how many events each side makes of a second of one
// processor.
func measureCompose(s *settings, dir string) (string, error) {
	people := newCrowd(s.seed, s.people, time.Now().Truncate(time.Second))
	peopleFile := filepath.Join(dir, "people.json")
	if err := people.write(peopleFile); err != nil {
		return "", err
	}
	sides, stop, err := startSides(dir, peopleFile)
	defer stop()
	if err != nil {
		return "", err
	}
	same, err := compareSides(dir, people.People)
	if err != nil {
		return "", err
	}
	rounds := 2*s.rounds + 1 // they are short
	laps := map[string][]lap{}
	for round := range rounds {
		for _, side := range sides {
			l, err := side.run()
			if err != nil {
				return "", err
			}
			laps[side.name] = append(laps[side.name], l)
			fmt.Fprintf(os.Stderr, "round %d  %-8s %8.0f events per second and core\n", round+1, side.name, l.rate())
		}
	}
	return composeSection(s, rounds, laps, same), nil
}

func startSides(dir, peopleFile string) (sides []*runningSide, stop func(), err error) {
	stop = func() {
		for _, side := range sides {
			side.stop()
		}
	}
	for _, name := range sideNames {
		cmd, err := sideCommand(name, peopleFile, bodiesFile(dir, name))
		if err != nil {
			return sides, stop, err
		}
		side, err := startSide(name, cmd)
		if err != nil {
			return sides, stop, err
		}
		sides = append(sides, side)
	}
	return sides, stop, nil
}

func bodiesFile(dir, side string) string { return filepath.Join(dir, side+".bodies") }

func sideCommand(name, peopleFile, bodies string) (*exec.Cmd, error) {
	if name == "sdk" {
		return sdkCommand(peopleFile, bodies)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-role", name+"-side", "-people-file", peopleFile, "-bodies", bodies)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	return cmd, nil
}

// compareSides checks that Matchkey, the SDK and the floor made the same events.
func compareSides(dir string, people []person) (table string, err error) {
	bodies := map[string][]sentEvent{}
	for _, name := range sideNames {
		if bodies[name], err = readBodies(bodiesFile(dir, name)); err != nil {
			return "", err
		}
	}
	if _, err := agreement(people, bodies["matchkey"], bodies["floor"]); err != nil {
		return "", fmt.Errorf("the floor: %w", err)
	}
	return agreement(people, bodies["matchkey"], bodies["sdk"])
}

func composeSection(s *settings, rounds int, laps map[string][]lap, same string) string {
	at := func(name string) lap { return middle(laps[name], lap.rate) }
	ours, sdk, floor := at("matchkey"), at("sdk"), at("floor")
	var b strings.Builder
	fmt.Fprintf(&b, "**%.1f times the SDK per core (aim: 20); the floor is %.1f times as fast as Matchkey (aim: at most 4).**\n\n",
		ours.rate()/sdk.rate(), floor.rate()/ours.rate())
	if times := floor.rate() / sdk.rate(); times < 20 {
		fmt.Fprintf(&b, "20 times the SDK is out of reach here: the floor itself is only %.1f times as fast,\nbecause Node hashes with OpenSSL and makes JSON in C++. The SDK neither decides\nnor checks nor explains.\n\n", times)
	}
	fmt.Fprintf(&b, `%d made-up people (seed %d) with one order each, read by all sides from one
file, in requests of %d events, without a network. %d interleaved rounds after a
warm-up; the median round counts. Per core means per second of processor time
of the process, helper threads included; Go runs with GOMAXPROCS=1, and Node
%s with one thread for scripts.

- **matchkey**: hashing at the edge (email, phone, names, city, postal code,
  country; the two cookies checked), consent decided by a real policy from six
  records, Compose with lineage, preflight, and the request as the client makes it
- **sdk**: %s %s (npm): UserData, CustomData, ServerEvent and
  EventRequest.execute with a service that makes JSON of the parameters
- **floor**: SHA-256 in hex of the same values, already in normal form, and the
  same structure from structs to JSON; in Go

| side | events/s per core | of sdk | of floor | µs an event |
|---|--:|--:|--:|--:|
`, s.people, s.seed, batchEvents, rounds, nodeVersion(), sdkName, sdkVersion)
	for _, name := range sideNames {
		l := at(name)
		fmt.Fprintf(&b, "| %s | %.0f | %.2f | %.2f | %.1f |\n", name, l.rate(), l.rate()/sdk.rate(), l.rate()/floor.rate(), 1e6/l.rate())
	}
	fmt.Fprintf(&b, "\nOf Matchkey's time %.0f %% is spent at the edge and %.0f %% in the dispatcher (%.1f and %.1f µs an event).\n",
		100*ours.Edge/ours.Seconds, 100-100*ours.Edge/ours.Seconds,
		1e6*ours.Edge/float64(ours.Events), 1e6*(ours.Seconds-ours.Edge)/float64(ours.Events))
	b.WriteString(`
Before it measures, the bench compares what the sides would send. Everything but
user_data is equal, and the floor's user_data too; of Matchkey's and the SDK's:

` + same)
	return b.String()
}
