package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// A populated is what was found with one number of profiles.
type populated struct {
	profiles int
	loaded
	looked
	bare   phase
	tables []tableSize
	spent  []spent
}

// measureProfiles loads data folders of growing size, kills the process that did
// and looks people up in another one.
func measureProfiles(s *settings, dir string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	var all []populated
	for _, n := range sizes(s.profiles) {
		p, err := populate(s, self, filepath.Join(dir, strconv.Itoa(n)), n)
		if err != nil {
			return "", fmt.Errorf("%d profiles: %w", n, err)
		}
		fmt.Fprintf(os.Stderr, "%8d profiles  new %.0f µs  known %.0f µs  bare %.0f µs  open %.2f s  resident %d MB\n",
			n, p.Load.micros(), p.Return.micros(), p.bare.micros(), p.Open, p.loaded.Resident>>20)
		all = append(all, p)
	}
	return profilesSection(all), nil
}

// sizes are the powers of ten from 10,000 up to most, and most.
func sizes(most int) (list []int) {
	for n := 10_000; n < most; n *= 10 {
		list = append(list, n)
	}
	return append(list, most)
}

// populate measures one number of profiles in a folder, which is removed after it.
func populate(s *settings, self, dir string, n int) (p populated, err error) {
	defer os.RemoveAll(dir)
	p.profiles = n
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return p, err
	}
	bare := exec.Command(self, "-role", "profiles-bare", "-data", filepath.Join(dir, "bare"), "-seed", fmt.Sprint(s.seed), "-profiles", fmt.Sprint(n))
	if err := ask(bare, &p.bare); err != nil {
		return p, err
	}
	if err := os.RemoveAll(filepath.Join(dir, "bare")); err != nil {
		return p, err
	}
	data, profile := filepath.Join(dir, "data"), filepath.Join(dir, "cpu")
	if err := loadAndKill(self, data, profile, s.seed, n, &p.loaded); err != nil {
		return p, err
	}
	if p.spent, err = whereSpent(self, profile, p.Return.Events); err != nil {
		return p, err
	}
	look := exec.Command(self, "-role", "profiles-look", "-data", data, "-seed", fmt.Sprint(s.seed), "-profiles", fmt.Sprint(n))
	if err := ask(look, &p.looked); err != nil {
		return p, err
	}
	p.tables, err = tableSizes(data)
	return p, err
}

// ask runs a process of the bench and reads what it says.
func ask(cmd *exec.Cmd, answer any) error {
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", cmd.Args[2], err)
	}
	return json.Unmarshal(out, answer)
}

// loadAndKill has a process load a folder, and kills it a second after it said so,
// while it goes on with load.
func loadAndKill(self, data, profile string, seed uint64, n int, l *loaded) error {
	cmd := exec.Command(self, "-role", "profiles-load", "-data", data, "-cpu-profile", profile, "-seed", fmt.Sprint(seed), "-profiles", fmt.Sprint(n))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = json.NewDecoder(out).Decode(l)
	if err == nil {
		time.Sleep(time.Second) // of load, of which it leaves a part unapplied
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return err
}

// A tableSize is what some tables of the folder take on the disk.
type tableSize struct {
	name    string
	letters string
	bytes   uint64
}

// tableSizes asks Pebble for what stands on the disk of each table. The bench looks
// from outside, so it knows the letters by itself (package keyspace has them).
func tableSizes(dir string) ([]tableSize, error) {
	db, err := pebble.Open(dir, &pebble.Options{ReadOnly: true, FormatMajorVersion: pebble.FormatValueSeparation, Logger: noLog{}})
	if err != nil {
		return nil, err
	}
	list := []tableSize{{name: "people", letters: "POLRH1"}, {name: "consent", letters: "C"}, {name: "events", letters: "EIG"}, {name: "journal", letters: "J"}}
	for i := range list {
		for _, letter := range []byte(list[i].letters) {
			n, err := db.EstimateDiskUsage([]byte{letter}, []byte{letter + 1})
			if err != nil {
				return nil, err
			}
			list[i].bytes += n
		}
	}
	return list, db.Close()
}

type noLog struct{}

func (noLog) Infof(string, ...any)  {}
func (noLog) Errorf(string, ...any) {}
func (noLog) Fatalf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
	os.Exit(1)
}

func profilesSection(all []populated) string {
	var b strings.Builder
	last := all[len(all)-1]
	fmt.Fprintf(&b, `Four in five profiles are visitors, one page view each (about 570 bytes in the
journal, with consent for three purposes and one or two identifiers); one in five is a
customer who signed in from one of these browsers, with e-mail and phone. They go through a real
engine on a real disk: append, group commit, pipeline with the real consent policy
and scenarios, flushes and compactions. Nothing matches a scenario, so nothing is sent. Then people come
back, 200 at a time, at random from all, five page views a visit (%d views). The process is killed
with SIGKILL under load, at most 2,000 events behind; another one opens the folder, has the
system forget every page of it, and joins customers with their browsers: %d different
ones, then the same, %d times in all.

**CPU** is the process's processor time for one event, from the call of Append to the
applied profile, compactions and garbage collection included, making the event
excluded. **bare** is a loop that writes rows of the same number and size to a Pebble with its
default options, in the same batches, one of them synced, and reads two of them: what the storage costs without any
of the work. The machine was shared while this was measured; read the ratios.

| profiles | CPU new person | of bare | CPU known person | of bare | resident | open after kill | of it CPU | applied/s |
|--:|--:|--:|--:|--:|--:|--:|--:|--:|
`, last.Return.Events, lookedCold, lookedWarm)
	for _, p := range all {
		fmt.Fprintf(&b, "| %d | %.0f µs | %.2f | %.0f µs | %.2f | %d MB | %.2f s | %.2f s | %.0f |\n", p.profiles,
			p.Load.micros(), p.Load.micros()/p.bare.micros(), p.Return.micros(), p.Return.micros()/p.bare.micros(),
			p.loaded.Resident>>20, p.Open, p.OpenProcessor, float64(p.Load.Events)/p.Load.Seconds)
	}
	b.WriteString("\nBytes on the disk per profile, compressed, indexes included:\n\n| profiles | people (" + "`P O L R H 1`" + ") | consent records (`C`) | events (`E I G`) | all derived | journal (`J`), per event |\n|--:|--:|--:|--:|--:|--:|\n")
	for _, p := range all {
		per := func(i int) float64 { return float64(p.tables[i].bytes) / float64(p.profiles) }
		events := float64(p.Load.Events + p.Return.Events)
		fmt.Fprintf(&b, "| %d | %.0f | %.0f | %.0f | %.0f | %.0f |\n", p.profiles, per(0), per(1), per(2), per(0)+per(1)+per(2), float64(p.tables[3].bytes)/events)
	}
	b.WriteString("\nJoining a customer with the linked browser, one at a time:\n\n| profiles | cold/s | cold p50 | cold p99 | warm/s | warm p50 | warm p99 | resident |\n|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, p := range all {
		fmt.Fprintf(&b, "| %d | %.0f | %.3f ms | %.3f ms | %.0f | %.3f ms | %.3f ms | %d MB |\n", p.profiles,
			p.Cold.Rate, p.Cold.P50, p.Cold.P99, p.Warm.Rate, p.Warm.P50, p.Warm.P99, p.looked.Resident>>20)
	}
	fmt.Fprintf(&b, "\nWhere the processor time of a known person's event went, with %d profiles (CPU profile, samples of making events left out):\n\n| where | µs an event | share |\n|---|--:|--:|\n", last.profiles)
	for _, s := range last.spent {
		fmt.Fprintf(&b, "| %s | %.1f | %.0f %% |\n", s.where, s.micros, s.share*100)
	}
	b.WriteString(profilesSaid)
	return b.String()
}

// profilesSaid is what a person read out of the profiles, and what was done.
const profilesSaid = `
What the profiles said before, and what was done about it. Rows were JSON by
reflection: writing and reading them was 15 % of the pipeline; protobuf's wire
format by tables takes a fifth of that and half the bytes, which the log, flushes and
compactions save as well. More than half was reads of Pebble, most for what is not
there and many of them twice: each event of a known visitor looked up four rows and scanned
four ranges. A memo that outlasts a change, an owner's, links' and tombstones' absence
included, leaves one look-up (has this event been here?) for all but the first event of a
visit. A look-up of what is not there still visits every level's filter; a scan has none.
What is left of the pipeline is spread thin; compactions and the garbage collector are the
next largest parts.
`
