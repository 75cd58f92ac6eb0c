// The person's answer: what it is now, and the cookie `_mkc` that remembers it
// for the next page and tells the other tabs. The cookie is the answer as beacons
// carry it, as JSON; it holds no identifier and exists only after an answer, so it
// is strictly necessary. Half a year is how long a choice is to be respected
// before asking again (consent.md § 4.5).
//
// The cookie is the one authority of the whole browser: it is looked at before
// every request, so what a person says in one tab, or on another host of the
// site, holds in all of them at once. A channel between tabs would reach one
// host only.

import { dismiss } from './banner'
import { refuse } from './consent'
import { readCookie, Seconds, writeCookie } from './cookies'
import { gpc } from './gpc'
import { parse, stringify } from './native'
import { loadedAt } from './page'
import type { Answer } from './types'

const NAME = '_mkc'
const enum Cookie {
  Signal = '-', // none: the signal's refusal is not kept
}

/** Undefined as long as nobody has answered. */
export let answer: Answer | undefined
/** Undefined as long as nobody has answered, false after a refusal. */
export let granted: boolean | undefined
/** The page holds everything back, whatever was answered before. */
export let held = false
export const hold = (now: boolean) => (held = now)
/** The cookie as this page knows it. */
let known = ''

/** Whether a person has answered; their browser's signal is not them. */
export const answered = () => answer && known !== Cookie.Signal

/** The person has answered, on this page or, with a cookie, elsewhere. */
export function setAnswer(given: Answer, cookie?: string): void {
  answer = given
  granted = given.a === 'accept'
  known = cookie || writeCookie(NAME, encodeURIComponent(stringify(given)), Seconds.Answer)
  if (BANNER) dismiss()
}

/**
 * Takes up what an earlier page, another tab and the browser said. GPC counts as
 * a refusal, unless the person answered in its face; an accept from before the
 * signal was switched on ends in a refusal.
 */
export function recallAnswer(): void {
  const cookie = readCookie(NAME)
  let given: Answer | undefined
  if (cookie && cookie !== known)
    try {
      given = parse(decodeURIComponent(cookie))
    } catch {
      // Not ours: as if nobody had answered.
    }
  if (GPC && gpc && (given ? given.a === 'accept' && !given.o : !answer)) {
    const signal: Answer = { a: 'reject', t: loadedAt, s: 'gpc' }
    given ? refuse(signal) : setAnswer(signal, Cookie.Signal)
  } else if (given) setAnswer(given, cookie)
}
