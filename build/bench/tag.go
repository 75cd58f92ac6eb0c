package main

import (
	"fmt"
	"os/exec"
	"regexp"

	"matchkey/build"
)

// others is what other tags ship, measured on 2026-11-23 from the vendors' own
// published files (reference/collectors.md § 1.1). It is not
// measured again: the machine that measures has no way to their servers.
const others = `
What others ship, one file each, what a browser loads before the first event can
leave (2026-11-23, from published packages; not measured again here):

| tag | bytes | gzip -9 | brotli 11 |
|---|---|---|---|
| fathom lite, minified | 2632 | 1255 | 1049 |
| goatcounter count.js, minified | 5670 | 2199 | 1852 |
| umami script.js | 4566 | 2206 | 1941 |
| plausible npm tracker 0.4.6 | 6434 | 2670 | 2355 |
| Meta's parameter builder 1.3.1: the identifiers alone | 56027 | 20351 | 17468 |
| snowplow browser-tracker 4.10.1 | 51358 | 17423 | 15642 |
| matomo.js | 67474 | 21998 | 19064 |
| segment analytics-next 1.84.3 | 114551 | 31322 | 27445 |
| posthog-js 1.449.2 array.js | 379782 | 122168 | 102457 |
| Meta's fbevents.js 2.9.252 | 353548 | 93817 | 73403 |
`

// measureTag reports sizes, which are the same on every machine, and how long
// the tag takes to start, which is not.
func measureTag(*settings, string) (string, error) {
	sizes, err := build.SizeText()
	if err != nil {
		return "", err
	}
	start, err := measureStart()
	if err != nil {
		return "", err
	}
	return "Bytes of the file alone, for a site with a notice. A test fails when a preset\n" +
		"outgrows its recorded size (build/tag_test.go).\n\n" + sizes + start + others, nil
}

// measureStart measures how long a browser is busy with each preset.
func measureStart() (string, error) {
	out, err := exec.Command("go", "test", "./tag", "-run", "^$", "-bench", "Start", "-benchtime", "1x").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("the tag's start could not be measured: %w\n%s", err, out)
	}
	table := "| preset | least ms | median ms |\n|---|---|---|\n"
	for _, m := range startLine.FindAllSubmatch(out, -1) {
		table += fmt.Sprintf("| %s | %s | %s |\n", m[1], m[2], m[3])
	}
	return "\nParsed and run in Chromium at a quarter of the processor's speed, of 20 loads. The\n" +
		"median is mostly what else the machine did: calls from page to browser process.\n\n" + table, nil
}

// startLine is one line of the benchmark: BenchmarkStart/core-2  1  1.3 least-ms  8.1 median-ms.
var startLine = regexp.MustCompile(`BenchmarkStart/(\w+)-\d+\s+\d+\s+([\d.]+) least-ms\s+([\d.]+) median-ms`)
