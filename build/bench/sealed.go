package main

// What encryption at rest costs: the same journal and the same look-ups on a plain
// and on a sealed data folder.

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/engine"
	"matchkey/collector/scenario"
)

// sealedWriters append at the same time, as connections do.
const sealedWriters = 64

// A costing is what one round measured of one kind of folder.
type costing struct {
	appends, first, again float64 // a second
	bytes                 int64
}

func measureSealed(s *settings, dir string) (string, error) {
	secret := make([]byte, 32)
	rand.Read(secret)
	key, err := engine.NewSealKey(secret, "the bench")
	if err != nil {
		return "", err
	}
	people := newCrowd(s.seed, s.people, time.Now()).People
	var plain, sealed []costing
	for round := range s.rounds {
		for _, side := range []struct {
			name string
			disk vfs.FS
			into *[]costing
		}{{"plain", vfs.Default, &plain}, {"sealed", engine.WithSealKeys(vfs.Default, key), &sealed}} {
			c, err := costOf(side.disk, filepath.Join(dir, fmt.Sprintf("%s-%d", side.name, round)), people)
			if err != nil {
				return "", err
			}
			*side.into = append(*side.into, c)
			fmt.Fprintf(os.Stderr, "round %d  %-6s  %8.0f appends/s  %8.0f first look-ups/s  %8.0f again/s  %d bytes\n",
				round+1, side.name, c.appends, c.first, c.again, c.bytes)
		}
	}
	return sealedSection(s, plain, sealed), nil
}

// costOf fills a folder with one visit of each of the people, opens it anew, so that
// all is in tables, and looks everybody up twice.
func costOf(disk vfs.FS, dir string, people []person) (c costing, err error) {
	e, err := openOn(disk, dir)
	if err != nil {
		return c, err
	}
	events := make([]collector.Event, len(people))
	for i := range people {
		events[i] = visit(&people[i])
	}
	began := time.Now()
	err = appendAll(e.Journal(), events)
	c.appends = float64(len(events)) / time.Since(began).Seconds()
	if err := errors.Join(err, shut(e)); err != nil {
		return c, err
	}
	for range 2 { // the first applies the rest, the second finds nothing in the log
		if e, err = openOn(disk, dir); err != nil {
			return c, err
		}
		if err := shut(e); err != nil {
			return c, err
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return c, err
	}
	for _, f := range files {
		if i, err := f.Info(); err == nil && strings.HasSuffix(f.Name(), ".sst") {
			c.bytes += i.Size()
		}
	}
	r, done, err := engine.OpenReader(disk, dir, time.Now)
	if err != nil {
		return c, err
	}
	c.first, err = lookUpSealed(r, people)
	if err == nil {
		c.again, err = lookUpSealed(r, people)
	}
	return c, errors.Join(err, done.Close(), os.RemoveAll(dir))
}

// openOn opens an engine without destinations, so that nothing is sent meanwhile.
func openOn(disk vfs.FS, dir string) (*engine.Engine, error) {
	none, faults := scenario.Compile(nil)
	if len(faults) > 0 {
		return nil, errors.New("BUG: no scenario has faults")
	}
	return engine.Open(context.Background(), disk, engine.Config{
		Dir:   dir,
		Sites: map[string]engine.Site{site: {Matcher: none, Decider: decider(), Records: register.Records}},
		Now:   time.Now, Random: rand.Reader, Jitter: mathrand.Float64,
		Fatal: func(message string) { fmt.Fprintln(os.Stderr, "bench:", message); os.Exit(1) },
		Log:   slog.New(slog.DiscardHandler),
	})
}

// appendAll appends from many goroutines, one event at a time, until all are durable.
func appendAll(j interface {
	Append(context.Context, []collector.Event) (collector.Offset, error)
}, events []collector.Event) error {
	var running sync.WaitGroup
	failed := make([]error, sealedWriters)
	for w := range sealedWriters {
		running.Go(func() {
			for i := w; i < len(events) && failed[w] == nil; i += sealedWriters {
				_, failed[w] = j.Append(context.Background(), events[i:i+1])
			}
		})
	}
	running.Wait()
	return errors.Join(failed...)
}

// lookUpSealed asks for everybody's profile once, in an order that the keys do not have.
func lookUpSealed(r collector.Reader, people []person) (perSecond float64, err error) {
	order := mathrand.New(mathrand.NewPCG(1, 1)).Perm(len(people))
	began := time.Now()
	for _, i := range order {
		p, err := r.Profile(context.Background(), collector.Customer(site, people[i].Customer))
		if err != nil || len(p.Identifiers) == 0 {
			return 0, errors.Join(err, errors.New("BUG: a profile that was filled is empty"))
		}
	}
	return float64(len(people)) / time.Since(began).Seconds(), nil
}

func sealedSection(s *settings, plain, sealed []costing) string {
	var b strings.Builder
	fmt.Fprintf(&b, `One visit of each of %d made-up people (seed %d) is appended by %d writers, one
event at a time and durable, while the pipeline applies them; then everybody's
profile is looked up from tables, once with nothing in the program's cache and once
more. The disk's own cache is warm for both. %d interleaved rounds; the median round
counts, of each row by itself.

| | plain | sealed | sealed of plain |
|---|--:|--:|--:|
`, s.people, s.seed, sealedWriters, s.rounds)
	for _, row := range []struct {
		name string
		of   func(costing) float64
	}{
		{"appends/s", func(c costing) float64 { return c.appends }},
		{"look-ups/s, each from the file", func(c costing) float64 { return c.first }},
		{"look-ups/s, from the program's cache", func(c costing) float64 { return c.again }},
		{"bytes of tables", func(c costing) float64 { return float64(c.bytes) }},
	} {
		p, c := row.of(middle(plain, row.of)), row.of(middle(sealed, row.of))
		fmt.Fprintf(&b, "| %s | %.0f | %.0f | %.2f |\n", row.name, p, c, c/p)
	}
	return b.String()
}
