package build

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestFeatures(t *testing.T) {
	for _, c := range []struct {
		preset        Preset
		with, without []Feature
		want, fault   string
	}{
		{Core, nil, nil, "", ""},
		{Core, []Feature{Twin, Click}, nil, "click, twin", ""},
		{Typical, nil, []Feature{SPA, Twin}, "consent, click, session, retry", ""},
		{Typical, []Feature{Click}, nil, "consent, click, session, spa, retry, twin", ""},
		{Core, []Feature{TCF}, nil, "", "the feature tcf does nothing without consent"},
		{Everything, nil, []Feature{Session}, "", "the feature hints does nothing without session"},
		{"big", nil, nil, "", `there is no preset "big"; there are core, typical, default, everything`},
		{Core, []Feature{"spy"}, nil, "", `there is no feature "spy"`},
		{Core, nil, []Feature{"spy"}, "", `there is no feature "spy"`},
	} {
		got, err := Features(c.preset, c.with, c.without)
		if c.fault != "" {
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("%s %s %s: the error is %v, want %q", c.preset, c.with, c.without, err, c.fault)
			}
			continue
		}
		if err != nil || list(got) != c.want {
			t.Errorf("%s %s %s: %q, %v; want %q", c.preset, c.with, c.without, list(got), err, c.want)
		}
	}
}

// Every feature compiles alone (with what it needs), with everything, and
// without it from everything; and docs/tag.md describes it.
func TestEveryFeatureCompiles(t *testing.T) {
	docs, err := os.ReadFile("../docs/tag.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range AllFeatures() {
		if !strings.Contains(string(docs), "| `"+string(f)+"` |") {
			t.Errorf("docs/tag.md does not describe %s", f)
		}
		alone := []Feature{f}
		for need := needs[f]; need != ""; need = needs[need] {
			alone = append(alone, need)
		}
		mustTag(t, measured(alone))
	}
	for _, p := range Presets() {
		if _, err := Features(p, nil, nil); err != nil {
			t.Errorf("the preset %s is not whole: %v", p, err)
		}
	}
}

func TestTypes(t *testing.T) {
	types, err := Types("")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"export interface Matchkey", "command: 'track'", "const matchkey: Matchkey", "do not edit"} {
		if !strings.Contains(types, want) {
			t.Errorf("the types lack %q:\n%s", want, types)
		}
	}
	if strings.Contains(types, "import ") {
		t.Error("the types need another file")
	}
}

func TestTwinSnippetHooksThePixel(t *testing.T) {
	plain, hooked := Snippet("shop", "/mk"), Snippet("shop", "/mk", Consent, Twin)
	if strings.Contains(plain, "fbq") || !strings.Contains(hooked, "callMethod") || strings.Count(hooked, "<script") != 2 {
		t.Errorf("plain %s\nhooked %s", plain, hooked)
	}
	if slices.ContainsFunc([]string{"=>", "`", "let ", "const "}, func(new string) bool { return strings.Contains(hooked, new) }) {
		t.Error("the snippet is not compiled, so it must be in the syntax of 2009")
	}
}
