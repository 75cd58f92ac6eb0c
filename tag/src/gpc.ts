// Global Privacy Control: the browser's general opt-out, true or undefined. It
// tightens, it never grants. It stays the same for a whole page (consent.md
// § 2.4). The server sees the header Sec-GPC too and goes by either.
// Undefined in Chromium and Safari, false by default in Firefox (tag.md § 6).

interface WithGPC {
  readonly globalPrivacyControl?: boolean
}

export const gpc = (GPC && (navigator as WithGPC).globalPrivacyControl === true) || undefined
