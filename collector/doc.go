// Package collector holds the words of Matchkey and the promises between its
// parts. It imports the standard library only, knows no technology and no
// vendor, and everything else imports it.
//
// # The way of the data
//
//	browser ── tag ──beacon──► edge ──► Journal (durable, then 204) ──► pipeline ──► profiles · consent ledger · outbox
//	shop server ──event──────► edge ──► Journal (durable, then 202)        │ identity, scenarios          │ deliveries
//	                                                                       ▼                              ▼
//	                                             console ◄── accounting, lineage        dispatcher: join → decide → destination → settle
//
// One direction, no way back. The [Journal] is the truth; what stands behind
// it is derived and carries a watermark ([Store]).
//
// # Words that people confuse
//
// A beacon carries events. An [Event] may become a [Conversion], when it
// matches a scenario. A conversion owes one [Delivery] to each destination. A
// delivery has [Attempt]s. Replay rebuilds derived state, redrive sends again.
// Ignored (by the tag), refused (by the edge), withheld (by consent), rejected
// (by the destination), in doubt (the destination did not say) and dead (we
// stopped) are six different things.
//
// # What is promised
//
// At-least-once in, idempotent apply, a deterministic event ID, and closed
// accounting: every conversion is at every instant in exactly one [State].
// "Exactly once" is not promised: a request that was sent and never answered
// may have been counted (state in_doubt).
package collector
