// Telling the edge of a refusal: the answer, and whom it is about. A refusal
// holds for the customer too, wherever else they are known; the same customer is
// told of once per page.

import { answerMessage } from './beacon'
import { ignore } from './ignore'
import { enqueueRefusal } from './queue'
import { send } from './transport'
import type { User } from './types'

const enum Limit {
  Customers = 20, // a page does not name more; beyond that somebody plays with us
}

const told: string[] = []

/** Tells of the present answer, for the visitor and the customer if they are known. */
export function tellRefusal(visitor?: string, user?: User): void {
  const id = user && user.id
  if (id && !visitor && (told.includes(id) || told.length >= Limit.Customers)) return ignore('refusal_told')
  if (id) told.push(id)
  enqueueRefusal(answerMessage(visitor, id))
  send()
}
