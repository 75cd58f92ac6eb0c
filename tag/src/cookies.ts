// First-party cookies. Values are plain ASCII without ';', so nothing is
// encoded: `_fbc` must stay byte for byte.
//
// What a browser refuses to store is remembered in memory for as long as the
// cookie would have lived, so that the rest of the tag need not know: a visitor
// without cookies lasts for the page.

import { now } from './native'

// Enums here and elsewhere: esbuild writes their values in place, while a
// constant would stay a variable.
export const enum Seconds {
  Session = 1800,
  Identifier = 7776000, // 90 days
  Answer = 15552000, // 180 days
}

const memory: Record<string, [value: string, until: number]> = {}

// A page on a host that the configuration does not name (a preview, a mirror)
// gets host-only cookies: a browser refuses a foreign domain.
const shared =
  COOKIE_DOMAIN && ('.' + location.hostname).endsWith('.' + COOKIE_DOMAIN) ? ';domain=' + COOKIE_DOMAIN : ''
const secure = location.protocol === 'https:' ? ';secure' : ''

/** The value, or "". Of several of one name the browser lists the oldest first. */
export function readCookie(name: string): string {
  const found = document.cookie.match('(?:^|; )' + name + '=([^;]+)')
  const [value, until] = memory[name] || ['', 0]
  return found ? found[1]! : until > now() ? value : ''
}

/** Writes a cookie for all of the site's hosts, and returns its value. */
export function writeCookie(name: string, value: string, seconds: number, domain = shared): string {
  document.cookie = `${name}=${value};path=/;max-age=${seconds};samesite=lax${domain}${secure}`
  memory[name] = [value, now() + seconds * 1000]
  return value
}

/** Deletes a cookie, set for one host or for the domain, whoever set it. */
export function expireCookie(name: string): void {
  writeCookie(name, '', 0)
  writeCookie(name, '', 0, '')
}
