package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// command runs one command line with an environment and an input.
func command(t *testing.T, env map[string]string, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	p := &program{
		ctx: t.Context(), stdin: strings.NewReader(stdin), stdout: &out, stderr: &errs,
		env: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	}
	code = run(p, args)
	return out.String(), errs.String(), code
}

// secrets are what the example configuration asks for.
var secrets = map[string]string{
	"MATCHKEY_CONSOLE_PASSWORD": "the-console-password-of-this-test", "META_TOKEN": "the-token-of-this-test",
	"SHOP_WRITE_KEY": "the-write-key-of-this-test-is-long", "MATCHKEY_ENCRYPTION_KEY": firstKey,
}

func TestCommandLine(t *testing.T) {
	const example = "docs/matchkey.example.yaml"
	for _, c := range []struct {
		name      string
		env       map[string]string
		stdin     string
		args      string
		code      int
		out, errs []string // parts
	}{
		{name: "no command is help", args: "", out: []string{"matchkey <command>", "demo", "serve", "explain"}},
		{name: "help", args: "--help", out: []string{"Run edge, collector, dispatcher and console"}},
		{name: "an unknown command", args: "sevre", code: 2, errs: []string{`"serve"`}},
		{name: "an unknown flag", args: "check --confgi x", code: 2, errs: []string{"unknown flag"}},
		{name: "a flag with one dash", args: "check -config " + example, env: secrets, out: []string{"is good: 1 site(s), 4 scenario(s)"}},
		{name: "version", args: "version", out: []string{"matchkey dev go1."}},
		{name: "secrets that are missing are all named", args: "check --config " + example, code: 1,
			errs: []string{"META_TOKEN", "SHOP_WRITE_KEY", "MATCHKEY_CONSOLE_PASSWORD", "4 errors", "22 |   password: ${env:MATCHKEY_CONSOLE_PASSWORD}"}},
		{name: "no such file", args: "serve --config nowhere.yaml", code: 1, errs: []string{"nowhere.yaml"}},
		{name: "tag", args: "tag --config " + example, env: secrets, out: []string{`src="/mk/shop.js"`, "brotli", "sha384-", "the snippet, in every page"}},
		{name: "tag of another site", args: "tag --site nope --config " + example, env: secrets, code: 1, errs: []string{`no site "nope"`, "shop"}},
		{name: "normalize", args: "normalize", stdin: "{\"key\":\"em\",\"value\":\" A@B.com\"}\n\n{\"key\":\"em\",\"value\":\"nobody\"}\nx\n",
			out: []string{`{"normalized":"a@b.com","sha256":"fb98d44ad7501a959f3f4f4a3f004fe2d9e581ea6207e218c4b02c08a4d75adf"}` + "\n", `{"dropped":`, `{"error":`}},
		{name: "decide", args: "decide", stdin: `{"now":1790000060,"event":{"time":1790000000},"geo":{"country":"DE"},"records":[],"signals":{}}` + "\n",
			out: []string{`{"outcome":"hold","reasons":["regime_opt_in","consent_pending"]`}},
		{name: "broken lines", args: "normalize", stdin: strings.Join([]string{
			strings.Repeat("x", 3*maxLine), strings.Repeat("[", 100_000), "\xff\xfe", `{"key":"ph","value":16505551212}`, "\x00", `{"key":"em"}`,
			strings.Repeat(" ", maxLine+1), "\ufeff{}", `{"key":"ph","value":null}`, strings.Repeat("y", maxLine+2)}, "\n"),
			out: []string{
				`{"error":"the line is longer than 1048576 bytes"}` + "\n" + `{"error":"the line is not a JSON object`,
				`{"normalized":"16505551212","sha256":"e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"}` + "\n" + `{"error":`,
				`{"dropped":"not_normalisable"}` + "\n" + `{"error":"the line is longer than`,
			}},
		{name: "explain without a Matchkey", args: "explain A-1 --console http://127.0.0.1:1", code: 1, errs: []string{"is Matchkey running there?"}},
		{name: "explain in an empty folder", args: "explain A-1 --data " + t.TempDir(), code: 1, errs: []string{"couldn't open the data folder"}},
		{name: "redrive needs a console", args: "redrive --data x", code: 1, errs: []string{"running Matchkey"}},
		{name: "sim with faults that make no sense", args: "sim --faults cli_test.go", code: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, errs, code := command(t, c.env, c.stdin, strings.Fields(c.args)...)
			if code != c.code {
				t.Errorf("exit %d, want %d\n%s%s", code, c.code, out, errs)
			}
			for _, part := range c.out {
				if !strings.Contains(out, part) {
					t.Errorf("stdout lacks %q:\n%s", part, out)
				}
			}
			for _, part := range c.errs {
				if !strings.Contains(errs, part) {
					t.Errorf("stderr lacks %q:\n%s", part, errs)
				}
			}
			for _, secret := range secrets {
				if strings.Contains(out+errs, secret) {
					t.Errorf("a secret was printed:\n%s%s", out, errs)
				}
			}
		})
	}
}

// TestCheckPlacesScenarioFaults: what the compilers of scenarios, destinations
// and tags find is placed in the file like everything else, all at once.
func TestCheckPlacesScenarioFaults(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wrong.yaml")
	text := `version: 1
data: data
destinations:
  - name: main
    meta: {dataset: "1234567890", token: "${env:META_TOKEN}"}
sites:
  - name: shop
    origins: [https://shop.example]
    consent:
      notices: [{language: en, text: "May we?", recipients: [meta]}]
      categories: [{id: advertising, label: Advertising, purposes: [ads_measurement]}]
    scenarios:
      - {name: purchase, on: purchase, when: event.valeu > 0, consent: advertising, send: Purchase, to: [main]}
      - name: lead
        on: lead
        when: 'reduce([1], #acc) > 1'
        consent: advertising
        send: Lead
        to: [main]
        properties: {value: "event.properties."}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, errs, code := command(t, secrets, "", "check", "--config", path)
	if code != 1 {
		t.Errorf("exit %d, want 1", code)
	}
	for _, part := range []string{
		`wrong.yaml:13:52: error: "event" has no field "valeu". Did you mean "value"?`,
		`wrong.yaml:16:15: error: The function "reduce" is not available here`,
		`wrong.yaml:20:46`, "3 errors",
	} {
		if !strings.Contains(errs, part) {
			t.Errorf("stderr lacks %q:\n%s", part, errs)
		}
	}
}
