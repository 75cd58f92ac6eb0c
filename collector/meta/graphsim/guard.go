package graphsim

// Who may look, script and reset: this machine. Another machine may not, nor a
// page of another site in this machine's browser, nor one that has pointed its
// own name at this machine.

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard lets through what comes from a loopback address, is addressed to one,
// and changes nothing on behalf of another site.
func guard(next http.Handler) http.Handler {
	sameSite := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.RemoteAddr) || !isLoopback(r.Host) {
			http.Error(w, "graphsim: the pages under /_sim/ are for this machine only; open them at 127.0.0.1 or localhost", http.StatusForbidden)
			return
		}
		sameSite.ServeHTTP(w, r)
	})
}

// isLoopback takes an address or a name, with or without a port.
func isLoopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if name := strings.ToLower(host); name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}
