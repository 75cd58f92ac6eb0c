package edge

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"matchkey/collector"
)

// writeGeo writes a small database with documentation networks in it.
func writeGeo(t *testing.T, databaseType string) string {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: databaseType, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	place := func(country string, regions ...string) mmdbtype.Map {
		m := mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String(country)}}
		if len(regions) > 0 {
			var list mmdbtype.Slice
			for _, r := range regions {
				list = append(list, mmdbtype.Map{"iso_code": mmdbtype.String(r)})
			}
			m["subdivisions"] = list
		}
		return m
	}
	for network, record := range map[string]mmdbtype.Map{
		"203.0.113.0/24":  place("US", "CA"),
		"198.51.100.0/24": place("gb", "ENG", "LND"),
		"2001:db8::/32":   place("DE"),
		"192.0.2.0/24":    {"city": mmdbtype.Map{}},
	} {
		_, n, err := net.ParseCIDR(network)
		if err != nil {
			t.Fatal(err)
		}
		if err := tree.Insert(n, record); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "geo.mmdb")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tree.WriteTo(file); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestGeo(t *testing.T) {
	g, err := OpenGeo(writeGeo(t, "GeoLite2-City"))
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]collector.Geo{
		"203.0.113.9":        {Country: "US", Region: "CA", Source: "geoip"},
		"::ffff:203.0.113.9": {Country: "US", Region: "CA", Source: "geoip"},
		"198.51.100.1":       {Country: "GB", Region: "ENG", Source: "geoip"},
		"2001:db8::1":        {Country: "DE", Source: "geoip"},
		"192.0.2.1":          {}, // a record without a country
		"127.0.0.1":          {},
		"2a00::1":            {},
	} {
		if got := g.Lookup(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %+v, want %+v", addr, got, want)
		}
	}
	if got := g.Lookup(netip.Addr{}); got != (collector.Geo{}) {
		t.Errorf("no address: %+v", got)
	}
	if g.DatabaseType() != "GeoLite2-City" || g.Missing() != nil || !strings.Contains(g.String(), "gives country and region") {
		t.Errorf("it says of itself: %s", g)
	}

	// Close waits for look-ups; afterwards nobody knows anything.
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				g.Lookup(netip.MustParseAddr("203.0.113.9"))
			}
		})
	}
	for range 2 {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	if got := g.Lookup(netip.MustParseAddr("203.0.113.9")); got != (collector.Geo{}) {
		t.Errorf("after Close: %+v", got)
	}
}

func TestGeoThatCannotTellAll(t *testing.T) {
	g, err := OpenGeo(writeGeo(t, "GeoLite2-Country"))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if m := g.Missing(); len(m) != 1 || m[0] != "region" || !strings.Contains(g.String(), "GeoLite2-Country") || !strings.Contains(g.String(), "region will be missing") {
		t.Errorf("it says of itself: %s %v", g, m)
	}
	for databaseType, says := range map[string]string{
		"GeoLite2-ASN": "neither country nor region",
		"Custom-City":  `its type is "Custom-City"`,
	} {
		if _, err := OpenGeo(writeGeo(t, databaseType)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", databaseType, err)
		}
	}
	if _, err := OpenGeo(filepath.Join(t.TempDir(), "none.mmdb")); err == nil || !strings.Contains(err.Error(), "cannot be opened") {
		t.Errorf("no file: %v", err)
	}
	whole, err := os.ReadFile(writeGeo(t, "GeoLite2-City"))
	if err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(t.TempDir(), "half.mmdb")
	if err := os.WriteFile(half, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenGeo(half); err == nil {
		t.Error("half a file was opened")
	}
}

// TestGeoOfABeacon goes the whole way: proxy, database, event.
func TestGeoOfABeacon(t *testing.T) {
	g, err := OpenGeo(writeGeo(t, "GeoLite2-City"))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	f := start(t, trustingProxies, func(o *Options) { o.Geo = g.Lookup })
	f.beacon(full, "X-Forwarded-For", "203.0.113.77")
	want := collector.Client{IP: "203.0.113.77", UserAgent: "Go-http-client/1.1", Geo: collector.Geo{Country: "US", Region: "CA", Source: "geoip"}}
	if got := f.journal.stored()[0].Client; got != want {
		t.Errorf("got %+v", got)
	}
}
