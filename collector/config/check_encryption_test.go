package config

import (
	"fmt"
	"strings"
	"testing"
)

// TestEncryption: what is no key is said, without what was written; and that there
// is none is a warning.
func TestEncryption(t *testing.T) {
	text := func(block string) string {
		return fmt.Sprintf(`version: 1
data: /d
%s
destinations: [{name: main, meta: {dataset: 1234567890, token: "${env:META_TOKEN}"}}]
sites: [{name: shop, origins: ["https://shop.example"], consent: {notices: [{language: en, text: "May we?", recipients: [meta]}], categories: [{id: ads, label: Ads, purposes: [ads_measurement]}]}}]
`, block)
	}
	for block, want := range map[string]string{
		``:                                        "is not encrypted",
		`encryption: {}`:                          "encryption.key",
		`encryption: {key: 8d6f0c31e7a94b52}`:     "may not stand in this file",
		`encryption: {key: "${env:SHORT_KEY}"}`:   "openssl rand -hex 32",
		`encryption: {key: "${env:ZERO_KEY}"}`:    "no random key",
		`encryption: {key: "${env:META_TOKEN}"}`:  "32 bytes",
		`encryption: {key: "${env:MISSING_KEY}"}`: "MISSING_KEY, which is not set",
		`encryption: {key: "${env:OLD_KEY}", previous: ["${env:OLD_KEY}"]}`: "again",
	} {
		_, faults := Parse("testdata/test.yaml", []byte(text(block)), env, readFile)
		if got := faults.String(); !strings.Contains(got, want) {
			t.Errorf("%s: want %q in\n%s", block, want, got)
		}
		for name, secret := range secrets {
			if secret != "" && strings.Contains(faults.String(), secret) {
				t.Errorf("%s: %s is printed", block, name)
			}
		}
	}
	c, faults := Parse("testdata/test.yaml", []byte(text(`encryption: {key: "${env:MATCHKEY_ENCRYPTION_KEY}", previous: ["${env:OLD_KEY}"]}`)), env, readFile)
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	a, err := c.Encryption.Key.Bytes()
	b, err2 := c.Encryption.Previous[0].Bytes()
	if err != nil || err2 != nil || len(a) != 32 || len(b) != 32 || strings.Contains(faults.String(), "encrypted") {
		t.Errorf("%d and %d bytes, %v, %v; %s", len(a), len(b), err, err2, faults.String())
	}
}
