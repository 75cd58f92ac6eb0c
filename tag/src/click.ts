// The click: proof that the person came by an advertisement. Its value is
// Meta's cookie `_fbc`, which the Pixel writes too:
//
//	fb.<subdomain index>.<first seen, ms>.<fbclid>[.<appendix of Meta's libraries>]
//
// The rules are those of capi.md § 5.5: an fbclid is kept byte for byte; the
// same fbclid keeps its old time, and the cookie as it stands; another fbclid
// is dated anew, with the time at which its landing page was loaded, however
// late the consent. What we cannot parse we neither send nor overwrite, until
// a new fbclid replaces it.
//
// The address of the page comes first. Only where there is neither that nor a
// cookie counts what the page before says: a redirect of the site's own that
// lost the query, or a landing page left before the answer.

import { expireCookie, readCookie, Seconds, writeCookie } from './cookies'
import { subdomainIndex } from './domain'
import { ignore } from './ignore'
import { inAppClick } from './inapp'
import { landingClick } from './landing'
import { loadedAt } from './page'

export const CLICK_COOKIE = '_fbc'

// Held in memory only: nothing may be stored before consent.
export const landed = CLICK && readClickId(location.href)

// Of this site's own pages only: another site's address says where that one's visitors came from.
const before = CLICK && document.referrer.split('/')[2] === location.host && readClickId(document.referrer)

/** The value of `_fbc` to send, or ""; writes the cookie when it makes a new one. Only with consent. */
export function clickValue(): string {
  const cookie = readCookie(CLICK_COOKIE)
  const parts = /^fb\.\d+\.\d+\.([\w-]+)(\.[\w-]+)?$/.exec(cookie)
  let found = landed || (!cookie && before)
  if (LANDING && !found && !cookie) found = landingClick()
  if (IN_APP && !found && !cookie) found = inAppClick()
  if (found && (!parts || parts[1] !== found)) {
    expireCookie(CLICK_COOKIE) // one of another domain attribute would stand beside ours
    return writeCookie(CLICK_COOKIE, `fb.${DOMAIN_PROBE ? subdomainIndex() : SUBDOMAIN_INDEX}.${loadedAt}.${found}`, Seconds.Identifier)
  }
  if (parts) return cookie
  if (REASONS && cookie) ignore('cookie')
  return ''
}

/**
 * The first non-empty fbclid, percent-decoded once; '+' is a plus. "" when there
 * is none that can be one: other characters, or more than 500 of them, which
 * Meta's own library ignores too (capi.md § 5.1).
 */
export function readClickId(address: string): string {
  const raw = /[?&#]fbclid=([^&#]+)/.exec(address)
  if (raw) {
    try {
      const id = decodeURIComponent(raw[1]!)
      if (/^[\w-]{1,500}$/.test(id)) return id
    } catch {
      // Malformed percent signs.
    }
    ignore('click')
  }
  return ''
}
