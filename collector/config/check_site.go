package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/biter777/countries"
)

// site checks one site and fills in its cookie domain.
func (k checker) site(path string, s *Site) {
	k.origins(path, s)
	k.prefix(path+".prefix", s.Prefix)
	k.cookies(path, s)
	k.country(path+".country", s.Country)
	k.writeKeys(path+".write_keys", s.WriteKeys)
	if n := utf8.RuneCountInString(s.IdentifyKey.Reveal()); n > 0 && n < shortKey {
		k.warn(path+".identify_key", "This identify key has fewer than %d characters and might be guessed. Make one with: openssl rand -hex 24", shortKey)
	}
	k.consent(path+".consent", s)
	k.scenarios(path, s)
}

var prefixForm = regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`)

func (k checker) prefix(path, p string) {
	first, _, _ := strings.Cut(strings.TrimPrefix(p, "/"), "/")
	switch {
	case p == "":
	case len(p) > 64 || !prefixForm.MatchString(p):
		k.err(path, "`%s` is %q. A prefix begins with a slash, does not end with one, and has letters, digits, '-', '_', '.' and '~' between: /mk.", path, shorten(p))
	case first == "v1" || first == "livez" || first == "readyz":
		k.err(path, "`%s` is %q, but /%s belongs to the edge itself. Choose another, such as /mk.", path, p, first)
	}
}

func (k checker) country(path, code string) {
	if code == "" {
		return
	}
	// biter777 knows names as well; only the two-letter code itself will do.
	known := countries.ByName(code)
	if known != countries.Unknown && known.Alpha2() == code {
		return
	}
	hint := ""
	if known != countries.Unknown {
		hint = fmt.Sprintf(" Did you mean %q?", known.Alpha2())
	}
	k.err(path, "`%s` is %q, which is no ISO 3166-1 code of two capital letters, such as DE.%s", path, shorten(code), hint)
}

// shortKey is the length below which a write key is called weak.
const shortKey = 24

func (k checker) writeKeys(path string, keys []Secret) {
	for i, key := range keys {
		if n := utf8.RuneCountInString(key.Reveal()); n > 0 && n < shortKey {
			at := fmt.Sprintf("%s[%d]", path, i)
			k.warn(at, "This write key has fewer than %d characters and might be guessed. Make one with: openssl rand -hex 24", shortKey)
		}
	}
}

// eventForm is the wire format's rule for event names.
var eventForm = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,64}$`)

// frequent are events that happen all the time: each one a delivery.
var frequent = map[string]bool{
	"page_view": true, "pageview": true, "page": true, "page_visit": true, "pagevisit": true, "page_viewed": true, "visit": true, "view": true, "screen_view": true,
	"session_start": true, "scroll": true, "click": true, "hover": true, "mouse_move": true,
	"heartbeat": true, "ping": true, "user_engagement": true, "impression": true, "view_item_list": true,
}

func (k checker) scenarios(path string, s *Site) {
	names := map[string]int{}
	for i, sc := range s.Scenarios {
		at := fmt.Sprintf("%s.scenarios[%d]", path, i)
		if sc.Name == "" && sc.On == "" && sc.Send == "" && len(sc.To) == 0 {
			continue // not a scenario at all, which was reported
		}
		for _, key := range []struct{ name, value, hint string }{
			{"name", sc.Name, "Give it one"}, {"on", sc.On, "Name the event"}, {"send", sc.Send, "Name what the destinations get"},
		} {
			if key.value == "" && sc.Preset == "" && !k.reported(at+".preset") {
				k.err(at, "`%s.%s` is missing. %s, or a preset, such as preset: purchase.", at, key.name, key.hint)
			}
		}
		k.name(at+".name", sc.Name)
		k.unique(names, at+".name", sc.Name)
		if sc.On != "" && !eventForm.MatchString(sc.On) {
			k.err(at+".on", "`%s.on` is %q, which no event can be called: up to 64 of letters, digits, '_', '.', ':' and '-'.", at, shorten(sc.On))
		}
		if frequent[sc.On] {
			k.warn(at+".on", "The scenario %q listens to %q, which happens very often: each one may become a delivery. Is a rarer event meant?", sc.Name, sc.On)
		}
		k.scenarioConsent(at, s, sc)
		k.scenarioTo(at, s, sc)
	}
}

func (k checker) scenarioConsent(at string, s *Site, sc Scenario) {
	switch {
	case sc.Consent == "" && sc.LegitimateInterest == "":
		k.err(at, "The scenario %q names no consent category, so it would send about people who were never asked. Add the key consent with a category's id. %s", sc.Name, oneOf("", s.Consent.ids()))
	case sc.Consent == "":
		k.warn(at+".legitimate_interest", "The scenario %q names no consent category but a legitimate interest, so where the law lets it, it sends about people who were never asked. Have a lawyer confirm this. Where a yes is needed (with mode opt_in: everywhere), it is needed here as well.", sc.Name)
	case sc.LegitimateInterest != "":
		k.err(at+".legitimate_interest", "The scenario %q has both a consent category and a legitimate interest. Keep the one that is true.", sc.Name)
	default:
		if ids := s.Consent.ids(); !slices.Contains(ids, sc.Consent) {
			k.err(at+".consent", "The scenario %q asks for the consent category %q, which this site does not have. %s", sc.Name, shorten(sc.Consent), oneOf(sc.Consent, ids))
		}
	}
}

func (k checker) scenarioTo(at string, s *Site, sc Scenario) {
	var names []string
	kinds, datasets := map[string]string{}, map[string]string{}
	for _, d := range k.c.Destinations {
		names = append(names, d.Name)
		kinds[d.Name] = d.kind()
		if d.Meta != nil {
			datasets[d.Name] = d.Meta.Dataset
		}
	}
	seen, bySet := map[string]bool{}, map[string]string{}
	for i, to := range sc.To {
		path := fmt.Sprintf("%s.to[%d]", at, i)
		kind, known := kinds[to]
		switch {
		case to == "":
		case seen[to]:
			k.err(path, "The scenario %q sends to %q twice. Keep one.", sc.Name, to)
		case !known:
			k.err(path, "The scenario %q sends to the destination %q, which does not exist. %s", sc.Name, shorten(to), oneOf(to, names))
		default:
			k.named(path, s, sc, kind)
		}
		if set := datasets[to]; set != "" && !seen[to] {
			if first := bySet[set]; first != "" {
				k.err(path, "The scenario %q sends to %q and to %q, which are one dataset. Meta would count every event twice: it collapses a server's copy with the Pixel's, and no two from servers. Keep one.", sc.Name, first, to)
			}
			bySet[set] = to
		}
		seen[to] = true
	}
}

// named checks that people are told about a recipient: an answer to a notice
// that does not name it grants it nothing.
func (k checker) named(path string, s *Site, sc Scenario, kind string) {
	if sc.Consent == "" || kind == "" {
		return
	}
	for _, n := range s.Consent.Notices {
		if n.Current && len(n.Recipients) > 0 && !slices.Contains(n.Recipients, kind) {
			k.err(path, "The scenario %q sends to %s, which the %q notice does not name among its recipients. Nothing could be sent; name it there and in the text.", sc.Name, kind, n.Language)
		}
	}
}

// kind is the vendor of a destination, as notices name it.
func (d Destination) kind() string {
	if d.Meta != nil {
		return "meta"
	}
	return ""
}

// kinds are all vendors that a notice may name.
var kinds = []string{"meta"}
