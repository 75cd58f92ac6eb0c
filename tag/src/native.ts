// The browser's functions as they were when the tag loaded. Pages overwrite
// JSON, fetch and friends later (old frameworks, other tags, tests); what we
// took before that still works. And the things we make of them.

export const { stringify } = JSON
export const parse = RETRY || CONSENT || IMAGE ? JSON.parse : undefined!
export const { now } = Date
export const later = setTimeout
/** Undefined in a browser that lacks it; may be called without `this`. */
export const fetch_: typeof fetch | undefined = window.fetch

/** 80 random bits: 16 characters of 0-9 and a-v. getRandomValues also works on http, unlike randomUUID. */
export const randomId = () =>
  crypto.getRandomValues(new Uint8Array(16)).reduce((id, byte) => id + (byte & 31).toString(32), '')

/** The present second in base 36: when an id was made. */
export const stamp = () => ((now() / 1000) >>> 0).toString(36)
