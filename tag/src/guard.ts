// A tag must never throw into its page. Everything the browser or the page can
// call — the page API, timers, listeners — is wrapped by guarded(). It is async
// so that what fails after an await is caught as well; what comes before the
// first await runs at once.

import { ignore } from './ignore'

export const guarded =
  <A extends unknown[]>(fn: (...args: A) => unknown) =>
  async (...args: A): Promise<void> => {
    try {
      await fn(...args)
    } catch (error) {
      ignore('fault', error)
    }
  }
