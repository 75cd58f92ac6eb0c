// The wire format, version 1: what one request to the edge says. The whole of
// it is described in tag/doc.go, with golden files in tag/testdata/beacon. It
// cannot change; add a version.

import { answer } from './answer'
import { readCookie } from './cookies'
import { gpc } from './gpc'
import { hints } from './hints'
import { identifiers } from './identifiers'
import { takeCounts } from './ignore'
import { ipv6 } from './ipv6'
import { now, randomId, stringify } from './native'
import { SESSION_COOKIE, sessionId } from './session'
import type { User, View } from './types'
import { visitorId } from './visitor'

/** Whom a beacon is about and where it comes from. */
interface Known extends Partial<View> {
  i?: string | undefined
  k?: string
  m?: Record<string, string>
  u?: { id: string } | undefined
  a?: string | undefined
  x?: Record<string, number> | undefined
}

/** Events of one page view with everything we know. Only with consent. */
export function eventsMessage(view: View, events: string[], u?: User): string {
  if (SESSION && !readCookie(SESSION_COOKIE))
    events.unshift(HINTS ? eventJSON('session_start', undefined, hints) : eventJSON('session_start'))
  const known: Known = SESSION ? { i: visitorId(), k: sessionId(), ...view } : { i: visitorId(), ...view }
  if (IDENTIFIERS) known.m = identifiers()
  if (IDENTIFY) known.u = u
  if (IPV6_URL) known.a = ipv6
  if (REASONS) known.x = takeCounts()
  return message(known, events)
}

/** The answer alone, and whom it is about: no address, no contact data, no click. */
export const answerMessage = (i?: string, by?: User) =>
  message(IDENTIFY ? { i, u: by && { id: by.id } } : { i }, [eventJSON('consent')])

/** One event, dated now. */
export const eventJSON = (n: string, i = randomId(), p?: unknown) => stringify({ n, i, t: now(), p: p || undefined })

const message = (known: Known, events: readonly string[]) =>
  stringify(GPC ? { b: BUILD, ...known, c: answer, g: gpc } : CONSENT ? { b: BUILD, ...known, c: answer } : { b: BUILD, ...known }).slice(1, -1) + `,"e":[${events}]}`

/** The body of a request. Its clock is that of the sending, so that the events of a retry keep their true age. */
export const body = (message: string) => `{"v":1,"t":${now()},` + message
