package edge

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"matchkey/collector"
)

// apiPrefix is where sites' back ends post.
const apiPrefix = "/v1"

// A handler answers a request, or returns the reason why not and has written
// nothing but headers.
type handler func(*fasthttp.RequestCtx, *site) collector.Reason

// A route is one address. The table is built once from the sites; there are no
// patterns, so an address is looked up, not searched.
type route struct {
	label string // for metrics
	site  *site  // nil for health
	get   handler
	post  handler
	// options answers a preflight; nil where no page may post.
	options handler
	// noContent counts the answers 204, which nearly all are; nil where there are none.
	noContent prometheus.Counter
}

// siteName labels what happens at the route.
func (r *route) siteName() string {
	if r == nil || r.site == nil {
		return unknownSite
	}
	return r.site.name
}

// handler returns what answers a method; nil for none.
func (r *route) handler(method string) handler {
	switch method {
	case fasthttp.MethodGet, fasthttp.MethodHead:
		return r.get
	case fasthttp.MethodPost:
		return r.post
	case fasthttp.MethodOptions:
		return r.options
	}
	return nil
}

// allow lists the methods of the route, for a 405.
func (r *route) allow() string {
	var methods []string
	if r.get != nil {
		methods = append(methods, fasthttp.MethodGet, fasthttp.MethodHead)
	}
	if r.post != nil {
		methods = append(methods, fasthttp.MethodPost)
	}
	if r.options != nil {
		methods = append(methods, fasthttp.MethodOptions)
	}
	return strings.Join(methods, ", ")
}

// addRoutes fills the table.
func (s *Server) addRoutes(sites []*site) error {
	s.routes = map[string]*route{
		"/livez":  {label: "livez", get: s.live},
		"/readyz": {label: "readyz", get: s.ready},
	}
	var faults []error
	add := func(path string, r *route) {
		if _, taken := s.routes[path]; taken {
			faults = append(faults, fmt.Errorf("site %q: the address %s is taken already; give each site its own name", r.site.name, path))
		}
		s.routes[path] = r
	}
	for _, st := range sites {
		base := st.prefix + "/" + st.name
		add(base, &route{label: "beacon", site: st, post: s.beacon, options: s.preflight})
		add(apiPrefix+"/"+st.name+"/events", &route{label: "events", site: st, post: s.events})
		if len(st.script.Body) > 0 {
			add(base+".js", &route{label: "script", site: st, get: s.script})
			add(base+"."+st.script.Hash+".js", &route{label: "script", site: st, get: s.immutableScript})
		}
		s.prefixes[st.prefix+"/"] = true
		s.names[st.name] = true
	}
	return errors.Join(faults...)
}

// Handler answers one request. It is what [Server.Serve] serves; tests and
// benchmarks may serve it themselves.
func (s *Server) Handler(ctx *fasthttp.RequestCtx) {
	rt, why := s.route(ctx.URI())
	defer s.finish(ctx, rt)
	noStore.set(ctx)
	noSniff.set(ctx)
	if rt == nil {
		s.refuse(ctx, unknownSite, why)
		return
	}
	h := rt.handler(string(ctx.Method()))
	if h == nil {
		ctx.Response.Header.Set(fasthttp.HeaderAllow, rt.allow())
		s.refuse(ctx, rt.siteName(), collector.ReasonMethod)
		return
	}
	if why := h(ctx, rt.site); why != "" {
		s.refuse(ctx, rt.siteName(), why)
	}
}

// route finds what an address leads to, or says why it leads nowhere. An address
// counts as it was sent: fasthttp decodes it and takes out "//" and "..", and a
// proxy in front that does not would have let /mk/../v1/shop/events through as
// one of /mk.
func (s *Server) route(uri *fasthttp.URI) (rt *route, why collector.Reason) {
	path := uri.Path()
	if !bytes.Equal(path, uri.PathOriginal()) {
		return nil, collector.ReasonNotFound
	}
	if rt = s.routes[string(path)]; rt == nil {
		return nil, s.whyNoRoute(string(path))
	}
	return rt, ""
}

// finish counts the request. A panic becomes a 500: fasthttp would let it end
// the process.
func (s *Server) finish(ctx *fasthttp.RequestCtx, rt *route) {
	if p := recover(); p != nil {
		s.logPanic(p)
		// Not Reset: that would also forget that our answers have no Date.
		ctx.Response.ResetBody()
		ctx.Response.Header.DelAllCookies()
		s.refuse(ctx, rt.siteName(), collector.ReasonInternal)
	}
	status := ctx.Response.StatusCode()
	if status == fasthttp.StatusNoContent && rt != nil && rt.noContent != nil {
		rt.noContent.Inc()
		return
	}
	label := "none"
	if rt != nil {
		label = rt.label
	}
	s.metrics.requests.WithLabelValues(label, strconv.Itoa(status)).Inc()
}

// whyNoRoute tells a site that is not configured from an address that means
// nothing: the first is what people get wrong.
func (s *Server) whyNoRoute(path string) collector.Reason {
	if name, ok := strings.CutPrefix(path, apiPrefix+"/"); ok {
		if name, ok := strings.CutSuffix(name, "/events"); ok && !strings.Contains(name, "/") && !s.names[name] {
			return collector.ReasonUnknownSite
		}
		return collector.ReasonNotFound
	}
	slash := strings.LastIndexByte(path, '/')
	if slash < 0 || !s.prefixes[path[:slash+1]] {
		return collector.ReasonNotFound
	}
	// An old {site}.{hash}.js is gone, but the site is known.
	name, _, _ := strings.Cut(path[slash+1:], ".")
	if name == "" || s.names[name] {
		return collector.ReasonNotFound
	}
	return collector.ReasonUnknownSite
}
