// Package engine assembles the machinery behind the edge: journal, store,
// pipeline and one dispatcher for each destination.
//
// It is separate because the order in which these are recovered and stopped is
// a promise of its own, and because nobody else may see them: the edge is
// handed a journal, the console a reader and operations, and both only in
// words. It knows no vendor; destinations are handed in.
//
// # Recovery, in this order
//
//  1. open the data folder and check its format; find the journal's end
//  2. take back every lease: what was out when the process ended is in doubt
//  3. apply the journal up to its end, so that a withdrawal that was
//     acknowledged before a crash counts before anything is sent after it
//  4. run the pipeline and the dispatchers
//
// # Shutdown, in this order
//
//  1. (the edge has stopped: no append is under way)
//  2. close the journal: what is queued becomes durable, the pipeline applies
//     it and ends
//  3. dispatchers finish their round; requests that outlast the patience of
//     Close are cut off and settled as in doubt
//  4. close the data folder
//
// # Backup and restore
//
// A backup is a checkpoint of the one database, so journal, watermark and all
// that is derived are of one moment. It gets its name only when it is complete
// and durable (backup.go). A restore stages the new store beside the old one
// and then changes places; in between the folder has no store but a complete
// one of another name, which [Settle] moves in (restore.go, folder.go).
package engine
