package graphsim

// Where a token may not be found. Meta's pages tell people to put it into the
// query, from where it travels into proxies' and servers' logs (capi.md § 1.3
// and § 13.24). The fake takes it from there, as Meta does, and tells on it.

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
)

// minSecret is the length from which a token is searched for to the letter;
// shorter ones, in tests, would be found everywhere.
const minSecret = 8

// leaks lists the places outside the Authorization header where an
// access_token parameter stands or one of the secrets itself can be read.
func leaks(r *http.Request, body []byte, secrets []string, inQuery, inBody bool) []string {
	secrets = slices.DeleteFunc(secrets, func(s string) bool { return len(s) < minSecret })
	literal := func(s string) bool {
		return slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(s, secret) })
	}
	var out []string
	if inQuery || literal(r.URL.RawQuery) {
		out = append(out, "query")
	}
	if inBody || slices.ContainsFunc(secrets, func(secret string) bool { return bytes.Contains(body, []byte(secret)) }) {
		out = append(out, "body")
	}
	if literal(r.URL.Path) {
		out = append(out, "path")
	}
	var headers []string
	for name, values := range r.Header {
		if name != "Authorization" && slices.ContainsFunc(values, literal) {
			headers = append(headers, "header "+name)
		}
	}
	slices.Sort(headers)
	return append(out, headers...)
}

const blotted = "•••"

// blot takes the secrets out of a text.
func blot(s string, secrets ...string) string {
	for _, secret := range secrets {
		if len(secret) >= minSecret {
			s = strings.ReplaceAll(s, secret, blotted)
		}
	}
	return s
}

// blotHeaders copies headers without the token, each value up to 1 KiB. Of
// Authorization only the scheme is left.
func blotHeaders(h http.Header, secrets ...string) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		for _, v := range values {
			if name == "Authorization" {
				scheme, _, _ := strings.Cut(v, " ")
				v = scheme + " " + blotted
			}
			out[name] = append(out[name], cutText(blot(v, secrets...), 1024))
		}
	}
	return out
}
