// Package store keeps what is derived from the journal: profiles and links,
// the consent ledger, events, deliveries and their accounting.
//
// It is separate because it promises atomicity: what a run of journal entries
// causes, and the watermark that says they are applied, become visible and
// survive together or not at all. It speaks in domain terms only, so that a
// cluster can meet the same promises with another engine.
//
// There are two implementations of [collector.Store], which pass one
// conformance suite (collectortest): [Pebble] for use, [Memory] for the tests
// of others and as an oracle. What a delivery does on a lease, a settlement, a
// rescue and so on is written once (ops.go), and so is the arithmetic of
// accounts (account.go); the two differ in how they keep and find things.
//
// # Erasure
//
// What goes, and what is counted on, is written once as well (erase.go). A person
// is found by rows under a keyed hash of each subject (hashkey.go), which outlast
// a redaction; names of the erased stay as keyed hashes, so that what comes later
// is kept out. The rows are gone when the call returns; Scrub then takes their
// bytes off the disk (scrub.go, and keyspace.Scrub).
//
// # Retention
//
// What expired is used by nobody from that moment on: [Unexpired] and [Using] read
// by the clock, the pipeline by an entry's own time, all by one pure function of a
// value's kind, its time, the retention and now (collector.Expired,
// identity.Retain). Whether the bytes are still there makes no difference.
//
// Bytes are deleted by days (retain.go). Keep puts a day and a retention in force;
// what had expired by the day's beginning is then left out of every profile that is
// written, and Sweep deletes the rest, in commits of a bounded size. It reads what
// expires and not what there is:
//
//   - Whatever expires stands once in an index under the day on which something of
//     it does (table 6): a profile under its first value's, a consent record, a
//     settled delivery. A change moves the row, if the day changes.
//   - The journal and its events need no such rows. With every day it is written
//     down up to which entry all was applied by then (table 7). Entries go by one
//     deletion of a range, and on the way each names its event, which goes with the
//     entry of its last copy.
//   - An event whose delivery may yet be sent outlasts its entries, and is looked at
//     again every day. Of a conversion a keyed hash stays, by which a copy that
//     comes a year later is known.
//   - A customer is seen when one of the browsers is. Links go with whom they link,
//     unless a consent record proves something or a refusal has to follow them.
//
// Since days and retentions are written down behind journal entries, a replay
// forgets at the same entries what was forgotten at them, and gives the same bytes;
// what only expired entries could tell it keeps (rebuild_retain.go). When another
// retention comes into force, the index is made anew, in steps: the one time that a
// sweep reads everything. Which clock is believed is the engine's business.
//
// # What is durable when
//
// Apply is not synced: the journal still has the entries, and the watermark
// tells which are missing. What the journal does not have is synced before
// the call returns: that an attempt begins, how it ended, and what a person
// did. A lease is not synced; after a crash every lease is taken back.
package store
