// SHA-256 of contact data in the page, for a site whose contact data must not
// leave it as it is. Normalised like the edge does, as far as a few lines can:
// e-mail, phone and names. What would take a table (places, dates, gender) is
// left out, as is everything where the browser has no crypto.subtle (http).

import { ignore } from './ignore'
import type { User } from './types'

/** Adds a field's hash to a person, some milliseconds later; the field itself never. */
export async function hashed(person: User, field: string, value: string): Promise<void> {
  let form = value.trim().toLowerCase()
  if (field === 'phone')
    // Up to 15 digits with the country's code, which a number has that begins with + or 00.
    form = /[a-z]|(\d\D*){16}/.test(form) ? '' : (/^(\+|00)/.test(form) ? '' : CALLING_CODE) + form.replace(/^[+0]+|\D/g, '')
  else if (/name/.test(field)) form = form.replace(/[^\p{L}\p{M}\p{N}]/gu, '')
  else if (!/^(?!\.|.*\.\.)[^\s@,()[\]]+@[a-z\d-]+(\.[a-z\d-]+)+$/.test(form)) form = ''
  if (!form || !crypto.subtle) return ignore('contact', field)
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(form))
  person[field] = new Uint8Array(digest).reduce((hex, byte) => hex + (byte + 256).toString(16).slice(1), '')
}
