package meta

// Masks: how much of a value people see in lineage, and what is taken out of
// Meta's own words before they are kept.

import (
	"net/netip"
	"regexp"
	"strings"
	"unicode/utf8"
)

// maskHash shows the first 8 and the last 4 digits of a hash: enough to
// compare two, too little to look one up in a list.
func maskHash(h string) string {
	if len(h) <= 12 {
		return "…"
	}
	return h[:8] + "…" + h[len(h)-4:]
}

// maskBrowserValue shows prefix and time of a cookie's value, and at most a
// quarter of the payload at either end.
func maskBrowserValue(value string) string {
	start := 0
	for range 3 { // "fb", index and time
		i := strings.IndexByte(value[start:], '.')
		if i < 0 {
			return "…"
		}
		start += i + 1
	}
	end := len(value)
	if i := strings.IndexByte(value[start:], '.'); i >= 0 {
		end = start + i
	}
	n := min(4, (end-start)/4)
	return value[:start+n] + "…" + value[end-n:]
}

// maskID shows at most a quarter of an id at either end, four characters each.
func maskID(id string) string {
	n := min(4, len(id)/4)
	return strings.ToValidUTF8(id[:n]+"…"+id[len(id)-n:], "")
}

// maskIP shows the network: /24 of an IPv4 address, /48 of an IPv6 address.
func maskIP(a netip.Addr) string {
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return "…"
	}
	return p.String()
}

// maxDetail bounds the words of Meta that are kept, in bytes.
const maxDetail = 300

// personalText matches what must not be kept of a foreign text: addresses of
// mail and network, cookies, tokens, hashes, and digits that could be a phone.
var personalText = regexp.MustCompile(strings.Join([]string{
	`(?:https?://)[^\s"']+`,
	`[^\s@"'<>(),;:]+@[^\s@"'<>(),;:]+`,
	`\bfb\.\d+\.\d+\.[A-Za-z0-9_.-]+`,
	`[A-Za-z0-9_|-]{20,}`,
	`\b\d{1,3}(?:\.\d{1,3}){3}\b`,
	`(?i:[0-9a-f]{1,4}:){2,}[0-9a-fA-F:]*`,
	`\+?\d(?:[ ()./-]{0,3}\d){6,}`,
}, "|"))

// scrub makes a foreign text fit to keep: personal data and tokens masked, one
// line, at most maxDetail bytes.
func scrub(text string) string {
	// Cut first, generously, so that a huge answer costs little.
	if len(text) > 8*maxDetail {
		text = text[:8*maxDetail]
	}
	text = strings.ToValidUTF8(text, "")
	text = strings.Join(strings.Fields(text), " ")
	text = personalText.ReplaceAllStringFunc(text, func(found string) string {
		if strings.Trim(found, "abcdefghijklmnopqrstuvwxyz_") == "" {
			return found // a long parameter's name
		}
		return "…"
	})
	return shorten(text, maxDetail)
}

// shorten cuts text at a character so that it has at most max bytes.
func shorten(text string, max int) string {
	if len(text) <= max {
		return text
	}
	end := max - len("…")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
