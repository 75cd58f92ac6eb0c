// Package identity says how what is known of a person comes together: the
// merge of profiles and of an event's copies, the join over linked browsers, and
// whose browser a visitor is.
//
// It is separate, and pure, because everything depends on its laws. The merge
// is commutative, associative and idempotent, so the order of arrival,
// duplicates and several edges cannot matter; the laws are property-tested.
//
// # Rules
//
//   - An identifier is known by kind and value. Of two observations the
//     earliest first time, with its provenance, and the latest last time stay.
//   - Lists are bounded, by ranks that no later arrival can change, so that the
//     laws hold beyond the bounds as well. Clicks and browser ids carry a time of
//     their own: those of the newest times stay. Of every other kind the values
//     seen last stay and those known longest. Of sessions those with the greatest
//     ids stay: an id begins with its start (tag/src/session.ts).
//   - A session is known by its id; its earliest event fixes it.
//   - A visitor belongs to at most one customer, and two customers never
//     merge. A second customer on the same browser starts a new generation of
//     the visitor: a name of its own, to which no click of before follows, and no
//     yes. A sign-out starts one as well, which is nobody's; the browser's yes
//     goes on, until another customer signs in.
//   - What has expired is as if it had never been seen (retain.go).
//
// # What does not depend on the order
//
// Profiles, links and the set of deliveries come out the same whatever the order
// in which events arrive, and however often: as long as each browser is one
// customer's at most. Sign-outs and second customers have an order by nature:
// those of one browser have to arrive in it. Then an event that arrives late, by
// hours, belongs to the generation in whose time it happened. One that arrives
// before the sign-in that was before it belongs to the generation that was known
// then; a late event that names another customer than its time's counts for that
// customer, without the browser. Consent has an order too: what was
// not sent in time because nobody had agreed may be withheld by then.
package identity
