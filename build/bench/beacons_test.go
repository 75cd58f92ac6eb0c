package main

import (
	"slices"
	"testing"
	"time"
)

// TestReadTop reads what `go tool pprof -top -cum` prints.
func TestReadTop(t *testing.T) {
	p := readTop([]byte(`File: matchkey
Duration: 4.01s, Total samples = 6.10s (152.16%)
      flat  flat%   sum%        cum   cum%
         0     0%     0%      2.47s 40.49%  matchkey/collector/internal/pipeline.(*Pipeline).Run
     0.01s  0.16%  0.16%      1.56s 25.57%  matchkey/edge.isToken (inline)
`))
	if len(p) != 2 || p["matchkey/collector/internal/pipeline.(*Pipeline).Run"] != 40.49 || p["matchkey/edge.isToken"] != 25.57 {
		t.Errorf("read %v", p)
	}
}

// TestRatio: a ratio is the middle of the rounds' own, not of the middles.
func TestRatio(t *testing.T) {
	rates := func(all ...float64) (rounds []round) {
		for _, r := range all {
			rounds = append(rounds, round{result: result{Rate: r}})
		}
		return rounds
	}
	if got := ratio(rates(1, 20, 300), rates(2, 10, 300), round.rate); got != 1 {
		t.Errorf("the ratio is %v", got)
	}
}

// TestPerAcknowledged: what the pipeline did during the load is taken off.
func TestPerAcknowledged(t *testing.T) {
	r := round{
		result: result{Count: 1000}, processor: 100 * time.Millisecond, // 100 µs each
		lag: 600, drainProcessor: 30 * time.Millisecond, // 50 µs each
	}
	if a, q := r.perApplied(), r.perAcknowledged(); a != 50 || q != 100-50*0.4 {
		t.Errorf("%v µs to apply, %v to the answer", a, q)
	}
	if got := newResult([]time.Duration{3e6, 1e6, 2e6}, time.Second); got.P50 != 2 || got.Count != 3 || got.Rate != 3 {
		t.Errorf("%+v", got)
	}
	if !slices.Contains(connections, usualConnections) {
		t.Error("half load is of a case that is not measured")
	}
}
