// Package keyspace is the on-disk format: it opens the one Pebble database
// that holds journal and derived state, and names every key in it.
//
// It is separate so that the format stands in one place. The journal and the
// store each own their keys and share only the file; nothing else knows that
// there are keys at all.
//
// # Format 3
//
// This cannot change: add a format and a migration. Format 1 had
// none of T, V, Z, 1, 2, 3, 4, G, U and Y, and the rows of T were in Q; format 2
// had none of 5, 6, 7, 8, 9, a, b and c, and no binary values. The store migrates both
// when it is opened (package store); values that are JSON stay so until they change.
//
// A key is one letter or digit for its table, then the parts named below. u64 is
// big-endian; str is ordered and self-delimiting (each 0x00 becomes 0x00 0xFF, the end is 0x00 0x01). dkey is
// the delivery key: str site, str destination, str send, str event ID. Values
// are words as package codec writes them, unless said otherwise.
//
//	F                                    format number, decimal text
//	J  u64 offset                        journal frame, see package journal
//	W                                    u64 watermark of the derived state
//	E  str site, str name, str id        event record
//	I  str id, str site, str name, str full id
//	                                     empty; finds events by ID or by the id after "<name>."
//	P  str site, str kind, str id        profile of one subject
//	O  str site, str visitor             owner of a browser
//	L  str site, str customer, str visitor  link
//	R  str site, str visitor             str customer: the link from the other side
//	H  str site, str hash, str kind, str id  empty; who is known by an e-mail hash, where a site links by it
//	C  str site, str kind, str id, str record id   consent record
//	D  dkey                              delivery
//	Q  str destination, u64 due ns, dkey empty; deliveries by when they are due to be sent
//	T  str destination, u64 at ns, dkey  empty; deliveries by when they have to be decided
//	K  u64 lease end ns, dkey            empty; leased deliveries
//	M  u64 ^matched ns, dkey             empty; deliveries, newest match first
//	X  str site, str kind, str id, dkey  empty; open deliveries of a person
//	N  str site, str event id, dkey      empty; deliveries of an event
//	A  u64 hour s, str site, str destination, str send   account
//	S  u64 ^offset                       event set aside
//	B  str destination                   pause, set by a person
//	V  str site, str kind, str id, dkey  empty; waiting deliveries of a person
//	Z  str state, u64 ^matched ns, dkey  empty; dead and doubtful deliveries, newest match first
//	1  str site, str kind, str hash, str kind of subject, str id
//	                                     empty; finds profiles by e-mail or phone
//	2  str receipt id                    receipt of an erasure
//	3                                    32 random bytes, the key of all keyed hashes
//	4  16 bytes keyed hash of a name     empty; tombstones that a restore carried over and that are yet to be applied
//	G  16 bytes keyed hash of a subject, u64 offset
//	                                     str site, str name, str id of the event; journal entries of a subject
//	Y  16 bytes keyed hash of a name     tombstone: who was erased
//	U  str receipt id                    empty; erasures whose bytes may still be on the disk
//	5                                    empty; a replay was cut off while it wrote
//	8  str site, u64 seq                 32 bytes hash, then the entry: the ledger of consent records, see package ledger
//	9  str site, str kind, str id        the subject's random id in table 8, text
//	9  str site, str kind, str id, str record id   u64 seq in table 8
//	a  str site, u64 seq                 checkpoint: a signature under table 8 up to there
//	b  str site, str hash                text of a notice
//	5  u64 offset, key of L, O or C      in a replay's scratch store only: the row under that key
//	6  u16 day, sort, name               what may be deleted from a day on, see package store (retain.go); empty
//	7 d  u16 day, u64 offset             the retention that was in force behind a journal entry, from a day on
//	7 b                                  where the journal begins
//	7 k  16 bytes keyed hash of an event u16 day: a conversion of which nothing else is left, and until when that is known
//	7 i, 7 t, 7 w                        how far the index 6 was made, what was ever deleted, how long the clock is ahead
//	c  str site, str kind, str id, str scenario, u64 occurred ns, dkey
//	                                     empty; deliveries that count to a limit, by person
//	!, ~                                 empty, written to have tables made anew
//
// A day is the number of midnights in UTC since 1970.
//
// A table that says what must not be undone by a restore is one of [Carried].
package keyspace
