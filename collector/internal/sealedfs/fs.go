package sealedfs

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// An FS seals what is written to a folder, and opens what is read. Names, folders
// and links are those of the file system beneath it, and so are the sizes that
// this one gives of folders and of files that are plain. All methods are safe for
// concurrent use, those of a file as Pebble uses them.
type FS struct {
	vfs.FS
	dir  string
	keys keyFile
	data []byte    // the data key
	lock io.Closer // held for whoever asks for it; nil when the caller holds it
}

// Create implements vfs.FS.
func (s *FS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := s.FS.Create(name, c)
	if err != nil {
		return nil, err
	}
	return s.writer(name, f), nil
}

func (s *FS) writer(name string, f vfs.File) vfs.File {
	if shapeOf(name) == table {
		return newTableWriter(f, s.data)
	}
	return &streamWriter{File: f, data: s.data}
}

// ReuseForWrite implements vfs.FS as its contract allows: the old file goes, and a
// new one is made. What is sealed is written once.
func (s *FS) ReuseForWrite(old, new string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := s.Remove(old); err != nil {
		return nil, err
	}
	return s.Create(new, c)
}

// OpenReadWrite implements vfs.FS; nothing here is changed in its middle.
func (s *FS) OpenReadWrite(string, vfs.DiskWriteCategory, ...vfs.OpenOption) (vfs.File, error) {
	return nil, errWriteOnce
}

// Open implements vfs.FS.
func (s *FS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := s.FS.Open(name, opts...)
	if err != nil {
		return nil, err
	}
	opened, err := s.reader(name, f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return opened, nil
}

// reader opens what a file is: empty, sealed, or plain where that is allowed.
func (s *FS) reader(name string, f vfs.File) (vfs.File, error) {
	i, err := f.Stat()
	if err != nil || i.IsDir() {
		return f, err
	}
	if i.Size() == 0 {
		return hollow{f, 0}, nil // also if it grows meanwhile
	}
	header := make([]byte, headerSize)
	n, err := f.ReadAt(header, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	form := shapeOf(name)
	aead := openHeader(s.data, header[:n], form)
	switch {
	case aead != nil && form == table:
		return newTableReader(f, name, aead, i.Size())
	case aead != nil:
		return newStreamReader(f, name, aead), nil
	case s.mayBePlain(name) && string(header[:min(n, len(magic))]) != magic:
		return f, nil
	case form == stream && i.Size() <= int64(headerSize):
		return hollow{f, i.Size()}, nil
	}
	return nil, fmt.Errorf("%w: the header of %s", ErrDamaged, name)
}

func (s *FS) mayBePlain(name string) bool {
	_, listed := slices.BinarySearch(s.keys.Plain, s.PathBase(name))
	return listed
}

// Stat implements vfs.FS. The size is of the text.
func (s *FS) Stat(name string) (vfs.FileInfo, error) {
	i, err := s.FS.Stat(name)
	if err != nil || i.IsDir() || i.Size() == 0 {
		return i, err
	}
	f, err := s.Open(name)
	if err != nil {
		return nil, err
	}
	sized, err := f.Stat()
	return sized, errors.Join(err, f.Close())
}

// Lock implements vfs.FS. The folder's own lock is held since [Mount], and goes to
// the first who asks.
func (s *FS) Lock(name string) (io.Closer, error) {
	if s.lock != nil && name == s.PathJoin(s.dir, lockFile) {
		held := s.lock
		s.lock = nil
		return held, nil
	}
	return s.FS.Lock(name)
}

// Release gives up the folder's lock where nobody asked for it.
func (s *FS) Release() error {
	if s.lock == nil {
		return nil
	}
	held := s.lock
	s.lock = nil
	return held.Close()
}

// hollow is a file that is empty, or a stream of which a power cut left less than
// its header, or a header that is not whole: nothing was ever in it.
type hollow struct {
	vfs.File
	torn int64
}

func (hollow) Read([]byte) (int, error)            { return 0, io.EOF }
func (hollow) ReadAt([]byte, int64) (int, error)   { return 0, io.EOF }
func (hollow) Write([]byte) (int, error)           { return 0, errWriteOnce }
func (hollow) WriteAt([]byte, int64) (int, error)  { return 0, errWriteOnce }
func (h hollow) Stat() (i vfs.FileInfo, err error) { i, err = h.File.Stat(); return info{i, 0}, err }

var _ vfs.FS = (*FS)(nil)
