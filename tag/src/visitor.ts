// The visitor id: this browser, as first-party cookie `_mkv`.
//
// Made by the tag for the first beacon after consent; from then on the server
// re-issues the same value by Set-Cookie. The script never rewrites it: Safari
// deletes what a script wrote after 7 days, or 24 hours after an ad click, and a
// rewrite would make the server's cookie a script's cookie again (tag.md § 6).
//
//	1.<made, seconds in base 36>.<80 random bits>

import { readCookie, Seconds, writeCookie } from './cookies'
import { randomId, stamp } from './native'

export const VISITOR_COOKIE = '_mkv'

/** The visitor's id, made now when there is none. Only with consent. */
export const visitorId = () =>
  readCookie(VISITOR_COOKIE) || writeCookie(VISITOR_COOKIE, `1.${stamp()}.${randomId()}`, Seconds.Identifier)
