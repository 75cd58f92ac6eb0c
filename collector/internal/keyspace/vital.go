package keyspace

import (
	"errors"
	"path"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// vitalFS is the file system as Pebble gets it. When the disk refuses something of
// the write-ahead log or of the list of files, Pebble panics, or answers later
// and elsewhere, depending on where it is; here it is fatal at once and in one
// way, before anybody hears more. What fails of a table is left to Pebble, which
// tries again.
//
// A full disk is no broken one: what does not fit is written on when there is
// space, if somebody says how to wait for it. A sync that fails for want of space
// is fatal, because nobody knows what became of the pages.
type vitalFS struct {
	vfs.FS
	fatal func(format string, args ...any)
	full  func() bool // may be nil
}

// vital reports whether Pebble cannot go on without a file: all but tables.
func vital(name string) bool {
	switch path.Ext(name) {
	case ".sst", ".blob":
		return false
	}
	return true
}

// must ends the process when something vital failed.
func (d vitalFS) must(what, name string, err error) error {
	if err != nil {
		d.fatal("couldn't %s %s: %v", what, name, err)
	}
	return err
}

// spaced does something that may meet a full disk, until it does not.
func (d vitalFS) spaced(do func() error) error {
	err := do()
	for errors.Is(err, syscall.ENOSPC) && d.full != nil && d.full() {
		err = do()
	}
	return err
}

// ifVital is spaced for a file without which Pebble cannot go on.
func (d vitalFS) ifVital(name string, do func() error) error {
	if !vital(name) {
		return do()
	}
	return d.spaced(do)
}

func (d vitalFS) file(what, name string, f vfs.File, err error) (vfs.File, error) {
	if !vital(name) {
		return f, err
	}
	if err != nil {
		return nil, d.must(what, name, err)
	}
	return &vitalFile{File: f, of: d, name: name}, nil
}

// Create implements vfs.FS. A marker names another file, which Pebble has just
// created. The folder is synced in between, lest a power cut keep the marker and
// not the file; Pebble leaves that to the file system's order.
func (d vitalFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasPrefix(d.PathBase(name), "marker.") {
		if err := d.syncFolder(d.PathDir(name)); err != nil {
			return nil, err
		}
	}
	var f vfs.File
	err := d.ifVital(name, func() (err error) {
		f, err = d.FS.Create(name, c)
		return err
	})
	return d.file("create", name, f, err)
}

func (d vitalFS) syncFolder(name string) error {
	f, err := d.OpenDir(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// ReuseForWrite implements vfs.FS.
func (d vitalFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	var f vfs.File
	err := d.ifVital(to, func() (err error) {
		f, err = d.FS.ReuseForWrite(from, to, c)
		return err
	})
	return d.file("reuse", to, f, err)
}

// OpenDir implements vfs.FS; a folder is opened to be synced.
func (d vitalFS) OpenDir(name string) (vfs.File, error) {
	f, err := d.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &vitalFile{File: f, of: d, name: name}, nil
}

// Rename implements vfs.FS.
func (d vitalFS) Rename(from, to string) error {
	return d.must("rename", to, d.spaced(func() error { return d.FS.Rename(from, to) }))
}

// Unwrap implements vfs.FS.
func (d vitalFS) Unwrap() vfs.FS { return d.FS }

// vitalFile is a file, or a folder, that has to take what is written.
type vitalFile struct {
	vfs.File
	of   vitalFS
	name string
}

// Write implements vfs.File.
func (f *vitalFile) Write(p []byte) (int, error) {
	n := 0
	err := f.of.spaced(func() error {
		wrote, err := f.File.Write(p[n:])
		n += wrote
		return err
	})
	return n, f.of.must("write", f.name, err)
}

// Sync implements vfs.File.
func (f *vitalFile) Sync() error { return f.of.must("sync", f.name, f.File.Sync()) }

// SyncData implements vfs.File.
func (f *vitalFile) SyncData() error { return f.of.must("sync", f.name, f.File.SyncData()) }
