// What is fixed when a site's tag is compiled (package build, esbuild's Define).
// A branch on one of these is gone from the script of a site that does not take it.

/** Name of the page API on window: "matchkey". */
declare const GLOBAL: 'matchkey'
/** Where beacons go: a path on the page's own origin, or an absolute URL. */
declare const ENDPOINT: string
/** Identity of this compilation: 8 hex digits over sources and constants. */
declare const BUILD: string
/** The registrable domain that the site's hosts share, or "" for host-only cookies. */
declare const COOKIE_DOMAIN: string
/** Second segment of a click value: the dots in the cookie's domain (capi.md § 5.1). */
declare const SUBDOMAIN_INDEX: number
/** SHA-256 in hex of the consent notice that the site shows, or "". */
declare const NOTICE_HASH: string
/** Language of that notice, or "". */
declare const NOTICE_LANGUAGE: string
/** The banner's words by language: accept, reject, choose, label, and what is said of the GPC signal. */
declare const BANNER_WORDS: Record<string, readonly [string, string, string, string, string]>
/** Cookies whose values travel in a beacon's "m". */
declare const IDENTIFIER_COOKIES: readonly string[]
/** Whether there are any. */
declare const IDENTIFIERS: boolean
/** Address at a host without IPv4 that answers with the caller's address, or "". */
declare const IPV6_URL: string
/** Country calling code that phone numbers without one are hashed with, or "". */
declare const CALLING_CODE: string

// Features: true where the site takes them. build/features.go says what each is
// and costs.

declare const CONSENT: boolean
declare const GPC: boolean
declare const TCF: boolean
declare const GPP: boolean
/** Google's consent mode may refuse; … */
declare const CONSENT_MODE: boolean
/** … and may grant as well. */
declare const CONSENT_MODE_GRANTS: boolean
declare const PIXEL_CONSENT: boolean
declare const CLICK: boolean
declare const IN_APP: boolean
declare const LANDING: boolean
declare const DOMAIN_PROBE: boolean
declare const SESSION: boolean
declare const HINTS: boolean
declare const SPA: boolean
declare const HASH_ROUTES: boolean
declare const PAGE_LIFE: boolean
declare const RETRY: boolean
declare const FETCH_LATER: boolean
declare const IMAGE: boolean
declare const IDENTIFY: boolean
declare const HASHING: boolean
declare const TWIN: boolean
declare const GET: boolean
declare const REASONS: boolean
declare const BANNER: boolean
