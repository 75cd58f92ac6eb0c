package edge

import (
	"strings"
	"time"
	"unicode"

	"matchkey/collector"
)

// From what a request brought to identifiers that may be kept: contact data is
// hashed, browser identifiers are checked against their grammar. Raw contact
// data lives no longer than these functions.

// A finding is an identifier that was found in a request, before it is known
// with which event it is kept.
type finding struct {
	kind  collector.Kind
	value string
	at    time.Time // the value's own time; zero when it has none
	how   string
}

// identifiers gives findings to an event. One that carries no time of its own
// was seen when the event happened.
func identifiers(found []finding, event string, at time.Time, receipt string) []collector.Identifier {
	if len(found) == 0 {
		return nil
	}
	out := make([]collector.Identifier, len(found))
	for i, f := range found {
		first, last := at, at
		if !f.at.IsZero() {
			first = f.at
		}
		if last.Before(first) {
			last = first
		}
		out[i] = collector.Identifier{
			Kind: f.kind, Value: f.value, FirstAt: first, LastAt: last,
			Receipt: receipt, Event: event, How: f.how,
		}
	}
	return out
}

// contact hashes contact data: members are name and value by kind ("email",
// "phone" …), field is what notes call their object. A value that cannot be
// kept costs itself and a note.
func (s *site) contact(members []member, field string) (found []finding, notes []collector.Note) {
	country := saidCountry(valueOf(members, string(collector.KindCountry)))
	if country == "" {
		country = s.country
	}
	for _, kind := range collector.ContactKinds() {
		m, given := lookup(members, string(kind))
		if !given || m.ok && strings.TrimSpace(m.value) == "" {
			continue // an empty field of a form is no fault
		}
		var hashes []string
		var how string
		why := collector.ReasonMalformed
		switch {
		case !m.ok:
		case len(m.value) > maxContact:
			why = collector.ReasonFieldTooLong
		default:
			hashes, how, why = s.hash(kind, m.value, country)
		}
		if why != "" {
			notes = append(notes, collector.Note{Field: field + "." + string(kind), Reason: why})
			continue
		}
		for _, h := range hashes {
			found = append(found, finding{kind: kind, value: h, how: how})
		}
	}
	return found, notes
}

// browserIdentifiers takes the site's browser identifiers from a beacon, and
// those that are missing or wrong there from the request's cookies. cookie
// returns a cookie's value or "". With sameJar the cookie of a browser's id comes
// first: it is newer than what the page read, and one for all tabs. Not so the
// click's: a page knows it before its cookie does. Each that is kept is also to
// be set again.
func (s *site) browserIdentifiers(sent []member, cookie func(string) string, sameJar bool, now time.Time) (found []finding, reissue []setCookie, notes []collector.Note) {
	// With room for what the caller adds: contact data, and the visitor's cookie.
	found = make([]finding, 0, len(s.identifiers)+2)
	reissue = make([]setCookie, 0, len(s.identifiers)+1)
	for _, id := range s.identifiers {
		said, given := lookup(sent, id.Cookie)
		value, at, why := "", time.Time{}, collector.ReasonNeverSeen
		raw := said.value
		if given {
			if value, at, why = parseIdentifier(id, said, now); why != "" {
				notes = append(notes, collector.Note{Field: id.Cookie, Reason: why})
			}
		}
		carried := cookie(id.Cookie)
		if why == "" && sameJar && id.Kind == collector.KindBrowser {
			if newer, made, wrong := parseIdentifier(id, member{id.Cookie, carried, true}, now); wrong == "" {
				raw, value, at = carried, newer, made
			}
		}
		if why != "" && carried != "" && carried != said.value {
			raw = carried
			if value, at, why = parseIdentifier(id, member{id.Cookie, carried, true}, now); why != "" {
				notes = append(notes, collector.Note{Field: id.Cookie, Reason: why})
			}
		}
		if why == "" {
			f := finding{kind: id.Kind, value: value, at: at}
			if value != raw {
				f.how = "repaired"
			}
			found = append(found, f)
			reissue = append(reissue, setCookie{id.Cookie, value, id.MaxAge})
		}
	}
	return found, reissue, notes
}

func parseIdentifier(id collector.BrowserIdentifier, m member, now time.Time) (kept string, at time.Time, why collector.Reason) {
	switch {
	case !m.ok:
		return "", time.Time{}, collector.ReasonMalformed
	case len(m.value) > maxIdentifier:
		return "", time.Time{}, collector.ReasonFieldTooLong
	}
	return id.Parse(m.value, now)
}

func lookup(members []member, name string) (member, bool) {
	for _, m := range members {
		if m.name == name {
			return m, true
		}
	}
	return member{}, false
}

// saidCountry returns the country that a person gave, a code of two letters in
// upper case; "" when it can be no country at all. One that is said counts
// before the site's own, whether the hasher knows it or not: a number read by
// the wrong country's rules would be another person's.
func saidCountry(s string) string {
	s = strings.TrimSpace(s)
	letters := 0
	for _, r := range s {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	switch {
	case letters < 2 || len(s) > maxContact:
		return ""
	case len(s) == 2:
		return strings.ToUpper(s)
	}
	return s
}
