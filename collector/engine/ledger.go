package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/internal/keyspace"
	"matchkey/collector/internal/ledger"
	"matchkey/collector/internal/store"
)

// Checkpoints of the consent ledger: each chain is signed when it has grown by
// checkpointEvery records, or when something is in it that is unsigned for
// checkpointAfter, and when the engine closes. Every checkpoint is logged: a log
// that is kept elsewhere is what nobody with the data folder alone can rewrite.
const (
	checkpointEvery = 1000
	checkpointAfter = 10 * time.Minute
	checkpointLook  = 15 * time.Second
)

// checkpoints signs the chains as they grow, until ctx ends.
func (e *Engine) checkpoints(ctx context.Context) {
	if e.config.LedgerKey == nil {
		return
	}
	unsignedSince := map[string]time.Time{}
	for {
		after(ctx, checkpointLook)
		if ctx.Err() != nil {
			return
		}
		heads, err := e.store.LedgerHeads(ctx)
		if err == nil {
			err = e.sign(ctx, e.due(heads, unsignedSince))
		}
		if err != nil {
			e.config.Log.Error("engine: couldn't sign how the consent ledger stands; trying again", "in", checkpointLook.String(), "error", err)
		}
	}
}

// due are the chains that it is time to sign.
func (e *Engine) due(heads []collector.LedgerHead, unsignedSince map[string]time.Time) (due []collector.LedgerHead) {
	now := e.config.Now()
	for _, h := range heads {
		since, known := unsignedSince[h.Site]
		switch {
		case h.Seq <= h.Covered:
			delete(unsignedSince, h.Site)
		case !known:
			unsignedSince[h.Site] = now
			since = now
			fallthrough
		default:
			if h.Seq-h.Covered >= checkpointEvery || now.Sub(since) >= checkpointAfter {
				due = append(due, h)
			}
		}
	}
	return due
}

// sign keeps a checkpoint of each head.
func (e *Engine) sign(ctx context.Context, heads []collector.LedgerHead) error {
	for _, h := range heads {
		c := ledger.Sign(e.config.LedgerKey, h, e.config.Now().Unix())
		if err := e.store.AddCheckpoint(ctx, c); err != nil {
			return err
		}
		e.config.Log.Info("engine: checkpoint of the consent ledger", "site", c.Site, "seq", c.Seq, "head", c.Head, "key", c.Key)
	}
	return nil
}

// signRest signs what is unsigned when nothing is appended any more.
func (e *Engine) signRest() error {
	if e.config.LedgerKey == nil {
		return nil
	}
	heads, err := e.store.LedgerHeads(context.Background())
	if err != nil {
		return err
	}
	var unsigned []collector.LedgerHead
	for _, h := range heads {
		if h.Seq > h.Covered {
			unsigned = append(unsigned, h)
		}
	}
	return e.sign(context.Background(), unsigned)
}

// VerifyLedger implements collector.Operations.
func (e *Engine) VerifyLedger(ctx context.Context, q collector.LedgerQuery) (collector.LedgerReport, error) {
	if len(q.Keys) == 0 {
		q.Keys = e.config.LedgerKeys
	}
	return e.store.VerifyLedger(ctx, q)
}

// VerifyLedger checks the consent ledger of a data folder that no process uses, or
// of a backup, as Store.VerifyLedger does. dir is the folder that holds the store.
func VerifyLedger(ctx context.Context, fs vfs.FS, dir string, q collector.LedgerQuery) (r collector.LedgerReport, err error) {
	defer func() { err = unreadable(err, dir) }()
	lock, err := lockStore(fs, dir)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	db, err := keyspace.Open(keyspace.Options{FS: fs, Dir: folder{fs, dir}.path(StoreName), ReadOnly: true, Lock: lock})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	format, err := keyspace.FormatOf(db)
	if err == nil && format < 3 {
		err = fmt.Errorf("%s has format %d, which has no consent ledger yet; it begins when this matchkey is started on it", dir, format)
	}
	if err != nil {
		return r, err
	}
	return store.VerifyLedger(ctx, db, q)
}

// unreadable says what to do about a ledger that the disk does not give back: what is
// damaged there is no row that could be named, only what stands before it.
func unreadable(err error, dir string) error {
	if err == nil || !pebble.IsCorruptionError(err) {
		return err
	}
	what, _, _ := strings.Cut(err.Error(), "\n") // the store's own detail is for programs
	return fmt.Errorf("the consent ledger in %s cannot be read: its file is damaged: %s; nothing was changed. Look for the disk's fault, and verify and restore a backup", dir, what)
}
