package config

import (
	"os"
	"strings"
	"testing"
)

// TestSecondLanguage: a second current notice is doubtful only where nothing of ours says
// which one was shown; the tag's banner does.
func TestSecondLanguage(t *testing.T) {
	text, err := os.ReadFile("testdata/good_warned.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[string]bool{"": true, "    tag: {with: [banner]}\n": false} {
		changed := strings.Replace(string(text), "    consent:", tag+"    consent:", 1)
		_, faults := Parse("testdata/good_warned.yaml", []byte(changed), env, readFile)
		if got := strings.Contains(faults.String(), "second current notice"); got != want || len(faults.Errors) > 0 {
			t.Errorf("with %q warned: %v\n%s", tag, got, faults.String())
		}
	}
}

// TestBannerWithoutPage: the banner's link leads nowhere where there is no page.
func TestBannerWithoutPage(t *testing.T) {
	text, err := os.ReadFile("testdata/good_warned.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for enabled, want := range map[string]bool{"true": false, "false": true} {
		added := "    tag: {with: [banner]}\n    preferences: {enabled: " + enabled + "}\n    consent:"
		_, faults := Parse("testdata/good_warned.yaml", []byte(strings.Replace(string(text), "    consent:", added, 1)), env, readFile)
		if got := strings.Contains(faults.String(), "leads to the preferences page"); got != want || len(faults.Errors) > 0 {
			t.Errorf("enabled %s, warned: %v\n%s", enabled, got, faults.String())
		}
	}
}
