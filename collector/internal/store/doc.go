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
// # What is durable when
//
// Apply is not synced: the journal still has the entries, and the watermark
// tells which are missing. What the journal does not have is synced before
// the call returns: that an attempt begins, how it ended, and what a person
// did. A lease is not synced; after a crash every lease is taken back.
package store
