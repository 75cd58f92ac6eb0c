// Single-page applications: a page view is whenever path or query change, by
// pushState, replaceState or the back button; by choice the hash, too. The
// Navigation API would be one listener, but Safari has none (tag.md § 12).

import { guarded } from './guard'
import { look, view } from './page'

/** Watches the address from now on; start reports the page view of a new one. */
export function watchAddress(start: () => void): void {
  const moved = guarded(() => {
    const { href } = location
    const before = view.l
    if (HASH_ROUTES ? href !== before : href.split('#')[0] !== before.split('#')[0]) {
      look(before)
      start()
    }
  })
  for (const method of ['pushState', 'replaceState'] as const) {
    const real = history[method]
    history[method] = function (...call) {
      real.apply(this, call)
      moved()
    }
  }
  addEventListener('popstate', moved)
  if (HASH_ROUTES) addEventListener('hashchange', moved)
}
