package edge

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/text/language"

	"matchkey/collector"
)

// Options is everything the edge is handed. It is read once, by [New].
type Options struct {
	Sites []Site
	// Journal makes events durable. Required.
	Journal collector.Appender
	// TrustedProxies are the networks whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// TokenKey is the secret that signs the tokens of notices, at least 16 bytes;
	// without one notices come without a token, and no token holds.
	TokenKey []byte
	// Geo says where an address is; nil means that nobody knows. Safe for
	// concurrent use. See [OpenGeo].
	Geo func(netip.Addr) collector.Geo

	// Now is the edge's clock; nil means time.Now. Safe for concurrent use.
	Now func() time.Time
	// Random gives receipts and jitter; nil means crypto/rand. It need not be
	// safe for concurrent use.
	Random io.Reader
	// Log gets no personal data; nil means silence.
	Log *slog.Logger
	// Metrics gets the edge's metrics; nil means that nobody reads them.
	Metrics prometheus.Registerer
	// OnRefused, when not nil, is told of every refusal. It is called on the
	// request's goroutine, possibly by many at a time, and must not block.
	OnRefused func(Refusal)
}

// A Site is one site as the edge sees it.
type Site struct {
	// Name stands in the addresses and in metrics: letters, digits, '-' and
	// '_', at most 64.
	Name string
	// Prefix is the path of the site's public addresses; empty means /mk.
	Prefix string
	// Origins of the pages that may send beacons: scheme://host[:port].
	Origins []string
	// WriteKeys authorise server-side events. Only their SHA-256 is kept in
	// memory. Without one, no server-side event is taken.
	WriteKeys []string
	// IdentifyKey is the secret with which the site's back end signs whom a browser
	// names (signature.go). Without one a browser's word is believed.
	IdentifyKey string
	// CookieDomain is the Domain of the cookies, used when the edge is itself
	// reached under it; empty means host-only cookies.
	CookieDomain string
	// Country is the ISO 3166-1 alpha-2 code that phone numbers without a
	// country code are read with; may be empty.
	Country string
	// Script is the tag. Without a body no script is served.
	Script Script
	// Identifiers are the browser identifiers that are kept and re-issued.
	Identifiers []collector.BrowserIdentifier
	// Integrations are the kinds of destinations whose own fields server-side
	// events may carry, such as those that are configured.
	Integrations []string
	// Hash turns contact data into what is kept. Required.
	Hash collector.Hasher
	// MayKeep says whether what a beacon tells about a person may be kept. The
	// answer is nil when the beacon carries none. When it is no, the reasons
	// say why. Pure and safe for concurrent use. Required.
	MayKeep func(answer *collector.ConsentAnswer, signals collector.Signals, geo collector.Geo) (bool, []collector.Reason)
	// Notices are the texts that are shown now, each in its language; the first is
	// for whoever reads none of them. Categories are what they ask for.
	Notices    []collector.NoticeText
	Categories []Category
	// KnowsNotice says whether a notice has been the site's, present or past; nil
	// means that none has. Regime names the rules that apply somewhere; nil means
	// that nobody knows. Both are pure and safe for concurrent use.
	KnowsNotice func(hash string) bool
	Regime      func(collector.Geo) string
	// Preferences is the page on which people see and change what they allowed; nil
	// means that there is none. It needs the TokenKey.
	Preferences *Preferences
	// Opens tells of opened e-mails; nil means that nobody asks. It needs the TokenKey.
	Opens *Opens
	// AsksToken is true when a page's yes counts only with a token of its notice.
	AsksToken bool
}

// A Script is a built tag with its encodings; an empty encoding is not offered.
type Script struct {
	Body, Gzip, Brotli []byte
	// Hash names the build, in the immutable address and the ETag: letters,
	// digits, '-' and '_', at most 64.
	Hash string
}

// DefaultPrefix is where a site's public addresses are unless it says otherwise.
const DefaultPrefix = "/mk"

// A site is a [Site] that was checked and made ready to be asked.
type site struct {
	name         string
	prefix       string
	origins      map[string]string // to themselves: what is looked up need not be copied
	keys         [][sha256.Size]byte
	identifyKey  string
	cookieDomain string
	country      string
	script       Script
	identifiers  []collector.BrowserIdentifier
	integrations []string
	durable      map[collector.Origin]prometheus.Counter // events made durable
	hash         collector.Hasher
	mayKeep      func(*collector.ConsentAnswer, collector.Signals, collector.Geo) (bool, []collector.Reason)
	notices      []collector.NoticeText
	languages    language.Matcher // of the notices, in their order
	categories   []Category
	knowsNotice  func(string) bool
	regime       func(collector.Geo) string
	asksToken    bool
	choices      *choices // nil: no page
	opens        *opens   // nil: no picture
	tokenKey     []byte
}

var (
	nameForm   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	prefixForm = regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`)
	domainForm = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)*$`)
)

// prepare checks one site; the error lists everything that is wrong with it.
func (o Site) prepare() (*site, error) {
	s := &site{
		name:         o.Name,
		prefix:       o.Prefix,
		origins:      make(map[string]string, len(o.Origins)),
		identifyKey:  o.IdentifyKey,
		cookieDomain: strings.ToLower(strings.TrimPrefix(o.CookieDomain, ".")),
		country:      o.Country,
		script:       o.Script,
		identifiers:  o.Identifiers,
		integrations: o.Integrations,
		hash:         o.Hash,
		mayKeep:      o.MayKeep,
		notices:      o.Notices,
		categories:   o.Categories,
		knowsNotice:  o.KnowsNotice,
		regime:       o.Regime,
		asksToken:    o.AsksToken,
	}
	if o.Preferences != nil {
		s.choices = &choices{Preferences: *o.Preferences}
	}
	if o.Opens != nil {
		s.opens = &opens{Opens: *o.Opens}
	}
	if s.knowsNotice == nil {
		s.knowsNotice = func(string) bool { return false }
	}
	if s.regime == nil {
		s.regime = func(collector.Geo) string { return "" }
	}
	if s.prefix == "" {
		s.prefix = DefaultPrefix
	}
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("site %q: "+format, append([]any{o.Name}, args...)...))
	}

	if !nameForm.MatchString(o.Name) {
		fault("a site's name has 1 to 64 letters, digits, '-' and '_'")
	}
	if !prefixForm.MatchString(s.prefix) || s.prefix == apiPrefix || strings.HasPrefix(s.prefix, apiPrefix+"/") {
		fault("the prefix %q is not a path such as /mk, or belongs to the edge itself", s.prefix)
	}
	for _, raw := range o.Origins {
		origin, ok := originOf(raw)
		if !ok || strings.TrimSuffix(strings.ToLower(raw), "/") != origin && !hasDefaultPort(raw, origin) {
			fault("the origin %q is not scheme://host[:port] with http or https", raw)
		}
		s.origins[origin] = origin
	}
	for _, key := range o.WriteKeys {
		if key == "" {
			fault("an empty write key would let everybody in")
		}
		s.keys = append(s.keys, sha256.Sum256([]byte(key)))
	}
	if s.cookieDomain != "" && !domainForm.MatchString(s.cookieDomain) {
		fault("the cookie domain %q is not a host name", o.CookieDomain)
	}
	if len(s.script.Body) > 0 && !nameForm.MatchString(s.script.Hash) {
		fault("the tag's hash %q does not fit into an address", s.script.Hash)
	}
	for _, id := range s.identifiers {
		if !isToken(id.Cookie) || id.MaxAge < time.Second || id.Parse == nil {
			fault("the identifier %q needs a cookie's name, its age and a grammar", id.Kind)
		}
	}
	for _, kind := range s.integrations {
		if !isToken(kind) {
			fault("the kind of destination %q is no plain word", kind)
		}
	}
	var languages []language.Tag
	for _, n := range s.notices {
		if !isToken(n.Hash) || strings.Contains(n.Language, ".") || n.Language != "" && !isToken(n.Language) {
			fault("a notice in %q has no hash, or its language is no language tag", n.Language)
		}
		languages = append(languages, language.Make(n.Language))
	}
	s.languages = language.NewMatcher(languages)
	if s.hash == nil {
		fault("there is no hash for contact data")
	}
	if s.mayKeep == nil {
		fault("there is no rule of consent")
	}
	return s, errors.Join(faults...)
}

// hasDefaultPort reports whether raw is origin with its scheme's own port
// written out, which browsers never do.
func hasDefaultPort(raw, origin string) bool {
	raw = strings.ToLower(raw)
	return raw == origin+":443" || raw == origin+":80"
}
