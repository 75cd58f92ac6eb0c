package meta

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"matchkey/collector"
)

// Defaults and bounds of a [Config].
const (
	DefaultVersion  = "v26.0"
	DefaultBaseURL  = "https://graph.facebook.com"
	DefaultBatchMax = 100
	// MaxBatch is Meta's own limit (capi.md § 1.1).
	MaxBatch = 1000
	// DefaultConcurrency is what Meta's own SDK does (§ 6.1).
	DefaultConcurrency = 4
	MaxConcurrency     = 32
	// DefaultTimeout is longer than Meta's advice of 1.5 s: nobody waits for the
	// dispatcher, and a request given up too early is one in doubt (§ 6.7).
	DefaultTimeout = 10 * time.Second
)

// A Config says to which data set events go, and how. Zero fields apart from
// Name, Dataset and Token have defaults.
type Config struct {
	// Name is the destination's name in our configuration.
	Name string
	// Dataset is the id of the data set, also called pixel id: digits.
	Dataset string
	Token   Token
	// Version of the Graph API, like "v26.0". It is always pinned. VersionEnds is
	// when Meta ends it; zero when that is not known.
	Version     string
	VersionEnds time.Time
	// BaseURL is where the Graph API is: https, or http on the loopback.
	BaseURL string
	// TestEventCode routes a preview to the Test Events window. Such events
	// still count (capi.md § 1.6), so it is sent until TestEventCodeUntil only;
	// without that, never.
	TestEventCode      string
	TestEventCodeUntil time.Time
	// AppSecret is the secret of the app that issued the token; empty when the
	// app does not ask for a proof of it (§ 1.4). It is never sent itself.
	AppSecret Token
	// PartnerAgent names the platform; under 23 characters.
	PartnerAgent string
	// BatchMax is the most events of one request, at most [MaxBatch]; Concurrency
	// the most requests at a time, at most [MaxConcurrency]; Linger how long the
	// oldest event waits for others to fill its batch.
	BatchMax, Concurrency int
	Linger                time.Duration
	// NoPixel is true when the data set's Pixel does not send the same events from
	// the pages: then late copies cannot count twice, and are sent to the end of
	// the window.
	NoPixel bool
	// AskWhenInDoubt leaves every event in doubt to a person, in place of sending
	// it again.
	AskWhenInDoubt bool
	// Timeout bounds one request.
	Timeout time.Duration
	// Transport makes the requests; nil means one of our own.
	Transport http.RoundTripper
	// Now is the clock; nil means time.Now. Safe for concurrent use.
	Now func() time.Time `json:"-"`
}

// A Destination is one data set of Meta's. It implements
// [collector.Destination] and keeps no state between calls but its token.
type Destination struct {
	name     string
	endpoint string // of the data set's events
	dataset  string
	version  string
	// versionEnds is zero when it is not known.
	versionEnds time.Time
	now         func() time.Time
	access      *access
	limits      collector.Limits
	twin        bool // the Pixel sends the same events
	timeout     time.Duration
	transport   http.RoundTripper
}

var _ collector.Destination = (*Destination)(nil)

// New checks a configuration and returns its destination. The error names all
// faults at once and holds no secret. Nothing is sent.
func New(c Config) (*Destination, error) {
	if c.Version == "" {
		c.Version = DefaultVersion
	}
	if c.BaseURL == "" {
		c.BaseURL = DefaultBaseURL
	}
	if c.BatchMax == 0 {
		c.BatchMax = DefaultBatchMax
	}
	if c.Concurrency == 0 {
		c.Concurrency = DefaultConcurrency
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Transport == nil {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.MaxIdleConnsPerHost = c.Concurrency // or every other request would shake hands anew
		c.Transport = own
	}
	return &Destination{
		name:        c.Name,
		endpoint:    strings.TrimSuffix(c.BaseURL, "/") + "/" + c.Version + "/" + c.Dataset + "/events",
		dataset:     c.Dataset,
		version:     c.Version,
		versionEnds: c.VersionEnds,
		now:         c.Now,
		access:      newAccess(&c),
		limits:      collector.Limits{Batch: c.BatchMax, Concurrency: c.Concurrency, Linger: c.Linger, Resends: c.resends()},
		twin:        !c.NoPixel,
		timeout:     c.Timeout,
		transport:   c.Transport,
	}, nil
}

var (
	versionGrammar = regexp.MustCompile(`^v[1-9][0-9]{0,2}\.[0-9]{1,2}$`)
	tagGrammar     = regexp.MustCompile(`^[A-Za-z0-9_.-]*$`)
	agentLetters   = regexp.MustCompile(`[A-Za-z].*[A-Za-z]`)
)

// check returns all faults of a configuration.
func (c *Config) check() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("destination %q: "+format, append([]any{c.Name}, args...)...))
	}
	if c.Name == "" {
		fault("it has no name")
	}
	if len(c.Dataset) > 32 || !isDigits(c.Dataset) {
		fault("the data set's id is made of digits; copy it from Events Manager")
	}
	if err := checkToken(c.Token); err != nil {
		fault("%w", err)
	}
	if err := checkSecret(c.AppSecret); err != nil {
		fault("%w", err)
	}
	if !versionGrammar.MatchString(c.Version) {
		fault("the version %q is not like %q", c.Version, DefaultVersion)
	}
	if err := checkBase(c.BaseURL); err != nil {
		fault("%w", err)
	}
	if len(c.TestEventCode) > 64 || !tagGrammar.MatchString(c.TestEventCode) {
		fault("the test event code is made of letters, digits and \"_.-\"")
	}
	if a := c.PartnerAgent; a != "" && (len(a) >= 23 || !tagGrammar.MatchString(a) || !agentLetters.MatchString(a)) {
		fault("the partner agent %q has to have fewer than 23 characters and two letters (capi.md § 1.6)", a)
	}
	if c.BatchMax < 1 || c.BatchMax > MaxBatch {
		fault("a batch has 1 to %d events, not %d", MaxBatch, c.BatchMax)
	}
	if c.Concurrency < 1 || c.Concurrency > MaxConcurrency {
		fault("1 to %d requests go at a time, not %d", MaxConcurrency, c.Concurrency)
	}
	if c.Timeout < 0 || c.Linger < 0 {
		fault("the timeout or the age of a batch is negative")
	}
	return errors.Join(faults...)
}

// checkBase lets the token travel encrypted only, the loopback excepted.
func checkBase(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("the base URL is not like " + DefaultBaseURL)
	}
	if u.Scheme == "https" {
		return nil
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()) {
		return nil
	}
	return errors.New("the base URL has to begin with https, because the access token travels there")
}

// Name returns the configured name.
func (d *Destination) Name() string { return d.name }

// Limits are those of the configuration.
func (d *Destination) Limits() collector.Limits { return d.limits }

// Compose is the function [Compose].
func (d *Destination) Compose(c collector.Composition) (collector.Payload, *collector.Refusal) {
	return Compose(c)
}

// String names the destination without its token.
func (d *Destination) String() string { return "meta destination " + d.name }

// GoString is String, so that no verb of package fmt shows the token.
func (d *Destination) GoString() string { return d.String() }
