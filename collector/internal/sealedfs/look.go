package sealedfs

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A State says how far a folder is sealed.
type State struct {
	// Sealed is true when the folder has a key file: all that is written is sealed.
	Sealed bool
	// Keys are the ids of the keys that open it.
	Keys []string
	// PlainFiles and PlainBytes are what is not sealed.
	PlainFiles int
	PlainBytes int64
}

// Look says how far a folder is sealed. It needs no key and changes nothing, and
// the folder may be in use.
func Look(on vfs.FS, dir string) (s State, err error) {
	text, err := readKeyFile(on, dir)
	if err != nil {
		return s, err
	}
	if text != nil {
		f, _, _, err := parseKeyFile(text)
		if err != nil {
			return s, err
		}
		s.Sealed = true
		for _, w := range f.Wraps {
			s.Keys = append(s.Keys, w.Key)
		}
	}
	names, err := on.List(dir)
	for _, name := range names {
		if ours(name) {
			continue
		}
		path := on.PathJoin(dir, name)
		i, err := on.Stat(path)
		if err != nil || i.IsDir() || i.Size() == 0 {
			continue // of a folder in use, files go
		}
		if sealed, err := looksSealed(on, path); err == nil && !sealed {
			s.PlainFiles, s.PlainBytes = s.PlainFiles+1, s.PlainBytes+i.Size()
		}
	}
	return s, err
}

// Check reads every sealed file of the folder to its end. damage are sentences
// about what does not open; torn about files that end within a write, as a power
// cut leaves them.
func (s *FS) Check(ctx context.Context) (damage, torn []string, err error) {
	names, err := notEmpty(s.FS, s.dir)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		left, err := s.check(s.PathJoin(s.dir, name))
		switch {
		case errors.Is(err, ErrDamaged):
			damage = append(damage, err.Error())
		case err != nil:
			return damage, torn, fmt.Errorf("couldn't read %s: %w", name, err)
		case left > 0:
			torn = append(torn, fmt.Sprintf("%s ends with %d bytes of a write that was cut off, as by a power cut; nothing acknowledged is among them, unless the disk lost it", name, left))
		}
	}
	return damage, torn, nil
}

func (s *FS) check(path string) (torn int64, err error) {
	f, err := s.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	switch f := f.(type) {
	case *tableReader:
		return 0, f.check()
	case *streamReader:
		_, err = f.Stat()
		return f.torn, err
	case hollow:
		return f.torn, nil
	}
	return 0, nil
}
