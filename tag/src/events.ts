// What a page reports: events, the page view among them. An event is checked
// and turned into JSON at once: what the page does to its objects later does
// not reach it.

import { eventJSON } from './beacon'
import { ignore } from './ignore'
import { enqueue } from './queue'
import { sendSoon } from './transport'

const enum Limit {
  Chars = 12000, // of one event: it must leave room for the rest of its beacon (see queue.ts)
}

/** matchkey('track', name, properties?, {id?}): a fact with an id of its own gets the event id "<name>.<id>". */
export function track(name: string, properties?: unknown, options?: { id?: string | number }): void {
  const own = Object(options).id
  const id = own == null ? undefined : name + '.' + own
  if (!name || !/^[\w.:-]{1,64}$/.test(name)) return ignore('event_name_invalid', name)
  // An empty id is a template that was not filled in: under a random id the
  // shop's own copy of the fact would count as a second one.
  if (id && !/^\S{1,128}$/.test(own)) return ignore('event_id_invalid', id)
  let json: string
  try {
    json = eventJSON(name, id, properties)
  } catch {
    // A cycle or a BigInt. What happened, happened.
    ignore('properties_invalid', id)
    json = eventJSON(name, id)
  }
  if (json.length > Limit.Chars) return ignore('event_too_large', id)
  enqueue(json)
  sendSoon()
}
