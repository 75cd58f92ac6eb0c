// The gate. Before an answer nothing leaves and nothing is stored; a grant opens
// it, a refusal closes it and clears up. States and what moves them:
//
//	             stored accept ┌─────────┐
//	 start ─┬─────────────────►│ granted │◄─ accept ─┐
//	        │ no answer        └────┬────┘           │
//	        ├────► unanswered ──────┼── accept ──────┤
//	        │           └─ reject ─►│ reject,        │
//	        │ stored reject, GPC    ▼ withdraw       │
//	        └─────────────────► refused ─────────────┘

import { granted, setAnswer } from './answer'
import { eventJSON } from './beacon'
import { CLICK_COOKIE } from './click'
import { expireCookie, readCookie } from './cookies'
import { gpc } from './gpc'
import { ignore } from './ignore'
import { now } from './native'
import { forget } from './parked'
import type { ConsentOptions, ConsentSource } from './public'
import { enqueue } from './queue'
import { tellRefusal } from './refusal'
import { SESSION_COOKIE } from './session'
import { sendSoon } from './transport'
import type { Answer } from './types'
import { VISITOR_COOKIE } from './visitor'

/** matchkey('consent', 'accept' | 'reject' | 'withdraw', {categories?, source?, language?, notice?, token?, informed?}?) */
export function consent(action: Answer['a'], options?: ConsentOptions): void {
  const { categories = 0, source = 'api', language = NOTICE_LANGUAGE || undefined, notice = NOTICE_HASH || undefined, token, informed } =
    Object(options) as ConsentOptions
  const refusal = /^(reject|withdraw)$/.test(action)
  // Absent categories mean all: a list that the edge would not take, or an empty
  // one, must not widen into that. A refusal counts, whatever stands beside it.
  if (!/^[\w.-]{0,256}(,[\w-]{0,64}){3}(,[\w-]{1,64}){1,64}$/.test('' + [token, source, language, notice, categories])) {
    ignore('consent', options)
    return refusal ? consent(action) : undefined
  }
  const given: Answer = {
    a: action,
    t: now(),
    n: notice,
    p: token,
    g: language,
    s: source,
    x: true,
    k: categories ? ('' + categories).split(',') : undefined,
  }
  if (GPC && informed) given.o = gpc
  if (refusal) refuse(given)
  else if (action !== 'accept') ignore('consent', action)
  // A yes in the face of the signal counts only from somebody who was told of
  // it (consent.md § 5.3); the server decides likewise.
  else if (GPC && gpc && !informed) ignore('gpc')
  else {
    setAnswer(given)
    enqueue(eventJSON('consent'), true)
    sendSoon()
  }
}

/** A consent manager told what it knows; most tell it again on every page. */
export function signal(yes: boolean, source: ConsentSource): void {
  if (granted !== yes) consent(yes ? 'accept' : 'reject', { source })
}

/** The person refuses, or takes back what they granted. */
export function refuse(given: Answer): void {
  // Whoever has a visitor id once agreed: taking that back must name them.
  const visitor = readCookie(VISITOR_COOKIE) || undefined
  if (visitor) given.a = 'withdraw'
  setAnswer(given)
  // What the tag may have written about the visitor.
  const own = CLICK ? [VISITOR_COOKIE, SESSION_COOKIE, CLICK_COOKIE] : [VISITOR_COOKIE, SESSION_COOKIE]
  own.forEach(expireCookie)
  if (RETRY) forget()
  tellRefusal(visitor)
}
