// The page that the tag runs in: whether it should, and what a beacon says of
// the page. The address is taken when the tag loads, because single-page
// applications clean it up soon after.

import type { Reason } from './ignore'
import { now, randomId } from './native'
import type { View } from './types'

// self.origin is "null" or "file://" where location.origin still tells an
// address, while reading cookies throws.
const homeless = !/^http/.test(self.origin)

/** Whether, and where it is asked for why, the tag stays inert on this page. */
export const inert: Reason | boolean = REASONS ? (homeless ? 'origin' : top !== self && 'framed') : homeless || top !== self

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
