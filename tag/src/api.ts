// window.matchkey: the one function that pages call. The snippet puts a stub
// there that queues calls until the tag is loaded; the tag replaces it and takes
// over the queue. A function, not an object of methods: a page with an old
// snippet can call whatever a newer tag knows.

import { consent } from './consent'
import { track } from './events'
import { get } from './get'
import { guarded } from './guard'
import { identify } from './identify'
import { ignore } from './ignore'

type Call = Iterable<unknown>

interface API {
  (...call: unknown[]): void
  /** Calls made before the tag was loaded, and by whoever kept the stub. */
  q?: Iterable<Call> | { push(call: Call): unknown }
  /** Set by the tag: which build is here. */
  tag?: string
}

declare global {
  interface Window {
    matchkey?: API
  }
}

// `any`: every command checks its own arguments, which come from the page.
const commands: Record<string, (...args: any[]) => void> = {
  track,
  page: properties => track('page_view', properties),
  identify,
  consent,
  get,
}

/** What stands in our place: nothing, a stub, or another copy of the tag. */
export const present = (): Partial<API> => window[GLOBAL] || {}

/** Puts the page API in place, and catches up on the calls made before. */
export function install(): void {
  const run = guarded(([name, ...args]: Call) => {
    const command = commands[name as string]
    if (command) command(...args)
    else ignore('command_unknown', name)
  })
  const { q = [] } = present()
  const api: API = (...call) => void run(call)
  api.tag = BUILD
  api.q = { push: run }
  window[GLOBAL] = api
  for (const call of q as Iterable<Call>) run(call)
}
