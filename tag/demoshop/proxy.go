package demoshop

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
)

// passOn hands a request below the prefix on to the edge, as the reverse proxy
// of a real shop does: the page's own host, the visitor's address appended by
// the proxy itself, and none of the shop's own cookies.
func passOn(edge *url.URL, visitorIP string, transport http.RoundTripper) http.Handler {
	return &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(edge)
			p.Out.Host = p.In.Host
			// ReverseProxy took out whatever the browser claimed here.
			p.Out.Header.Set("X-Forwarded-For", visitorIP)
			p.Out.Header.Set("X-Forwarded-Proto", scheme(p.In))
			dropShopCookies(p.Out.Header)
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			http.Error(w, "The edge does not answer.", http.StatusBadGateway)
		},
	}
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// dropShopCookies leaves the other cookies exactly as the browser wrote them.
func dropShopCookies(h http.Header) {
	var kept []string
	for _, header := range h.Values("Cookie") {
		for pair := range strings.SplitSeq(header, ";") {
			if pair = strings.TrimSpace(pair); pair != "" && !strings.HasPrefix(pair, "shop_") {
				kept = append(kept, pair)
			}
		}
	}
	h.Del("Cookie")
	if len(kept) > 0 {
		h.Set("Cookie", strings.Join(kept, "; "))
	}
}
