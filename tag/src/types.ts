// Shapes that several files share. Names of one letter are the wire's own (see
// tag/doc.go); names that begin with an underscore are private, and the build
// shortens them.

/** A person's answer, in the form in which every beacon carries it as "c". */
export interface Answer {
  a: 'accept' | 'reject' | 'withdraw'
  /** When it was given, ms. */
  t: number
  /** SHA-256 of the notice's text, hex. */
  n?: string | undefined
  /** Language of the notice. */
  g?: string | undefined
  /** Which surface took it. */
  s: Source
  /** True when the person acted; absent when a signal spoke for them. */
  x?: true | undefined
  /** True when the page told the person of their GPC signal before they accepted. */
  o?: true | undefined
  /** Categories it is about; absent means all. */
  k?: readonly string[] | undefined
}

export type Source = 'banner' | 'preferences' | 'gpc' | 'api'

/** The customer as the site knows them, in the form of a beacon's "u". */
export interface User {
  id: string
  [contact: string]: string
}

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

/** Second argument of matchkey('consent', …). */
export interface ConsentOptions {
  categories?: readonly string[]
  source?: Source
  language?: string
  /** The page said that the browser's GPC signal would be overridden by an accept. */
  informed?: boolean
}
