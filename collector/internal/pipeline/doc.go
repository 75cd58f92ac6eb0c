// Package pipeline applies the journal to the store, in the journal's order.
//
// It is separate because it is the only writer of what is derived: for every
// entry it resolves identity, records consent, merges the profile, matches
// scenarios, takes the first decision and adds deliveries; and it commits a
// run of entries together with the watermark. It knows no vendor and reads no
// clock: an entry's own receive time is its "now", so that applying the same
// journal again gives the same state.
//
// # One entry
//
//	event ─► whose browser? ─► erased? ─► consent records ─► may it be kept? ─no─► only what accounts need
//	                                                   │yes
//	                                                   ▼
//	                                  profile ─► event, copies merged ─► scenarios ─► deliveries ─► wake
//
// An event of a person who refused, or who was never asked and whose event no
// delivery waits for, is redacted in store and journal by the very commit that
// applies it: nothing of it is left but its name, its ID and the reasons.
//
// An event of a person who was erased is not kept at all: the journal keeps that
// something happened, accounts count what it would have been as withheld, and
// neither has its ID. Only a yes that the person gave after the erasure, by an
// act of their own, ends that, for the names that come with it (suppress.go).
//
// An entry that cannot be interpreted is set aside with a reason and shown; it
// never stops the entries behind it. An error of the store or the journal does
// stop the pipeline: it tries again, says so in the log and in
// matchkey_healthy, and nothing is lost. Events are accepted until the lag's
// bound, then the node is not ready. While the edge has more to do than the
// machine can, the pipeline rests between its runs (Options.Rest): who waits for
// an answer goes first, and the lag's bound says how long.
package pipeline
