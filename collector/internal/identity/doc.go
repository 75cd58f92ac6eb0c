// Package identity says how what is known of a person comes together: the
// merge of profiles, the join over linked browsers, and whose browser a
// visitor is.
//
// It is separate, and pure, because everything depends on its laws. The merge
// is commutative, associative and idempotent, so the order of arrival,
// duplicates and several edges cannot matter; the laws are property-tested.
//
// # Rules
//
//   - An identifier is known by kind and value. Of two observations the
//     earliest first time, with its provenance, and the latest last time stay.
//   - Lists are bounded; the values last seen longest ago go first. The laws
//     hold for what is within the bounds; of a value that was pushed out and
//     comes back, the earlier first time may be lost.
//   - A session is known by its id; its earliest event fixes it.
//   - A visitor belongs to at most one customer, and two customers never
//     merge. A second customer on the same browser starts a new generation of
//     the visitor: a name of its own, to which no click of before follows.
package identity
