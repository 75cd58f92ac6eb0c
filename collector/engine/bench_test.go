package engine_test

import (
	"fmt"
	"testing"
	"time"

	"matchkey/collector"
)

// BenchmarkApply measures one beacon's way from the journal's call to its
// applied profile, on a disk in memory: what the pipeline costs.
func BenchmarkApply(b *testing.B) {
	w := newWorld(b)
	answer := accepted(time.Now()) // one standing answer, as the tag repeats it
	batch := make([]collector.Event, 0, 100)
	for n := range b.N { // not b.Loop: the catching up belongs to the measure
		ev := browsed(fmt.Sprintf("v%d", n%1000), "")
		ev.ID, ev.Consent = fmt.Sprint(n), answer
		if batch = append(batch, ev); len(batch) == cap(batch) {
			w.append(batch...)
			batch = batch[:0]
		}
	}
	w.append(batch...)
	for w.engine.Lag() > 0 {
		time.Sleep(time.Millisecond)
	}
}
