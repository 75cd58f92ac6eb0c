package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Origins and the cookie domain. An origin is compared byte for byte with what
// the browser sends in the Origin header, so it has to be written as browsers
// write it: lower case, no default port, no path, punycode.

func (k checker) origins(path string, s *Site) {
	for i, o := range s.Preferences.Frames {
		k.origin(fmt.Sprintf("%s.preferences.frames[%d]", path, i), o)
	}
	for i, o := range s.Origins {
		at := fmt.Sprintf("%s.origins[%d]", path, i)
		u := k.origin(at, o)
		switch {
		case u == nil:
		case slices.Contains(s.Origins[:i], o):
			k.err(at, "`%s` lists %s again. Keep one.", at, o)
		case u.Scheme == "http" && !Loopback(net.JoinHostPort(u.Hostname(), "80")):
			k.warn(at, "%s is plain HTTP: anybody on the way can read and change pages and cookies, and browsers keep less. Use https.", o)
		}
	}
	if s.Endpoint == "" {
		return
	}
	at := path + ".endpoint"
	edge := k.origin(at, s.Endpoint)
	if edge == nil {
		return
	}
	for _, o := range s.Origins {
		if u, problem := parseOrigin(o); problem == "" && registrable(u.Hostname()) != registrable(edge.Hostname()) {
			k.warn(at, "%s is another site than %s: browsers refuse or shorten its cookies as third-party ones. Serve the edge below %s.", s.Endpoint, o, registrable(u.Hostname()))
			return
		}
	}
}

// origin reports what is wrong with an origin, and returns it when nothing is.
func (k checker) origin(path, s string) *url.URL {
	if s == "" {
		return nil
	}
	u, problem := parseOrigin(s)
	if problem != "" {
		k.err(path, "`%s` is %q, which is no origin: %s. An origin is scheme://host[:port], such as https://shop.example.", path, shorten(s), problem)
		return nil
	}
	return u
}

// parseOrigin returns the origin, or what is wrong with it.
func parseOrigin(s string) (u *url.URL, problem string) {
	u, err := url.Parse(s)
	switch {
	case strings.Contains(s, "*"):
		return nil, "wildcards are not understood, list each host"
	case err != nil:
		return nil, "it cannot be read as a URL"
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, "it does not begin with https:// or http://"
	case u.Hostname() == "":
		return nil, "it has no host"
	case u.User != nil:
		return nil, "it holds a user name"
	case u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery || strings.HasSuffix(s, "#"):
		return nil, "it has something after the host, take that off, the slash as well"
	}
	host, err := idna.Lookup.ToASCII(strings.ToLower(u.Hostname()))
	if ip, e := netip.ParseAddr(u.Hostname()); e == nil {
		host, err = ip.String(), nil
		if ip.Is6() {
			host = "[" + host + "]"
		}
	}
	if err != nil {
		return nil, "its host is not a valid name"
	}
	wanted := u.Scheme + "://" + host
	if port := u.Port(); port != "" && !(u.Scheme == "https" && port == "443") && !(u.Scheme == "http" && port == "80") {
		wanted += ":" + port
	}
	if wanted != s {
		return nil, "browsers write it as " + wanted
	}
	return u, ""
}

// registrable is the domain that somebody registered (eTLD+1), from the public
// suffix list; empty for addresses, localhost and suffixes themselves.
func registrable(host string) string {
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") {
		return ""
	}
	d, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return ""
	}
	return d
}

// cookies checks the cookie domain against every host that sets or reads
// cookies, or finds it: the registrable domain that they share, because the
// Pixel sets its own cookies there, too.
func (k checker) cookies(path string, s *Site) {
	var hosts []string
	for _, o := range s.Origins {
		if u, problem := parseOrigin(o); problem == "" {
			hosts = append(hosts, u.Hostname())
		}
	}
	at := path + ".cookie_domain"
	if s.CookieDomain != "" {
		k.cookieDomain(at, s.CookieDomain, hosts)
		return
	}
	if len(hosts) == 0 {
		return
	}
	shared := registrable(hosts[0])
	for _, h := range hosts[1:] {
		if registrable(h) != shared {
			k.warn(path+".origins", "The origins of site %q do not share a registrable domain, so each host gets cookies of its own and a visitor who goes from one to another is two visitors. Give each domain its own site.", s.Name)
			return
		}
	}
	s.CookieDomain = shared
}

func (k checker) cookieDomain(at, domain string, hosts []string) {
	if suffix, _ := publicsuffix.PublicSuffix(domain); registrable(domain) == "" {
		why := "it is not a domain name"
		if suffix == domain {
			why = "everybody under it could read them, so browsers refuse it"
		}
		k.err(at, "`%s` is %q, where no cookie can be set: %s. Leave the key out to take the domain that the origins share.", at, shorten(domain), why)
		return
	}
	if strings.ToLower(domain) != domain {
		k.err(at, "`%s` is %q. Write it in lower case.", at, shorten(domain))
		return
	}
	for _, h := range hosts {
		if h != domain && !strings.HasSuffix(h, "."+domain) {
			k.err(at, "`%s` is %q, but the origin host %s does not lie within it, so that its browsers would refuse the cookies. Name a domain that holds every origin.", at, shorten(domain), h)
			return
		}
	}
}

// sharedOrigins warns of one origin in two sites: both tags would use the same
// cookies there.
func (k checker) sharedOrigins() {
	first := map[string]string{}
	for i, s := range k.c.Sites {
		for j, o := range s.Origins {
			if other, taken := first[o]; taken && other != s.Name {
				k.warn(fmt.Sprintf("sites[%d].origins[%d]", i, j), "%s is an origin of site %q, too. Both sites' tags share their cookies there, and an answer to one banner counts for both.", o, other)
				continue
			}
			first[o] = s.Name
		}
	}
}
