// The session: ends after 30 minutes without a beacon. Its id is the cookie
// `_mks`, whose lifetime slides with every beacon.
//
//	<start, seconds in base 36><4 random characters>

import { readCookie, Seconds, writeCookie } from './cookies'
import { randomId, stamp } from './native'

export const SESSION_COOKIE = '_mks'

/** The session's id, made now when there is none; counts as activity. Only with consent. */
export const sessionId = () =>
  writeCookie(SESSION_COOKIE, readCookie(SESSION_COOKIE) || stamp() + randomId().slice(0, 4), Seconds.Session)
