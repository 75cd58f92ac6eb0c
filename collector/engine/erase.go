package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/keyspace"
	"matchkey/collector/internal/store"
)

// scrubAgain is how long after a scrub that failed the next one begins.
const scrubAgain = 10 * time.Minute

// Erase implements collector.Operations.
func (e *Engine) Erase(ctx context.Context, s collector.Subject) (collector.Receipt, error) {
	// What was acknowledged before belongs to it, be it applied yet or not.
	if err := e.pipeline.Await(ctx); err != nil {
		return collector.Receipt{}, fmt.Errorf("nothing was erased, because not all that was accepted before is applied yet: %w", err)
	}
	receipt, err := e.store.Erase(ctx, s, e.config.Now().UTC())
	if err != nil {
		return receipt, err
	}
	e.config.Log.Info("engine: a person was erased; the bytes are being taken off the disk",
		"receipt", receipt.ID, "events", receipt.Events, "subjects", receipt.Subjects)
	select {
	case e.erased <- struct{}{}:
	default:
	}
	return receipt, nil
}

// eraseAgain erases whom a restore brought back. Everything is applied by then,
// and nothing is sent yet.
func (e *Engine) eraseAgain(ctx context.Context) error {
	n, err := e.store.EraseAgain(ctx, e.config.Now().UTC())
	if n > 0 {
		e.config.Log.Info("engine: erased again who was erased since the backup that was restored", "people", n)
	}
	return err
}

// scrub takes the bytes of erasures off the disk, one at a time and beside all
// other work, until ctx ends. What a stop cuts off is done after the next start.
func (e *Engine) scrub(ctx context.Context) {
	for {
		again := time.NewTimer(scrubAgain)
		left, err := e.store.Unscrubbed()
		if left && err == nil {
			err = e.store.Scrub(ctx, e.disk, e.config.Now, after)
		}
		switch {
		case ctx.Err() != nil:
		case err != nil:
			e.config.Log.Error("engine: couldn't scrub the disk; trying again", "in", scrubAgain.String(), "error", err)
		case left:
			e.config.Log.Info("engine: no file holds what was erased any more")
			continue // another erasure may have come meanwhile
		default:
			again.Stop() // nothing to do until somebody is erased
		}
		select {
		case <-e.erased:
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			return
		}
		again.Stop()
	}
}

// EraseFolder erases a person in a data folder that no process uses, and returns
// when the bytes are gone. random is as in [Config].
func EraseFolder(ctx context.Context, fs vfs.FS, dir string, s collector.Subject, now func() time.Time, random io.Reader) (receipt collector.Receipt, err error) {
	disk := keyspace.NewDisk(fs, dir)
	db, err := keyspace.Open(keyspace.Options{FS: disk, Dir: dir})
	if err != nil {
		return receipt, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := removeReplay(fs, dir); err != nil {
		return receipt, err
	}
	j, err := journal.OpenPebble(db)
	if err != nil {
		return receipt, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	st, err := store.OpenPebble(db, random)
	if err != nil {
		return receipt, err
	}
	at, err := st.Watermark(ctx)
	if err != nil {
		return receipt, err
	}
	if behind := j.Durable() - at; behind > 0 {
		return receipt, fmt.Errorf("nothing was erased: %d events were accepted and are not applied yet, and some may be this person's; "+
			"run matchkey serve on the folder until it is up, then ask its console or stop it and ask again", behind)
	}
	if _, err := st.EraseAgain(ctx, now().UTC()); err != nil {
		return receipt, err
	}
	if receipt, err = st.Erase(ctx, s, now().UTC()); err != nil {
		return receipt, err
	}
	if err := st.Scrub(ctx, disk, now, after); err != nil {
		return receipt, err
	}
	receipt, _, err = st.Receipt(ctx, receipt.ID)
	return receipt, err
}
