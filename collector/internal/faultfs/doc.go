// Package faultfs is a file system that fails, for tests: at one chosen
// operation, in one of the ways that disks fail, or because it is full.
//
// It is separate because the tests of journal, store and engine use it alike.
// It is laid over another file system, as a rule a crashable one in memory, of
// which a test then takes what a power cut would leave.
//
// Operations that write are counted from 1, so that a test may first count those
// of a run and then fail each of them in turn. Reads never fail here: the store
// checks what it reads by checksums, and that is tested by damaging it.
package faultfs
