package collector

import (
	"errors"
	"time"
)

// ErrRefused is what an act is refused with before anything was done; the error
// that wraps it says why, to a person.
var ErrRefused = errors.New("refused")

// A Backup is a copy of a data folder as it was at one moment: the journal and
// all that is derived from it, consistent with each other.
type Backup struct {
	// Path is the folder, absolute where the machinery knows it so.
	Path   string    `json:"path"`
	MadeAt time.Time `json:"made_at"`
	Format int       `json:"format"`
	// Offset is how far the journal reaches at least: every event that was
	// acknowledged before the backup began is in it.
	Offset Offset `json:"journal_offset"`
	Files  int    `json:"files"`
	Bytes  int64  `json:"bytes"`
}

// BackupName reports whether a backup may have the name: up to 64 letters,
// digits, '-', '_' and '.', a letter or digit first. So a name is never a path.
func BackupName(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	for i, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		case i > 0 && (r == '-' || r == '_' || r == '.'):
		default:
			return false
		}
	}
	return true
}
