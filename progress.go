package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// How far an import came, in a small file beside the input. The ids alone would make
// a second run harmless. The file spares the time, and rows that were in time with
// the first run are not told too old with the second. It has no row and no key: how
// many, and a hash over all that was made of the rows so far. So an input that was
// changed before that line, or is read by another mapping, begins anew.

type progress struct {
	path string
	to   string            // which edge and site
	was  progressState     // of an earlier run
	sum  [sha256.Size]byte // over the rows that were answered for, a chain
}

// progressState is the file.
type progressState struct {
	To     string `json:"to"`
	Sum    string `json:"sha256"`
	Errors int64  `json:"errors_bytes"` // of the file of rows that were not taken
	Tally  tally  `json:"rows"`
}

// openProgress reads the file, if there is one.
func openProgress(path, to string) (*progress, error) {
	p := &progress{path: path, to: to}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err == nil && json.Unmarshal(text, &p.was) != nil {
		err = fmt.Errorf("%s is not the progress of an import; move it aside", path)
	}
	return p, err
}

// isUsed reports whether there is an earlier run.
func (p *progress) isUsed() bool { return p != nil && p.was.Tally.Line > 0 }

// forget begins anew.
func (p *progress) forget() { p.was = progressState{}; p.sum = [sha256.Size]byte{} }

// find reads rows up to where an earlier run was answered, and says whether they are
// what it posted.
func (p *progress) find(rows rowReader) (bool, error) {
	if !p.isUsed() || p.was.To != p.to {
		return false, nil
	}
	for line := 0; line < p.was.Tally.Line; {
		r, err := rows.next()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		line = r.line
		p.add(r)
	}
	return hex.EncodeToString(p.sum[:]) == p.was.Sum, nil
}

func (p *progress) add(r row) {
	p.sum = sha256.Sum256(fmt.Appendf(p.sum[:], "%d\n%s", r.line, r.text))
}

// save writes how far it came. errors is the file of rows that were not taken, or nil.
func (p *progress) save(batch []row, t tally, errors *os.File) error {
	for _, r := range batch {
		p.add(r)
	}
	s := progressState{To: p.to, Sum: hex.EncodeToString(p.sum[:]), Tally: t}
	if errors != nil {
		info, err := errors.Stat()
		if err == nil {
			err = errors.Sync()
		}
		if err != nil {
			return err
		}
		s.Errors = info.Size()
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return writeNew(p.path, string(text)+"\n")
}

// end takes the file away: all is done.
func (p *progress) end() error {
	if err := os.Remove(p.path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
