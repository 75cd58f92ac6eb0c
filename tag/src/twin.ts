// The Pixel's twin: what the page tells the Pixel, by fbq(), happens here as
// well, under the same id, so that Meta counts the browser's and the server's
// copy once. The hook itself is inline in the snippet (build/snippet.go): only
// there it is sure to come before Meta's script takes the first calls (tag.md
// § 7). It gives every call without an eventID one, and passes it on as
// matchkey('fbq', arguments).

import { hold } from './answer'
import { signal } from './consent'
import { report } from './events'
import { sendSoon } from './transport'

/** The page said fbq('consent', 'grant'). */
let open = false

/** matchkey('fbq', …): one call that the Pixel gets. */
export function twin([command, ...rest]: any[]): void {
  if (/^track/.test(command)) {
    const [name, properties, { eventID }] = /Single/.test(command) ? rest.slice(1) : rest
    // The page view is one with ours: the hook gave it our id.
    if (name !== 'PageView') report(name, eventID, properties)
  } else if (PIXEL_CONSENT && command === 'consent') {
    // Sites revoke first on every page and grant when their banner says so: only
    // after a grant a revocation is an answer. Before it nothing leaves.
    const grants = rest[0] === 'grant'
    hold(!grants && !open)
    if (grants || open) signal(grants, 'pixel')
    if (grants) sendSoon()
    open = grants
  }
}
