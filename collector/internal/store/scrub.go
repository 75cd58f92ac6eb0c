package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"matchkey/collector"
	"matchkey/collector/internal/keyspace"
)

// maxTouched bounds the rows that are remembered between an erasure and its
// scrub; beyond it everything is scrubbed.
const maxTouched = 100_000

// touched are rows whose old bytes have to go.
type touched struct {
	rows [][]byte
	all  bool // too many, or not known any more
}

func (t *touched) add(rows [][]byte) {
	if t.rows = append(t.rows, rows...); len(t.rows) > maxTouched {
		t.rows, t.all = nil, true
	}
}

// Scrub takes the bytes of what was erased before the call off the disk, and
// says so in the receipts. It does nothing when nothing is left of an erasure.
// One call at a time; wait pauses between looks at the disk. When it fails, the
// next call does it all again.
func (p *Pebble) Scrub(ctx context.Context, disk *keyspace.Disk, now func() time.Time, wait func(context.Context, time.Duration)) error {
	p.mu.Lock()
	work := p.touched
	p.touched = touched{}
	receipts, err := p.unscrubbed()
	p.mu.Unlock()
	if err == nil && len(receipts) > 0 {
		if work.all {
			work.rows = nil
		} else {
			slices.SortFunc(work.rows, bytes.Compare)
		}
		err = keyspace.Scrub(ctx, p.db, disk, work.rows, wait)
	}
	if err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.touched.add(work.rows)
		p.touched.all = p.touched.all || work.all
		return fmt.Errorf("couldn't take the bytes of an erasure off the disk; no reader sees them, and it is tried again: %w", err)
	}
	if len(receipts) == 0 {
		return nil
	}
	return p.change(true, func(t *tx) error {
		for _, r := range receipts {
			r.BytesGoneAt = now()
			if err := t.putReceipt(r); err != nil {
				return err
			}
			if err := t.batch.Delete(unscrubbedKey(r.ID), nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// Unscrubbed reports whether bytes of an erasure may still be on the disk.
func (p *Pebble) Unscrubbed() (bool, error) {
	receipts, err := p.unscrubbed()
	return len(receipts) > 0, err
}

func (r reader) unscrubbed() (list []collector.Receipt, err error) {
	prefix := keyspace.In(keyspace.Unscrubbed)
	var ids []string
	err = r.scan(prefix, prefix.End(), func(key, _ []byte) (bool, error) {
		id, _, ok := keyspace.CutStr(key[1:])
		if !ok {
			return false, fmt.Errorf("BUG: index key %x names no receipt", key)
		}
		ids = append(ids, id)
		return len(ids) < maxListed, nil
	})
	for _, id := range ids {
		receipt, ok, readErr := r.Receipt(context.Background(), id)
		if readErr != nil {
			return nil, readErr
		}
		if ok {
			list = append(list, receipt)
		}
	}
	return list, err
}

func unscrubbedKey(id string) keyspace.Key { return keyspace.In(keyspace.Unscrubbed).Str(id) }
