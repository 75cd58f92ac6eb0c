package build

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"matchkey/edge/preferences"
)

// Only the words of the site's languages are in its script, and English for what
// there are none in.
func TestBannersWords(t *testing.T) {
	features, err := Features(Default, []Feature{Banner}, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := measured(features)
	texts := func(language string) map[string]string { return preferences.Look{}.In(language) }
	o.Words = WordsOf([]string{"de-AT", "fr", "pl", ""}, texts)
	body := string(mustTag(t, o).Body)
	for word, want := range map[string]bool{
		`"de-AT":`: true, "Alle annehmen": true, "Tout accepter": true, "Accept all": true, `"pl"`: false, "vybrat": false, "Vybrat": false,
	} {
		if strings.Contains(body, word) != want {
			t.Errorf("%q in the script: %t", word, !want)
		}
	}
	words := WordsOf(slices.Collect(maps.Keys(preferences.Catalogue())), texts)
	if len(words) != len(preferences.Catalogue()) || words["en"] != english {
		t.Errorf("the words are not those of the preferences page: %v", words)
	}
	for name, w := range words {
		for i, word := range w.inOrder() {
			if word == "" {
				t.Errorf("%s lacks word %d", name, i)
			}
		}
	}
	if strings.Contains(string(mustTag(t, measured(presets[Everything])).Body), "Accept all") {
		t.Error("a site without the banner has its words")
	}
}
