// matchkey('get', callback): what the tag knows, for the site's own scripts and
// for a banner that wants to know whether to show itself. Without consent it
// neither makes nor reads an identifier.

import { granted } from './answer'
import { identifiers } from './identifiers'
import { sessionId } from './session'
import type { Known } from './public'
import { visitorId } from './visitor'

export const get = (callback: (known: Known) => void) =>
  callback(
    granted
      ? { visitor: visitorId(), session: SESSION ? sessionId() : undefined, identifiers: identifiers(), consent: 'accept' }
      : { identifiers: {}, consent: granted == null ? null : 'reject' },
  )
