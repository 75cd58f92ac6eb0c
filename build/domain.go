package build

import (
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// CookieDomain returns the registrable domain that all origins of a site share
// ("https://shop.example.co.uk" → "example.co.uk", 2), for cookies that all of
// its hosts see, and the number of its dots, which is a click's subdomain index.
// When there is no such domain (an IP address, localhost, a public suffix,
// origins of two domains, something that is not an origin) it returns "" and 1:
// host-only cookies, and the index that Meta asks for where no cookie's domain
// says otherwise (capi.md § 5.1).
//
// The list of public suffixes is the one compiled into the program, so the
// answer needs no network and no probing of the visitor's cookie jar.
func CookieDomain(origins []string) (domain string, subdomainIndex int) {
	for _, origin := range origins {
		d := registrable(origin)
		if d == "" || domain != "" && d != domain {
			return "", 1
		}
		domain = d
	}
	if domain == "" {
		return "", 1
	}
	return domain, strings.Count(domain, ".")
}

func registrable(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return ""
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if _, err := netip.ParseAddr(host); err == nil {
		return ""
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil || !hostName.MatchString(domain) {
		return ""
	}
	return domain
}
