// The person's answer: what it is now, and the cookie `_mkc` that remembers it
// for the next page. The cookie holds no identifier and exists only after an
// answer, so it is strictly necessary. Half a year is how long a choice is to
// be respected before asking again (consent.md § 4.5).
//
//	<accept|reject>.<ms>.<first 16 digits of the notice's hash>.<source>.<category,category>.<true when given under GPC>

import { readCookie, Seconds, writeCookie } from './cookies'
import { gpc } from './gpc'
import { loadedAt } from './page'
import type { Answer, Source } from './types'

const NAME = '_mkc'

/** Undefined as long as nobody has answered. */
export let answer: Answer | undefined
/** Undefined as long as nobody has answered, false after a refusal. */
export let granted: boolean | undefined

/** The person has answered, on this page or, with `stored`, on an earlier one. */
export function setAnswer(given: Answer, stored?: boolean): void {
  answer = given
  const { a, t, n, s, k } = given
  granted = a === 'accept'
  if (stored) return
  writeCookie(NAME, [granted ? a : 'reject', t, n && NOTICE_PREFIX, s, k, gpc].join('.'), Seconds.Answer)
}

/**
 * Takes up what an earlier page and the browser said. GPC counts as a refusal,
 * unless the person answered in its face; an accept from before the signal was
 * switched on ends in a refusal.
 */
export function recallAnswer(refuse: (given: Answer) => void): void {
  const [a, t, n, s, k, underGPC] = readCookie(NAME).split('.') as [Answer['a'], ...string[]]
  if (gpc && !underGPC) {
    const signal: Answer = { a: 'reject', t: loadedAt, s: 'gpc' }
    if (a === 'accept') refuse(signal)
    else setAnswer(signal, true)
  } else if (/^(accept|reject)$/.test(a)) {
    setAnswer(
      {
        a,
        t: +t!,
        // The hash is known only while the notice is the one that was answered.
        n: (n === NOTICE_PREFIX && NOTICE_HASH) || undefined,
        s: s as Source,
        x: s !== 'gpc' || undefined,
        o: (underGPC && a === 'accept') || undefined,
        k: k ? k.split(',') : undefined,
      },
      true,
    )
  }
}
