package sealedfs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Seal rewrites every plain file of a folder that no database is open on, and
// returns how many there were. Cut off at any moment it leaves a folder that opens,
// and goes on when it is called again.
func (s *FS) Seal(ctx context.Context) (files int, err error) {
	for _, name := range optionsFirst(s.keys.Plain) {
		done, err := s.rewrite(ctx, name, true)
		if err != nil {
			return files, fmt.Errorf("couldn't seal %s: %w", name, err)
		}
		if done {
			files++
		}
	}
	return files, s.writePlain(nil)
}

// writePlain writes down which files may be plain. The keys are those that open the
// folder now: they may have been changed since it was mounted.
func (s *FS) writePlain(names []string) error {
	text, err := readKeyFile(s.FS, s.dir)
	if err != nil {
		return err
	}
	now, body, mac, err := parseKeyFile(text)
	if err != nil {
		return err
	}
	if macOf(body, s.data)+"\n" != mac {
		return fmt.Errorf("%s: %w: it was changed", s.dir, errKeyFile)
	}
	s.keys.Wraps, s.keys.Plain = now.Wraps, names
	return writeKeyFile(s.FS, s.dir, s.keys, s.data)
}

// Unseal rewrites every sealed file of a folder that no database is open on as a
// plain one, and then removes the key file. It returns how many there were. Cut off
// at any moment it leaves a folder that opens with its key.
func (s *FS) Unseal(ctx context.Context) (files int, err error) {
	names, err := notEmpty(s.FS, s.dir)
	if err != nil {
		return 0, err
	}
	if err := s.writePlain(names); err != nil {
		return 0, err
	}
	order := optionsFirst(names)
	slices.Reverse(order)
	for _, name := range order {
		done, err := s.rewrite(ctx, name, false)
		if err != nil {
			return files, fmt.Errorf("couldn't unseal %s: %w", name, err)
		}
		if done {
			files++
		}
	}
	if err := s.Remove(s.PathJoin(s.dir, KeyFile)); err != nil {
		return files, err
	}
	return files, syncFolder(s.FS, s.dir)
}

// optionsFirst puts Pebble's options first: as long as they are sealed, a Matchkey
// that knows nothing of sealing refuses the folder.
func optionsFirst(names []string) (order []string) {
	for _, name := range names {
		if strings.HasPrefix(name, "OPTIONS") {
			order = append(order, name)
		}
	}
	for _, name := range names {
		if !strings.HasPrefix(name, "OPTIONS") {
			order = append(order, name)
		}
	}
	return order
}

// rewrite has a file's text written as a sealed or as a plain file and put in its
// place; done is false when it is one already, or gone.
func (s *FS) rewrite(ctx context.Context, name string, sealing bool) (done bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	path := s.PathJoin(s.dir, name)
	from, err := s.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if sealing == isSealed(from) {
		return false, nil
	}
	as := plainFile
	if sealing {
		as = func(f vfs.File) vfs.File { return s.writer(name, f) }
	}
	return true, replace(s.FS, path, as, func(to vfs.File) error {
		_, err := io.Copy(onlyWriter{to}, onlyReader{from})
		return err
	})
}

func isSealed(f vfs.File) bool {
	switch f.(type) {
	case *tableReader, *streamReader, hollow:
		return true
	}
	return false
}

// onlyWriter hides all methods but Write.
type onlyWriter struct{ io.Writer }
