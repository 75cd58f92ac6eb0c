package keyspace

import (
	"errors"
	"path"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// vitalFS is the file system as Pebble gets it. When the disk refuses something of
// the write-ahead log or of the list of files, Pebble panics, or answers later
// and elsewhere, depending on where it is; here it is fatal at once and in one
// way, before anybody hears more. What fails of a table is left to Pebble, which
// tries again.
type vitalFS struct {
	vfs.FS
	fatal func(format string, args ...any)
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
	f, err := d.FS.Create(name, c)
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
	f, err := d.FS.ReuseForWrite(from, to, c)
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
	return d.must("rename", to, d.FS.Rename(from, to))
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
	n, err := f.File.Write(p)
	return n, f.of.must("write", f.name, err)
}

// Sync implements vfs.File.
func (f *vitalFile) Sync() error { return f.of.must("sync", f.name, f.File.Sync()) }

// SyncData implements vfs.File.
func (f *vitalFile) SyncData() error { return f.of.must("sync", f.name, f.File.SyncData()) }

// Close implements vfs.File; what is sealed gets its end then.
func (f *vitalFile) Close() error { return f.of.must("close", f.name, f.File.Close()) }
