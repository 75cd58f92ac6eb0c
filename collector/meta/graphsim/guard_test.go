package graphsim

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestOnlyThisMachineGetsIn(t *testing.T) {
	for _, c := range []struct {
		remote, host string
		headers      map[string]string
		method, path string
		status       int
	}{
		{"127.0.0.1:5", "127.0.0.1:8090", nil, "GET", "/_sim/", 200},
		{"[::1]:5", "[::1]:8090", nil, "GET", "/_sim/", 200},
		{"[::ffff:127.0.0.1]:5", "localhost:8090", nil, "GET", "/_sim/counted.json", 200},
		{"127.0.0.1:5", "sim.localhost", nil, "DELETE", "/_sim", 204},
		{"192.0.2.1:5", "127.0.0.1:8090", nil, "GET", "/_sim/", 403},
		{"192.0.2.1:5", "127.0.0.1:8090", nil, "DELETE", "/_sim", 403},
		{"127.0.0.1:5", "evil.example:8090", nil, "GET", "/_sim/", 403}, // its name points here
		{"127.0.0.1:5", "localhost.evil.example", nil, "DELETE", "/_sim", 403},
		{"", "", nil, "GET", "/_sim/", 403},
		{"127.0.0.1:5", "127.0.0.1:8090", map[string]string{"Sec-Fetch-Site": "cross-site"}, "DELETE", "/_sim", 403},
		{"127.0.0.1:5", "127.0.0.1:8090", map[string]string{"Sec-Fetch-Site": "cross-site"}, "POST", "/_sim/script", 403},
		{"127.0.0.1:5", "127.0.0.1:8090", map[string]string{"Origin": "https://evil.example"}, "POST", "/_sim/script", 403},
		{"127.0.0.1:5", "127.0.0.1:8090", map[string]string{"Origin": "http://127.0.0.1:8090"}, "POST", "/_sim/script", 204},
	} {
		s, _ := newSim(t)
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(`{"fault":"none"}`))
		r.RemoteAddr, r.Host = c.remote, c.host
		for name, v := range c.headers {
			r.Header.Set(name, v)
		}
		if w := serve(s, r); w.Code != c.status {
			t.Errorf("%s %s from %s to %s with %v: %d, want %d", c.method, c.path, c.remote, c.host, c.headers, w.Code, c.status)
		}
	}
}
