package edge

import (
	"net/url"
	"strings"

	"github.com/valyala/fasthttp"
)

// originOf returns the origin of an address as browsers write it: lower-case
// scheme and host, the port only when it is not the scheme's own. It is false
// for everything that is not http or https.
func originOf(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil {
		return "", false
	}
	return originOfURL(u)
}

func originOfURL(u *url.URL) (string, bool) {
	if u.Hostname() == "" {
		return "", false
	}
	host := strings.ToLower(u.Host)
	switch u.Scheme { // url.Parse has lower-cased it
	case "https":
		return "https://" + strings.TrimSuffix(host, ":443"), true
	case "http":
		return "http://" + strings.TrimSuffix(host, ":80"), true
	}
	return "", false
}

// pageOrigin returns the origin of the page that sent the request, when it is
// one of the site's. The Origin header decides alone when it is there: "null"
// (a sandboxed frame) is nobody's. Some browsers leave it out of same-origin
// requests; then the Referer says. Neither is proof against a program, only
// against other people's pages.
func (s *site) pageOrigin(h *fasthttp.RequestHeader) (string, bool) {
	if header := h.Peek(fasthttp.HeaderOrigin); len(header) > 0 {
		origin, ok := s.origins[string(header)]
		return origin, ok
	}
	origin, ok := originOf(string(h.Peek(fasthttp.HeaderReferer)))
	if ok {
		origin, ok = s.origins[origin]
	}
	return origin, ok
}

// allowOrigin lets a page of the site read the answer, refusals included: the
// tag has to see why. Credentials are allowed because cookies travel, so the
// origin is named and never "*".
func allowOrigin(ctx *fasthttp.RequestCtx, origin string) {
	varyOrigin.set(ctx)
	if len(ctx.Request.Header.Peek(fasthttp.HeaderOrigin)) == 0 {
		return
	}
	ctx.Response.Header.Set(fasthttp.HeaderAccessControlAllowOrigin, origin)
	allowCredentials.set(ctx)
	exposeHeaders.set(ctx)
}
