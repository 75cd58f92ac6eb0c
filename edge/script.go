package edge

import (
	"strings"

	"github.com/valyala/fasthttp"

	"matchkey/collector"
)

// The tag. Its encodings were made once, at start-up. The plain address is
// revalidated every five minutes, so that a changed configuration reaches
// visitors soon; the address with the hash never changes its bytes.
const (
	cacheShort   = "public, max-age=300"
	cacheForever = "public, max-age=31536000, immutable"
)

func (s *Server) script(ctx *fasthttp.RequestCtx, st *site) collector.Reason {
	serveScript(ctx, st.script, cacheShort)
	return ""
}

func (s *Server) immutableScript(ctx *fasthttp.RequestCtx, st *site) collector.Reason {
	serveScript(ctx, st.script, cacheForever)
	return ""
}

func serveScript(ctx *fasthttp.RequestCtx, script Script, cache string) {
	body, encoding := script.Body, ""
	switch accept := &ctx.Request.Header; {
	case len(script.Brotli) > 0 && accept.HasAcceptEncoding("br"):
		body, encoding = script.Brotli, "br"
	case len(script.Gzip) > 0 && accept.HasAcceptEncoding("gzip"):
		body, encoding = script.Gzip, "gzip"
	}
	// One ETag per encoding: they are different bytes (RFC 9110 § 8.8.3.3).
	etag := `"` + script.Hash + `"`
	if encoding != "" {
		etag = `"` + script.Hash + "-" + encoding + `"`
	}

	h := &ctx.Response.Header
	h.Set(fasthttp.HeaderCacheControl, cache)
	h.Set(fasthttp.HeaderVary, fasthttp.HeaderAcceptEncoding)
	h.Set(fasthttp.HeaderETag, etag)
	// A page on another host needs this for subresource integrity. The script
	// holds nothing about anybody.
	h.Set(fasthttp.HeaderAccessControlAllowOrigin, "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if matchesETag(string(ctx.Request.Header.Peek(fasthttp.HeaderIfNoneMatch)), etag) {
		ctx.SetStatusCode(fasthttp.StatusNotModified)
		return
	}
	h.SetContentType("text/javascript; charset=utf-8")
	if encoding != "" {
		h.SetContentEncoding(encoding)
	}
	ctx.SetStatusCode(fasthttp.StatusOK)
	ctx.Response.SetBodyRaw(body) // shared by all requests, never written to
}

// matchesETag reports whether an If-None-Match header names the tag; compared
// weakly, as RFC 9110 § 13.1.2 asks.
func matchesETag(header, etag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimPrefix(strings.TrimSpace(part), "W/")
		if part == etag || part == "*" {
			return true
		}
	}
	return false
}
