// What a page reports: events, the page view among them. An event is turned into
// JSON at once: what the page does to its objects later does not reach it. Names
// and ids are the edge's to judge; it refuses a bad one alone, and says so.

import { eventJSON } from './beacon'
import { ignore } from './ignore'
import { enqueue } from './queue'
import { sendSoon } from './transport'

const enum Limit {
  Chars = 12000, // of one event: it must leave room for the rest of its beacon (see queue.ts)
}

/** matchkey('track', name, properties?, {id?}): a fact with an id of its own gets the event id "<name>.<id>". */
export function track(name: string, properties?: unknown, options?: { id?: string | number }): void {
  const own = options && options.id
  report(name, own == null ? undefined : name + '.' + own, properties)
}

/** Reports an event under an id, random when there is none. */
export function report(name: string, id?: string, properties?: unknown): void {
  const json = eventJSON(name, id, properties)
  if (json.length > Limit.Chars) return ignore('large', name)
  enqueue(json)
  sendSoon()
}
