package edge

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/go-json-experiment/json"
)

// What the edge gives away and wants back unread and unchanged, such as the link
// by which a person reaches their choices, is sealed: AES-256-GCM under a key that
// HKDF-SHA-256 derives from the edge's secret for each use. Nobody can read whom
// it is about, make one, or use one for something else or on another site.

// A sealer seals for one use.
type sealer struct{ aead cipher.AEAD }

// newSealer derives the key of one use on one site.
func newSealer(secret []byte, use, site string) (*sealer, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "matchkey."+use+".1\n"+site, 32)
	if err != nil {
		return nil, fmt.Errorf("no key for the %s could be derived: %w", use, err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &sealer{aead}, err
}

// seal returns v, as JSON, sealed, in base64url.
func (s *sealer) seal(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("BUG: a %T cannot be sealed: %w", v, err)
	}
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, b, nil)), nil
}

// open reads into v what seal made; false for everything else.
func (s *sealer) open(text string, v any) bool {
	if len(text) > maxSealed {
		return false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return false
	}
	plain, err := s.aead.Open(nil, nil, b, nil)
	return err == nil && json.Unmarshal(plain, v) == nil
}

// maxSealed bounds what is opened, in bytes.
const maxSealed = 4 << 10
