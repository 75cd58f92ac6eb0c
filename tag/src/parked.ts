// What the edge does not have when a page ends is kept for the next page of the
// site, in local storage: an endpoint that was down, or the whole browser
// closed, which takes every request with it that is on its way (tag.md § 5). It
// may have arrived all the same; the edge tells by the events' ids. Only with
// an answer, and only until it is delivered or forbidden.

import { parse, stringify } from './native'
import { outbox } from './queue'
import { onItsWay, send } from './transport'

const KEY = '_mkq'

const enum Limit {
  Messages = 20, // the newest ones
}

/** What is kept, as far as this page knows; changes it. Nothing when storage is blocked. */
let used: string[] | undefined
const kept = (change: (messages: string[]) => string[]): void => {
  try {
    used = change(parse(localStorage[KEY] || '[]')).slice(-Limit.Messages)
    if (used[0]) localStorage[KEY] = stringify(used)
    else delete localStorage[KEY]
  } catch {
    // Blocked, or full.
  }
}

/** The page may end: keeps what is not delivered. */
export function park(): void {
  const left = [...onItsWay, ...outbox]
  if (left[0]) kept(messages => [...new Set([...messages, ...left])])
}

/** A message is delivered, or all are forbidden. */
export function forget(message?: string): void {
  if (used || !message) kept(messages => messages.filter(other => message && other !== message))
}

/** Delivers what earlier pages left. Of several tabs one does it, the others must not send it twice. */
export function takeUp(): unknown {
  const { locks } = navigator as { locks?: LockManager }
  const deliver = (lock: unknown) => {
    if (lock) kept(messages => (outbox.unshift(...messages), messages))
    return send()
  }
  return locks ? locks.request(KEY, { ifAvailable: true }, deliver) : deliver(1)
}
