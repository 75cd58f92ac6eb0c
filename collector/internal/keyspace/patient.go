package keyspace

import (
	"errors"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// patientFS is the disk for whom a full one is no broken one: what does not fit of a
// vital file is written on when there is space, as long as somebody says how to wait
// for it. It lies beneath the seal, which writes nothing more after a failure. A sync
// that fails for want of space stays a failure, because nobody knows what became of
// the pages.
type patientFS struct {
	vfs.FS
	full func() bool // waits; false: not any longer. May be nil.
}

// spaced does something that may meet a full disk, until it does not.
func (d patientFS) spaced(do func() error) error {
	err := do()
	for errors.Is(err, syscall.ENOSPC) && d.full != nil && d.full() {
		err = do()
	}
	return err
}

// open makes a file ready for writing, with patience if it is vital.
func (d patientFS) open(name string, do func() (vfs.File, error)) (f vfs.File, err error) {
	if !vital(name) {
		return do()
	}
	err = d.spaced(func() error {
		f, err = do()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &patientFile{f, d}, nil
}

// Create implements vfs.FS.
func (d patientFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return d.open(name, func() (vfs.File, error) { return d.FS.Create(name, c) })
}

// ReuseForWrite implements vfs.FS.
func (d patientFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return d.open(to, func() (vfs.File, error) { return d.FS.ReuseForWrite(from, to, c) })
}

// Rename implements vfs.FS.
func (d patientFS) Rename(from, to string) error {
	return d.spaced(func() error { return d.FS.Rename(from, to) })
}

// Unwrap implements vfs.FS.
func (d patientFS) Unwrap() vfs.FS { return d.FS }

// patientFile writes on where it stopped.
type patientFile struct {
	vfs.File
	of patientFS
}

// Write implements vfs.File.
func (f *patientFile) Write(p []byte) (n int, err error) {
	err = f.of.spaced(func() error {
		wrote, err := f.File.Write(p[n:])
		n += wrote
		return err
	})
	return n, err
}
