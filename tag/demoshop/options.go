package demoshop

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Options is all that a shop is told. It is read once, by [New].
type Options struct {
	// Site is the shop's name in Matchkey. Required.
	Site string
	// SitePrefix is the path that is passed on to the edge; empty means /mk.
	SitePrefix string
	// EdgeURL is scheme://host:port of the edge. Required.
	EdgeURL string
	// WriteKey is what the back end shows to the edge. Required.
	WriteKey string
	// VisitorIP is the address that the edge is told every visitor has
	// (X-Forwarded-For): on one machine the true one is private and says
	// nothing. Empty means 203.0.113.7, which is reserved for documentation.
	VisitorIP string

	// Snippet is the HTML that loads the tag, from build.Snippet. It is trusted;
	// the scripts in it are allowed by their hash.
	Snippet string
	// Notice is the text of the banner, to the letter, and Language its BCP 47
	// tag. Both required.
	Notice, Language string

	// PixelURL is where the Pixel stand-in sends its copies (graphsim's /tr),
	// and Dataset the id it sends them for. Without a URL there is no Pixel.
	PixelURL, Dataset string
	// ConsoleURL and SimURL are linked from the footer, when given.
	ConsoleURL, SimURL string

	// Currency of all prices as ISO 4217; empty means EUR.
	Currency string
	// NextOrder numbers the first order; zero means 1001, which gives A-1001.
	NextOrder int
	// PostDelay is how long the back end waits before it reports an order or a
	// sign-up, as a back end that works through a queue does; zero is at once.
	PostDelay time.Duration

	// Now is the clock; nil means time.Now. Random makes session ids; nil means
	// crypto/rand. Transport carries requests to the edge; nil means a plain
	// http.Transport. Log gets no personal data; nil means silence.
	Now       func() time.Time
	Random    io.Reader
	Transport http.RoundTripper
	Log       *slog.Logger
}

// check fills in what was left out; the error names everything that is wrong.
func (o *Options) check() error {
	fill := func(s *string, fallback string) {
		if *s == "" {
			*s = fallback
		}
	}
	fill(&o.SitePrefix, "/mk")
	fill(&o.VisitorIP, "203.0.113.7")
	fill(&o.Currency, "EUR")
	if o.NextOrder == 0 {
		o.NextOrder = 1001
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	var problems []error
	for _, required := range []struct{ name, value string }{
		{"Site", o.Site}, {"EdgeURL", o.EdgeURL}, {"WriteKey", o.WriteKey},
		{"Notice", o.Notice}, {"Language", o.Language},
	} {
		if required.value == "" {
			problems = append(problems, fmt.Errorf("the demo shop needs Options.%s", required.name))
		}
	}
	if o.EdgeURL != "" && originOf(o.EdgeURL) == "" {
		problems = append(problems, errors.New("the demo shop's Options.EdgeURL is no http or https URL"))
	}
	if o.PixelURL != "" && originOf(o.PixelURL) == "" {
		problems = append(problems, errors.New("the demo shop's Options.PixelURL is no http or https URL"))
	}
	if _, err := netip.ParseAddr(o.VisitorIP); err != nil {
		problems = append(problems, errors.New("the demo shop's Options.VisitorIP is no IP address"))
	}
	if !strings.HasPrefix(o.SitePrefix, "/") || strings.HasSuffix(o.SitePrefix, "/") {
		problems = append(problems, errors.New("the demo shop's Options.SitePrefix has to begin with a slash and not to end with one"))
	}
	return errors.Join(problems...)
}

// originOf returns scheme://host[:port] of an absolute http or https URL, or nothing.
func originOf(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// inlineScript finds a script without an address, the only kind that needs leave.
var inlineScript = regexp.MustCompile(`(?is)<script(\s[^>]*)?>(.*?)</script>`)

// policy is the Content-Security-Policy of every page: the shop's own files,
// the snippet by the hash of its inline scripts, the Pixel's images, nothing else.
func policy(snippet, pixelURL string) string {
	scripts, images := "'self'", "'self'"
	for _, m := range inlineScript.FindAllStringSubmatch(snippet, -1) {
		if strings.Contains(strings.ToLower(m[1]), "src=") {
			continue
		}
		sum := sha256.Sum256([]byte(m[2]))
		scripts += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	if origin := originOf(pixelURL); origin != "" {
		images += " " + origin
	}
	return "default-src 'none'; script-src " + scripts + "; style-src 'self'; img-src " + images +
		"; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}

// noticeID is a short name of the banner's text: when the text changes, an
// answer to the old one no longer hides the banner.
func noticeID(notice string) string {
	sum := sha256.Sum256([]byte(notice))
	return hex.EncodeToString(sum[:4])
}
