// What a page may call, for the people who write pages. `matchkey tag --types`
// hands this file out as matchkey.d.ts (build/types.go); the tag is compiled
// against the same declarations, so they cannot differ.

/** What matchkey('get', callback) hands out. */
export interface Known {
  /** Absent without consent, as is the session. */
  visitor?: string
  session?: string
  /** By the names of their cookies; empty without consent. */
  identifiers: Record<string, string>
  /** Null as long as nobody has answered; a withdrawal is a reject. */
  consent: 'accept' | 'reject' | null
}

/** Contact data, as the person wrote it. What is not a text or a number is left out. */
export type Contact = Partial<
  Record<
    | 'email'
    | 'phone'
    | 'first_name'
    | 'last_name'
    | 'date_of_birth'
    | 'gender'
    | 'city'
    | 'region'
    | 'postal_code'
    | 'country'
    | 'signature',
    string | number
  >
>

/** Which surface took an answer. */
export type ConsentSource = 'banner' | 'preferences' | 'api' | 'gpc' | 'tcf' | 'gpp' | 'consent_mode' | 'pixel'

/** Third argument of matchkey('consent', …). */
export interface ConsentOptions {
  /** Categories of the configuration; absent means all. */
  categories?: readonly string[]
  source?: ConsentSource
  /** Language of the notice that was shown. */
  language?: string
  /** SHA-256 of its text, in hex; absent means the one that the tag was compiled with. */
  notice?: string
  /** What came with the text from {prefix}/{site}/notice, and proves that it was served. */
  token?: string
  /** The page said that the browser's GPC signal would be overridden by an accept. */
  informed?: boolean
}

/** window.matchkey */
export interface Matchkey {
  /** Something happened. A fact with an id of its own gets the event id "<name>.<id>". */
  (command: 'track', name: string, properties?: object | null, options?: { id?: string | number }): void
  /** One page view more; the first one is reported by itself. */
  (command: 'page', properties?: object): void
  /** The page knows the customer; null signs out. */
  (command: 'identify', customer: string | number | null, contact?: Contact): void
  /** The person answered. */
  (command: 'consent', action: 'accept' | 'reject' | 'withdraw', options?: ConsentOptions): void
  /** Shows the banner, whatever was answered before. */
  (command: 'ask'): void
  /** What the tag knows. */
  (command: 'get', callback: (known: Known) => void): void
}
