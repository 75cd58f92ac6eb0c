package graphsim

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// vectors reads cases that we did not write, when they lie beside the checkout.
func vectors(t *testing.T, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../../..", "shared", "vectors", name))
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("no vectors beside the checkout")
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
}

// What other projects parse as fbc and fbp the fake accepts, and what they
// reject it refuses. Windows are set aside: the vectors' clicks are old.
func TestForeignCookieValues(t *testing.T) {
	var file struct {
		Vectors []struct {
			ID, Op     string
			Input      any
			Expected   any
			Superseded bool
		}
	}
	vectors(t, "fbc_fbp_values.json", &file)
	seen := 0
	for _, v := range file.Vectors {
		value, ok := v.Input.(string)
		if v.Superseded || !ok || v.Op != "parse_fbc" && v.Op != "parse_fbp" {
			continue
		}
		seen++
		expected, _ := v.Expected.(map[string]any)
		wantBad := expected == nil || expected["error"] == true
		now := noon
		if ms, ok := expected["creation_time_ms"].(float64); ok {
			now = time.UnixMilli(int64(ms)).Add(time.Hour)
		}
		f := checkBrowserID(value, now)
		if v.Op == "parse_fbc" {
			f = checkClick(value, now.Unix(), now)
		}
		if (f != nil) != wantBad {
			t.Errorf("%s: refused %t, want %t", v.ID, f != nil, wantBad)
		}
	}
	if seen == 0 {
		t.Error("no case was of use: the file's form has changed")
	}
}

// The normal forms on which other projects agree are among those whose hashes
// the diagnostics know.
func TestForeignNormalForms(t *testing.T) {
	var file struct {
		Cases []struct {
			Key, Value string
			Expected   *string
			Tier       string
		}
	}
	vectors(t, "normalize.json", &file)
	seen := 0
	for _, c := range file.Cases {
		// Values that came hashed are passed through there; 1900 was no leap year.
		if c.Expected == nil || looksHashed(*c.Expected) || *c.Expected == "19000229" ||
			!slices.Contains([]string{"ge", "country", "db"}, c.Key) {
			continue
		}
		seen++
		if knownHashes()[hashOf(*c.Expected)] != c.Key {
			t.Errorf("%s: %q is not among the known hashes", c.Key, *c.Expected)
		}
	}
	if seen == 0 {
		t.Error("no case was of use: the file's form has changed")
	}
}
