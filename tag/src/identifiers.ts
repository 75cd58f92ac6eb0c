// The identifiers that a beacon carries by the names of their cookies ("m").
// All are only read, and sent as they are; the edge parses them. The click is
// the one that the tag may write.

import { CLICK_COOKIE, clickValue } from './click'
import { readCookie } from './cookies'

/** Values by cookie name. Only with consent. */
export function identifiers(): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of IDENTIFIER_COOKIES) {
    const value = CLICK && name === CLICK_COOKIE ? clickValue() : readCookie(name)
    if (value) found[name] = value
  }
  return found
}
