package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// spent is a part of the processor time.
type spent struct {
	where  string
	micros float64 // an event
	share  float64
}

// work is what is done, by a function that is on the stack; the first that fits counts.
var work = []struct{ where, function string }{
	{"", "main.populace"},
	{"", "main.(*visits)"},
	{"flushes and compactions", "pebble/v2.(*DB).runCompaction"},
	{"flushes and compactions", "pebble/v2.(*DB).compact"},
	{"flushes and compactions", "pebble/v2.(*DB).flush"},
	{"flushes and compactions", "sstable"},
	{"garbage collector", "runtime.gcBgMarkWorker"},
	{"garbage collector", "runtime.bgsweep"},
	{"pipeline: reading the journal", "journal.(*Pebble).Read"},
	{"pipeline: looking for the event's earlier copy", "store.reader.Event"},
	{"pipeline: reading of people", "store.reader.get"},
	{"pipeline: reading of people", "store.reader.scan"},
	{"pipeline: commit", "pebble/v2.(*DB).Apply"},
	{"pipeline: writing rows", "store.(*tx).put"},
	{"pipeline: writing rows", "store.(*changes).Set"},
	{"pipeline: merging profiles", "identity.Merge"},
	{"pipeline: consent", "consent."},
	{"pipeline: the rest", "pipeline.(*Pipeline)"},
	{"append and group commit", "journal.(*Pebble)"},
	{"append and group commit", "pebble/v2/record"},
}

// whereSpent sorts the samples of a profile into work.
func whereSpent(binary, profile string, events int) (list []spent, err error) {
	text, err := exec.Command("go", "tool", "pprof", "-traces", binary, profile).Output()
	if err != nil {
		return nil, fmt.Errorf("couldn't read the profile: %w", err)
	}
	byPart, total := map[string]time.Duration{}, time.Duration(0)
	for _, trace := range bytes.Split(text, []byte("-----------+"))[1:] {
		lines := strings.Split(string(trace), "\n")[1:]
		if len(lines) == 0 || len(strings.Fields(lines[0])) < 2 {
			continue
		}
		took, err := time.ParseDuration(strings.Fields(lines[0])[0])
		if err != nil {
			continue
		}
		where := "the rest"
		stack := string(trace)
		for _, p := range work {
			if strings.Contains(stack, p.function) {
				where = p.where
				break
			}
		}
		if where != "" {
			byPart[where] += took
			total += took
		}
	}
	for where, took := range byPart {
		list = append(list, spent{where, float64(took.Microseconds()) / float64(events), took.Seconds() / total.Seconds()})
	}
	slices.SortFunc(list, func(a, b spent) int { return int((b.micros - a.micros) * 1000) })
	return list, nil
}
