package console

// The guard stands before every route: who may ask, from where, and what the
// browser may do with the answer. It is separate so that no page can forget it.

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// guard wraps next: headers, then host, then password, then cross-origin.
func (c *console) guard(next http.Handler) http.Handler {
	// Compares Sec-Fetch-Site, and Origin with Host where a browser does not
	// send it; requests that are not a browser's (no such header) pass.
	sameOrigin := http.NewCrossOriginProtection()
	sameOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.sorry(w, r, http.StatusForbidden, "This act was asked for by another site's page, so it was not done.")
	}))
	next = sameOrigin.Handler(next)

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header())
		switch {
		case c.Password != "" && !passwordMatches(r, c.Password):
			w.Header().Set("WWW-Authenticate", `Basic realm="Matchkey console", charset="UTF-8"`)
			http.Error(w, "The console asks for its password; any user name will do.", http.StatusUnauthorized)
		case c.Password == "" && !c.hostAllowed(r.Host):
			http.Error(w, "The console answers to localhost and loopback addresses only. "+
				"To reach it by another name, set a password.",
				http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// Not no-referrer: with that a browser sends "Origin: null" with our own
	// forms, and over plain HTTP, where Sec-Fetch-Site is missing, the
	// cross-origin check would refuse them (Fetch standard, "append a request
	// Origin header").
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// hostAllowed stops DNS rebinding: a page of another site whose name was
// pointed at 127.0.0.1 is same-origin to the browser, but it comes under its
// own name.
func (c *console) hostAllowed(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if addr, err := netip.ParseAddr(host); err == nil && addr.IsLoopback() {
		return true
	}
	return host == "localhost" || slices.ContainsFunc(c.Hosts, func(allowed string) bool {
		return host == strings.ToLower(allowed)
	})
}

// passwordMatches compares digests, so that neither content nor length of the
// password shows in the time it takes.
func passwordMatches(r *http.Request, want string) bool {
	_, got, ok := r.BasicAuth()
	g, w := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(g[:], w[:]) == 1 && ok
}
