package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestABenchAloneKeepsTheOthersSections: a run of one bench must not lose the
// numbers of the others.
func TestABenchAloneKeepsTheOthersSections(t *testing.T) {
	path := filepath.Join(t.TempDir(), "BENCHMARKS.md")
	first := report{benches[0].title: "about beacons\n\n### and more", benches[3].title: "old"}
	if err := first.write(path); err != nil {
		t.Fatal(err)
	}
	second, err := readReport(path)
	if err != nil {
		t.Fatal(err)
	}
	second[benches[3].title] = "new"
	if err := second.write(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := intro + "\n## " + benches[0].title + "\n\nabout beacons\n\n### and more\n\n## " + benches[3].title + "\n\nnew\n"
	if string(text) != want {
		t.Errorf("the report is\n%s\nwant\n%s", text, want)
	}
}

// TestReportIsTheCommittedOne: every section of BENCHMARKS.md belongs to a bench.
func TestReportIsTheCommittedOne(t *testing.T) {
	r, err := readReport("../../BENCHMARKS.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, b := range benches {
		known[b.title] = true
	}
	for title, section := range r {
		if !known[title] {
			t.Errorf("BENCHMARKS.md has a section %q that no bench writes", title)
		}
		if !strings.Contains(section, "go run ./build/bench -only ") {
			t.Errorf("section %q does not name its command; it is written by the bench, not by hand", title)
		}
	}
}
