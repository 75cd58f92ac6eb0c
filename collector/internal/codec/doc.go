// Package codec turns words into the bytes of rows and journal frames, and back.
//
// It is separate because the words know no encoding (they import the standard
// library only) and because journal and store write the same words.
//
// # Binary rows
//
// The words of which there are millions ([collector.Event], EventRecord, Profile,
// Owner, Link, ConsentRecord, Delivery, and the customer's name of a link) are
// written in protobuf's wire format by its own primitives (protowire), each field
// under a number that never changes its meaning (words.go). What is zero is not
// written; fields stand in the order of the table. So equal words have equal bytes,
// which a replay compares, and a field that this program does not know is passed
// over. Site's own values (properties, integrations) are JSON within it, with sorted names.
//
//	┌──────┬───────────────────────────┐
//	│ 0x01 │ fields: tag, value        │   binary, this program
//	├──────┴───────────────────────────┤
//	│ { … }  or  " … "                 │   JSON: all rows up to format 2, and the
//	└──────────────────────────────────┘   words of which there are few
//
// A row says by its first byte how it is written, and is read either way. So a
// folder of an older format needs no rewriting: a row is written anew when it
// changes. A word that this package has no table for is JSON.
//
// All functions are pure and safe for concurrent use. What they return shares no
// memory with what they were given; the strings of one word share one piece.
package codec
