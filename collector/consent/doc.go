// Package consent decides what may leave, what may be kept, and what stands in
// the ledger about a person's answers.
//
// It is a package of its own because its answers are shown to people and to
// authorities: it must be possible to read it whole, to run it on a case from
// a file ([DecideLine], `matchkey decide`) and to get the same result as the
// running system. It is pure: no clock, no file, no network, no state.
//
// # The way of an answer
//
//	page ── answer ──► edge: MayKeep? ──► journal ──► Register.Records ──► ledger
//	                                                                         │
//	delivery ── question (event, place, signals, records, now) ──► Decide ◄──┘
//	                                                                 │
//	              send_full · send_reduced · hold · drop, with ordered reasons
//
// # What is promised
//
//   - Two points in time count: consent must hold when the event happened and
//     when it is sent. So Decide is asked again before every attempt.
//   - A refusal never widens. Nor does a privacy signal, a lost country or a
//     record that came in another order (properties P1 to P5, property_test.go).
//   - What is unknown counts as no: an unknown country asks first, an unknown
//     action revokes, an unknown notice proves nothing.
//   - Signals tighten, records grant. Refusals follow the links of a person,
//     grants do not.
//   - Every decision carries its reasons in order; the last one decided. The
//     codes are stable ([Sentences] says them in words).
//
// # Where things stand
//
// policy.go what an operator chooses · place.go which law, by geography ·
// limiteduse.go the states with restricted processing · signal.go what browsers
// and consent tools say · stand.go what the records say about a purpose at a
// time · decide.go the order of the questions · shape.go what is left to send ·
// notice.go, register.go, record.go texts, categories and ledger rows · keep.go
// what the edge may keep · casefile.go the vocabulary of audits.
//
// The specification is reference/consent.md § 4 and 5.
package consent
