package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// What people are asked, in which words. Rules: reference/consent.md § 3, 5, 7.

func (c Consent) ids() []string {
	var ids []string
	for _, cat := range c.Categories {
		ids = append(ids, cat.ID)
	}
	return ids
}

func (k checker) consent(path string, s *Site) {
	if s.Consent.Mode == "by_region" && k.c.GeoIP == "" {
		k.warn(path+".mode", "The consent mode is by_region, but there is no geoip database: every place is unknown, and everybody is treated as in opt_in.")
	}
	for i, place := range s.Consent.OptIn {
		k.place(fmt.Sprintf("%s.opt_in[%d]", path, i), place)
	}
	if len(s.Consent.OptIn) > 0 && s.Consent.Mode == "opt_in" {
		k.warn(path+".opt_in", "Everybody is asked first in the mode opt_in, so these places change nothing. Set mode: by_region, or leave them out.")
	}
	if slices.Contains(s.Tag.With, "banner") && !s.Preferences.Enabled {
		k.warn(strings.TrimSuffix(path, ".consent")+".preferences.enabled", "The tag's banner leads to the preferences page, where people choose one by one and take back what they allowed, and that page is switched off. Switch it on, or show a banner of your own.")
	}
	current := map[string]int{}
	seen := map[string]int{}
	for i, n := range s.Consent.Notices {
		at := fmt.Sprintf("%s.notices[%d]", path, i)
		k.notice(at, n)
		// What a notice is known by; see consent.Notice.
		if is := fmt.Sprint(n.Epoch, n.Language, n.Recipients, n.Text); n.Text != "" {
			if line, taken := seen[is]; taken {
				k.err(at, "This notice is the very one of line %d. Keep one.", line)
			} else {
				seen[is], _ = k.c.Position(at)
			}
		}
		if !n.Current || n.Language == "" {
			continue
		}
		if line, taken := current[n.Language]; taken {
			k.err(at+".language", "There is already a current %q notice in line %d. Set current: false on the older one.", shorten(n.Language), line)
			continue
		}
		if len(current) == 1 && !slices.Contains(s.Tag.With, "banner") { // which names what it shows
			k.warn(at+".current", "This site has a second current notice. Unless your banner gives the notice that it showed with the answer (docs/tag.md; the tag's own does), the tag names the first one, which proves nothing about people who read this one. Have it do so, or set current: false here.")
		}
		current[n.Language], _ = k.c.Position(at + ".language")
	}
	if len(s.Consent.Notices) > 0 && !slices.ContainsFunc(s.Consent.Notices, func(n Notice) bool { return n.Current }) {
		k.err(path+".notices", "None of the notices is current, so that no answer could be proven. Keep one current.")
	}
	k.categories(path, s.Consent.Categories)
}

var placeForm = regexp.MustCompile(`^([A-Z]{2})(-[A-Z0-9]{1,3})?$`)

// place checks a country, or a region of one, as GeoIP databases name them.
func (k checker) place(at, place string) {
	parts := placeForm.FindStringSubmatch(place)
	if place == "" {
		return
	}
	if parts == nil {
		k.err(at, "`%s` is %q, which is no place. Write a country as AU, or a region of one as US-CA.", at, shorten(place))
		return
	}
	k.country(at, parts[1])
}

// maxNotice bounds a notice's text.
const maxNotice = 16 << 10

func (k checker) notice(at string, n Notice) {
	k.language(at+".language", n.Language)
	if len(n.Text) > maxNotice {
		k.err(at, "This notice is longer than 16 KiB. Nobody would read it, so it would not inform.")
	}
	k.recipients(at+".recipients", n.Recipients)
}

func (k checker) language(at, name string) {
	if name == "" {
		return
	}
	if tag, err := language.Parse(name); err != nil || tag == language.Und {
		k.err(at, "`%s` is %q, which is no language tag. Write it as en or de-AT.", at, shorten(name))
	} else if tag.String() != name {
		k.err(at, "`%s` is %q. Its usual form is %q; write that.", at, shorten(name), tag)
	}
}

func (k checker) recipients(at string, names []string) {
	for i, r := range names {
		path := fmt.Sprintf("%s[%d]", at, i)
		if r != "" && !slices.Contains(kinds, r) {
			k.err(path, "`%s` is %q, which is no kind of destination. %s", path, shorten(r), oneOf(r, kinds))
		}
	}
}

// purposes are what consent can be for. Without the first nothing is sent.
var purposes = []string{"ads_measurement", "ads_matching", "ads_personalization"}

func (k checker) categories(path string, categories []Category) {
	ids := map[string]int{}
	for i, c := range categories {
		at := fmt.Sprintf("%s.categories[%d]", path, i)
		k.name(at+".id", c.ID)
		k.unique(ids, at+".id", c.ID)
		k.recipients(at+".recipients", c.Recipients)
		languages := map[string]int{}
		for j, text := range c.Texts {
			path := fmt.Sprintf("%s.texts[%d].language", at, j)
			k.language(path, text.Language)
			k.unique(languages, path, text.Language)
		}
		if len(c.Purposes) > 0 && !slices.Contains(c.Purposes, purposes[0]) {
			k.warn(at+".purposes", "A yes to %q does not include %s, without which nothing is sent. Scenarios of this category send only about people who said yes to another one that has it.", c.ID, purposes[0])
		}
		for j, p := range c.Purposes {
			path := fmt.Sprintf("%s.purposes[%d]", at, j)
			switch {
			case p == "":
			case !slices.Contains(purposes, p):
				k.err(path, "`%s` is %q, which is no purpose. %s", path, shorten(p), oneOf(p, purposes))
			case slices.Contains(c.Purposes[:j], p):
				k.err(path, "`%s` lists %s again. Keep one.", path, p)
			}
		}
	}
}
