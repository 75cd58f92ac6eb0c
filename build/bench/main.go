// Bench measures what an acknowledged-durable beacon costs, and writes
// BENCHMARKS.md. Run it with `make bench`.
//
// Speeds of a shared machine mean nothing by themselves, so every number is a
// ratio to a baseline of the same run:
//
//   - bare: a fasthttp handler that reads the body and answers 204.
//   - fsync: the same, which appends the body to one file and answers after the
//     group's fdatasync: the least that "durable, then 204" can cost.
//   - matchkey: the real binary with a real configuration: decode, consent,
//     identifiers, journal, 204; the pipeline applies meanwhile.
//
// Server and load generator are processes of their own; rounds are interleaved
// and the median round counts.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	role := flag.String("role", "all", "all, bare, fsync or load")
	url := flag.String("url", "", "load: where to send")
	conns := flag.Int("conns", 64, "load: connections")
	length := flag.Duration("for", 4*time.Second, "load: how long")
	rounds := flag.Int("rounds", 3, "all: rounds of each case")
	out := flag.String("out", "BENCHMARKS.md", "all: where to write")
	flag.Parse()
	var err error
	switch *role {
	case "all":
		err = measureAll(*rounds, *length, *out)
	case "bare":
		err = serveBare()
	case "fsync":
		err = serveFsync()
	case "load":
		err = load(*url, *conns, *length)
	default:
		err = errors.New("no such role: " + *role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
