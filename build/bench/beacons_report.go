package main

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// ratio is the middle of what one number is to another in each round: what ran
// side by side is compared, so that a machine that was busy for a while does not
// change what is said.
func ratio(ours, theirs []round, of func(round) float64) float64 {
	var all []float64
	for i := range ours {
		all = append(all, of(ours[i])/of(theirs[i]))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// of is the middle of a number over the rounds.
func of(rounds []round, number func(round) float64) float64 {
	return number(middle(rounds, number))
}

func p99(r round) float64 { return r.P99 }

// sum adds a number up over the rounds.
func sum(rounds []round, number func(round) int) (n int) {
	for _, r := range rounds {
		n += number(r)
	}
	return n
}

func (r *beaconRounds) section(rounds int, length time.Duration) string {
	var b strings.Builder
	verdicts := []string{}
	for _, conns := range []int{256, 1000} {
		verdicts = append(verdicts, fmt.Sprintf("%.2f (%.2f by time) of the bare handler's rate from %d connections",
			r.toBare(conns), ratio(r.full[key("bare", conns)], r.full[key("matchkey", conns)], round.both), conns))
	}
	fmt.Fprintf(&b, `**%s (aim: 0.65); p99 at half load %.1f times that of fsync and %.1f times that of disk (aim: at most 3).**

One beacon is about 590 bytes with consent and two identifiers; it is answered
204 when it is on the disk. Server and load generator are two processes on the
same cores. %d interleaved rounds of %s each; each column is the median of its
rounds, and a ratio is the median of the rounds' ratios. µs are processor time of
the server, all its threads, for each acknowledged request. "By time" is what the
rate would be to the bare handler's if nobody else used the cores: the processor
time of server and load generator for a request, compared. In this run the two had
%.0f %% of the cores; with much less than 100, read "by time" and not the rates.

- **bare**: a fasthttp handler that reads the body and answers 204
- **fsync**: the same, which appends the body to a file and answers after the group's fdatasync
- **matchkey**: the real binary with its pipeline

| connections | server | acknowledged/s | of bare | by time | of fsync | µs a request | p50 ms | p99 ms | refused | failed |
|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
`, strings.Join(verdicts, ", "), ratio(r.half["matchkey"], r.half["fsync"], p99), ratio(r.half["matchkey"], r.half["disk"], p99), rounds, length, 100*of(r.full[key("bare", usualConnections)], func(r round) float64 {
		return (r.processor + r.result.processor).Seconds() / length.Seconds() / float64(runtime.NumCPU())
	}))
	for _, conns := range connections {
		for _, server := range servers {
			at := r.full[key(server, conns)]
			fmt.Fprintf(&b, "| %d | %s | %.0f | %.2f | %.2f | %.2f | %.1f | %.2f | %.2f | %d | %d |\n", conns, server, of(at, round.rate),
				ratio(at, r.full[key("bare", conns)], round.rate), ratio(r.full[key("bare", conns)], at, round.both), ratio(at, r.full[key("fsync", conns)], round.rate),
				of(at, round.perRequest), of(at, func(r round) float64 { return r.P50 }), of(at, p99),
				sum(at, func(r round) int { return r.Refused }), sum(at, func(r round) int { return r.Failed }))
		}
	}
	b.WriteString(`
While the edge is saturated the pipeline gives way, and catches up afterwards. So
the rates above are of bursts; the lag's bound (100,000 events) ends one. Lag is
what was acknowledged and not yet applied when the load ended, drain how long that
took then. Sustained is what was acknowledged, divided by load and drain together.
µs to the answer is the processor time of a request without that of the events
applied meanwhile, each of which costs what it costs in the drain.

| connections | lag, events | drain s | sustained/s | of bare | µs to the answer | of bare | µs to apply |
|--:|--:|--:|--:|--:|--:|--:|--:|
`)
	for _, conns := range connections {
		at, bare := r.full[key("matchkey", conns)], r.full[key("bare", conns)]
		sustained := func(r round) float64 { return r.sustained(length) }
		toAnswer := func(r round) float64 {
			if r.lag == 0 {
				return r.perRequest() // of bare
			}
			return r.perAcknowledged()
		}
		fmt.Fprintf(&b, "| %d | %.0f | %.1f | %.0f | %.2f | %.1f | %.1f | %.1f |\n", conns,
			of(at, func(r round) float64 { return float64(r.lag) }), of(at, func(r round) float64 { return r.drain.Seconds() }),
			of(at, sustained), ratio(at, bare, sustained), of(at, toAnswer), ratio(at, bare, toAnswer), of(at, round.perApplied))
	}
	most := slices.MaxFunc(r.sustained, func(a, b round) int { return cmp.Compare(a.lag, b.lag) })
	fmt.Fprintf(&b, `
Where the lag may not grow (the load generator, with %d connections, waits while
more than %d events are not applied) **%.0f/s** are acknowledged and applied, at
%.1f µs each; %d events at most waited when a round ended.

### At half load

%.0f requests a second, half of what matchkey acknowledges from %d connections, at
fixed times and not when the last answer came. A latency counts from when the
request should have left. **disk** is no server: a loop that appends a beacon to a
file and syncs it, over and over, beside the bare handler under the same load.

| server | requests/s | µs a request | p50 ms | p99 ms | p99 of fsync | p99 of disk | lag, events |
|---|--:|--:|--:|--:|--:|--:|--:|
`, usualConnections, mayLag, of(r.sustained, round.rate), of(r.sustained, round.perRequest), most.lag, r.halfRate, usualConnections)
	for _, server := range append([]string{"disk"}, servers...) {
		at := r.half[server]
		fmt.Fprintf(&b, "| %s | %.0f | %.1f | %.2f | %.2f | %.1f | %.1f | %.0f |\n", server, of(at, round.rate), of(at, round.perRequest),
			of(at, func(r round) float64 { return r.P50 }), of(at, p99), ratio(at, r.half["fsync"], p99), ratio(at, r.half["disk"], p99),
			of(at, func(r round) float64 { return float64(r.lag) }))
	}
	return b.String()
}

// toBare is Matchkey's rate to the bare handler's.
func (r *beaconRounds) toBare(conns int) float64 {
	return ratio(r.full[key("matchkey", conns)], r.full[key("bare", conns)], round.rate)
}
