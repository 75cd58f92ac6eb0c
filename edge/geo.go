package edge

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"

	"github.com/oschwald/geoip2-golang/v2"

	"matchkey/collector"
)

// A Geo is an open MaxMind-format database. It tells country and first
// subdivision of an address, nothing finer: that is what the regimes of consent
// need. Safe for concurrent use, Close included.
type Geo struct {
	mu       sync.RWMutex // held for reading during lookups: the file is mapped
	reader   *geoip2.Reader
	closed   bool
	path     string
	database string
	regions  bool
}

// OpenGeo opens a city or country database by its path (GeoLite2, GeoIP2,
// DB-IP). A database of another kind, or of a type the reader does not know, is
// refused: a look-up would answer "unknown" for ever and nobody would notice.
func OpenGeo(path string) (*Geo, error) {
	reader, err := geoip2.Open(path)
	if err != nil {
		if reader != nil {
			_ = reader.Close()
		}
		var unknown geoip2.UnknownDatabaseTypeError
		if errors.As(err, &unknown) {
			return nil, fmt.Errorf("the GeoIP database %s says its type is %q, which is not known here; use a city or country database of GeoLite2, GeoIP2 or DB-IP", path, unknown.DatabaseType)
		}
		return nil, fmt.Errorf("the GeoIP database %s cannot be opened: %w", path, err)
	}
	g := &Geo{reader: reader, path: path, database: reader.Metadata().DatabaseType}
	// The reader lets a country database answer as a city one, with empty
	// fields; only the type says what is in it.
	g.regions = !strings.Contains(g.database, "Country")
	if _, err := reader.City(netip.IPv6Loopback()); err != nil {
		_ = reader.Close()
		return nil, fmt.Errorf("the GeoIP database %s is a %q, which has neither country nor region; use a city or country database: %w", path, g.database, err)
	}
	return g, nil
}

// DatabaseType is the type by which the file calls itself.
func (g *Geo) DatabaseType() string { return g.database }

// Missing names the fields of [collector.Geo] that the database cannot fill.
func (g *Geo) Missing() []string {
	if g.regions {
		return nil
	}
	return []string{"region"}
}

// String is a sentence for the log at start.
func (g *Geo) String() string {
	if g.regions {
		return fmt.Sprintf("The GeoIP database %s (%s) gives country and region.", g.path, g.database)
	}
	return fmt.Sprintf("The GeoIP database %s (%s) gives the country only; the region will be missing, so that the rules of single states cannot be told apart.", g.path, g.database)
}

// Lookup says where an address is; the zero value when nobody knows, and after
// Close.
func (g *Geo) Lookup(addr netip.Addr) collector.Geo {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.closed || !addr.IsValid() {
		return collector.Geo{}
	}
	record, err := g.reader.City(addr)
	if err != nil || record.Country.ISOCode == "" {
		return collector.Geo{}
	}
	geo := collector.Geo{Country: strings.ToUpper(record.Country.ISOCode), Source: "geoip"}
	if len(record.Subdivisions) > 0 {
		geo.Region = strings.ToUpper(record.Subdivisions[0].ISOCode)
	}
	return geo
}

// Close waits for look-ups under way and closes the file.
func (g *Geo) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil
	}
	g.closed = true
	return g.reader.Close()
}
