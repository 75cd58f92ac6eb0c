package edge

import (
	"strings"

	"github.com/valyala/fasthttp"

	"matchkey/collector"
)

// What browsers say of themselves in headers that they send unasked. The tag
// need not repeat it, and what would have to be asked for is not.

// hintsOf takes the low-entropy client hints.
func hintsOf(h *fasthttp.RequestHeader) collector.Hints {
	return collector.Hints{
		Brands:   cut(string(h.Peek("Sec-CH-UA")), maxHint),
		Platform: cut(string(h.Peek("Sec-CH-UA-Platform")), maxToken),
		Mobile:   cut(string(h.Peek("Sec-CH-UA-Mobile")), maxToken),
	}
}

// localeOf returns the first language of an Accept-Language header, "de-AT" of
// "de-AT,de;q=0.9"; empty when it is none.
func localeOf(header string) string {
	first, _, _ := strings.Cut(header, ",")
	first, _, _ = strings.Cut(first, ";")
	if first = strings.TrimSpace(first); len(first) > maxLocale || !isToken(first) {
		return ""
	}
	return first
}
