// Keeps the landing page's click id for later pages of this tab, for a person who
// answers there. Session storage ends with the tab. This is the one thing that
// the tag stores before an answer, so a site has to ask for it by name, where
// its lawyers say that it may.

import { landed } from './click'

const KEY = '_mkl'

/** The click id of the page on which this tab came to the site, or "". */
export function landingClick(): string {
  try {
    if (landed) sessionStorage[KEY] = landed
    return sessionStorage[KEY] || ''
  } catch {
    return '' // storage is blocked
  }
}
