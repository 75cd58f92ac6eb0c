// matchkey('identify', customerId, contact?): the site names the person.
// Contact data travels as it is, over TLS, to the site's own endpoint, and is
// hashed there: one place knows how to normalise a phone number.

import { granted } from './answer'
import { track } from './events'
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
  if (!id) return ignore('customer_invalid')
  const named: User = { id }
  for (const field in contact) {
    const value = text(contact[field])
    if (value && FIELDS.test(field)) named[field] = value
    else ignore('contact_invalid', field)
  }
  setUser(named)
  if (granted === false) tellRefusal(undefined, named)
  else track('identify')
}

/** The text of a text or a number, on one line and of bounded length; "" of anything else. The edge has the exact bounds. */
const text = (value: unknown) => (/^(str|num)/.test(typeof value) && /^.{1,256}$/.test(value as string) ? '' + value : '')
