package config

import (
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files and docs/matchkey.schema.json")

// secrets are what the stubbed environment and file system hold. None of the
// values may ever be printed.
var secrets = map[string]string{
	"META_TOKEN":                "EAABsecretEnvironmentToken",
	"MATCHKEY_CONSOLE_PASSWORD": "correct horse battery",
	"SHOP_WRITE_KEY":            "wk_0123456789abcdef01234567",
	"WEAK_KEY":                  "wk_weak",
	"MATCHKEY_ENCRYPTION_KEY":   "8d6f0c31e7a94b52f0be17c65d2a39487b1ec40f5693d8a27c04e9b11f8a3d62",
	"OLD_KEY":                   "3q2+7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs=",
	"SHORT_KEY":                 "8d6f0c31e7a94b52f0be17c65d2a3948",
	"ZERO_KEY":                  strings.Repeat("0", 64),
	"EMPTY":                     "",
	"MULTILINE":                 "one\ntwo",
}

var files = map[string]string{
	"/run/secrets/meta":        "EAABsecretFromFile\n",
	"/run/credentials/mk/meta": "EAABsecretCredential",
	"/run/secrets/huge":        strings.Repeat("x", maxReferred+1),
	"/run/secrets/long":        strings.Repeat("x", maxSecret+1),
	"testdata/notice.txt":      "We would like to tell Meta what you buy.\r\n\r\nYou decide.\n",
	"testdata/binary":          "\xff\xfe",
}

func env(name string) (string, bool) {
	if name == "CREDENTIALS_DIRECTORY" {
		return "/run/credentials/mk", true
	}
	v, ok := secrets[name]
	return v, ok
}

func readFile(name string) ([]byte, error) {
	if name == "/etc/forbidden" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	if text, ok := files[filepath.ToSlash(name)]; ok {
		return []byte(text), nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// Each testdata/*.yaml is read, and what is printed compared with *.txt. The
// files whose name begins with good_ have no error.
func TestFaultsGolden(t *testing.T) {
	names, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			_, faults := Parse(filepath.ToSlash(name), text, env, readFile)
			got := faults.String()
			golden := strings.TrimSuffix(name, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("the printed faults differ from %s; read the difference, then run with -update (-want +got):\n%s", golden, d)
			}
			if good := strings.HasPrefix(filepath.Base(name), "good_"); good != (faults.Err() == nil) {
				t.Errorf("errors: %v", faults.Err())
			}
			refuteSecrets(t, got)
		})
	}
}

// refuteSecrets fails when a text holds one of the secrets, or one that a test
// file wrote where it may not stand (they begin with LITERAL).
func refuteSecrets(t *testing.T, text string) {
	t.Helper()
	values := slices.Collect(maps.Values(secrets))
	for _, f := range []string{"/run/secrets/meta", "/run/credentials/mk/meta"} {
		values = append(values, strings.TrimSpace(files[f]))
	}
	for _, v := range append(values, "LITERAL") {
		if v != "" && strings.Contains(text, v) {
			t.Errorf("a secret is printed (%d characters long)", len(v))
		}
	}
}

func load(t *testing.T, text string) *Config {
	t.Helper()
	c, faults := Parse("testdata/test.yaml", []byte(text), env, readFile)
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefaults(t *testing.T) {
	text, err := os.ReadFile("testdata/good_least.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := load(t, string(text))
	c.positions = nil
	want := &Config{
		Version: 1, DiskReserveMB: 512, Data: "testdata/data", Listen: ":8080",
		Console: Console{Listen: "127.0.0.1:8081"},
		Log:     Log{Level: "info", Format: "text"},
		Retention: Retention{
			Click: 90 * day, Browser: 90 * day, IP: 90 * day, Sessions: 30 * day, Contact: 400 * day, ExternalIDs: 400 * day,
			Events: 90 * day, Deliveries: 90 * day, ConsentProof: 1825 * day,
		},
		Destinations: []Destination{{Name: "main", Meta: &Meta{
			Dataset: "1234567890", Token: NewSecret("EAABsecretEnvironmentToken"), Version: "v26.0",
			BaseURL: "https://graph.facebook.com", PartnerAgent: "matchkey", Timeout: 10 * time.Second,
			Batch: 100, BatchAge: 500 * time.Millisecond, Concurrency: 4, Pixel: true, InDoubt: "resend",
		}}},
		Sites: []Site{{
			Name: "shop", Origins: []string{"https://www.shop.example"}, Prefix: "/mk", CookieDomain: "shop.example",
			Consent: Consent{
				Mode: "opt_in", Hold: 30 * time.Minute,
				Notices:    []Notice{{Language: "en", Text: "May we?", Recipients: []string{"meta"}, Current: true, Epoch: 1}},
				Categories: []Category{{ID: "advertising", Label: "Advertising", Purposes: []string{"ads_measurement"}, Validity: 180 * 24 * time.Hour}},
			},
			Scenarios: []Scenario{{Name: "purchase", On: "purchase", Consent: "advertising", Send: "Purchase", To: []string{"main"}}},
		}},
	}
	if d := cmp.Diff(want, c, cmp.AllowUnexported(Config{}, Secret{})); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestFullFile(t *testing.T) {
	text, err := os.ReadFile("testdata/good_full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := load(t, string(text))
	site := c.Sites[0]
	if got := site.Consent.Notices[1].Text; got != "We would like to tell Meta what you buy.\n\nYou decide." {
		t.Errorf("the notice from a file is %q", got)
	}
	if c.Destinations[1].Meta.Token.Reveal() != "EAABsecretFromFile" || c.Destinations[2].Meta.Token.Reveal() != "EAABsecretCredential" {
		t.Error("a token from a file is not the file's text without its line end")
	}
	if got := site.Scenarios[0].Properties["value"]; got != "event.value * 1.19" {
		t.Errorf("property is %q", got)
	}
	if site.Consent.Categories[0].Validity != 90*24*time.Hour || site.Scenarios[0].Wait != 90*time.Second {
		t.Error("durations were not read")
	}
	if got := site.BeaconAddress(); got != "https://edge.shop.example/mk/shop" {
		t.Errorf("beacons go to %s", got)
	}
	if site.Country != "DE" || site.Endpoint != "https://edge.shop.example" || c.GeoIP != "/var/lib/geo/city.mmdb" {
		t.Errorf("%+v", site)
	}
}

func TestLoadWithoutFile(t *testing.T) {
	for path, want := range map[string]string{
		"nowhere.yaml":   "it does not exist",
		"/etc/forbidden": "it may not be read by this user",
	} {
		c, faults := Load(path, env, readFile)
		if c == nil || faults.Err() == nil || !strings.Contains(faults.Err().Error(), want) {
			t.Errorf("%s: %v", path, faults.Err())
		}
	}
}

func TestPositionsAndFaultsOfOthers(t *testing.T) {
	text := `version: 1
data: /d
destinations: [{name: main, meta: {dataset: 1234567890, token: "${env:META_TOKEN}"}}]
sites:
  - name: shop
    origins: ["https://shop.example"]
    consent:
      notices: [{language: en, text: "May we?", recipients: [meta]}]
      categories: [{id: ads, label: Ads, purposes: [ads_measurement]}]
    scenarios:
      - {name: a, on: purchase, when: event.value > , consent: ads, send: Purchase, to: [main]}
      - {name: b, on: purchase, when: 'it''s > 0', consent: ads, send: Purchase, to: [main]}
      - {name: c, on: purchase, when: "ünï > 0", consent: ads, send: Purchase, to: [main]}
`
	c, faults := Parse("f.yaml", []byte(text), env, readFile)
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	if line, column := c.Position("sites[0].scenarios[1].when"); line != 12 || column != 39 {
		t.Errorf("when stands at %d:%d", line, column)
	}
	if line, column := c.Position("sites[0].country"); line != 5 || column != 5 {
		t.Errorf("a key that is left out has its site's place, not %d:%d", line, column)
	}
	if line, column := c.Position("sites[7].name"); line == 0 || column == 0 {
		t.Error("an entry that is not there has the place of what would hold it")
	}
	faults.Add(
		c.Fault("sites[0].scenarios[0].when", 13, "The condition ends too early."),
		c.Fault("sites[0].scenarios[1].when", 5, "There is no it."),
		c.Fault("sites[0].scenarios[2].when", 4, "There is no ünï."),
	)
	faults.Warnings = nil
	want := `f.yaml:11:52: error: The condition ends too early.
   11 |       - {name: a, on: purchase, when: event.value > , consent: ads, send: Purchase, to: [main]}
      |                                                    ^

f.yaml:12:46: error: There is no it.
   12 |       - {name: b, on: purchase, when: 'it''s > 0', consent: ads, send: Purchase, to: [main]}
      |                                              ^

f.yaml:13:44: error: There is no ünï.
   13 |       - {name: c, on: purchase, when: "ünï > 0", consent: ads, send: Purchase, to: [main]}
      |                                            ^

3 errors, no warnings in f.yaml.
`
	if d := cmp.Diff(want, faults.String()); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func FuzzParse(f *testing.F) {
	names, _ := filepath.Glob("testdata/*.yaml")
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("\ufeffversion: 1\n"))
	f.Add([]byte("sites: [{consent: {notices: [{}]}}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, faults := Parse("f.yaml", text, env, readFile)
		for _, fault := range slices.Concat(faults.Errors, faults.Warnings) {
			if fault.Message == "" || fault.Line < 0 || fault.Line > 0 && fault.Column < 1 {
				t.Errorf("a fault without words or place: %+v", fault)
			}
		}
		_ = faults.String()
		if faults.Err() == nil && (c.Version != 1 || len(c.Sites) == 0 || len(c.Destinations) == 0 || c.Destinations[0].Meta.Token.IsZero()) {
			t.Errorf("a file without what is required was accepted:\n%s", text)
		}
	})
}
