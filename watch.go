package main

import (
	"crypto/sha256"
	"time"
)

// The configuration file is watched by reading it now and then. Notifications of
// the file system would be faster by a second, and miss what people do: an editor
// or a deployment renames another file into its place, Kubernetes turns a link in a
// folder above, a network file system notifies nobody. To read a few kilobytes costs
// nothing.

// watchEvery is how often the file is read.
const watchEvery = 2 * time.Second

// watched tells when a file has another content than the one last loaded. It says
// so once for each content, and only when two looks in a row found it: a file that
// is being written is half there for a moment.
type watched struct {
	known, last [sha256.Size]byte
	none        bool // the last look found no file
}

// loaded remembers what is loaded; an error leaves it as it was.
func (w *watched) loaded(text []byte, err error) {
	if err == nil {
		w.known = sha256.Sum256(text)
		w.last = w.known
	}
}

// changed takes in what a look found, and reports whether to load it.
func (w *watched) changed(text []byte, err error) bool {
	if err != nil {
		w.none = true // between a rename and the next, or gone: what runs goes on
		return false
	}
	now := sha256.Sum256(text)
	settled := now == w.last && !w.none
	w.last, w.none = now, false
	if !settled || now == w.known {
		return false
	}
	w.known = now
	return true
}
