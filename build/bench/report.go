package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
)

// intro opens the report.
const intro = `# Benchmarks

Measured by ` + "`make bench`" + `, which rewrites this file; each section names the command
that rewrites it alone. Machines are noisy: read the ratios, which compare
what ran interleaved in one run, not the rates.
`

// A report is the sections of BENCHMARKS.md by their headings.
type report map[string]string

// readReport reads a report, so that a bench alone keeps the sections of the
// others. A file that is not there is an empty one.
func readReport(path string) (report, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return report{}, nil
	}
	if err != nil {
		return nil, err
	}
	r := report{}
	for _, part := range strings.Split("\n"+string(text), "\n## ")[1:] {
		title, section, _ := strings.Cut(part, "\n")
		r[title] = section
	}
	return r, nil
}

// write writes the sections that there are, in the order of the benches.
func (r report) write(path string) error {
	var b strings.Builder
	b.WriteString(intro)
	for _, bench := range benches {
		if section, ok := r[bench.title]; ok {
			b.WriteString("\n## " + bench.title + "\n\n" + strings.TrimSpace(section) + "\n")
		}
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

// machine says where it was measured.
func machine() string {
	return fmt.Sprintf("%s, %s/%s, %d cores", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
}
