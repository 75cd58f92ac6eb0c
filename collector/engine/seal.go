package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector/internal/keyspace"
	"matchkey/collector/internal/sealedfs"
)

// A SealKey is one of the operator's keys for encryption at rest. However it is
// printed it gives its id, never the key.
type SealKey = sealedfs.Key

// SealState says how far a data folder or a backup is sealed.
type SealState = sealedfs.State

// NewSealKey takes a key of 32 bytes and where it came from, for messages.
func NewSealKey(secret []byte, from string) (SealKey, error) { return sealedfs.NewKey(secret, from) }

// WithSealKeys gives a file system the operator's keys, the current one first: what
// is opened on it is then sealed, and what is sealed can be opened. [Open] and
// [Replay] begin to seal a folder that is plain; what only looks does not. Without
// keys it is the file system itself.
func WithSealKeys(fs vfs.FS, keys ...SealKey) vfs.FS { return sealedfs.WithKeys(fs, keys...) }

// OpenWithSealKeys is [WithSealKeys] for who only wants to open what is sealed: a
// folder that is plain stays so, and which keys open one does not change.
func OpenWithSealKeys(fs vfs.FS, keys ...SealKey) vfs.FS { return sealedfs.OpenWith(fs, keys...) }

// Sealed says how far a data folder or a backup is sealed. It needs no key, and the
// folder may be in use.
func Sealed(fs vfs.FS, dir string) (SealState, error) {
	f := folder{fs, dir}
	if err := f.must(); err != nil {
		return SealState{}, err
	}
	return sealedfs.Look(fs, f.path(StoreName))
}

// Seal rewrites all that is plain in a data folder that no process uses, with the
// keys of the file system, and returns how many files that were. It is safe to be
// cut off; called again it goes on.
func Seal(ctx context.Context, fs vfs.FS, dir string) (files int, err error) {
	return rewriteStore(fs, dir, func(s *sealedfs.FS) (int, error) { return s.Seal(ctx) })
}

// Unseal is the way back: all that is sealed is rewritten plain, and the key file
// goes. Whoever opens the folder with keys again seals it again.
func Unseal(ctx context.Context, fs vfs.FS, dir string) (files int, err error) {
	if is, err := Sealed(fs, dir); err != nil || !is.Sealed {
		return 0, errors.Join(err, fmt.Errorf("%s is not sealed", dir))
	}
	return rewriteStore(fs, dir, func(s *sealedfs.FS) (int, error) { return s.Unseal(ctx) })
}

// rewriteStore mounts the store of a data folder under its lock. The files of a
// backup are counted in its note, and stay as they are.
func rewriteStore(fs vfs.FS, dir string, fn func(*sealedfs.FS) (int, error)) (files int, err error) {
	f := folder{fs, dir}
	if _, made, err := readNote(f); err != nil || made {
		return 0, errors.Join(err, fmt.Errorf("%s is a backup, and stays as it was made: restore it, and make another", dir))
	}
	if err := Settle(fs, dir); err != nil {
		return 0, err
	}
	lock, err := lockStore(fs, dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	s, err := sealedfs.Mount(fs, f.path(StoreName), sealedfs.How{Locked: true})
	if err == nil && s == nil {
		err = errors.New("no key was given: name the configuration with encryption.key")
	}
	if err != nil {
		return 0, err
	}
	return fn(s)
}

// Rekey has the keys of the file system, and no others, open a data folder or a
// backup; one of them has to open it already. Data is not rewritten, and the folder
// may be in use. It returns the ids of the keys.
func Rekey(fs vfs.FS, dir string) (ids []string, err error) {
	f := folder{fs, dir}
	if err := f.must(); err != nil {
		return nil, err
	}
	return sealedfs.Rekey(fs, f.path(StoreName))
}

// sayPlain logs what is not sealed of a store that is to be.
func (e *Engine) sayPlain() error {
	is, err := sealedfs.Look(e.fs, e.config.Dir)
	if err != nil || !is.Sealed {
		return err
	}
	if is.PlainFiles == 0 {
		e.config.Log.Info("engine: the data folder is sealed", "keys", is.Keys)
		return nil
	}
	e.config.Log.Warn("engine: what is written is sealed, and what was written before is plain until it is replaced; "+
		"matchkey seal rewrites it at once, while Matchkey is stopped", "keys", is.Keys, "plain_files", is.PlainFiles, "plain_bytes", is.PlainBytes)
	return nil
}

// checkSeal reads all that is sealed in a store, also what no row is in.
func (v *Verified) checkSeal(ctx context.Context, fs vfs.FS, dir string, lock *keyspace.Lock) (err error) {
	if v.Seal, err = sealedfs.Look(fs, dir); err != nil || !v.Seal.Sealed {
		return err
	}
	s, err := sealedfs.Mount(fs, dir, sealedfs.How{ReadOnly: true, Locked: lock != nil})
	if err != nil {
		return err
	}
	damage, torn, err := s.Check(ctx)
	v.Faults, v.Torn = append(v.Faults, damage...), torn
	return err
}
