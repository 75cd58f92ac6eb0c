// Getting messages to the edge. Measured in three engines (tag.md § 5):
//
//   - fetch with keepalive survives navigation and tab close, and tells whether
//     the edge took it. One request at a time while the page is visible; when it
//     is hidden or leaving everything at once, as far as the 64 KiB reach that
//     all keepalive requests of a page may have in flight together.
//   - sendBeacon tells nothing (its `true` means "queued", even when CSP blocks
//     it), and loses some in Firefox when the tab closes: for what keepalive
//     does not take, and where fetch is missing.
//   - XHR and a plain fetch lose everything on navigation in Firefox and Safari,
//     and an unload listener costs the back/forward cache: never used.
//
// A string body is text/plain, so no request ever needs a preflight.

import { granted, recallAnswer } from './answer'
import { body } from './beacon'
import { guarded } from './guard'
import { askForHints } from './hints'
import { identifiers } from './identifiers'
import { ignore } from './ignore'
import { sendImage } from './image'
import { askForIPv6 } from './ipv6'
import { fetch_, later } from './native'
import { forget, park } from './parked'
import { outbox, take } from './queue'
import { visitorId } from './visitor'

const enum Limit {
  Window = 50, // ms that events wait for others; a phone that kills the page 100 ms later loses nothing
  FirstRest = 1000, // ms
  LongestRest = 60000, // ms
  RetryAfter = 3600, // seconds; browsers take a timer beyond 24 days for none at all
  // Characters in flight: 60,000 bytes when each takes three. One message always fits.
  InFlight = 20000,
}

// A path is completed by hand: a <base> element would lead it elsewhere.
export const url = ENDPOINT[0] === '/' ? location.origin + ENDPOINT : ENDPOINT

/**
 * Chromium since 135: the browser itself keeps the request and makes it when the
 * page is gone. The only way that outlives the whole browser being closed (1 of 20
 * lost, of the others 20 of 20; tag.md § 5). It tells nothing, too.
 */
const fetchLater = FETCH_LATER ? (window as { fetchLater?: (url: string, request: object) => unknown }).fetchLater : undefined

/** Messages that the browser has and the edge did not answer yet. */
export const onItsWay = /* @__PURE__ */ new Set<string>()
let inFlight = 0
/** No request before this is over. */
let resting = false
/** How long the next rest may be; doubled by every failure in a row. */
let rest: number = Limit.FirstRest

/**
 * Sends what waits, soon; a hidden page may not live to see a timer. What has to
 * be known before the beacon is made is asked for now: the visitor, so that tabs
 * that were opened together agree on the cookie's last value before any of them
 * sends it, and what takes the browser a moment to tell.
 */
export const sendSoon = () => {
  if (CONSENT) recallAnswer()
  if (!CONSENT || granted) {
    visitorId()
    if (HINTS) askForHints()
    if (IPV6_URL) askForIPv6()
    if (IN_APP) identifiers()
  }
  document.hidden ? send() : later(send, Limit.Window)
}

/** The page is going away, now or by and by: everything leaves, and what may be lost is kept for the next page. */
export const sendRest = () => {
  send(true)
  if (RETRY) park()
}

/** Sends what waits. */
export const send: (leaving?: boolean) => Promise<void> = guarded(async (leaving?: boolean) => {
  if (RETRY && !leaving && (resting || (onItsWay.size && !document.hidden))) return
  const message = take()
  if (!message) return
  const text = body(message)
  const request = { method: 'POST', body: text, keepalive: true, credentials: 'include' } as const
  let taken, response
  if (RETRY) onItsWay.add(message)
  inFlight += text.length
  // Hidden, leaving, or not minding answers: what else waits goes at once.
  if (!RETRY || leaving || document.hidden) send(leaving)
  try {
    if (FETCH_LATER && leaving && fetchLater) taken = fetchLater(url, { ...request, activateAfter: 0 })
    else if (fetch_ && inFlight < Limit.InFlight) {
      response = await fetch_(url, request)
      taken = !RETRY || !/429|5../.test('' + response.status) // too many of us, or its own fault: it may be taken later
      if (REASONS) {
        const said = response.headers.get('X-Matchkey-Reason')
        if (said) ignore('edge', said)
      }
    } else taken = navigator.sendBeacon(url, text)
  } catch {
    // Offline, blocked, or other keepalive requests of this page.
    if (IMAGE) taken = await sendImage(text)
  }
  inFlight -= text.length
  if (RETRY) {
    onItsWay.delete(message)
    if (taken) {
      rest = Limit.FirstRest
      forget(message)
      return send()
    }
    outbox.unshift(message)
    if (!resting) {
      resting = true
      // What the server asked for, and on top exponential back-off with full jitter.
      const after = (response && +response.headers.get('Retry-After')!) || 0
      later(wake, Math.min(after, Limit.RetryAfter) * 1000 + Math.random() * rest)
      rest = Math.min(rest * 2, Limit.LongestRest)
    }
  } else if (!taken) ignore('lost', text)
})

function wake(): void {
  resting = false
  send()
}
