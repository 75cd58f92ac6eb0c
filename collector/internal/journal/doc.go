// Package journal keeps the durable record of everything the edge has
// accepted: the truth from which all else is derived.
//
// It is separate because its promise is: Append returns only after the events
// are on stable storage, and one fsync serves everybody who asked meanwhile
// (group commit). It knows nothing of what events mean.
//
// There are two implementations of [collector.Journal], which pass one
// conformance suite (collectortest): [Pebble] for use, [Memory] for tests of
// others and as an oracle.
//
// # Group commit
//
//	Append ─encode─► queue ─► committer ─write, no wait─► syncer ─fsync done─► all answers
//
// The committer takes everything that is queued into one batch, writes it and
// goes on with the next; the syncer waits for the disk. So the next group is
// being written while the last one is being synced, and no timer delays a
// lone event.
//
// # Where it begins
//
// The oldest entries expire (trim.go). A row says where the journal begins, so that
// offsets go on when all of it has expired.
//
// # Frame, version 2
//
// One event is one frame under its offset. This cannot change; add a version.
//
//	┌─────────┬──────────────┬─────────────────────┐
//	│ 0x02    │ CRC-32C      │ the event, binary   │
//	│ 1 byte  │ 4 bytes, BE  │ see package codec   │
//	└─────────┴──────────────┴─────────────────────┘
//
// Version 1, 0x01, has the event as JSON; such frames of older folders stay as
// they are and are read. The checksum is of the event. A frame that cannot be read is never deleted:
// Read returns [FrameError] with its offset, and the pipeline sets it aside.
package journal
