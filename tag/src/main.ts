// Where the tag starts. One line per thing that happens on a page by itself;
// everything else happens because the page calls window.matchkey.

import { recallAnswer } from './answer'
import { install, present } from './api'
import { refuse } from './consent'
import { track } from './events'
import { guarded } from './guard'
import { ignore } from './ignore'
import { inert, prerendering } from './page'
import { send, sendRest } from './transport'

const start = guarded(() => {
  const why = present().tag ? 'included_twice' : inert
  if (why) return ignore(why)
  recallAnswer(refuse)
  track('page_view')
  document.addEventListener('visibilitychange', send)
  addEventListener('pagehide', sendRest)
  install()
})

// Chromium prerenders pages that the person may never open, and without this
// reported them and wrote their cookies (tag.md § 5).
if (prerendering) document.addEventListener('prerenderingchange', start)
else start()
