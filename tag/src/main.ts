// Where the tag starts. One line per thing that happens on a page by itself;
// everything else happens because the page calls window.matchkey.

import { granted, recallAnswer } from './answer'
import { install, pageView, present } from './api'
import { offer } from './banner'
import { listen } from './cmp'
import { guarded } from './guard'
import { ignore, type Reason } from './ignore'
import { landingClick } from './landing'
import { later } from './native'
import { inert, look } from './page'
import { takeUp } from './parked'
import { watchAddress } from './spa'
import { sendRest } from './transport'

const start = guarded(() => {
  if (present().tag) return ignore('twice')
  if (inert) return ignore(REASONS ? (inert as Reason) : 'origin')
  if (LANDING) landingClick()
  if (CONSENT) recallAnswer()
  pageView()
  addEventListener('visibilitychange', sendRest)
  addEventListener('pagehide', sendRest)
  install()
  if (TCF || GPP || CONSENT_MODE) listen()
  if (BANNER) offer()
  if (SPA) watchAddress(pageView)
  if (PAGE_LIFE)
    // A page that comes back from the back/forward cache is seen anew.
    addEventListener('pageshow', e => {
      if (e.persisted) {
        look(document.referrer)
        pageView()
      }
    })
  // Storage is slow to open: not while the page is busy (tag.md § 3).
  if (RETRY && (!CONSENT || granted != null)) later(guarded(takeUp), 1000)
})

// Chromium prerenders pages that the person may never open, and without this
// reported them and wrote their cookies (tag.md § 5).
if (PAGE_LIFE && (document as { readonly prerendering?: boolean }).prerendering)
  document.addEventListener('prerenderingchange', start)
else start()
