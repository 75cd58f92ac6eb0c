package edge

import (
	"net"
	"net/netip"
	"strings"

	"github.com/valyala/fasthttp"
)

// The client's address.
//
// X-Forwarded-For is text that anybody may send: its first entry is whatever
// the visitor wrote, only what our own proxies appended is true. So the header
// counts only when the peer is a configured proxy, and it is read from the
// right: each hop that is a configured proxy vouches for the entry to its left.
// Nearly every collector reads it from the left (reference/collectors.md § 2.1)
// and every one has the bug report.

// Bounds of the walk. A longer header is not walked to its end: what lies
// beyond this was written by nobody we know.
const (
	maxForwardedBytes = 2048
	maxForwardedHops  = 32
)

// proxies are the networks whose X-Forwarded-For is believed.
type proxies []netip.Prefix

// trusting returns the proxies with IPv4-mapped networks written as IPv4, as
// the addresses are that they are compared with.
func trusting(prefixes []netip.Prefix) proxies {
	out := make(proxies, 0, len(prefixes))
	for _, p := range prefixes {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		out = append(out, p.Masked())
	}
	return out
}

func (p proxies) trust(a netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

// client walks forwarded, the X-Forwarded-For headers joined by commas, from
// the right and returns the first address that is not a trusted proxy's. It
// returns the peer when the peer is not trusted, when the walk meets something
// that is no address, or when it ends at none but proxies. An invalid peer (a
// Unix socket) is not trusted.
func (p proxies) client(peer netip.Addr, forwarded string) netip.Addr {
	if !peer.IsValid() || !p.trust(peer) {
		return peer
	}
	if len(forwarded) > maxForwardedBytes {
		// The leftmost entry left may be cut in two; it is not looked at.
		forwarded = forwarded[len(forwarded)-maxForwardedBytes:]
		_, forwarded, _ = strings.Cut(forwarded, ",")
	}
	for range maxForwardedHops {
		rest, last := "", forwarded
		if i := strings.LastIndexByte(forwarded, ','); i >= 0 {
			rest, last = forwarded[:i], forwarded[i+1:]
		}
		addr, ok := parseHop(strings.TrimSpace(last))
		if !ok {
			return peer
		}
		if !p.trust(addr) {
			return addr
		}
		if rest == "" {
			return peer
		}
		forwarded = rest
	}
	return peer
}

// parseHop reads one entry: 192.0.2.1, 192.0.2.1:4711, 2001:db8::1,
// [2001:db8::1], [2001:db8::1]:4711. IPv4-mapped addresses become IPv4. An
// address with a zone says nothing outside its own host and is no entry.
func parseHop(s string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil {
		withPort, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	addr = addr.Unmap()
	return addr, addr.Zone() == "" && !addr.IsUnspecified()
}

// clientAddr is the address of the request's client; invalid when unknown.
func (s *Server) clientAddr(ctx *fasthttp.RequestCtx) netip.Addr {
	var peer netip.Addr
	if tcp, ok := ctx.RemoteAddr().(*net.TCPAddr); ok {
		peer = tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	if !peer.IsValid() || !s.proxies.trust(peer) {
		return peer
	}
	var forwarded strings.Builder
	for i, header := range ctx.Request.Header.PeekAll(fasthttp.HeaderXForwardedFor) {
		if i > 0 {
			forwarded.WriteByte(',')
		}
		forwarded.Write(header)
	}
	return s.proxies.client(peer, forwarded.String())
}
