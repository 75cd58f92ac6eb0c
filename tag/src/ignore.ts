// The only way not to send. Whatever the tag leaves out passes through ignore()
// with a reason from one closed list, so that nothing is dropped in silence:
// open the page with ?matchkey_debug=1 and the console says what and why.

export type Reason =
  // The tag does nothing at all on this page.
  | 'included_twice' // another copy of the tag was here first
  | 'no_origin' // file:, data:, a sandboxed document: there are no cookies
  | 'framed' // the visit belongs to the page around us
  // A call was not understood.
  | 'command_unknown'
  | 'event_name_invalid'
  | 'event_id_invalid'
  | 'properties_invalid' // not expressible as JSON; the event goes without them
  | 'event_too_large'
  | 'customer_invalid'
  | 'contact_invalid' // not a field we know, or not a short text; the rest goes
  | 'consent_invalid'
  | 'gpc_not_informed' // an accept against the browser's signal, of somebody who was not told of it
  // The person's answer, or its absence.
  | 'refused' // the person, or a privacy signal, said no
  | 'refusal_told' // this customer's refusal has been told from this page already
  // Identifiers.
  | 'click_invalid' // the address carries a click id that cannot be one
  | 'click_unreadable' // somebody's click cookie that we do not understand: left alone, not sent
  // Transport.
  | 'queue_full' // more events than a page may keep: 20 before an answer, 200 after it
  | 'refused_by_edge' // a 4xx; its own reason stands beside it
  // Ours, or a page that broke the browser's functions.
  | 'fault'

const debugging = location.search.includes('matchkey_debug=1')

export function ignore(reason: Reason, detail?: unknown): void {
  if (debugging) console.info('matchkey ignored: ' + reason, detail)
}
