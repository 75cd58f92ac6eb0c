package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/internal/identity"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/keyspace"
	"matchkey/collector/internal/pipeline"
	"matchkey/collector/internal/store"
)

// ReplayOptions say what a replay does.
type ReplayOptions struct {
	// Write makes the derived state what the journal says; otherwise the two are
	// compared and nothing is changed.
	Write bool
	// AddDeliveries adds deliveries which the journal gives and the store does
	// not have, in their first state. They will be sent, if their window allows.
	AddDeliveries bool
}

// A TableDifference counts what a replay found in one table.
type TableDifference = store.TableDifference

// Replayed is what a replay found.
type Replayed struct {
	// UpTo is the last journal entry that was replayed: the store's watermark. From
	// is the last one that has expired, and of which all is kept; 0 when none has.
	UpTo   collector.Offset
	From   collector.Offset
	Tables []TableDifference
	// Unknown are deliveries which the journal gives and the store did not have.
	Unknown int
}

// Same reports whether the store is what the journal says.
func (r Replayed) Same() bool {
	for _, t := range r.Tables {
		if !t.Same() {
			return false
		}
	}
	return r.Unknown == 0
}

// Replay rebuilds the derived state of a data folder that no process uses: it
// applies the journal anew, under the given configuration, to an empty store
// beside it (Dir and ".replay", which is removed at the end), and compares the
// two, table by table. What the journal cannot know is kept; package store says
// which that is. It is refused where it would lose something.
//
// It needs about as much free space as the store has, and is safe to be cut off.
func Replay(ctx context.Context, fs vfs.FS, c Config, o ReplayOptions, destinations ...collector.Destination) (done Replayed, err error) {
	live, err := keyspace.Open(keyspace.Options{FS: fs, Dir: c.Dir, ReadOnly: !o.Write, Replay: true, Log: c.Log, Fatal: c.Fatal})
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, live.Close()) }()
	if o.Write {
		// Opening it brings an older format up to the current one.
		if _, err := store.OpenPebble(live, c.Random); err != nil {
			return done, err
		}
	}
	beside := replayFolder(c.Dir)
	if err := removeReplay(fs, c.Dir); err != nil {
		return done, err
	}
	scratch, err := keyspace.Open(keyspace.Options{FS: fs, Dir: beside, Log: c.Log, Fatal: c.Fatal})
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, scratch.Close(), fs.RemoveAll(beside)) }()

	known, err := rebuild(ctx, c, live, scratch, &done, destinations)
	if err != nil {
		return done, err
	}
	forgotten, err := store.ForgottenIDs(live)
	if err != nil {
		return done, err
	}
	parted := func(k collector.EventKey) bool { return known.Parted(forgotten(k)) }
	compare := store.Rebuild{Live: live, Scratch: scratch, Thin: known.Thin, Parted: parted, Write: o.Write, AddDeliveries: o.AddDeliveries}
	done.Tables, done.Unknown, err = compare.Run(ctx)
	return done, err
}

// replayFolder is where a replay rebuilds the store in a folder.
func replayFolder(dir string) string { return dir + ".replay" }

// removeReplay removes what a replay that was cut off left beside a store that the
// caller has locked. It may hold persons who are to be erased.
func removeReplay(fs vfs.FS, dir string) error {
	if err := fs.RemoveAll(replayFolder(dir)); err != nil {
		return fmt.Errorf("couldn't remove what a replay that was cut off left: %w", err)
	}
	return nil
}

// rebuild applies the journal of live, up to its watermark, to scratch.
func rebuild(ctx context.Context, c Config, live, scratch *pebble.DB, done *Replayed, destinations []collector.Destination) (known *pipeline.Replay, err error) {
	j, err := journal.OpenPebble(live)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	applied, err := store.OpenReader(live)
	if err != nil {
		return nil, err
	}
	if done.UpTo, err = applied.Watermark(ctx); err != nil {
		return nil, err
	}
	if durable := j.Durable(); done.UpTo > durable {
		return nil, fmt.Errorf("the store has applied the journal up to %d and the journal ends at %d: "+
			"a replay would lose what was between; restore the data folder from a backup", done.UpTo, durable)
	}
	if err := store.TakeKey(live, scratch); err != nil {
		return nil, err
	}
	if err := store.IndexByEntry(live, scratch); err != nil {
		return nil, fmt.Errorf("couldn't read what came from entries that were redacted since: %w", err)
	}
	rebuilt, err := store.OpenPebble(scratch, c.Random)
	if err != nil {
		return nil, err
	}
	kept, err := store.Keepings(live)
	if err != nil {
		return nil, err
	}
	known = &pipeline.Replay{Kept: kept, From: func(o collector.Offset) ([]identity.Recalled, []collector.ConsentRecord, error) {
		return store.FromEntry(scratch, o)
	}}
	if done.From, err = store.Seed(ctx, live, rebuilt, known.Expired); err != nil {
		return nil, fmt.Errorf("couldn't take over what came of expired entries: %w", err)
	}
	p, err := pipeline.New(ctx, pipeline.Options{
		Retention: c.Retention,
		Journal:   part{j, done.UpTo}, Store: rebuilt, Sites: c.Sites, Log: c.Log, Replay: known,
		Window: window(destinations), Due: func() {}, After: after,
	})
	if err != nil {
		return nil, err
	}
	if err := p.CatchUp(ctx); err != nil {
		return nil, fmt.Errorf("couldn't apply the journal anew: %w", err)
	}
	return known, nil
}

// window says until when a destination takes an event; one that is gone takes
// nothing.
func window(destinations []collector.Destination) func(string, collector.Event) (time.Time, collector.Reason) {
	byName := map[string]collector.Destination{}
	for _, d := range destinations {
		byName[d.Name()] = d
	}
	return func(destination string, ev collector.Event) (time.Time, collector.Reason) {
		if d := byName[destination]; d != nil {
			return d.Window(ev, time.Time{})
		}
		return ev.OccurredAt, collector.ReasonWindowPassed
	}
}

// part is a journal up to an offset, which has to be whole.
type part struct {
	collector.Journal
	upTo collector.Offset
}

// Durable implements collector.Journal.
func (p part) Durable() collector.Offset { return p.upTo }

// Read implements collector.Journal.
func (p part) Read(ctx context.Context, after collector.Offset, max int) ([]collector.Entry, error) {
	entries, err := p.Journal.Read(ctx, after, min(max, int(p.upTo-after)))
	for i, e := range entries {
		if want := after + 1 + collector.Offset(i); e.Offset != want {
			return nil, fmt.Errorf("the journal has no entry %d: the next is %d, and a replay would lose what came of it; "+
				"nothing was changed", want, e.Offset)
		}
	}
	return entries, err
}
