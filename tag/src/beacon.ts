// The wire format, version 1: what one request to the edge says. The whole of
// it is described in tag/doc.go, with golden files in tag/testdata/beacon. It
// cannot change; add a version.

import { answer } from './answer'
import { gpc } from './gpc'
import { identifiers } from './identifiers'
import { json, now, randomId } from './native'
import { address, pageView, referrer } from './page'
import { sessionId } from './session'
import type { User } from './types'
import { visitorId } from './visitor'

/** Whom a beacon is about and where it comes from. */
interface Known {
  i?: string
  k?: string
  p?: string
  l?: string
  r?: string
  m?: Record<string, string>
  u?: User | undefined
}

/** Events with everything we know. Only with consent. */
export const eventsMessage = (events: readonly string[], u?: User) =>
  message({ i: visitorId(), k: sessionId(), p: pageView, l: address, r: referrer, m: identifiers(), u }, events)

/** The answer alone, and whom it is about: no address, no contact data, no click. */
export const answerMessage = (i?: string, id?: string) => message({ i, u: id ? { id } : undefined }, [eventJSON('consent')])

/** One event, dated now. */
export const eventJSON = (n: string, i = randomId(), p?: unknown) => json({ n, i, t: now(), p: p || undefined })

const message = (known: Known, events: readonly string[]) =>
  json({ b: BUILD, ...known, c: answer, g: gpc }).slice(1, -1) + `,"e":[${events}]}`

/** The body of a request. Its clock is that of the sending, so that the events of a retry keep their true age. */
export const body = (message: string) => `{"v":1,"t":${now()},` + message
