package sealedfs

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// lockFile is Pebble's; it is empty.
const lockFile = "LOCK"

// How says how a folder is mounted.
type How struct {
	// ReadOnly changes nothing: sealing does not begin, and no wrap is made.
	ReadOnly bool
	// Locked says that the caller holds the folder's lock. Otherwise Mount takes it
	// and holds it for who asks the file system for it next.
	Locked bool
}

// Mount returns the file system through which the database in a folder is opened:
// a sealed one where there is a key file, or where the file system was given keys
// ([WithKeys]) and sealing begins; otherwise nil, and the folder is plain. Unless
// it is read only, the key file is brought to what the keys say: the data key is
// wrapped by each of them and no other.
func Mount(on vfs.FS, dir string, how How) (s *FS, err error) {
	text, err := readKeyFile(on, dir)
	if err != nil {
		return nil, fmt.Errorf("couldn't read the key file of %s: %w", dir, err)
	}
	keys, openOnly := keysOf(on)
	if text == nil {
		if err := notSealed(on, dir); err != nil || openOnly || how.ReadOnly {
			return nil, err
		}
	}
	s = &FS{FS: on, dir: dir}
	if !how.Locked {
		if err := s.takeLock(how.ReadOnly); err != nil {
			return nil, err
		}
		defer func() {
			if err != nil {
				err = errors.Join(err, s.Release())
			}
		}()
		// Another process may have ended just now.
		if text, err = readKeyFile(on, dir); err != nil {
			return nil, err
		}
	}
	switch {
	case text == nil && (how.ReadOnly || openOnly):
		return nil, fmt.Errorf("%s was unsealed just now; try again", dir)
	case text == nil:
		s.keys.Version, s.data = 1, random()
		s.keys.Plain, err = notEmpty(on, dir)
	default:
		s.keys, s.data, err = unlock(dir, text, keys)
	}
	if err != nil || how.ReadOnly {
		return s, err
	}
	if openOnly {
		keys = nil
	}
	return s, s.settle(keys, text == nil)
}

func (s *FS) takeLock(readOnly bool) (err error) {
	if !readOnly {
		if err := s.MkdirAll(s.dir, 0o755); err != nil {
			return err
		}
	}
	if s.lock, err = s.FS.Lock(s.PathJoin(s.dir, lockFile)); err != nil {
		return fmt.Errorf("couldn't lock %s: %w; if another matchkey runs on it, stop that one or ask its console instead", s.dir, err)
	}
	return nil
}

// notSealed refuses a folder without a key file in which there is something sealed.
func notSealed(on vfs.FS, dir string) error {
	names, err := notEmpty(on, dir)
	for _, name := range names {
		sealed, e := looksSealed(on, on.PathJoin(dir, name))
		if err = errors.Join(err, e); sealed {
			return fmt.Errorf("%w: %s is sealed, and the folder's key file %s is gone, without which no key opens it: "+
				"put back the copy of a backup of this folder; nothing was changed", ErrLocked, on.PathJoin(dir, name), KeyFile)
		}
	}
	return err
}

// notEmpty are the names of a folder's files that hold something, in order.
func notEmpty(on vfs.FS, dir string) (found []string, err error) {
	names, err := on.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if ours(name) {
			continue
		}
		i, err := on.Stat(on.PathJoin(dir, name))
		if err != nil {
			return nil, err
		}
		if !i.IsDir() && i.Size() > 0 {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found, nil
}

// ours are the files that are not the database's.
func ours(name string) bool {
	return name == KeyFile || name == lockFile || strings.HasSuffix(name, halfway)
}

// settle brings the key file to what the keys say, if any, and to the plain files
// that are left, and removes what was cut off while it was written.
func (s *FS) settle(keys []Key, begin bool) error {
	names, err := s.List(s.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasSuffix(name, halfway) {
			if err := s.Remove(s.PathJoin(s.dir, name)); err != nil {
				return err
			}
		}
	}
	before := len(s.keys.Plain)
	if !begin {
		if err := s.strikeOff(); err != nil {
			return err
		}
	}
	wrapped := len(keys) == 0 || s.wrapped(keys)
	if wrapped && len(s.keys.Plain) == before {
		return nil
	}
	// First the files that are gone are gone for good: one that a power cut brings
	// back has to be on the list.
	if err := syncFolder(s.FS, s.dir); err != nil {
		return fmt.Errorf("couldn't sync %s: %w", s.dir, err)
	}
	if !wrapped {
		s.wrapBy(keys)
	}
	if err := writeKeyFile(s.FS, s.dir, s.keys, s.data); err != nil {
		return fmt.Errorf("couldn't write the key file of %s: %w", s.dir, err)
	}
	return nil
}

// strikeOff takes those off the list that are plain no more.
func (s *FS) strikeOff() error {
	there, err := notEmpty(s.FS, s.dir)
	if err != nil {
		return err
	}
	var left []string
	for _, name := range s.keys.Plain {
		if !slices.Contains(there, name) {
			continue
		}
		sealed, err := looksSealed(s.FS, s.PathJoin(s.dir, name))
		if err != nil {
			return err
		}
		if !sealed {
			left = append(left, name)
		}
	}
	s.keys.Plain = left
	return nil
}

// wrapped reports whether the data key is wrapped by these keys and no others.
func (s *FS) wrapped(keys []Key) bool {
	return slices.EqualFunc(s.keys.Wraps, keys, func(w wrap, k Key) bool { return w.Key == k.ID() })
}

// wrapBy wraps the data key by these keys and no others.
func (s *FS) wrapBy(keys []Key) {
	s.keys.Wraps = nil
	for _, k := range keys {
		s.keys.Wraps = append(s.keys.Wraps, newWrap(k, s.data))
	}
}

// Rekey wraps the data key of a sealed folder by the keys that the file system was
// given and by no others; one of them has to open it. It works on a folder that is
// in use, and on a backup, and returns the ids of the keys that open it now.
func Rekey(on vfs.FS, dir string) (ids []string, err error) {
	text, err := readKeyFile(on, dir)
	if err == nil && text == nil {
		err = fmt.Errorf("%s is not sealed: it has no %s", dir, KeyFile)
	}
	if err != nil {
		return nil, err
	}
	keys, _ := keysOf(on)
	s := &FS{FS: on, dir: dir}
	if s.keys, s.data, err = unlock(dir, text, keys); err != nil {
		return nil, err
	}
	s.wrapBy(keys)
	for _, w := range s.keys.Wraps {
		ids = append(ids, w.Key)
	}
	return ids, writeKeyFile(on, dir, s.keys, s.data)
}

// CopyKeys copies a folder's key file beside files of the folder that were copied,
// durably; it does nothing where the folder is plain.
func CopyKeys(on vfs.FS, from, to string) error {
	text, err := readKeyFile(on, from)
	if err != nil || text == nil {
		return err
	}
	return replace(on, on.PathJoin(to, KeyFile), plainFile, func(f vfs.File) error {
		_, err := f.Write(text)
		return err
	})
}
