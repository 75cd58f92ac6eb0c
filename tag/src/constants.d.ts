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
/** Its first 16 digits. */
declare const NOTICE_PREFIX: string
/** Language of that notice, or "". */
declare const NOTICE_LANGUAGE: string
/** Cookies whose values travel in a beacon's "m". */
declare const IDENTIFIER_COOKIES: readonly string[]
/** Feature: keep the click id of the landing page in the cookie `_fbc`. */
declare const CLICK: boolean
