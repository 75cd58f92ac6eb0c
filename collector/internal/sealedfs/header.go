package sealedfs

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrDamaged says that what stands on the disk is not what was written. It is one
// of Pebble's corruptions.
var ErrDamaged = fmt.Errorf("what is sealed was damaged or changed (%w)", pebble.ErrCorruption)

// ErrLocked says that a folder does not open with the keys that were given.
var ErrLocked = errors.New("the data is sealed")

const (
	magic      = "matchkey sealed\n"
	version    = 1
	tagSize    = 16
	headerSize = len(magic) + 2 + keySize + tagSize
)

// A shape is how a file is cut into frames.
type shape byte

const (
	stream shape = 1
	table  shape = 2
)

// shapeOf is the shape of the files of a name.
func shapeOf(name string) shape {
	switch path.Ext(name) {
	case ".sst", ".blob":
		return table
	}
	return stream
}

var headerNonce = [12]byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}

// newHeader makes a file's header, and the key that it is sealed with.
func newHeader(data []byte, s shape) (header []byte, aead cipher.AEAD) {
	id := random()
	header = append(append([]byte(magic), version, byte(s)), id...)
	aead = seal(derive(data, id, "matchkey file 1"))
	return aead.Seal(header, headerNonce[:], nil, header), aead
}

// openHeader returns the key that a file is sealed with, nil when it does not have
// the header of a sealed file of this folder and shape.
func openHeader(data, header []byte, s shape) cipher.AEAD {
	if len(header) != headerSize || string(header[:len(magic)]) != magic || header[len(magic)] != version || shape(header[len(magic)+1]) != s {
		return nil
	}
	clear := header[:headerSize-tagSize]
	aead := seal(derive(data, clear[len(magic)+2:], "matchkey file 1"))
	if _, err := aead.Open(nil, headerNonce[:], header[len(clear):], clear); err != nil {
		return nil
	}
	return aead
}

// setNonce makes the nonce of a frame. Numbers stay far below the header's nonce.
func setNonce(nonce *[12]byte, number uint64) { binary.BigEndian.PutUint64(nonce[4:], number) }

// looksSealed reports whether a file begins as sealed ones do, whatever the key.
func looksSealed(fs vfs.FS, path string) (bool, error) {
	f, err := fs.Open(path)
	if err != nil {
		return false, err
	}
	begin := make([]byte, len(magic))
	n, err := f.ReadAt(begin, 0)
	if err == io.EOF {
		err = nil
	}
	return string(begin[:n]) == magic, errors.Join(err, f.Close())
}

// info is a file's, with the size of what it holds.
type info struct {
	vfs.FileInfo
	size int64
}

// Size is in bytes of text.
func (i info) Size() int64 { return i.size }
