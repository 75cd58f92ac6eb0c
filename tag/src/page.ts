// The page that the tag runs in: whether it should, and what a beacon says of
// the page. The address is taken when the tag loads, because single-page
// applications clean it up soon after.

import type { Reason } from './ignore'
import { now, randomId } from './native'

/** Why the tag stays inert on this page; undefined when it does not. */
export const inert: Reason | undefined =
  // self.origin is "null" or "file://" where location.origin still tells an
  // address, while reading cookies throws.
  !/^http/.test(self.origin) ? 'no_origin' : top !== self ? 'framed' : undefined

/** When this page was loaded, ms: the first-seen time of a click id in its address. */
export const loadedAt = now()

// The edge keeps origin and path only; a longer address is of no use.
const enum Limit {
  Address = 2048,
}

/** Random, in memory only: ties the events of one page view together, and to the answer given on it. */
export const pageView = randomId()
export const address = location.href.slice(0, Limit.Address)
export const referrer = document.referrer.slice(0, Limit.Address) || undefined

/** Loaded in advance, and not opened yet; the event prerenderingchange tells when it is. */
export const { prerendering } = document as { readonly prerendering?: boolean }

/** On its way out, or in a background tab: requests may not get an answer that we live to see. */
export const hidden = () => document.visibilityState === 'hidden'
