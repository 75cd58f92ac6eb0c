// First-party cookies. Values are plain ASCII without ';', so nothing is
// encoded: `_fbc` must stay byte for byte.
//
// What a browser refuses to store is remembered in memory, so that the rest of
// the tag need not know: a visitor without cookies lasts for the page.

import { domain, shared } from './domain'

// Enums here and elsewhere: esbuild writes their values in place, while a
// constant would stay a variable.
export const enum Seconds {
  Session = 1800,
  Identifier = 7776000, // 90 days
  Answer = 15552000, // 180 days
}

const memory: Record<string, string> = {}

/** The value, or "". Of several of one name the browser lists the oldest first. */
export function readCookie(name: string): string {
  const found = document.cookie.match('(?:^|; )' + name + '=([^;]+)')
  return found ? found[1]! : memory[name] || ''
}

/** Writes a cookie for all of the site's hosts, and returns its value. */
export function writeCookie(name: string, value: string, seconds: number, host = DOMAIN_PROBE ? domain() : shared): string {
  document.cookie = `${name}=${value};path=/;max-age=${seconds};samesite=lax${host}${location.protocol > 'http:' ? ';secure' : ''}`
  memory[name] = document.cookie.includes(name) ? '' : value
  return value
}

/** Deletes a cookie, set for one host or for the domain, whoever set it. */
export function expireCookie(name: string): void {
  writeCookie(name, '', 0)
  writeCookie(name, '', 0, '')
}
