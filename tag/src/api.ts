// window.matchkey: the one function that pages call. The snippet puts a stub
// there that queues calls until the tag is loaded; the tag replaces it and takes
// over the queue. A function, not an object of methods: a page with an old
// snippet can call whatever a newer tag knows.

import { ask } from './banner'
import { consent } from './consent'
import { report, track } from './events'
import { get } from './get'
import { guarded } from './guard'
import { identify } from './identify'
import { ignore } from './ignore'
import { randomId } from './native'
import { twin } from './twin'

type Call = Iterable<unknown>

interface API {
  (...call: unknown[]): void
  /** Calls made before the tag was loaded, and by whoever kept the stub. */
  q?: Iterable<Call> | { push(call: Call): unknown }
  /** Set by the tag: which build is here. */
  tag?: string
  /** Id of the present page view's event, which the Pixel's twin shares. */
  v?: string
}

/** What stands in our place: nothing, a stub, or another copy of the tag. */
export const present = (): Partial<API> => (window as any)[GLOBAL] || {}

/** A page view begins. The Pixel may have named it before we came. */
export function pageView(properties?: unknown): void {
  const api = present()
  const id = (TWIN && !api.tag && api.v) || randomId()
  if (TWIN) api.v = id
  report('page_view', id, properties)
}

// `any`: every command checks its own arguments, which come from the page.
const commands: Record<string, (...args: any[]) => void> = { track, page: pageView }
if (CONSENT) commands.consent = consent
if (BANNER) commands.ask = () => ask()
if (IDENTIFY) commands.identify = identify
if (GET) commands.get = get
if (TWIN) commands.fbq = twin

/** Puts the page API in place, and catches up on the calls made before. */
export function install(): void {
  const run = guarded(([name, ...args]: Call) => {
    const command = commands[name as string]
    if (command) command(...args)
    else ignore('command', name)
  })
  const { q = [], v } = present()
  const api: API = (...call) => {
    run(call)
  }
  api.tag = BUILD
  api.q = { push: run }
  if (TWIN) api.v = v!
  ;(window as any)[GLOBAL] = api
  for (const call of q as Iterable<Call>) run(call)
}
