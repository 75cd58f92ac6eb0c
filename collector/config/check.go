package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What a value may be beyond its type, and how values agree with one another.
// A check passes over what the decoder already reported and left empty.

type checker struct {
	c *Config
	f *Faults
}

func (k checker) err(path, format string, args ...any) {
	k.f.Errors = append(k.f.Errors, k.c.Fault(path, 0, fmt.Sprintf(format, args...)))
}

func (k checker) warn(path, format string, args ...any) {
	k.f.Warnings = append(k.f.Warnings, k.c.Fault(path, 0, fmt.Sprintf(format, args...)))
}

// reported says whether something is wrong with a key already.
func (k checker) reported(path string) bool {
	return slices.ContainsFunc(k.f.Errors, func(f Fault) bool { return f.Path == path })
}

func (c *Config) check(f *Faults) {
	k := checker{c, f}
	k.encryption()
	k.listeners()
	k.proxies()
	k.signingKey()
	k.retention(c.Retention)
	k.destinations()
	names := map[string]int{}
	for i, s := range c.Sites {
		path := fmt.Sprintf("sites[%d]", i)
		k.name(path+".name", s.Name)
		k.unique(names, path+".name", s.Name)
		k.site(path, &c.Sites[i])
	}
	k.sharedOrigins()
	k.unused()
}

func (k checker) listeners() {
	public := k.address("listen", k.c.Listen)
	console := k.address("console.listen", k.c.Console.Listen)
	if public != "" && public == console && !strings.HasSuffix(public, ":0") {
		k.err("console.listen", "The console listens on %s, as the public listener does. Give each its own port.", console)
	}
	if console == "" || Loopback(console) {
		return
	}
	if k.c.Console.Password.IsZero() {
		k.err("console.listen", "The console is reachable from other machines (%s) and has no password. Set console.password, or listen on 127.0.0.1.", console)
	}
	k.warn("console.listen", "The console speaks plain HTTP on %s: its password and its screens can be read on the way. Listen on 127.0.0.1 and put a proxy with TLS before it.", console)
}

var signingKeyForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (k checker) signingKey() {
	if key := k.c.SigningKey.Reveal(); key != "" && !signingKeyForm.MatchString(key) {
		k.err("signing_key", "`signing_key` is not 64 lower-case hexadecimal digits. Make one with: openssl rand -hex 32")
	}
}

// address checks host:port and returns it, or nothing.
func (k checker) address(path, s string) string {
	if s == "" {
		return ""
	}
	host, port, err := net.SplitHostPort(s)
	if n, e := strconv.ParseUint(port, 10, 16); err != nil || e != nil || strconv.FormatUint(n, 10) != port || strings.ContainsAny(host, "/ ") {
		k.err(path, "`%s` is %q, which is no address to listen on. Write host:port, such as 127.0.0.1:8080, or :8080 for all of this machine's addresses.", path, shorten(s))
		return ""
	}
	return s
}

// Loopback reports whether a listen address (host:port) is reachable from this
// machine only.
func Loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

func (k checker) proxies() {
	for i, p := range k.c.TrustedProxies {
		path := fmt.Sprintf("trusted_proxies[%d]", i)
		if p.IsValid() && p.Bits() == 0 {
			k.warn(path, "`%s` trusts every address, so that every visitor may claim any address. List your proxies' networks only.", path)
		}
		if p.IsValid() && slices.Contains(k.c.TrustedProxies[:i], p) {
			k.err(path, "`%s` lists %s again. Keep one.", path, p)
		}
	}
}

func (k checker) destinations() {
	names := map[string]int{}
	for i, d := range k.c.Destinations {
		path := fmt.Sprintf("destinations[%d]", i)
		k.name(path+".name", d.Name)
		k.unique(names, path+".name", d.Name)
		if d.Meta != nil {
			k.meta(path+".meta", d.Meta)
		}
	}
}

var (
	datasetForm  = regexp.MustCompile(`^[1-9][0-9]{4,19}$`)
	versionForm  = regexp.MustCompile(`^v[0-9]{1,3}\.[0-9]$`)
	testCodeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	agentForm    = regexp.MustCompile(`^[A-Za-z0-9_.-]*[A-Za-z][A-Za-z0-9_.-]*[A-Za-z][A-Za-z0-9_.-]*$`)
)

func (k checker) meta(path string, m *Meta) {
	if m.Dataset != "" && !datasetForm.MatchString(m.Dataset) {
		k.err(path+".dataset", "`%s.dataset` is %q, which is no dataset id. It is the 5 to 20 digits that the Events Manager shows.", path, shorten(m.Dataset))
	}
	k.graphVersion(path+".version", m.Version)
	k.baseURL(path+".base_url", m.BaseURL)
	if a := m.PartnerAgent; a != "" && (len(a) >= 23 || !agentForm.MatchString(a)) {
		k.err(path+".partner_agent", "`%s.partner_agent` is %q. It names the platform with fewer than 23 letters, digits, '_', '.' and '-', two letters among them.", path, shorten(a))
	}
	k.testCode(path, m)
}

// graphEnds are the Graph API's versions with the day Meta ends them (Meta's
// changelog as read on 2026-08-13; reference/capi.md § 1.2). Versions that are
// not here are newer than this table.
var graphEnds = []struct{ version, ends string }{
	{"v19.0", "2026-05-21"}, {"v20.0", "2026-09-24"}, {"v21.0", "2027-01-21"},
	{"v22.0", "2027-05-20"}, {"v23.0", "2027-10-08"}, {"v24.0", "2028-02-18"},
	{"v25.0", "2028-07-29"}, {"v26.0", ""},
}

// GraphEnds returns the day on which Meta ends a version of the Graph API; the
// zero time when Meta has not said, or the version is newer than this table.
func GraphEnds(version string) time.Time {
	i, known := graphIndex(version)
	if !known || graphEnds[i].ends == "" {
		return time.Time{}
	}
	day, err := time.Parse(time.DateOnly, graphEnds[i].ends)
	if err != nil {
		panic("BUG: the table of Graph versions: " + err.Error())
	}
	return day
}

func (k checker) graphVersion(path, version string) {
	if version == "" {
		return
	}
	if !versionForm.MatchString(version) {
		k.err(path, "`%s` is %q, which is no Graph version. Write it as v26.0.", path, shorten(version))
		return
	}
	newest := graphEnds[len(graphEnds)-1].version
	const tooOld = "Meta may answer a call on a dead version as if it were a newer one"
	switch at, known := graphIndex(version); {
	case known && at < len(graphEnds)-3:
		k.warn(path, "Graph %s is old: Meta's date for its end is %s, and %s. Move to %s.", version, graphEnds[at].ends, tooOld, newest)
	case !known && major(version) < major(graphEnds[0].version):
		k.warn(path, "Graph %s ended before %s, and %s. Move to %s.", version, graphEnds[0].ends, tooOld, newest)
	}
}

func graphIndex(version string) (int, bool) {
	for i, g := range graphEnds {
		if g.version == version {
			return i, true
		}
	}
	return 0, false
}

func major(version string) int {
	digits, _, _ := strings.Cut(version[1:], ".")
	n, _ := strconv.Atoi(digits) // versionForm has up to three digits
	return n
}

func (k checker) baseURL(path, s string) {
	if s == "" {
		return
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		k.err(path, "`%s` is no absolute URL. Write https://graph.facebook.com, or leave the key out.", path)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(s, "/") || strings.HasSuffix(s, "?") || strings.HasSuffix(s, "#"):
		k.err(path, "`%s` may have neither user, query, fragment nor a slash at its end.", path)
	case u.Scheme == "http" && !Loopback(net.JoinHostPort(u.Hostname(), "80")):
		k.err(path, "`%s` is plain HTTP to another machine, which would show the token on the way. Use https.", path)
	}
}

// unused warns of what was written and has no effect.
func (k checker) unused() {
	used := map[string]bool{}
	for i, s := range k.c.Sites {
		for _, sc := range s.Scenarios {
			for _, to := range sc.To {
				used[to] = true
			}
		}
		if len(s.Scenarios) == 0 && s.Name != "" {
			k.warn(fmt.Sprintf("sites[%d]", i), "Site %q has no scenario: its events are kept, and none of them is sent anywhere.", s.Name)
		}
	}
	for i, d := range k.c.Destinations {
		if d.Name != "" && !used[d.Name] {
			k.warn(fmt.Sprintf("destinations[%d].name", i), "No scenario sends to the destination %q. Nothing will arrive there.", d.Name)
		}
	}
}

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

func (k checker) name(path, name string) {
	if name != "" && !nameForm.MatchString(name) {
		k.err(path, "`%s` is %q. A name has lower-case letters, digits, '-' and '_', and begins with a letter or digit.", path, shorten(name))
	}
}

// unique reports a name that an earlier neighbour has; seen gives each name's line.
func (k checker) unique(seen map[string]int, path, name string) {
	if name == "" {
		return
	}
	if line, taken := seen[name]; taken {
		k.err(path, "The name %q is already taken in line %d. Names are how the console and the accounting tell things apart; choose another.", shorten(name), line)
		return
	}
	seen[name], _ = k.c.Position(path)
}

// oneOf lists what there is, for the end of a sentence, with a guess at what
// was meant.
func oneOf(word string, there []string) string {
	var known []string
	for _, s := range there {
		if s != "" && !slices.Contains(known, s) {
			known = append(known, s)
		}
	}
	if len(known) == 0 {
		return "There is none yet."
	}
	return "Known: " + strings.Join(known, ", ") + "." + didYouMean(word, known)
}
