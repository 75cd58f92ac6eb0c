package console

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// printable makes what came from outside safe to read: characters that print
// nothing (escape sequences of terminals, line breaks, marks that reverse the
// direction of text, invalid UTF-8) become visible escapes. Escaping for HTML
// is html/template's part.
func printable(s string) string {
	if strings.IndexFunc(s, unseen) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[i]), 16))
		case unseen(r):
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unseen reports whether a character has no glyph or ink of its own.
func unseen(r rune) bool { return r != ' ' && !unicode.IsPrint(r) }

// shortened bounds a text for display, in characters.
func shortened(s string, max int) string {
	if utf8.RuneCountInString(s) <= max {
		return s
	}
	return string([]rune(s)[:max-1]) + "…"
}

// masked keeps enough of a person's id to recognise it beside another, and too
// little to look it up: the first characters, at most a third of it.
func masked(id string) string {
	if id == "" {
		return ""
	}
	runes := []rune(id)
	return string(runes[:min(4, max(1, len(runes)/3))]) + "…"
}
