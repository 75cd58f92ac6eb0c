package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2"

	"matchkey/collector/internal/keyspace"
)

// A hashKey makes keyed hashes of names. It is the data folder's own, so that
// what one folder holds cannot be compared with another or with a list of
// hashes. Whoever has the whole folder can try names; nobody else can.
type hashKey []byte

// hash returns 16 bytes for a use and the parts of a name.
func (k hashKey) hash(use string, parts ...string) []byte {
	h := hmac.New(sha256.New, k)
	for _, p := range append([]string{use}, parts...) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p)))) // so that no two lists run together
		h.Write([]byte(p))
	}
	return h.Sum(nil)[:16]
}

// hashKeyBytes is how long a key is.
const hashKeyBytes = 32

// readHashKey returns the key of a folder, nil when it has none yet.
func readHashKey(db *pebble.DB) (hashKey, error) {
	v, closer, err := db.Get([]byte{keyspace.Salt})
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("couldn't read the key of the folder's hashes: %w", err)
	}
	defer closer.Close()
	return append(hashKey(nil), v...), nil
}

// haveHashKey returns the key of a folder, and makes one where there is none.
func haveHashKey(db *pebble.DB, random io.Reader) (hashKey, error) {
	if k, err := readHashKey(db); k != nil || err != nil {
		return k, err
	}
	k := make(hashKey, hashKeyBytes)
	if _, err := io.ReadFull(random, k); err != nil {
		return nil, fmt.Errorf("couldn't read randomness for the key of the folder's hashes: %w", err)
	}
	return k, db.Set([]byte{keyspace.Salt}, k, pebble.Sync)
}
