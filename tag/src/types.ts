// Shapes that several files share. Names of one letter are the wire's own (see
// tag/doc.go).

import type { ConsentSource } from './public'

/** A person's answer, in the form in which every beacon carries it as "c". */
export interface Answer {
  a: 'accept' | 'reject' | 'withdraw'
  /** When it was given, ms. */
  t: number
  /** SHA-256 of the notice's text, hex. */
  n?: string | undefined
  /** The edge's token, which proves that it served that text. */
  p?: string | undefined
  /** Language of the notice. */
  g?: string | undefined
  /** Which surface took it. */
  s: ConsentSource
  /** True when the person acted; absent when a signal spoke for them. */
  x?: true | undefined
  /** True when the page told the person of their GPC signal before they accepted. */
  o?: true | undefined
  /** Categories it is about; absent means all. */
  k?: readonly string[] | undefined
}

/** The customer as the site knows them, in the form of a beacon's "u". */
export interface User {
  id: string
  [contact: string]: string
}

/** One view of a page; a single-page application has several in one document. */
export interface View {
  /** Random, in memory only: ties the events of one page view together. */
  p: string
  /** Address and referrer. */
  l: string
  r: string | undefined
}
