package preferences

import (
	"embed"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
)

//go:embed texts/*.json
var catalogueFiles embed.FS

// English is the language by whose catalogue the others are measured.
const English = "en"

// Texts are the words of the page in one language, by key. A text may hold the
// placeholders {site}, {date} and {how}; nothing else of it is special. A key
// that ends in "_opt_out" is used instead of the one without, where the law lets
// a site begin and people object.
type Texts map[string]string

// Catalogue returns the texts that come with Matchkey, by language (BCP 47). Nobody
// may change them; safe for concurrent use.
var Catalogue = sync.OnceValue(readCatalogue)

func readCatalogue() map[string]Texts {
	files, err := catalogueFiles.ReadDir("texts")
	if err != nil {
		panic("BUG: " + err.Error()) // they are compiled in
	}
	all := make(map[string]Texts, len(files))
	for _, f := range files {
		b, err := catalogueFiles.ReadFile("texts/" + f.Name())
		var t Texts
		if err == nil {
			err = json.Unmarshal(b, &t)
		}
		if err != nil {
			panic(fmt.Sprintf("BUG: the texts in %s cannot be read: %v", f.Name(), err))
		}
		all[strings.TrimSuffix(f.Name(), path.Ext(f.Name()))] = t
	}
	return all
}

// Keys lists the texts that a language needs, in order.
func Keys() []string { return slices.Sorted(maps.Keys(Catalogue()[English])) }

// Missing says what is wrong with texts: a key that is missing, empty or unknown,
// or one that lacks a placeholder or has one that does not belong. Nil is none.
func (t Texts) Missing() (faults []string) {
	model := Catalogue()[English]
	for _, key := range slices.Sorted(maps.Keys(model)) {
		text := strings.TrimSpace(t[key])
		if text == "" {
			faults = append(faults, fmt.Sprintf("the text %q is missing", key))
			continue
		}
		for _, p := range placeholders {
			switch has, wants := strings.Contains(text, p), strings.Contains(model[key], p); {
			case has && !wants:
				faults = append(faults, fmt.Sprintf("the text %q cannot have %s", key, p))
			case !has && wants && p != "{site}":
				faults = append(faults, fmt.Sprintf("the text %q needs %s", key, p))
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(t)) {
		if _, known := model[key]; !known {
			faults = append(faults, fmt.Sprintf("there is no text %q; the keys are %s", key, strings.Join(Keys(), ", ")))
		}
	}
	return faults
}

var placeholders = []string{"{site}", "{date}", "{how}"}

// with returns texts in which own ones replace the catalogue's.
func (t Texts) with(own Texts) Texts {
	all := maps.Clone(t)
	if all == nil {
		all = Texts{}
	}
	maps.Copy(all, own)
	return all
}

// under returns the text of a key, under a law by which people object when optOut
// says so.
func (t Texts) under(optOut bool, key string) string {
	if text, varies := t[key+"_opt_out"]; optOut && varies {
		return text
	}
	return t[key]
}

// rightToLeft are the scripts' languages that are written from the right, by the
// first part of the tag.
var rightToLeft = map[string]bool{"ar": true, "he": true, "fa": true, "ur": true, "yi": true, "ps": true, "sd": true, "ug": true, "dv": true, "ckb": true}

// direction is the value of the dir attribute.
func direction(language string) string {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	if rightToLeft[base] {
		return "rtl"
	}
	return "ltr"
}

// ownNames are what languages call themselves, for the switch. A language without
// one is shown by its tag.
var ownNames = map[string]string{
	"en": "English", "de": "Deutsch", "cs": "Čeština", "fr": "Français", "es": "Español", "it": "Italiano",
	"nl": "Nederlands", "pl": "Polski", "pt": "Português", "sk": "Slovenčina", "ro": "Română", "sv": "Svenska",
	"da": "Dansk", "fi": "Suomi", "hu": "Magyar", "el": "Ελληνικά", "ar": "العربية", "he": "עברית",
}

func ownName(language string) string {
	base, region, _ := strings.Cut(language, "-")
	name, known := ownNames[strings.ToLower(base)]
	switch {
	case !known:
		return language
	case region != "":
		return name + " (" + region + ")"
	}
	return name
}
