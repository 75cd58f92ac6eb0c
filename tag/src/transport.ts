// Getting messages to the edge. Measured in three engines (tag.md § 5):
//
//   - fetch with keepalive survives navigation and tab close, and tells whether
//     the edge took it: used while the page is visible, one request at a time,
//     which also keeps us far below the 64 KiB that may be in flight.
//   - sendBeacon tells nothing (its `true` means "queued", even when CSP blocks
//     it): used when the page is hidden or leaving, and where fetch is missing.
//   - XHR and a plain fetch lose everything on navigation in Firefox and Safari,
//     and an unload listener costs the back/forward cache: never used.
//
// What failed goes back into the queue and is tried again while the page lives.
// A string body is text/plain, so no request ever needs a preflight.

import { granted } from './answer'
import { body } from './beacon'
import { guarded } from './guard'
import { ignore } from './ignore'
import { fetch_, later, sendBeacon_ } from './native'
import { hidden } from './page'
import { take } from './queue'
import { visitorId } from './visitor'

const enum Limit {
  Window = 50, // ms that events wait for others; a phone that kills the page 100 ms later loses nothing
  FirstRest = 1000, // ms
  LongestRest = 60000, // ms
  RetryAfter = 3600, // seconds; browsers take a timer beyond 24 days for none at all
}

// A path is completed by hand: a <base> element would lead it elsewhere.
const url = ENDPOINT[0] === '/' ? location.origin + ENDPOINT : ENDPOINT

/** A request is out, or we rest before the next try. */
let busy = false
/** How long the next rest may be; doubled by every failure in a row. */
let rest: number = Limit.FirstRest

/**
 * Sends what waits, soon; a hidden page may not live to see a timer. The visitor
 * is made before the wait, so that tabs that were opened together agree on the
 * cookie's last value before any of them sends it.
 */
export const sendSoon = () => {
  if (granted) visitorId()
  hidden() ? send() : later(send, Limit.Window)
}

/** The page is going away: sends by sendBeacon whatever has not left yet. */
export const sendRest = guarded(() => {
  for (let batch; (batch = take()); ) {
    const [message, putBack] = batch
    if (!sendBeacon_ || !sendBeacon_.call(navigator, url, body(message))) return putBack()
  }
})

/** Sends what waits, batch by batch. */
export const send = guarded(async () => {
  // Failures are tried again by fetch, hidden or not: sendBeacon would lose them.
  if ((hidden() || !fetch_) && rest === Limit.FirstRest) sendRest()
  const batch = !busy && take()
  if (!batch) return
  const [message, putBack] = batch
  busy = true
  let status = 0
  let header: string | null = null
  try {
    const response = await fetch_!(url, { method: 'POST', body: body(message), keepalive: true, credentials: 'include' })
    status = response.status
    header = response.headers.get(status < 500 ? 'X-Matchkey-Reason' : 'Retry-After')
  } catch {
    // Offline, blocked, or more bytes in flight on this page than the browser allows.
  }
  if (status && status < 500) {
    rest = Limit.FirstRest
    if (status >= 400) ignore('refused_by_edge', header || status)
  } else {
    putBack()
    // What the server asked for, and on top exponential back-off with full jitter.
    const wait = Math.min(+header! || 0, Limit.RetryAfter) * 1000 + Math.random() * rest
    rest = Math.min(rest * 2, Limit.LongestRest)
    await new Promise(wake => later(wake, wait))
  }
  busy = false
  send()
})
