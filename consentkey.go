package main

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"matchkey/collector/config"
)

// The secret behind the proof of consent. It signs the ledger's checkpoints and,
// by a key of their own that is made of it, the tokens of notices. It comes from
// the configuration (signing_key), or from a file in the data folder that is made
// with the first start. It stands beside the store and not in it, so no backup has
// it: whoever gets a backup cannot sign. Beside it stand the public halves of all
// keys that ever signed here, so that a verification knows them.
const (
	signingKeyFile = "consent.key"
	publicKeysFile = "consent.keys"
)

// A signingKey is the secret; its methods give what is made of it.
type signingKey [ed25519.SeedSize]byte

// ledger signs checkpoints.
func (k signingKey) ledger() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(k[:]) }

// public is the public half, in hex.
func (k signingKey) public() string {
	return hex.EncodeToString(k.ledger().Public().(ed25519.PublicKey))
}

// tokens is the key of the notices' tokens.
func (k signingKey) tokens() []byte {
	mac := hmac.New(sha256.New, k[:])
	mac.Write([]byte("matchkey.notice-token.1"))
	return mac.Sum(nil)
}

// openSigningKey reads the key, or makes it, and notes its public half.
func openSigningKey(c *config.Config) (signingKey, error) {
	k, found, err := readSigningKey(c)
	if err == nil && !found {
		k, err = makeKeyFile(filepath.Join(c.Data, signingKeyFile))
	}
	if err != nil {
		return k, err
	}
	return k, noteKey(c.Data, k.public())
}

// readSigningKey reads the key; found is false when none was ever made.
func readSigningKey(c *config.Config) (k signingKey, found bool, err error) {
	text, path := c.SigningKey.Reveal(), filepath.Join(c.Data, signingKeyFile)
	if text == "" {
		file, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return k, false, nil
		}
		if err != nil {
			return k, false, err
		}
		text = string(file)
	}
	seed, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil || len(seed) != len(k) {
		return k, false, fmt.Errorf("%s is not 64 hexadecimal digits; give back what was in it, from your copy, or move it aside and a new key is made", path)
	}
	copy(k[:], seed)
	return k, true, nil
}

// makeKeyFile makes a new key and the file that has it.
func makeKeyFile(path string) (k signingKey, err error) {
	if _, err := rand.Read(k[:]); err != nil {
		return k, err
	}
	if err := writeNew(path, hex.EncodeToString(k[:])+"\n"); err != nil {
		return k, fmt.Errorf("couldn't make the key that signs the consent ledger: %w", err)
	}
	return k, nil
}

// writeNew writes a file that only this user reads, and that is there when it
// returns: under another name first, so that a power cut leaves no half of it.
func writeNew(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// noteKey adds a public key to those that are known to have signed here.
func noteKey(data, key string) error {
	known, err := knownKeys(data)
	if err != nil || slices.Contains(known, key) {
		return err
	}
	return writeNew(filepath.Join(data, publicKeysFile), strings.Join(append(known, key), "\n")+"\n")
}

// knownKeys are the public keys that have signed in a data folder; none where there
// is no list, as in a backup.
func knownKeys(data string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(data, publicKeysFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return strings.Fields(string(text)), err
}
