package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// What a beacon allocates, counted by Go's own benchmarks of the packages.

// An allocated is what one benchmark says.
type allocated struct{ what, count, bytes string }

// counted are the benchmarks, with what they measure.
var counted = []struct{ pkg, name, what string }{
	{"./edge", "BenchmarkBeacon", "the edge: from the parsed request to the answer, without the journal"},
	{"./collector/internal/journal", "BenchmarkAppend", "the journal: one event from Append to durable, 64 callers, disk in memory"},
}

func countAllocations() (all []allocated, err error) {
	for _, c := range counted {
		cmd := exec.Command("go", "test", c.pkg, "-run", "^$", "-bench", "^"+c.name+"$", "-benchmem", "-benchtime", "20000x")
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		a := allocated{what: c.what}
		for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
			f := strings.Fields(lines.Text())
			for i := 1; i < len(f) && strings.HasPrefix(f[0], c.name); i++ {
				switch f[i] {
				case "B/op":
					a.bytes = f[i-1]
				case "allocs/op":
					a.count = f[i-1]
				}
			}
		}
		if a.count == "" {
			return nil, fmt.Errorf("%s did not say what it allocates", c.name)
		}
		all = append(all, a)
	}
	return all, nil
}

func allocationSection(all []allocated) string {
	var b strings.Builder
	b.WriteString("\n### Allocations a beacon\n\n| part | allocations | bytes |\n|---|--:|--:|\n")
	for _, a := range all {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", a.what, a.count, a.bytes)
	}
	return b.String()
}
