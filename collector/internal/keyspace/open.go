package keyspace

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector/internal/sealedfs"
)

// Sizes that were found by `go run ./build/bench -only profiles`; BENCHMARKS.md has
// the numbers.
const (
	// cacheBytes bounds the block cache. With four memtables, what the store
	// remembers and the garbage collector's share it stays below 300 MB.
	cacheBytes = 96 << 20
	// A look-up reads a block of this size. Twice Pebble's compresses better; more
	// would make a look-up of one row dearer.
	blockBytes = 8 << 10
	// One index block a table, up to a table of millions of rows: with Pebble's a
	// look-up goes through two.
	indexBlockBytes = 256 << 10
	// The first level below the newest files is four times Pebble's, so that a folder
	// of some gigabytes has one level less to rewrite and to look into.
	baseLevelBytes = 256 << 20
)

// Current is the format this program writes. It opens every one from 1 on; the
// store brings older ones up to it.
const Current = 3

// A Fatal is called when the disk refuses what Pebble cannot go on without, such
// as a write to its log. It must not return: it ends the process, or the test's.
type Fatal func(message string)

// Options say how the database is opened.
type Options struct {
	// FS may have been given keys (sealedfs.WithKeys): then the folder is sealed.
	FS       vfs.FS
	Dir      string
	ReadOnly bool
	Lock     *Lock // held by the caller; nil: Open takes it
	// Replay opens also what a replay left half written: for a replay only.
	Replay bool
	Log    *slog.Logger // nil: silent
	Fatal  Fatal        // nil: panic
	// Full is called when the log meets a full disk. It returns true when it may be
	// tried again, after a while, and false to end it as a disk that fails; nil: false.
	Full func() bool
}

// Open opens or creates the database and checks its format. The folder belongs
// to one process at a time; a second one gets an error that says so.
func Open(o Options) (*pebble.DB, error) {
	log := logger{o.Log, o.Fatal}
	var disk vfs.FS = patientFS{o.FS, o.Full}
	sealed, err := sealedfs.Mount(disk, o.Dir, sealedfs.How{ReadOnly: o.ReadOnly, Locked: o.Lock != nil})
	if err != nil {
		return nil, fmt.Errorf("couldn't open the data folder %s: %w", o.Dir, err)
	}
	if sealed != nil {
		disk = sealed
	}
	opts := &pebble.Options{
		FS:       vitalFS{disk, log.Fatalf},
		ReadOnly: o.ReadOnly,
		Lock:     o.Lock,
		Logger:   log,
		// One group commit of the edge is seldom over 4 MiB; 32 MiB keeps
		// flushes rare and the restart after a crash short.
		MemTableSize:                32 << 20,
		MemTableStopWritesThreshold: 4,
		// Pinned: a newer Pebble must not raise the file format unasked, or the
		// way back to an older matchkey is closed.
		FormatMajorVersion: pebble.FormatValueSeparation,
		// The smallest: a manifest names keys, and must not outlive them for long. It
		// is begun anew when its changes outnumber the tables, which costs one small
		// write for every change.
		MaxManifestFileSize: 1,
		LBaseMaxBytes:       baseLevelBytes,
	}
	// Fast above, zstd in the last level, which is most of the data and is rewritten
	// least. A table says itself how it is compressed.
	opts.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionBalanced })
	if o.ReadOnly {
		// Who only looks is told by the error of the read; Pebble's own answer to
		// a wrong checksum ends the process.
		opts.EventListener = &pebble.EventListener{DataCorruption: func(pebble.DataCorruptionInfo) {}}
	}
	cache := pebble.NewCache(cacheBytes)
	defer cache.Unref() // the database holds its own reference
	opts.Cache = cache
	// Most look-ups are for what is not there: the first event of a visitor, a
	// link, an event's earlier copy.
	for i := range opts.Levels {
		opts.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		opts.Levels[i].BlockSize, opts.Levels[i].IndexBlockSize = blockBytes, indexBlockBytes
	}
	db, err := pebble.Open(o.Dir, opts)
	if sealed != nil {
		err = errors.Join(err, sealed.Release())
	}
	if damaged(err) {
		return nil, fmt.Errorf("the data folder %s is damaged where acknowledged data stands: %w; nothing was changed. "+
			"Restore the folder from a backup, or look for the disk's fault; to go on without it, move the folder aside "+
			"and keep it: an empty one is made at the next start", o.Dir, err)
	}
	if err != nil {
		return nil, fmt.Errorf("couldn't open the data folder %s: %w; "+
			"if another matchkey runs on it, stop that one or ask its console instead", o.Dir, err)
	}
	created, err := checkFormat(db, o.ReadOnly)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("data folder %s: %w", o.Dir, err), db.Close())
	}
	if created {
		// Pebble's first log does not say yet how far it is synced, so that damage in
		// it would look like its end. The second one does.
		if err := db.Close(); err != nil {
			return nil, err
		}
		return Open(o)
	}
	if err := checkReplay(db); err != nil && !o.Replay {
		return nil, errors.Join(fmt.Errorf("data folder %s: %w", o.Dir, err), db.Close())
	}
	return db, nil
}

// damaged reports whether an error says that what is on the disk is not what was
// written. A log that ends in the middle of a record is none: a power cut does that.
func damaged(err error) bool {
	if pebble.IsCorruptionError(err) { // a mark that errors.Is of the standard library does not see
		return true
	}
	for _, is := range []error{record.ErrInvalidChunk, record.ErrZeroedChunk, record.ErrUnexpectedEOF} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}

// checkFormat checks the format; of an empty folder it writes it.
func checkFormat(db *pebble.DB, readOnly bool) (created bool, err error) {
	n, err := FormatOf(db)
	switch {
	case err != nil:
		return false, err
	case n == 0 && readOnly:
		return false, errors.New("there is no matchkey data in it")
	case n == 0:
		return true, SetFormat(db)
	case n > Current:
		return false, fmt.Errorf("its format is %d and this program knows only those up to %d; "+
			"use the version of matchkey that wrote it, or restore a backup that was made before it did", n, Current)
	}
	return false, nil
}

// checkReplay says whether a replay was cut off while it wrote: then the derived
// state is part old, part new.
func checkReplay(r pebble.Reader) error {
	_, closer, err := r.Get([]byte{Replaying})
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("couldn't look for an unfinished replay: %w", err)
	}
	return errors.Join(closer.Close(),
		errors.New("a replay was cut off while it wrote; the journal is whole: run matchkey replay again, which ends what it began"))
}

// FormatOf returns the format of a database; 0 when nothing was ever written.
func FormatOf(r pebble.Reader) (int, error) {
	v, closer, err := r.Get([]byte{Format})
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("couldn't read the format: %w", err)
	}
	defer closer.Close()
	n, err := strconv.Atoi(string(v))
	if err != nil || n < 1 {
		return 0, fmt.Errorf("its format is %q, which no version of matchkey writes", v)
	}
	return n, nil
}

// SetFormat writes that the database has the current format, durably.
func SetFormat(w pebble.Writer) error {
	return w.Set([]byte{Format}, []byte(strconv.Itoa(Current)), pebble.Sync)
}

// logger turns Pebble's talk into structured lines.
type logger struct {
	log   *slog.Logger
	fatal Fatal
}

func (l logger) Infof(format string, args ...any) {
	switch {
	case l.log == nil:
	case strings.Contains(format, "stopped reading at offset"):
		// What a start found in the write-ahead log, and where it ended.
		l.log.Info("store: recovered its log: " + fmt.Sprintf(format, args...))
	default:
		l.log.Debug("pebble: " + fmt.Sprintf(format, args...))
	}
}

func (l logger) Errorf(format string, args ...any) {
	if l.log != nil {
		l.log.Error("pebble: " + fmt.Sprintf(format, args...))
	}
}

func (l logger) Fatalf(format string, args ...any) {
	message := "FATAL: the disk under the data folder failed, and matchkey ends so that the next start recovers from it; " +
		"what was acknowledged is safe. The store says: " + fmt.Sprintf(format, args...)
	if l.fatal != nil {
		l.fatal(message)
	}
	panic(message)
}
