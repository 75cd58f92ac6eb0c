package main

import (
	"strings"
	"testing"
)

func TestSimCommand(t *testing.T) {
	for _, c := range []struct {
		args      string
		code      int
		out, errs string // a part
	}{
		{"sim --list-faults", 0, "token_expired", ""},
		{"sim --list-faults", 0, "190/463", ""},
		{"sim --help", 0, "--missing-permission", ""},
		{"sim --latency=-1s", 1, "", "--latency"},
		{"sim --missing-permission 7", 2, "", "--missing-permission"},
		{"sim --token-expires tomorrow", 2, "", "--token-expires"},
		{"sim --faults nowhere.jsonl", 1, "", "nowhere.jsonl"},
	} {
		out, errs, code := command(t, nil, "", strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(errs, c.errs) {
			t.Errorf("%s: exit %d, want %d; stdout should have %q, stderr %q\n%s%s", c.args, code, c.code, c.out, c.errs, out, errs)
		}
	}
}
