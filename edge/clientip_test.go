package edge

import (
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"matchkey/collector"
)

func prefixes(list ...string) proxies {
	var out []netip.Prefix
	for _, p := range list {
		out = append(out, netip.MustParsePrefix(p))
	}
	return trusting(out)
}

func TestClientAddress(t *testing.T) {
	ours := prefixes("10.0.0.0/8", "::ffff:192.168.0.0/112", "2001:db8:1::/48")
	for _, c := range []struct{ name, peer, forwarded, want string }{
		{"nobody forwarded", "10.0.0.1", "", "10.0.0.1"},
		{"a visitor, directly", "203.0.113.5", "", "203.0.113.5"},
		{"a visitor who claims to be another", "203.0.113.5", "8.8.8.8", "203.0.113.5"},
		{"one proxy", "10.0.0.1", "203.0.113.5", "203.0.113.5"},
		{"one proxy and a claim", "10.0.0.1", "8.8.8.8, 203.0.113.5", "203.0.113.5"},
		{"two proxies", "10.0.0.1", "8.8.8.8, 203.0.113.5, 10.9.9.9", "203.0.113.5"},
		{"two proxies of two kinds", "2001:db8:1::1", "2a00::5,10.9.9.9", "2a00::5"},
		{"a claimed proxy", "10.0.0.1", "10.0.0.2, 203.0.113.5", "203.0.113.5"},
		{"only proxies", "10.0.0.1", "10.0.0.2, 10.0.0.3", "10.0.0.1"},
		{"garbage", "10.0.0.1", "unknown", "10.0.0.1"},
		{"garbage before a proxy", "10.0.0.1", "203.0.113.5, _hidden, 10.0.0.2", "10.0.0.1"},
		{"garbage behind the visitor", "10.0.0.1", "_hidden, 203.0.113.5", "203.0.113.5"},
		{"an empty entry", "10.0.0.1", "203.0.113.5,,10.0.0.2", "10.0.0.1"},
		{"a trailing comma", "10.0.0.1", "203.0.113.5,", "10.0.0.1"},
		{"a port", "10.0.0.1", "203.0.113.5:4711", "203.0.113.5"},
		{"brackets", "10.0.0.1", "[2a00::5]", "2a00::5"},
		{"brackets and port", "10.0.0.1", "[2a00::5]:4711", "2a00::5"},
		{"half a bracket", "10.0.0.1", "[2a00::5", "2a00::5"},
		{"mapped", "10.0.0.1", "::ffff:203.0.113.5", "203.0.113.5"},
		{"a mapped proxy", "10.0.0.1", "203.0.113.5, ::ffff:10.0.0.9", "203.0.113.5"},
		{"a proxy of a mapped network", "192.168.0.7", "203.0.113.5", "203.0.113.5"},
		{"a zone", "10.0.0.1", "fe80::1%eth0", "10.0.0.1"},
		{"nowhere", "10.0.0.1", "0.0.0.0", "10.0.0.1"},
		{"too many hops", "10.0.0.1", "203.0.113.5" + strings.Repeat(", 10.0.0.2", maxForwardedHops), "10.0.0.1"},
		{"as many hops as allowed", "10.0.0.1", "203.0.113.5" + strings.Repeat(",10.0.0.2", maxForwardedHops-1), "203.0.113.5"},
		{"a kilometre of claims", "10.0.0.1", strings.Repeat("8.8.8.8,", 10000) + "203.0.113.5", "203.0.113.5"},
		{"an entry cut in two", "10.0.0.1", strings.Repeat("8", maxForwardedBytes) + ",10.0.0.2", "10.0.0.1"},
	} {
		if got := ours.client(netip.MustParseAddr(c.peer), c.forwarded); got.String() != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if got := ours.client(netip.Addr{}, "203.0.113.5"); got.IsValid() {
		t.Errorf("a peer without an address vouched for %s", got)
	}
}

func TestForwardedHeaders(t *testing.T) {
	f := start(t, trustingProxies)
	f.beacon(full, "X-Forwarded-For", "8.8.8.8", "X-Forwarded-For", "203.0.113.5, 10.1.1.1")
	if got := f.journal.stored()[0].Client.IP; got != "203.0.113.5" {
		t.Errorf("two headers: %s", got)
	}
	f = start(t)
	f.beacon(full, "X-Forwarded-For", "203.0.113.5", "X-Real-Ip", "203.0.113.6", "Forwarded", "for=203.0.113.7", "CF-Connecting-IP", "203.0.113.8")
	if got := f.journal.stored()[0].Client.IP; got != "192.0.2.7" {
		t.Errorf("a claim was believed: %s", got)
	}
	var asked netip.Addr
	f = start(t, trustingProxies, func(o *Options) {
		o.Geo = func(a netip.Addr) collector.Geo { asked = a; return collector.Geo{Country: "DE"} }
	})
	f.beacon(refusal("reject", false), "X-Forwarded-For", "203.0.113.5")
	if asked.String() != "203.0.113.5" {
		t.Errorf("the place of %s was asked for", asked)
	}
}

// TestClientAddressVectors reads the cases recorded from Meta's own library.
// It trusts the first entry from anybody; we get the same where the peer and
// everything behind that entry is a configured proxy. Where it says "none"
// because an address is private, we keep it: what may be sent is the
// destination's business. Cookies with addresses (_fbi) we do not read at all.
func TestClientAddressVectors(t *testing.T) {
	var file struct {
		Vectors []struct {
			Cookies   map[string]string `json:"cookies"`
			Forwarded string            `json:"x_forwarded_for"`
			Remote    string            `json:"remote_address"`
			Expected  string            `json:"expected_ip"`
			ID        string            `json:"id"`
		} `json:"vectors"`
	}
	readShared(t, "client_ip.json", &file)
	compared := 0
	for _, v := range file.Vectors {
		first, _, _ := strings.Cut(v.Forwarded, ",")
		want, err := netip.ParseAddr(v.Expected)
		switch {
		case err != nil || len(v.Cookies) > 0 && v.Cookies["_fbi"] != "" && v.Expected != strings.TrimSpace(first):
			continue // nothing usable, or taken from the cookie
		case v.Forwarded == "":
			// Nobody forwarded: the peer, trusted or not.
			peer := netip.MustParseAddr(v.Remote)
			if got := (proxies{}).client(peer, ""); got != want {
				t.Errorf("%s: %s, want %s", v.ID, got, want)
			}
		default:
			peer := netip.MustParseAddr("10.255.255.1")
			trust := prefixes("10.255.255.1/32")
			if got := trust.client(peer, v.Forwarded); got != want {
				t.Errorf("%s: %s, want %s", v.ID, got, want)
			}
			// And the difference: from a stranger it is only a claim.
			if got := trust.client(netip.MustParseAddr("198.51.100.1"), v.Forwarded); got.String() != "198.51.100.1" {
				t.Errorf("%s: a stranger's claim gave %s", v.ID, got)
			}
		}
		compared++
	}
	if compared < 10 {
		t.Errorf("only %d of %d cases could be compared", compared, len(file.Vectors))
	}
}

// readShared reads a file of cases that lie beside the checkout.
func readShared(t *testing.T, name string, into any) {
	t.Helper()
	b, err := os.ReadFile("../../shared/vectors/" + name)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the shared cases are missing: %v", err)
		}
		t.Skipf("the shared cases are not here: %v", err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}
