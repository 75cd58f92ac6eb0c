package sealedfs

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// KeyFile is the name of a folder's key file.
const KeyFile = "KEYS"

// maxKeyFile bounds a key file; each plain file takes some 20 bytes.
const maxKeyFile = 16 << 20

// A keyFile is what stands in a folder's key file: JSON, and a last line with the
// HMAC-SHA256 of all before it, under a key derived from the data key.
type keyFile struct {
	Version int    `json:"version"`
	Wraps   []wrap `json:"wraps"`
	// Plain are the files that may be plain, in order.
	Plain []string `json:"plain"`
}

const macBegin = "\nmac "

func (f keyFile) ids() string {
	var ids []string
	for _, w := range f.Wraps {
		ids = append(ids, w.Key)
	}
	return strings.Join(ids, " or ")
}

// text is what is written.
func (f keyFile) text(data []byte) ([]byte, error) {
	body, err := json.Marshal(f, jsontext.WithIndent("  "))
	if err != nil {
		return nil, err
	}
	return append(body, macBegin+macOf(body, data)+"\n"...), nil
}

func macOf(body, data []byte) string {
	h := hmac.New(sha256.New, derive(data, nil, "matchkey key file 1"))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// readKeyFile reads a folder's key file; an empty text when there is none.
func readKeyFile(on vfs.FS, dir string) (text []byte, err error) {
	file, err := on.Open(on.PathJoin(dir, KeyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text, err = io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	if len(text) == 0 || len(text) > maxKeyFile {
		return nil, fmt.Errorf("%w: it has %d bytes", errKeyFile, len(text))
	}
	return text, nil
}

// errKeyFile says that a key file is damaged; its sentence ends what went wrong.
var errKeyFile = fmt.Errorf("%w: the folder's key file %s cannot be trusted; put back the copy of a backup of this folder", ErrDamaged, KeyFile)

// parseKeyFile reads a text without a key.
func parseKeyFile(text []byte) (f keyFile, body []byte, mac string, err error) {
	at := strings.LastIndex(string(text), macBegin)
	if at < 0 {
		return f, nil, "", fmt.Errorf("%w: its last line is no mac", errKeyFile)
	}
	body, mac = text[:at], string(text[at+len(macBegin):])
	if err := json.Unmarshal(body, &f); err != nil {
		return f, nil, "", fmt.Errorf("%w: %w", errKeyFile, err)
	}
	if f.Version != 1 {
		return f, nil, "", fmt.Errorf("the folder's key file has version %d, and this program knows only 1; use the version of matchkey that wrote it", f.Version)
	}
	return f, body, mac, nil
}

// unlock opens a key file with the first of the keys that it is wrapped by.
func unlock(dir string, text []byte, keys []Key) (f keyFile, data []byte, err error) {
	f, body, mac, err := parseKeyFile(text)
	if err != nil {
		return f, nil, fmt.Errorf("%s: %w", dir, err)
	}
	if len(keys) == 0 {
		return f, nil, fmt.Errorf("%w: %s opens with the key %s, and none was given: set encryption.key in the configuration; "+
			"a command takes it from there (--config), from the key's file (--key-file) or from MATCHKEY_ENCRYPTION_KEY; nothing was changed", ErrLocked, dir, f.ids())
	}
	for _, k := range keys {
		i := slices.IndexFunc(f.Wraps, func(w wrap) bool { return w.Key == k.ID() })
		if i < 0 {
			continue
		}
		if data, err = f.Wraps[i].open(k); err != nil || len(data) != keySize {
			return f, nil, fmt.Errorf("%s: %w: what is wrapped by %v does not open", dir, errKeyFile, k)
		}
		if macOf(body, data)+"\n" != mac {
			return f, nil, fmt.Errorf("%s: %w: it was changed", dir, errKeyFile)
		}
		return f, data, nil
	}
	return f, nil, fmt.Errorf("%w: %s opens with the key %s, and given was %v: give the right one, beside the new one as encryption.previous after a change of keys; "+
		"nothing was changed", ErrLocked, dir, f.ids(), keys)
}

// writeKeyFile puts a key file in the place of another, durably and whole at
// every instant.
func writeKeyFile(fs vfs.FS, dir string, f keyFile, data []byte) error {
	text, err := f.text(data)
	if err != nil {
		return err
	}
	path := fs.PathJoin(dir, KeyFile)
	return replace(fs, path, plainFile, func(file vfs.File) error {
		_, err := file.Write(text)
		return err
	})
}

// halfway ends the name of a file that is being written to take another's place.
const halfway = ".halfway"

// plainFile writes a file as it is.
func plainFile(f vfs.File) vfs.File { return f }

// replace writes a file anew and durably, as one of a kind, and then puts it in its
// place.
func replace(fs vfs.FS, path string, as func(vfs.File) vfs.File, write func(vfs.File) error) error {
	file, err := fs.Create(path+halfway, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	file = as(file)
	err = write(file)
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := fs.Rename(path+halfway, path); err != nil {
		return err
	}
	return syncFolder(fs, fs.PathDir(path))
}

func syncFolder(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
