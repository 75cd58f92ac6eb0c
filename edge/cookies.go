package edge

import (
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// Cookies. A cookie that a script set lives 7 days or less in Safari, and 24
// hours after a click on an advertisement; one that the server set lives as
// long as it says (reference/tag.md § 6). So the edge sets again, with the same
// value, what the tag found, but only for a person whose data may be kept. They
// stay readable for scripts: the tag and the advertiser's own script need them.

// Names of the tag's own cookies. A third one, which holds the person's answer
// and no identifier, is the tag's alone.
const (
	cookieVisitor = "_mkv"
	cookieSession = "_mks"
)

// visitorMaxAge is how long a visitor is remembered without coming back.
const visitorMaxAge = 90 * 24 * time.Hour

// A setCookie is one cookie to be set.
type setCookie struct {
	name, value string
	maxAge      time.Duration
}

// reissue sets cookies again.
func (s *site) reissue(ctx *fasthttp.RequestCtx, cookies []setCookie, secure bool) {
	domain := ""
	if s.cookieDomain != "" {
		domain = s.domainFor(string(ctx.Host()))
	}
	for _, c := range cookies {
		if isCookieValue(c.value) {
			addCookie(ctx, c, domain, secure)
		}
	}
}

// expire takes back every cookie that identifies, in both forms in which it may
// have been set. Browsers keep a host-only cookie and one of a domain apart.
func (s *site) expire(ctx *fasthttp.RequestCtx, secure bool) {
	names := []string{cookieVisitor, cookieSession}
	for _, id := range s.identifiers {
		names = append(names, id.Cookie)
	}
	domain := s.domainFor(string(ctx.Host()))
	for _, name := range names {
		addCookie(ctx, setCookie{name: name}, "", secure)
		if domain != "" {
			addCookie(ctx, setCookie{name: name}, domain, secure)
		}
	}
}

// addCookie writes the header itself: fasthttp's own SetCookie keeps one cookie
// per name, and expiring needs two.
func addCookie(ctx *fasthttp.RequestCtx, c setCookie, domain string, secure bool) {
	var room [256]byte // what most take
	b := append(append(append(room[:0], c.name...), '='), c.value...)
	b = append(strconv.AppendInt(append(b, "; Max-Age="...), int64(c.maxAge/time.Second), 10), "; Path=/"...)
	if domain != "" {
		b = append(append(b, "; Domain="...), domain...)
	}
	if secure {
		b = append(b, "; Secure"...)
	}
	ctx.Response.Header.AddBytesV(fasthttp.HeaderSetCookie, append(b, "; SameSite=Lax"...))
}

// domainFor returns the cookies' domain when the request's host lies in it.
// Browsers throw away a cookie for a domain that the host is not part of; a
// host-only cookie is better than none.
func (s *site) domainFor(host string) string {
	if s.cookieDomain == "" {
		return ""
	}
	host = strings.ToLower(withoutPort(host))
	if host == s.cookieDomain || strings.HasSuffix(host, "."+s.cookieDomain) {
		return s.cookieDomain
	}
	return ""
}

func withoutPort(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		return host[:i]
	}
	return host
}

// sharesCookies reports whether pages of an origin and the edge under a host
// see the same cookies: they are one host, or both lie in the cookies' domain.
func (s *site) sharesCookies(host, origin string) bool {
	_, page, _ := strings.Cut(origin, "://")
	return strings.EqualFold(withoutPort(page), withoutPort(host)) || s.domainFor(host) != "" && s.domainFor(page) != ""
}

// isCookieValue reports whether v can stand in a Set-Cookie header as it is
// (RFC 6265 § 4.1.1, cookie-octet).
func isCookieValue(v string) bool {
	for i := range len(v) {
		if c := v[i]; c <= ' ' || c >= 0x7f || c == '"' || c == ',' || c == ';' || c == '\\' {
			return false
		}
	}
	return v != ""
}
