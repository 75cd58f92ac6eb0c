// Between what happened and what is sent: one list of events. Before an answer
// it holds the first few in memory, with their times. With consent events wait
// for a moment, so that those that belong together share a beacon, and for as
// long as the edge does not answer. What could not be sent is put back.

import { granted } from './answer'
import { eventsMessage } from './beacon'
import { ignore } from './ignore'
import type { User } from './types'
import { user } from './user'

const enum Limit {
  Held = 20, // events before an answer (consent.md § 2.1)
  Waiting = 200, // events after it
  // A beacon stays below the 64 KiB of keepalive and of the edge, even when every
  // character takes three bytes.
  BeaconEvents = 50,
  BeaconChars = 16000,
}

/** An event as JSON and the customer at the time it happened; or a whole message, a refusal. */
type Entry = [json: string, by?: User, refusal?: string]

/** A message to send, and how to put it back when that failed. */
type Batch = [message: string, putBack: () => void]

let queue: Entry[] = []

/** Adds an event, unless the person refused or there are too many. */
export function enqueue(json: string): void {
  if (granted === false) ignore('refused', json)
  else if (queue.length < (granted ? Limit.Waiting : Limit.Held)) queue.push([json, user])
  else ignore('queue_full', json)
}

/** Adds the person's consent, as long as it is not given yet: before what was held for it, after an earlier refusal. */
export function enqueueConsent(json: string): void {
  queue[granted == null ? 'unshift' : 'push']([json, user])
}

/** Adds a refusal. */
export function enqueueRefusal(message: string): void {
  queue.push(['', , message])
}

/** Throws away what the present answer forbids. */
export function purge(): void {
  queue = queue.filter(([json, , refusal]) => granted || refusal || ignore('refused', json))
}

/**
 * Takes as many of the oldest events as fit one beacon; those of two customers
 * never share one. This is the only way out of the tag: nothing before an
 * answer, and after a refusal refusals.
 */
export function take(): Batch | undefined {
  if (granted == null) return
  purge()
  if (!queue[0]) return
  const events: string[] = []
  let chars = 0
  let about: User | undefined
  for (const [json, by, refusal] of queue) {
    chars += json.length
    if (refusal || events.length >= Limit.BeaconEvents || chars > Limit.BeaconChars || (about && about !== by)) break
    events.push(json)
    about = by
  }
  const taken = queue.splice(0, events.length || 1)
  return [taken[0]![2] || eventsMessage(events, about), () => queue.unshift(...taken)]
}
