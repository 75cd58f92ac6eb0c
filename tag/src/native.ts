// The browser's functions as they were when the tag loaded. Pages overwrite
// JSON, fetch and friends later (old frameworks, other tags, tests); what we
// took before that still works. And the two things we make of them.

const { stringify } = JSON
export const { now } = Date
export const later = setTimeout
/** Undefined in a browser that lacks it; may be called without `this`. */
export const fetch_: typeof fetch | undefined = window.fetch
/** Undefined in a browser that lacks it. */
export const sendBeacon_: Navigator['sendBeacon'] | undefined = navigator.sendBeacon

/** 80 random bits: 16 characters of 0-9 and a-v. getRandomValues also works on http, unlike randomUUID. */
export const randomId = () =>
  crypto.getRandomValues(new Uint8Array(16)).reduce((id, byte) => id + (byte & 31).toString(32), '')

/** The present second in base 36: when an id was made. */
export const stamp = () => ((now() / 1000) >>> 0).toString(36)

/**
 * JSON that every decoder takes. Half of an emoji, as cutting a text by length
 * leaves it, is written as a lone \udXXX, which strict decoders refuse together
 * with all the rest; it becomes U+FFFD.
 */
export const json = (value: object) =>
  stringify(value).replace(/\\\\|\\ud[89a-f]../g, found => (found[1] === 'u' ? '\ufffd' : found))
