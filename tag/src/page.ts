// The page that the tag runs in: whether it should, and what a beacon says of
// the page. The address is taken when the tag loads, because single-page
// applications clean it up soon after.

import type { Reason } from './ignore'
import { now, randomId } from './native'
import type { View } from './types'

/** Why the tag stays inert on this page; undefined when it does not. */
export const inert: Reason | undefined =
  // self.origin is "null" or "file://" where location.origin still tells an
  // address, while reading cookies throws.
  !/^http/.test(self.origin) ? 'origin' : top !== self ? 'framed' : undefined

/** When this page was loaded, ms: the first-seen time of a click id in its address. */
export const loadedAt = /* @__PURE__ */ now()

// The edge keeps origin and path only; a longer address is of no use.
const enum Limit {
  Address = 2048,
}

/** The page view that the visitor sees now. */
export let view: View

/** A page view begins, reached from an address. */
export function look(from: string): void {
  view = {
    p: randomId(),
    l: location.href.slice(0, Limit.Address),
    r: from.slice(0, Limit.Address) || undefined,
  }
}

look(document.referrer)
