package build

import (
	"html"
	"net/url"
	"strings"
)

// Snippet returns the two lines of HTML that a site copies into its pages. The
// first lets pages call matchkey(…) before the tag is loaded; the second loads
// the tag from {prefix}/{site}.js, where prefix is a path ("/mk") or an
// absolute URL.
func Snippet(site, prefix string) string {
	src := strings.TrimSuffix(prefix, "/") + "/" + url.PathEscape(site) + ".js"
	return "<script>" + stub + "</script>\n" +
		`<script async src="` + html.EscapeString(src) + `"></script>` + "\n"
}

const stub = `window.matchkey=window.matchkey||function(){(matchkey.q=matchkey.q||[]).push(arguments)}`
