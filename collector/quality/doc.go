// Package quality says how well things go, in numbers that add up: the closed
// accounting of what matched, and how often each field went along with what
// was delivered, and why not where it did not.
//
// It is a package of its own, and pure (no clock, file or network), so that
// the console, the command line and an alert say the same number for the same
// question. It reads [collector.Account] and nothing else; the counters are
// kept by whoever moves deliveries, never by scanning history.
//
// What it promises:
//
//   - [Sum]: matched = the sum of all states + [Sum.Remainder]. The remainder
//     is zero, or there is a bug, and then [Sum.Unbalanced] names the rows it
//     stands in, also when two faults cancel each other out.
//   - [Key]: delivered = sent + the sum of the missing reasons +
//     [Key.Unexplained]. The reasons exclude each other.
//   - [Gap.Advice]: one sentence that says what would close a gap; what nobody
//     can or should close is no gap ([Coverage.Gaps]).
//
// It knows no vendor: the name of a place in a destination's format is an
// opaque path, and what kind of identifier stands there is handed in.
package quality
