// The only way not to send. Whatever the tag leaves out passes through ignore()
// with a reason from one closed list, so that nothing is dropped in silence:
// open the page with ?matchkey_debug=1 and the console says what and why, and
// the next beacon tells the edge how often. The words are short because every
// visitor pays for them; edge/tag_reasons.go has a sentence for each.

export type Reason =
  // The tag does nothing at all on this page.
  | 'twice' // another copy of the tag was here first
  | 'origin' // file:, data:, a sandboxed document: there are no cookies
  | 'framed' // the visit belongs to the page around us
  // A call was not understood.
  | 'command' // unknown, or not compiled into this site's tag
  | 'large' // an event with too much in it
  | 'customer' // no text that can be an id
  | 'contact' // not a field we know, or not a short text; the rest goes
  | 'consent' // not an answer that can be kept
  | 'gpc' // an accept against the browser's signal, of somebody who was not told of it
  | 'notice' // the edge did not give the banner its text: nobody is asked on this page
  // The person's answer, or its absence.
  | 'refused' // the person, or a privacy signal, said no
  | 'told' // this customer's refusal has been told from this page already
  // Identifiers.
  | 'click' // the address carries a click id that cannot be one
  | 'cookie' // somebody's click cookie that we do not understand: left alone, not sent
  // Transport.
  | 'full' // more events than a page may keep: 20 before an answer, 200 after it
  | 'edge' // what the edge says beside its answer: a bad name or id of an event, a whole beacon that it refuses
  | 'lost' // a beacon got no answer, and this site's tag does not try again
  // Ours, a page that broke the browser's functions, or properties that are not expressible as JSON.
  | 'fault'

const debugging = REASONS && /matchkey_debug=1/.test(location.search)

/** How often each reason was given since the last beacon told of it. */
let counts: Record<string, number> | undefined

export function ignore(reason: Reason, detail?: unknown): void {
  if (REASONS) {
    if (!counts) counts = {}
    counts[reason] = -~counts[reason]!
    if (debugging) console.info('matchkey ignored: ' + reason, detail)
  }
}

/** The counts for a beacon; afterwards they begin anew. */
export function takeCounts(): typeof counts {
  const taken = counts
  counts = undefined
  return taken
}
