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

import { setAnswer } from './answer'
import { eventJSON } from './beacon'
import { CLICK_COOKIE } from './click'
import { expireCookie, readCookie } from './cookies'
import { gpc } from './gpc'
import { ignore } from './ignore'
import { now } from './native'
import { enqueueConsent, purge } from './queue'
import { tellRefusal } from './refusal'
import { SESSION_COOKIE } from './session'
import { sendSoon } from './transport'
import type { Answer, ConsentOptions } from './types'
import { user } from './user'
import { VISITOR_COOKIE } from './visitor'

// What the tag may have written about the visitor.
const OWN_COOKIES = CLICK ? [VISITOR_COOKIE, SESSION_COOKIE, CLICK_COOKIE] : [VISITOR_COOKIE, SESSION_COOKIE]

const enum Limit {
  Said = 1000, // characters of source, language and categories
}

/** matchkey('consent', 'accept' | 'reject' | 'withdraw', {categories?, source?, language?, informed?}?) */
export function consent(action: Answer['a'], options?: ConsentOptions): void {
  const { categories = 0, source = 'api', language = NOTICE_LANGUAGE || 0, informed } = Object(options) as ConsentOptions
  // Absent categories mean all: a list that we cannot keep, or an empty one,
  // must not widen into that.
  const said = '' + [source, language, categories]
  if (said.length > Limit.Said || !/^[\w-]+(,[\w-]+)*$/.test(said)) {
    ignore('consent_invalid', options)
    // A refusal counts, whatever stands beside it.
    return action === 'accept' ? undefined : consent(action)
  }
  const given: Answer = {
    a: action,
    t: now(),
    n: NOTICE_HASH || undefined,
    g: language || undefined,
    s: source,
    x: true,
    o: (gpc && informed) || undefined,
    k: categories === 0 ? undefined : ('' + categories).split(','),
  }
  // A yes in the face of the signal counts only from somebody who was told of
  // it (consent.md § 5.3); the server decides likewise.
  if (action === 'accept') gpc && !informed ? ignore('gpc_not_informed') : grant(given)
  else if (/^(reject|withdraw)$/.test(action)) refuse(given)
  else ignore('consent_invalid', action)
}

function grant(given: Answer): void {
  enqueueConsent(eventJSON('consent'))
  setAnswer(given)
  sendSoon()
}

/** The person refuses, or takes back what they granted. */
export function refuse(given: Answer): void {
  // Whoever has a visitor id once agreed: taking that back must name them.
  const visitor = readCookie(VISITOR_COOKIE) || undefined
  if (visitor) given.a = 'withdraw'
  setAnswer(given)
  purge()
  OWN_COOKIES.forEach(expireCookie)
  tellRefusal(visitor, user)
}
