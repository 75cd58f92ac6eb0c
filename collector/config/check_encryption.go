package config

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
)

// keyBytes is the size of an encryption key.
const keyBytes = 32

// Bytes are the 32 bytes of an encryption key that is written as 64 hexadecimal
// digits or as base64. The error never holds what was written.
func (s Secret) Bytes() ([]byte, error) {
	for _, read := range []func(string) ([]byte, error){
		hex.DecodeString, base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString,
	} {
		if b, err := read(s.value); err == nil && len(b) == keyBytes {
			return b, nil
		}
	}
	return nil, errors.New("it is not 32 bytes as 64 hexadecimal digits or as base64; `openssl rand -hex 32` makes one")
}

// encryption checks the keys; that there is none is worth a warning.
func (k checker) encryption() {
	e := k.c.Encryption
	if e == nil && k.c.Data == "" {
		return // there are worse faults
	}
	if e == nil {
		k.warn("data", "What is kept in the data folder is not encrypted: whoever gets hold of the disk or of a backup reads it. Set `encryption.key`, or encrypt the disk and the backups yourself.")
		return
	}
	seen := map[string]string{}
	k.dataKey("encryption.key", e.Key, seen)
	for i, s := range e.Previous {
		k.dataKey(fmt.Sprintf("encryption.previous[%d]", i), s, seen)
	}
}

func (k checker) dataKey(path string, s Secret, seen map[string]string) {
	if s.IsZero() {
		return // the decoder said why
	}
	b, err := s.Bytes()
	if err != nil {
		k.err(path, "`%s` cannot be used: %v.", path, err)
		return
	}
	distinct := map[byte]bool{}
	for _, c := range b {
		distinct[c] = true
	}
	if len(distinct) < 8 {
		k.err(path, "`%s` is no random key: its bytes are nearly all the same. `openssl rand -hex 32` makes one.", path)
	}
	if other := seen[string(b)]; other != "" {
		k.err(path, "`%s` is the key of `%s` again. Keep one.", path, other)
	}
	seen[string(b)] = path
}
