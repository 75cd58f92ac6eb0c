package main

import "matchkey/build"

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

// measureTag reports sizes. They are the same on every machine.
func measureTag(*settings, string) (string, error) {
	sizes, err := build.SizeText()
	if err != nil {
		return "", err
	}
	return "Bytes of the file alone, for a site with a notice. A test fails when a preset\n" +
		"outgrows its recorded size (build/tag_test.go).\n\n" + sizes + others, nil
}
