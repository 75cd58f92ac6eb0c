// Package sealedfs is encryption at rest: a file system beneath the database
// that seals every file of a data folder with a key that the operator keeps.
//
// It is separate, and a file system, so that nothing above it knows: keys of rows
// (customer ids, hashes of e-mail addresses) and values, tables, the write-ahead
// log, the manifest and every backup are sealed alike, and no row has a second
// form. What it protects is a folder, a disk or a backup that somebody else gets
// hold of. What it does not hide: names and sizes of files, times, and all that a
// process which runs has in memory. Nor does it notice when whole files are
// exchanged for older ones of the same folder, or when a log's end is cut off.
//
// # Keys
//
// A folder has one data key, 32 random bytes, made when sealing begins. It stands
// in the folder's key file, KEYS, wrapped by each of the operator's keys
// ([Key]). To rotate is to wrap it anew: no data is rewritten, several wraps may
// stand side by side, and backups keep the wraps they were made with.
//
// This cannot change: add a version. From a key others are derived by HKDF-SHA256:
//
//	wrap key   of an operator's key, salt: the wrap's own 32 random bytes
//	file key   of the data key, salt: the file's own 32 random bytes (its id)
//
// and each of these seals with AES-256-GCM, 16 bytes of tag, under nonces that
// count from 0. So uniqueness of nonces never rests on a 96-bit number drawn at
// random: a file key belongs to one file, written once by one handle that counts
// up. What is never done follows from it: a file is not appended to after it was
// closed or after a crash, a log is not recycled but made anew, and after a write
// that failed a handle writes no more, because what the disk has of it is not
// known. The bounds of GCM (2^32 blocks of 16 bytes below one key keep a
// distinguisher's chance under 2^-64) are far away: a file holds some 2^23.
// GCM does not commit to a key; nothing here tries several keys on one text, since
// each wrap names its key by id.
//
// # Files
//
// A file that is empty stays empty: markers say all in their names. Any other
// begins with a header of 66 bytes:
//
//	"matchkey sealed\n"  version 1  shape 1 or 2  32 bytes id  16 bytes tag
//
// The tag is that of an empty text under the nonce of twelve 0xFF, with all before
// it as additional data. A Matchkey that knows nothing of sealing refuses such a
// folder: Pebble finds a malformed manifest, and options whose first line is none.
//
// Tables (.sst, .blob; shape 2) are read at any offset, so their frames have a
// fixed size: 4,096 bytes sealed to 4,112, the nonce is the frame's number. The
// last frame is shorter, perhaps empty, so that a cut is noticed. It is written
// when the file is closed: Pebble reads a table only after that, and Close syncs.
//
// All else (shape 1) is written piece by piece, synced in between, and read from
// front to back. Each write is a frame, or several:
//
//	u32 length  u64 number  u64 synced  text and tag
//
// length is the text's, at most 32,768; number counts from 0 and is the nonce;
// synced is how many frames were durable when this one was written; all three are
// additional data. Close adds an empty frame, the end, and syncs it.
//
// # Torn or damaged
//
// A frame that cannot be opened is what a power cut left of a write, or damage to
// what was once durable. A later frame tells: one that opens and says that the bad
// one was synced proves damage, an error. Without such proof the file ends before
// the bad frame, and Pebble is shown bytes that no log holds, so that it sees an
// unclean end and applies its own rule (only the last log may have one). A closed
// file has its end frame, so damage anywhere before that is always proven. The
// header is synced before anything follows it, so a bad one is damage unless the
// file holds nothing else.
//
// # Turning on and off
//
// The key file lists the files that were there before sealing began; these and no
// others may be plain. [Mount] strikes off those that are gone, and Pebble replaces
// them in time; [FS.Seal] rewrites what is left at once, [FS.Unseal] the other way.
// Without its key file nobody opens a folder again: each backup holds a copy.
package sealedfs
