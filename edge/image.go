package edge

import (
	"net/url"

	"github.com/valyala/fasthttp"

	"matchkey/collector"
)

// A page whose content security policy blocks every connection may still load
// images. The tag then sends a beacon as an image's address, and because such
// addresses end up in logs, without everything that tells of the person: that
// is in the cookies of the request, and the page's address in its Referer.

// onePoint is the smallest GIF there is: one transparent point.
const onePoint = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// imageBeacon takes a beacon from an address. What it refuses has no image, so
// that the tag sees an error.
func (s *Server) imageBeacon(ctx *fasthttp.RequestCtx, st *site) collector.Reason {
	origin, ok := st.pageOrigin(&ctx.Request.Header)
	if !ok {
		return collector.ReasonWrongOrigin
	}
	body, err := url.PathUnescape(string(ctx.URI().QueryString()))
	if err != nil {
		return collector.ReasonMalformedJSON
	}
	b, why := decodeBeacon([]byte(body))
	if why != "" {
		return why
	}
	h := &ctx.Request.Header
	if st.sharesCookies(string(ctx.Host()), origin) {
		b.visitor = tokenCookie(h, cookieVisitor)
		b.session = tokenCookie(h, cookieSession)
	}
	b.url, _ = pageURL(string(h.Referer()))
	if why := s.take(ctx, st, b, origin); why != "" {
		return why
	}
	ctx.SetStatusCode(fasthttp.StatusOK)
	ctx.SetContentType("image/gif")
	ctx.SetBodyString(onePoint)
	return ""
}

func tokenCookie(h *fasthttp.RequestHeader, name string) string {
	if value := string(h.Cookie(name)); isToken(value) {
		return value
	}
	return ""
}
