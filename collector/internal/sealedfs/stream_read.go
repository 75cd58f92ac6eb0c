package sealedfs

import (
	"bytes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// streamWindow is how much of a file is read at a time.
const streamWindow = 128 << 10

// unclean is shown in the place of what a power cut left of a write: no chunk of a
// log begins so, hence Pebble sees a log that was not closed.
var unclean = bytes.Repeat([]byte{0xFF}, 32)

// A streamReader reads a stream from front to back; an offset before the last one
// begins anew. The file may still be written to. It is safe for concurrent use.
type streamReader struct {
	vfs.File
	name string
	aead cipher.AEAD

	mu       sync.Mutex // guards the fields below
	window   []byte
	windowAt int64

	next   int64  // where the next frame begins in the file
	number uint64 // its number
	text   []byte // of the frame before it
	textAt int64  // its offset in the text
	spare  []byte // what text was before
	nonce  [12]byte
	ended  bool  // there is no next frame
	closed bool  // it ended with an end frame
	torn   int64 // bytes of a write that is not whole
	failed error

	pos int64 // of Read
}

func newStreamReader(f vfs.File, name string, aead cipher.AEAD) *streamReader {
	r := &streamReader{File: f, name: name, aead: aead}
	r.rewind()
	return r
}

func (r *streamReader) rewind() {
	r.next, r.number, r.text, r.textAt = int64(headerSize), 0, r.text[:0], 0
	r.ended, r.closed, r.torn, r.failed = false, false, 0, nil
}

// ReadAt implements vfs.File.
func (r *streamReader) ReadAt(p []byte, off int64) (n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.readAt(p, off)
}

func (r *streamReader) readAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	if off < r.textAt {
		r.rewind()
	}
	for n < len(p) {
		at := off + int64(n) - r.textAt
		if at < int64(len(r.text)) {
			n += copy(p[n:], r.text[at:])
			continue
		}
		if err := r.advance(); err != nil {
			return n, err
		}
	}
	return n, nil
}

// advance goes to the next frame; io.EOF when there is none.
func (r *streamReader) advance() error {
	if r.failed != nil {
		return r.failed
	}
	if r.ended {
		return io.EOF
	}
	length, err := r.open()
	if err == errNotWhole {
		// It may have been written since the window was read.
		r.window = nil
		length, err = r.open()
	}
	if err == errNotWhole {
		length, err = r.judge()
	}
	if err != nil {
		if err != io.EOF {
			r.failed = err
		}
		return err
	}
	r.next += length
	r.number++
	if len(r.text) == 0 {
		return r.end()
	}
	return nil
}

var errNotWhole = errors.New("a frame is not whole")

// open opens the next frame and returns how long it is in the file.
func (r *streamReader) open() (length int64, err error) {
	head, err := r.bytes(r.next, frameHeader)
	if err != nil {
		return 0, err
	}
	if len(head) == 0 {
		r.ended = true
		return 0, io.EOF
	}
	h, ok := parseFrame(head)
	if !ok || h.number != r.number {
		return 0, errNotWhole
	}
	frame, err := r.bytes(r.next, h.length)
	if err != nil {
		return 0, err
	}
	// Into another buffer: a text that does not open is wiped.
	text, ok := openFrame(r.aead, &r.nonce, h, frame, r.spare[:0])
	if !ok {
		return 0, errNotWhole
	}
	r.textAt, r.text, r.spare = r.textAt+int64(len(r.text)), text, r.text
	return int64(h.length), nil
}

// judge says of a frame that cannot be opened whether it was once durable: then it
// is damage, otherwise the text ends here.
func (r *streamReader) judge() (length int64, err error) {
	rest, err := io.ReadAll(io.NewSectionReader(r.File, r.next, 1<<62))
	if err != nil {
		return 0, err
	}
	if provenDurable(r.aead, rest, r.number) {
		// Unless it was being written while it was read.
		r.window = nil
		if length, err = r.open(); err == errNotWhole {
			err = fmt.Errorf("%w: frame %d of %s, at byte %d, which was durable", ErrDamaged, r.number, r.name, r.next)
		}
		return length, err
	}
	r.ended, r.torn = true, int64(len(rest))
	if r.number == 0 {
		return 0, io.EOF
	}
	r.textAt, r.text = r.textAt+int64(len(r.text)), append(r.text[:0], unclean...)
	return 0, nil
}

// end is reached with the end frame, behind which there is nothing.
func (r *streamReader) end() error {
	r.ended, r.closed = true, true
	r.window = nil
	more, err := r.bytes(r.next, 1)
	if err == nil && len(more) > 0 {
		err = fmt.Errorf("%w: %s goes on behind its end", ErrDamaged, r.name)
	}
	if err != nil {
		r.failed = err
		return err
	}
	return io.EOF
}

// bytes returns n bytes of the file, fewer at its end.
func (r *streamReader) bytes(at int64, n int) ([]byte, error) {
	from := at - r.windowAt
	if r.window == nil || from < 0 || from+int64(n) > int64(len(r.window)) {
		if cap(r.window) < streamWindow {
			r.window = make([]byte, streamWindow)
		}
		got, err := r.File.ReadAt(r.window[:streamWindow], at)
		if err != nil && err != io.EOF {
			r.window = nil
			return nil, err
		}
		r.window, r.windowAt, from = r.window[:got], at, 0
	}
	return r.window[from:min(from+int64(n), int64(len(r.window)))], nil
}

// frame is what a frame's header says.
type frame struct {
	text, length   int // bytes
	number, synced uint64
}

// parseFrame reads a frame's header; ok is false when it cannot be one.
func parseFrame(b []byte) (f frame, ok bool) {
	if len(b) < frameHeader {
		return f, false
	}
	n := binary.BigEndian.Uint32(b)
	f.number, f.synced = binary.BigEndian.Uint64(b[4:]), binary.BigEndian.Uint64(b[12:])
	f.text, f.length = int(n), frameHeader+int(n)+tagSize
	return f, n <= streamText && f.synced <= f.number
}

// openFrame appends a frame's text to dst.
func openFrame(aead cipher.AEAD, nonce *[12]byte, f frame, b, dst []byte) (text []byte, ok bool) {
	if len(b) < f.length {
		return nil, false
	}
	setNonce(nonce, f.number)
	text, err := aead.Open(dst, nonce[:], b[frameHeader:f.length], b[:frameHeader])
	return text, err == nil
}

// provenDurable reports whether there is a later frame in the rest of a file that
// says that the frame of a number was durable.
func provenDurable(aead cipher.AEAD, rest []byte, number uint64) bool {
	var nonce [12]byte
	most := number + uint64(len(rest)/(frameHeader+tagSize)) + 1
	for at := 1; at+frameHeader+tagSize <= len(rest); at++ {
		f, ok := parseFrame(rest[at:])
		if !ok || f.synced <= number || f.number > most {
			continue
		}
		if _, ok := openFrame(aead, &nonce, f, rest[at:], nil); ok {
			return true
		}
	}
	return false
}

// Read implements vfs.File.
func (r *streamReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, err := r.readAt(p, r.pos)
	r.pos += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

// Stat implements vfs.File.
func (r *streamReader) Stat() (vfs.FileInfo, error) {
	i, err := r.File.Stat()
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for err == nil {
		err = r.advance()
	}
	if err != io.EOF {
		return nil, err
	}
	return info{i, r.textAt + int64(len(r.text))}, nil
}

// Prefetch implements vfs.File; a stream is read in large pieces anyway.
func (r *streamReader) Prefetch(int64, int64) error { return nil }

func (r *streamReader) Write([]byte) (int, error)          { return 0, errWriteOnce }
func (r *streamReader) WriteAt([]byte, int64) (int, error) { return 0, errWriteOnce }
