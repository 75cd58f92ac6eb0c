package edge

import "github.com/valyala/fasthttp"

// A fixedHeader is a header of answers that is always the same. Its name is
// spelled as fasthttp would spell it, which then need not be done for each answer.
type fixedHeader struct{ name, value []byte }

// What most answers carry.
var (
	noStore          = fixed(fasthttp.HeaderCacheControl, "no-store")
	noSniff          = fixed(fasthttp.HeaderXContentTypeOptions, "nosniff")
	varyOrigin       = fixed(fasthttp.HeaderVary, fasthttp.HeaderOrigin)
	allowCredentials = fixed(fasthttp.HeaderAccessControlAllowCredentials, "true")
	exposeHeaders    = fixed(fasthttp.HeaderAccessControlExposeHeaders, headerReason+", "+fasthttp.HeaderRetryAfter)
)

func fixed(name, value string) fixedHeader { return fixedHeader{[]byte(name), []byte(value)} }

func (h fixedHeader) set(ctx *fasthttp.RequestCtx) { ctx.Response.Header.SetCanonical(h.name, h.value) }
