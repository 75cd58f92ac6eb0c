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
//	Append ─encode─► group ─► committer ─write, fsync─► all answers
//	                   ▲ meanwhile the next one collects
//
// The committer takes the group that is there, writes it, waits for the disk and
// answers all of its members at once. Who comes meanwhile joins the next group.
// So no timer delays a lone event, and the more is to be done, the more events
// share one fsync. A second group in flight would gain nothing: the log below
// syncs one after the other, and more, smaller groups cost more.
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
