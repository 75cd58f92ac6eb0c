// The customer whom the page has named, in memory and for this page only.

import type { User } from './types'

/** Undefined before identify() and after identify(null). */
export let user: User | undefined

export function setUser(named?: User): void {
  user = named
}
