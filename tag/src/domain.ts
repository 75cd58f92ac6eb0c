// The domain that the site's hosts share, for cookies that all of them see. It
// is known when the tag is compiled, unless the site has hosts of several
// domains: then the highest one that takes a cookie is found by trying, as
// Meta's library does (capi.md § 5.2).

// A page on a host that the configuration does not name (a preview, a mirror)
// gets host-only cookies: a browser refuses a foreign domain.
export let shared = !DOMAIN_PROBE && COOKIE_DOMAIN && location.hostname.endsWith(COOKIE_DOMAIN) ? ';domain=' + COOKIE_DOMAIN : ''

/** The cookies' domain as an attribute; "" for host-only cookies. */
export function domain(): string {
  if (DOMAIN_PROBE)
    for (let labels = location.hostname.split('.'), n = labels.length; !shared && n--; ) {
      const tried = ';domain=' + labels.slice(n).join('.')
      document.cookie = '_mkp=1;path=/;samesite=lax;max-age=1' + tried
      if (document.cookie.includes('_mkp')) shared = tried
    }
  return shared
}

/** Second segment of a click's value: the number of dots in that domain (capi.md § 5.1). */
export const subdomainIndex = () => domain().split('.').length - 1 || 1
