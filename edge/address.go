package edge

import (
	"net/netip"

	"github.com/valyala/fasthttp"

	"matchkey/collector"
)

// An edge that is reached by IPv4 only does not see the address that a browser
// has on IPv6, which is the steadier one. {prefix}/{site}/ip, under a second
// host name that has no IPv4 address, tells a browser the address it came from;
// the tag sends it along as "a", and it counts as the client's when the beacon
// itself came by IPv4. It is the browser's word, like everything in a beacon.

// callerAddress answers with the caller's address, as text.
func (s *Server) callerAddress(ctx *fasthttp.RequestCtx, st *site) collector.Reason {
	origin, ok := st.pageOrigin(&ctx.Request.Header)
	if !ok {
		return collector.ReasonWrongOrigin
	}
	allowOrigin(ctx, origin)
	ctx.SetContentType("text/plain; charset=utf-8")
	if addr := s.clientAddr(ctx); addr.IsValid() {
		ctx.SetBodyString(addr.String())
	}
	return ""
}

// ownIPv6 reads an address that a browser reports of itself: a public IPv6
// address, else none.
func ownIPv6(v string) netip.Addr {
	s, ok := text(v)
	if !ok {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(s)
	if err != nil || !addr.Is6() || addr.Is4In6() || addr.Zone() != "" || !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return netip.Addr{}
	}
	return addr
}
