// Package ledger is the arithmetic of the consent ledger: the canonical form of
// an entry, the chain of hashes, the checkpoints' signatures, and what to say
// when they do not agree.
//
// It is separate because proof has to be checkable by others: everything here is
// pure, no store and no clock, and short enough to be written again from
// docs/consent.md in an afternoon.
//
// # A row
//
//	32 bytes  hash = SHA-256( 0x00 ‖ hash of the row before ‖ entry )
//	the rest  the entry: JSON by RFC 8785 (sorted names, no blanks, integers only)
//
// Before the first row stand 32 zero bytes. Because the hash is over the very
// bytes that are stored, any byte that is changed shows at its row. This cannot
// change: an entry of another form gets another "v".
//
// # What it cannot show
//
// Whoever owns the folder can write a whole new chain. A checkpoint that is kept
// elsewhere (the log has them) shows that.
package ledger
