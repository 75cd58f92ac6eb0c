package sealedfs

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// keySize is the size of every key, in bytes; so are ids and salts.
const keySize = 32

// A Key is one of the operator's keys. However it is printed it gives its id.
type Key struct {
	secret []byte
	from   string
}

// NewKey takes a key of 32 bytes, which it keeps, and where it was looked for, for
// messages: "encryption.key of matchkey.yaml".
func NewKey(secret []byte, from string) (Key, error) {
	if len(secret) != keySize {
		return Key{}, fmt.Errorf("the key from %s has %d bytes and has to have %d", from, len(secret), keySize)
	}
	return Key{secret, from}, nil
}

// ID names a key without giving it away: 16 hexadecimal digits.
func (k Key) ID() string {
	return hex.EncodeToString(derive(k.secret, nil, "matchkey key id")[:8])
}

// Format gives the id for every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.ID()+" (from "+k.from+")") }

// derive derives a key of 32 bytes from another.
func derive(secret, salt []byte, use string) []byte {
	key, err := hkdf.Key(sha256.New, secret, salt, use, keySize)
	if err != nil {
		panic("BUG: HKDF: " + err.Error()) // only a length that is too long
	}
	return key
}

// seal is AES-256-GCM under a key of 32 bytes.
func seal(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("BUG: AES: " + err.Error()) // only a wrong length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("BUG: GCM: " + err.Error())
	}
	return aead
}

// random is 32 random bytes. They are what keeps nonces unique, so there is no
// seam for tests here.
func random() []byte {
	b := make([]byte, keySize)
	rand.Read(b) // never fails
	return b
}

// keyed is a file system together with the keys to the sealed folders on it.
type keyed struct {
	vfs.FS
	keys     []Key
	openOnly bool
}

// WithKeys gives a file system the operator's keys, the current one first. Nothing
// on it changes; [Mount] finds them there. Lay it over all other layers that do
// not unwrap. Without keys it is the file system itself.
func WithKeys(fs vfs.FS, keys ...Key) vfs.FS {
	if len(keys) == 0 {
		return fs
	}
	return keyed{fs, slices.Clone(keys), false}
}

// OpenWith is [WithKeys] for who only wants to open what is sealed: a folder that is
// plain stays so, and which keys open one does not change.
func OpenWith(fs vfs.FS, keys ...Key) vfs.FS {
	return keyed{fs, slices.Clone(keys), true}
}

// Unwrap implements vfs.FS.
func (k keyed) Unwrap() vfs.FS { return k.FS }

// keysOf are the keys that a file system was given.
func keysOf(fs vfs.FS) (keys []Key, openOnly bool) {
	for ; fs != nil; fs = fs.Unwrap() {
		if k, ok := fs.(keyed); ok {
			return k.keys, k.openOnly
		}
	}
	return nil, true
}

// A wrap is the data key sealed by one of the operator's keys.
type wrap struct {
	Key    string `json:"key"` // its id
	Salt   string `json:"salt"`
	Sealed string `json:"sealed"`
}

var firstNonce [12]byte

func newWrap(k Key, data []byte) wrap {
	salt, id := random(), k.ID()
	sealed := seal(derive(k.secret, salt, "matchkey wrap 1")).Seal(nil, firstNonce[:], data, []byte(id))
	return wrap{id, hex.EncodeToString(salt), hex.EncodeToString(sealed)}
}

func (w wrap) open(k Key) ([]byte, error) {
	salt, err := hex.DecodeString(w.Salt)
	sealed, err2 := hex.DecodeString(w.Sealed)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	return seal(derive(k.secret, salt, "matchkey wrap 1")).Open(nil, firstNonce[:], sealed, []byte(w.Key))
}
