package sealedfs

import (
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	tableText  = 4096
	tableFrame = tableText + tagSize
	// tableBurst is how much is sealed before it is written: Pebble hands over 4 KiB at
	// a time.
	tableBurst = 16 * tableFrame
)

// errWriteOnce is what a handle answers that cannot do what is asked.
var errWriteOnce = errors.New("BUG: a sealed file is written once, from front to back, and then read")

// A tableWriter writes a table. It is used by one goroutine at a time.
type tableWriter struct {
	vfs.File
	aead   cipher.AEAD
	nonce  [12]byte
	number uint64
	text   []byte // of the frame under way
	sealed []byte // not yet written
	size   int64
	failed error
}

func newTableWriter(f vfs.File, data []byte) *tableWriter {
	header, aead := newHeader(data, table)
	return &tableWriter{File: f, aead: aead, text: make([]byte, 0, tableText), sealed: header}
}

// Write implements vfs.File.
func (w *tableWriter) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := min(len(rest), tableText-len(w.text))
		w.text, rest = append(w.text, rest[:n]...), rest[n:]
		if len(w.text) < tableText {
			break
		}
		w.seal()
		if len(w.sealed) >= tableBurst {
			if err := w.flush(); err != nil {
				return 0, err
			}
		}
	}
	w.size += int64(len(p))
	return len(p), w.failed
}

func (w *tableWriter) seal() {
	setNonce(&w.nonce, w.number)
	w.sealed = w.aead.Seal(w.sealed, w.nonce[:], w.text, nil)
	w.number, w.text = w.number+1, w.text[:0]
}

// flush writes what is sealed; the header goes with the first frame.
func (w *tableWriter) flush() error {
	if w.failed == nil && w.number > 0 && len(w.sealed) > 0 {
		_, w.failed = w.File.Write(w.sealed)
		w.sealed = w.sealed[:0]
	}
	return w.failed
}

// Sync implements vfs.File, for all full frames. The last one is synced by Close.
func (w *tableWriter) Sync() error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.File.Sync()
}

// SyncData implements vfs.File, as Sync does.
func (w *tableWriter) SyncData() error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.File.SyncData()
}

// SyncTo implements vfs.File; it promises nothing.
func (w *tableWriter) SyncTo(length int64) (full bool, err error) {
	if err := w.flush(); err != nil {
		return false, err
	}
	_, err = w.File.SyncTo(physical(length))
	return false, err
}

// Close implements vfs.File. The file is whole and durable when it returns nil.
func (w *tableWriter) Close() error {
	if w.size > 0 {
		w.seal()
		if err := w.flush(); err == nil {
			w.failed = w.File.Sync()
		}
	}
	return errors.Join(w.failed, w.File.Close())
}

// Preallocate implements vfs.File.
func (w *tableWriter) Preallocate(offset, length int64) error {
	return w.File.Preallocate(physical(offset), physical(offset+length)-physical(offset))
}

// Stat implements vfs.File.
func (w *tableWriter) Stat() (vfs.FileInfo, error) {
	i, err := w.File.Stat()
	return info{i, w.size}, err
}

func (w *tableWriter) Read([]byte) (int, error)           { return 0, errWriteOnce }
func (w *tableWriter) ReadAt([]byte, int64) (int, error)  { return 0, errWriteOnce }
func (w *tableWriter) WriteAt([]byte, int64) (int, error) { return 0, errWriteOnce }

// physical is where in the file the frame with an offset of the text begins.
func physical(offset int64) int64 {
	return int64(headerSize) + offset/tableText*tableFrame
}

// A tableReader reads a table. ReadAt is safe for concurrent use.
type tableReader struct {
	vfs.File
	name string
	aead cipher.AEAD
	size int64
	pos  int64 // of Read
}

func newTableReader(f vfs.File, name string, aead cipher.AEAD, length int64) (*tableReader, error) {
	body := length - int64(headerSize)
	last := body % tableFrame
	if last < tagSize {
		return nil, fmt.Errorf("%w: the table %s does not end as it was written", ErrDamaged, name)
	}
	return &tableReader{File: f, name: name, aead: aead, size: body/tableFrame*tableText + last - tagSize}, nil
}

// scratch is what one ReadAt needs.
type scratch struct {
	nonce  [12]byte
	sealed []byte
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// ReadAt implements vfs.File.
func (r *tableReader) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	end := min(off+int64(len(p)), r.size)
	if off >= end {
		if len(p) == 0 {
			return 0, nil
		}
		return 0, io.EOF
	}
	first, last := off/tableText, (end-1)/tableText
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	length := (last-first)*tableFrame + min(tableText, r.size-last*tableText) + tagSize
	if int64(cap(s.sealed)) < length {
		s.sealed = make([]byte, length)
	}
	s.sealed = s.sealed[:length]
	if got, err := r.File.ReadAt(s.sealed, physical(off)); got < len(s.sealed) {
		if err == io.EOF {
			err = fmt.Errorf("%w: the table %s was cut", ErrDamaged, r.name)
		}
		return 0, err
	}
	for number := first; number <= last; number++ {
		sealed := s.sealed[(number-first)*tableFrame:]
		sealed = sealed[:min(len(sealed), tableFrame)]
		setNonce(&s.nonce, uint64(number))
		text, err := r.aead.Open(sealed[:0], s.nonce[:], sealed, nil)
		if err != nil {
			return n, fmt.Errorf("%w: frame %d of the table %s", ErrDamaged, number, r.name)
		}
		n += copy(p[n:], text[max(0, off-number*tableText):])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Read implements vfs.File.
func (r *tableReader) Read(p []byte) (int, error) {
	n, err := r.ReadAt(p, r.pos)
	r.pos += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

// Stat implements vfs.File.
func (r *tableReader) Stat() (vfs.FileInfo, error) {
	i, err := r.File.Stat()
	return info{i, r.size}, err
}

// Prefetch implements vfs.File.
func (r *tableReader) Prefetch(offset, length int64) error {
	return r.File.Prefetch(physical(offset), physical(offset+length)+tableFrame-physical(offset))
}

func (r *tableReader) Write([]byte) (int, error)          { return 0, errWriteOnce }
func (r *tableReader) WriteAt([]byte, int64) (int, error) { return 0, errWriteOnce }

// check reads all of it.
func (r *tableReader) check() error {
	_, err := io.Copy(io.Discard, onlyReader{r})
	if err == nil && r.size%tableText == 0 {
		err = r.checkEnd()
	}
	return err
}

// checkEnd opens a last frame that is empty, and that no reader asks for.
func (r *tableReader) checkEnd() error {
	var sealed [tagSize]byte
	if _, err := r.File.ReadAt(sealed[:], physical(r.size)); err != nil && err != io.EOF {
		return err
	}
	var nonce [12]byte
	setNonce(&nonce, uint64(r.size/tableText))
	if _, err := r.aead.Open(nil, nonce[:], sealed[:], nil); err != nil {
		return fmt.Errorf("%w: the end of the table %s", ErrDamaged, r.name)
	}
	return nil
}

// onlyReader hides all methods but Read.
type onlyReader struct{ io.Reader }
