// Between what happened and what is sent: two lists. Events wait, before an
// answer for it and with consent for a moment, so that those that belong
// together share a beacon; messages are made of them when they can leave, and
// come back when the edge did not take them.

import { granted, held, recallAnswer } from './answer'
import { eventsMessage } from './beacon'
import { consentMode } from './cmp'
import { ignore } from './ignore'
import { view } from './page'
import type { User, View } from './types'
import { user } from './user'

const enum Limit {
  Held = 20, // events before an answer (consent.md § 2.1)
  Waiting = 200, // events after it
  // A beacon stays below the 64 KiB of keepalive and of the edge, even when every
  // character takes three bytes.
  BeaconEvents = 50,
  BeaconChars = 16000,
}

/** An event as JSON, and the page view and the customer at the time it happened. */
type Event = [json: string, view: View, by?: User]

let events: Event[] = []
/** Messages that wait to be sent, the next one first. */
export let outbox: string[] = []

/** Adds an event, unless the person refused or there are too many; with `first`, before those that were held for it. */
export function enqueue(json: string, first?: boolean): void {
  if (CONSENT && granted === false) ignore('refused', json)
  else if (events.length < (!CONSENT || granted ? Limit.Waiting : Limit.Held))
    events[CONSENT && first ? 'unshift' : 'push'](IDENTIFY ? [json, view, first && events[0] ? events[0][2] : user] : [json, view])
  else ignore('full', json)
}

/**
 * Takes out the next message, made of waiting events when there is none. This is
 * the only way out of the tag: nothing before an answer, and after a refusal
 * refusals; whatever the answer is by now in another tab.
 */
export function take(): string | undefined {
  if (CONSENT) {
    recallAnswer()
    if (CONSENT_MODE) consentMode()
    if (granted == null || (PIXEL_CONSENT && held)) return
    if (!granted) {
      // Refusals carry no accept.
      events = events.filter(([json]) => ignore('refused', json))
      outbox = outbox.filter(message => !message.includes('"c":{"a":"accept"') || ignore('refused', message))
    }
  }
  if ((RETRY || CONSENT) && outbox[0]) return outbox.shift()
  if (!events[0]) return
  const page = events[0][1]
  const texts: string[] = []
  let chars = 0
  let about: Event[2]
  for (const [json, seen, by] of events) {
    chars += json.length
    // The events of two customers, or of two page views, never share one.
    if (
      texts.length >= Limit.BeaconEvents ||
      chars > Limit.BeaconChars ||
      ((SPA || PAGE_LIFE) && seen !== page) ||
      (IDENTIFY && about && about !== by)
    )
      break
    if (IDENTIFY) about = by
    texts.push(json)
  }
  events.splice(0, texts.length)
  return IDENTIFY ? eventsMessage(page, texts, about) : eventsMessage(page, texts)
}
