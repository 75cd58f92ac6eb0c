// matchkey('identify', customerId, contact?): the site names the person. Contact
// data travels as it is, over TLS, to the site's own endpoint, and is hashed
// there: one place knows how to normalise a phone number. A site whose contact
// data must not leave the page as it is has it hashed here (hash.ts).

import { granted } from './answer'
import { track } from './events'
import { hashed } from './hash'
import { ignore } from './ignore'
import { tellRefusal } from './refusal'
import type { User } from './types'
import { setUser, user } from './user'

const FIELDS = /^(signature|phone|email|(fir|la)st_name|date_of_birth|gender|city|region|postal_code|country)$/

/** A customer of null signs out; who was named on this page is told of as leaving. */
export function identify(customer: unknown, contact?: Record<string, unknown>): void {
  if (customer === null) {
    if (user) track('sign_out')
    return setUser()
  }
  const id = text(customer)
  if (!id) return ignore('customer')
  const named: User = { id }
  for (const field of Object.keys(Object(contact))) {
    const value = text(contact![field])
    if (!value || !FIELDS.test(field)) ignore('contact', field)
    else if (HASHING && field !== 'signature') hashed(named, field, value)
    else named[field] = value
  }
  const told = user && user.id === id
  setUser(named)
  if (!CONSENT || granted !== false) track('identify')
  else if (told) ignore('told')
  else tellRefusal()
}

/** The text of a text or a number, on one line and of bounded length; "" of anything else. The edge has the exact bounds. */
const text = (value: unknown) => (/^(str|num)/.test(typeof value) && /^.{1,256}$/.test(value as string) ? '' + value : '')
