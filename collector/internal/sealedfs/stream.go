package sealedfs

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	streamText  = 32 << 10 // at most, of a frame
	frameHeader = 4 + 8 + 8
)

// A streamWriter writes a log, a manifest, options. Write and Sync are called by
// one goroutine at a time.
type streamWriter struct {
	vfs.File
	data   []byte // the folder's key
	aead   cipher.AEAD
	nonce  [12]byte
	number uint64 // of the next frame
	synced uint64 // frames that are durable
	buf    []byte
	size   atomic.Int64
	length int64 // of the file
	failed error
}

// Write implements vfs.File.
func (w *streamWriter) Write(p []byte) (n int, err error) {
	if w.aead == nil && len(p) > 0 {
		w.begin()
	}
	for n < len(p) && w.failed == nil {
		piece := p[n:min(len(p), n+streamText)]
		if w.frame(piece); w.failed == nil {
			n += len(piece)
			w.size.Add(int64(len(piece)))
		}
	}
	return n, w.failed
}

// begin writes the header and has it durable before anything follows it.
func (w *streamWriter) begin() {
	var header []byte
	header, w.aead = newHeader(w.data, stream)
	if _, w.failed = w.File.Write(header); w.failed == nil {
		w.length = int64(len(header))
		w.failed = w.File.SyncData()
	}
}

// frame writes a frame. When that fails, nobody knows what is on the disk, and no
// other text may ever be sealed under its number.
func (w *streamWriter) frame(text []byte) {
	w.buf = binary.BigEndian.AppendUint32(w.buf[:0], uint32(len(text)))
	w.buf = binary.BigEndian.AppendUint64(w.buf, w.number)
	w.buf = binary.BigEndian.AppendUint64(w.buf, w.synced)
	setNonce(&w.nonce, w.number)
	w.buf = w.aead.Seal(w.buf, w.nonce[:], text, w.buf)
	w.number++
	if _, w.failed = w.File.Write(w.buf); w.failed == nil {
		w.length += int64(len(w.buf))
	}
}

// Sync implements vfs.File.
func (w *streamWriter) Sync() error { return w.sync(w.File.Sync) }

// SyncData implements vfs.File.
func (w *streamWriter) SyncData() error { return w.sync(w.File.SyncData) }

func (w *streamWriter) sync(how func() error) error {
	if w.failed != nil {
		return w.failed
	}
	if w.failed = how(); w.failed == nil {
		w.synced = w.number
	}
	return w.failed
}

// SyncTo implements vfs.File.
func (w *streamWriter) SyncTo(int64) (full bool, err error) {
	if w.failed != nil {
		return false, w.failed
	}
	if full, w.failed = w.File.SyncTo(w.length); full && w.failed == nil {
		w.synced = w.number
	}
	return full, w.failed
}

// Close implements vfs.File. What is closed has its end, durably.
func (w *streamWriter) Close() error {
	if w.aead != nil && w.Sync() == nil {
		if w.frame(nil); w.failed == nil {
			w.failed = w.File.Sync()
		}
	}
	return errors.Join(w.failed, w.File.Close())
}

// Preallocate implements vfs.File: some more, for what frames add.
func (w *streamWriter) Preallocate(offset, length int64) error {
	return w.File.Preallocate(offset, length+length/16+int64(headerSize))
}

// Stat implements vfs.File.
func (w *streamWriter) Stat() (vfs.FileInfo, error) {
	i, err := w.File.Stat()
	return info{i, w.size.Load()}, err
}

func (w *streamWriter) Read([]byte) (int, error)           { return 0, errWriteOnce }
func (w *streamWriter) ReadAt([]byte, int64) (int, error)  { return 0, errWriteOnce }
func (w *streamWriter) WriteAt([]byte, int64) (int, error) { return 0, errWriteOnce }
