package faultfs

import (
	"errors"
	"os"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A Fault is a way in which an operation fails.
type Fault int

// The faults.
const (
	None Fault = iota
	// Nothing: nothing is done, and an error says so.
	Nothing
	// Anyway: it is done, and an error says that it was not.
	Anyway
	// Short: half of a write is done; every other operation does nothing.
	Short
	// Full: nothing is done for want of space, from then on, until Mend.
	Full
	end
)

// Faults lists all faults.
func Faults() (all []Fault) {
	for f := None + 1; f < end; f++ {
		all = append(all, f)
	}
	return all
}

func (f Fault) String() string {
	return [...]string{"none", "nothing", "anyway", "short", "full", "?"}[min(f, end)]
}

// ErrInjected is what a fault says, but for a full disk, which says ENOSPC.
var ErrInjected = errors.New("injected: input/output error")

// FS fails as it is told. All methods are safe for concurrent use.
type FS struct {
	vfs.FS

	mu     sync.Mutex // guards the fields below
	ops    int
	at     int
	how    Fault
	struck string // the operation that failed first
	sizes  map[string]int64
	budget int64 // bytes; 0 means without bound
	full   int   // operations that met a full disk
}

// Over lays a file system that does not fail yet over another.
func Over(fs vfs.FS) *FS { return &FS{FS: fs, sizes: map[string]int64{}} }

// Strike has the operation that is the n-th from now fail in a way.
func (fs *FS) Strike(n int, how Fault) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.at, fs.how = fs.ops+n, how
}

// Mend ends a fault.
func (fs *FS) Mend() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.at, fs.how = 0, None
}

// Budget bounds the bytes of all files; GetDiskUsage says what is left of it.
func (fs *FS) Budget(bytes int64) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.budget = bytes
}

// Ops is how many operations there were that write.
func (fs *FS) Ops() int {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.ops
}

// Struck names the first operation that failed; "" when none did.
func (fs *FS) Struck() string {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.struck
}

// MetFull is how many operations met a full disk.
func (fs *FS) MetFull() int {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.full
}

// step counts an operation and says how it fails.
func (fs *FS) step(what, path string) Fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.ops++
	if fs.at == 0 || fs.ops < fs.at || fs.ops > fs.at && fs.how != Full {
		return None
	}
	if fs.struck == "" {
		fs.struck = what + " " + path
	}
	if fs.how == Full {
		fs.full++
	}
	return fs.how
}

// do does one operation that is no write.
func (fs *FS) do(what, path string, op func() error) error {
	switch fs.step(what, path) {
	case None:
		return op()
	case Full:
		return syscall.ENOSPC
	case Anyway:
		if err := op(); err != nil {
			return err
		}
	}
	return ErrInjected
}

// open does an operation that opens a file for writing.
func (fs *FS) open(what, name string, op func() (vfs.File, error)) (opened vfs.File, err error) {
	err = fs.do(what, name, func() (err error) {
		opened, err = op()
		return err
	})
	if err != nil {
		if opened != nil {
			err = errors.Join(err, opened.Close())
		}
		return nil, err
	}
	return &file{File: opened, fs: fs, name: name}, nil
}

// Create implements vfs.FS.
func (fs *FS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return fs.open("create", name, func() (vfs.File, error) {
		fs.moved(name, "")
		return fs.FS.Create(name, c)
	})
}

// OpenReadWrite implements vfs.FS.
func (fs *FS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return fs.open("open", name, func() (vfs.File, error) { return fs.FS.OpenReadWrite(name, c, opts...) })
}

// ReuseForWrite implements vfs.FS.
func (fs *FS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return fs.open("reuse", to, func() (vfs.File, error) {
		fs.moved(from, to)
		return fs.FS.ReuseForWrite(from, to, c)
	})
}

// OpenDir implements vfs.FS; a directory is opened to be synced.
func (fs *FS) OpenDir(name string) (vfs.File, error) {
	d, err := fs.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &file{File: d, fs: fs, name: name}, nil
}

// Link implements vfs.FS.
func (fs *FS) Link(from, to string) error {
	return fs.do("link", to, func() error { return fs.FS.Link(from, to) })
}

// Rename implements vfs.FS.
func (fs *FS) Rename(from, to string) error {
	return fs.do("rename", to, func() error {
		fs.moved(from, to)
		return fs.FS.Rename(from, to)
	})
}

// Remove implements vfs.FS.
func (fs *FS) Remove(name string) error {
	return fs.do("remove", name, func() error {
		fs.moved(name, "")
		return fs.FS.Remove(name)
	})
}

// MkdirAll implements vfs.FS.
func (fs *FS) MkdirAll(name string, perm os.FileMode) error {
	return fs.do("mkdir", name, func() error { return fs.FS.MkdirAll(name, perm) })
}

// GetDiskUsage implements vfs.FS. Without a budget the file system below answers.
func (fs *FS) GetDiskUsage(path string) (vfs.DiskUsage, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.budget == 0 {
		return fs.FS.GetDiskUsage(path)
	}
	free := max(0, fs.budget-fs.used())
	return vfs.DiskUsage{AvailBytes: uint64(free), TotalBytes: uint64(fs.budget), UsedBytes: uint64(fs.budget - free)}, nil
}

// Unwrap implements vfs.FS: nobody may reach below.
func (fs *FS) Unwrap() vfs.FS { return nil }

// used is the size of all files; mu is held.
func (fs *FS) used() (all int64) {
	for _, n := range fs.sizes {
		all += n
	}
	return all
}

// moved books that a file went from one name to another, or away.
func (fs *FS) moved(from, to string) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	n := fs.sizes[from]
	delete(fs.sizes, from)
	if to != "" {
		fs.sizes[to] = n
	}
}

// room books that a file grows to a size, as far as the budget goes, and returns
// to which size it may grow.
func (fs *FS) room(name string, to int64) int64 {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if to <= fs.sizes[name] {
		return to
	}
	if over := fs.used() - fs.sizes[name] + to - fs.budget; fs.budget > 0 && over > 0 {
		fs.full++
		if fs.struck == "" {
			fs.struck = "write " + name
		}
		to = max(to-over, fs.sizes[name])
	}
	fs.sizes[name] = to
	return to
}

// file is an open file; its writer is one goroutine at a time.
type file struct {
	vfs.File
	fs   *FS
	name string
	pos  int64
}

// Write implements vfs.File.
func (f *file) Write(p []byte) (n int, err error) {
	how := f.fs.step("write", f.name)
	part := p
	switch how {
	case Nothing:
		return 0, ErrInjected
	case Full:
		return 0, syscall.ENOSPC
	case Short:
		part = p[:len(p)/2]
	}
	fits := f.fs.room(f.name, f.pos+int64(len(part))) - f.pos
	if fits < int64(len(part)) {
		part, err = part[:max(0, fits)], syscall.ENOSPC
	}
	n, wrote := f.File.Write(part)
	f.pos += int64(n)
	switch {
	case wrote != nil:
		return n, wrote
	case how != None:
		return n, ErrInjected
	}
	return n, err
}

// Sync implements vfs.File.
func (f *file) Sync() error { return f.fs.do("sync", f.name, f.File.Sync) }

// SyncData implements vfs.File.
func (f *file) SyncData() error { return f.fs.do("sync", f.name, f.File.SyncData) }

// SyncTo implements vfs.File.
func (f *file) SyncTo(n int64) (full bool, err error) {
	err = f.fs.do("sync", f.name, func() (err error) {
		full, err = f.File.SyncTo(n)
		return err
	})
	return full, err
}

var _ vfs.FS = (*FS)(nil)
