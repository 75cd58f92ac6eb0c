package graphsim

// How values look on the inspection pages: enough to recognise one that is
// looked for, too little to find a person by. Hashes are shown as they are.

import (
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// masked takes e-mail addresses and phone numbers out of a text and bounds it.
func masked(s string) string {
	if plain, err := url.PathUnescape(s); err == nil && (hasEmail(plain) || hasPhone(plain)) {
		s = plain
	}
	for strings.Contains(s, "@") && emailLike.MatchString(s) { // again for a@b.de@c.de
		s = emailLike.ReplaceAllString(s, blotted+"@"+blotted)
	}
	return cutText(phoneLike.ReplaceAllString(s, "+"+blotted), 200)
}

// shownKey is a key as it may be shown: unknown keys can be anything.
func shownKey(key string) string { return cutText(masked(key), 64) }

// cutText keeps the first max bytes, on a rune's boundary.
func cutText(s string, max int) string {
	if len(s) <= max {
		return s
	}
	for max > 0 && !utf8.RuneStart(s[max]) {
		max--
	}
	return s[:max] + "…"
}

// maskedUser masks a value of user_data by its key.
func maskedUser(key, v string) string {
	switch userKeys[key] {
	case formHash:
		if isHash(v) {
			return v
		}
		return hint(v, 0)
	case formExternal:
		if isHash(v) {
			return v
		}
	case formAddress:
		return maskedAddress(v)
	case formAgent:
		product, _, _ := strings.Cut(v, " ")
		return cutText(masked(product), 24) + " " + blotted + "(" + strconv.Itoa(len(v)) + ")"
	case formClick, formBrowser:
		part := strings.Split(v, ".")
		if len(part) < 4 {
			return hint(v, 0)
		}
		part[3] = hint(part[3], 4)
		return cutText(strings.Join(part, "."), 100)
	}
	if hasEmail(v) {
		return hint(v, 0)
	}
	return hint(v, 2)
}

// hint shows the first n bytes, or a third of them if that is less, and how
// many there are.
func hint(s string, n int) string {
	return strings.TrimSuffix(cutText(s, min(n, len(s)/3)), "…") + blotted + "(" + strconv.Itoa(len(s)) + ")"
}

// maskedAddress keeps the first 16 bits of IPv4 and 32 of IPv6.
func maskedAddress(v string) string {
	a, err := netip.ParseAddr(v)
	if err != nil {
		return blotted
	}
	bits := 32
	if a = a.Unmap(); a.Is4() {
		bits = 16
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return blotted
	}
	return p.String()
}

// maskedURL keeps the page and says that there was a query, not which.
func maskedURL(v string) string {
	page, query, _ := strings.Cut(v, "?")
	page, _, _ = strings.Cut(page, "#")
	if query != "" {
		page += "?" + blotted
	}
	return masked(page)
}

// maskedCustom masks free properties to any depth.
func maskedCustom(v any) any { return maskedUnder("", v) }

func maskedUnder(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out[shownKey(k)] = maskedUnder(k, v[k])
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = maskedUnder(key, v[i])
		}
		return out
	case string:
		if isPersonalKey(key) {
			return hint(v, 0)
		}
		return masked(v)
	}
	if isPersonalKey(key) && v != nil {
		return blotted
	}
	return v
}
