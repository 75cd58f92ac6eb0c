// Telling the edge of a refusal: the answer, and whom it is about. A refusal
// holds for the customer too, wherever else they are known.

import { answerMessage } from './beacon'
import { ignore } from './ignore'
import { outbox } from './queue'
import { send } from './transport'
import { user } from './user'

const enum Limit {
  Waiting = 50, // a page does not name more customers; beyond that somebody plays with us
}

/** Tells of the present answer, for the visitor and the customer if they are known. */
export function tellRefusal(visitor?: string): void {
  if (IDENTIFY && outbox.length > Limit.Waiting) return ignore('full')
  outbox.push(IDENTIFY ? answerMessage(visitor, user) : answerMessage(visitor))
  send()
}
