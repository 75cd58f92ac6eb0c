package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"matchkey/collector"
	"matchkey/collector/internal/keyspace"
	"matchkey/collector/internal/ledger"
)

// The ledger in Pebble: where its rows stand.

func ledgerKey(site string, seq uint64) keyspace.Key {
	return keyspace.In(keyspace.Ledger).Str(site).U64(seq)
}

// subjectKey is the row of a subject's id; those of its records begin with it.
func subjectKey(s collector.Subject) keyspace.Key { return keyspace.In(keyspace.LedgerOf).Subject(s) }

// cutPlace takes the site and the place in its chain out of a key.
func cutPlace(key []byte) (site string, seq uint64, err error) {
	site, rest, ok := keyspace.CutStr(key[1:])
	if !ok || len(rest) != 8 {
		return "", 0, fmt.Errorf("BUG: key %x names no place in the consent ledger", key)
	}
	return site, binary.BigEndian.Uint64(rest), nil
}

// value is a row's bytes; nil when there is none.
func (r reader) value(key keyspace.Key) ([]byte, error) {
	b, closer, err := r.r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("couldn't read the store: %w", err)
	}
	defer closer.Close()
	return append([]byte{}, b...), nil
}

func (r reader) ledgerRow(site string, seq uint64) ([]byte, error) {
	return r.value(ledgerKey(site, seq))
}

func (r reader) lastLedgerRow(site string) (seq uint64, row []byte, err error) {
	prefix := keyspace.In(keyspace.Ledger).Str(site)
	it, err := r.r.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: prefix.End()})
	if err != nil {
		return 0, nil, fmt.Errorf("couldn't scan the store: %w", err)
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	if !it.Last() {
		return 0, nil, it.Error()
	}
	if _, seq, err = cutPlace(it.Key()); err != nil {
		return 0, nil, err
	}
	return seq, slices.Clone(it.Value()), nil
}

func (r reader) eachLedgerRow(fn func(site string, seq uint64, row []byte) error) error {
	table := keyspace.In(keyspace.Ledger)
	return r.scan(table, table.End(), func(key, value []byte) (bool, error) {
		site, seq, err := cutPlace(key)
		if err == nil {
			err = fn(site, seq, value)
		}
		return true, err
	})
}

func (r reader) eachCheckpoint(fn func(collector.Checkpoint) error) error {
	table := keyspace.In(keyspace.Checkpoint)
	return r.scan(table, table.End(), func(key, value []byte) (bool, error) {
		site, seq, err := cutPlace(key)
		if err != nil {
			return false, err
		}
		var c collector.Checkpoint
		if unmarshal(value, &c) != nil || c.Site != site || c.Seq != seq {
			c = collector.Checkpoint{Site: site, Seq: seq} // whose signature is none
		}
		return true, fn(c)
	})
}

func (r reader) placesOf(s collector.Subject, max int) (places []uint64, err error) {
	prefix := subjectKey(s)
	err = r.scan(prefix, prefix.End(), func(key, value []byte) (bool, error) {
		if len(key) == len(prefix) {
			return true, nil // the id
		}
		if len(value) != 8 {
			return false, errors.New("BUG: a row of table 9 names no place in the consent ledger")
		}
		places = append(places, binary.BigEndian.Uint64(value))
		return len(places) < max, nil
	})
	return places, err
}

func noticeKey(site, hash string) keyspace.Key {
	return keyspace.In(keyspace.Notice).Str(site).Str(hash)
}

func (r reader) noticeText(site, hash string) (n collector.NoticeText, ok bool, err error) {
	ok, err = r.get(noticeKey(site, hash), &n)
	return n, ok, err
}

// ledgerSites are the sites that have a chain.
func (r reader) ledgerSites() (sites []string, err error) {
	table := keyspace.In(keyspace.Ledger)
	for from := []byte(table); ; {
		found := ""
		any := false
		err := r.scan(from, table.End(), func(key, _ []byte) (bool, error) {
			site, _, err := cutPlace(key)
			found, any = site, true
			return false, err
		})
		if err != nil || !any {
			return sites, err
		}
		sites = append(sites, found)
		from = keyspace.In(keyspace.Ledger).Str(found).End()
	}
}

// LedgerHeads implements collector.Store.
func (r reader) LedgerHeads(context.Context) ([]collector.LedgerHead, error) {
	sites, err := r.ledgerSites()
	if err != nil {
		return nil, err
	}
	return ledgerHeads(r, sites)
}

// VerifyLedger implements collector.Store. It reads one state: what is appended
// meanwhile is not among it.
func (p *Pebble) VerifyLedger(ctx context.Context, q collector.LedgerQuery) (r collector.LedgerReport, err error) {
	snapshot := p.db.NewSnapshot()
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	return verifyLedger(ctx, reader{r: snapshot}, q)
}

// VerifyLedger checks the ledger of a database that may be open for reading only.
func VerifyLedger(ctx context.Context, db *pebble.DB, q collector.LedgerQuery) (collector.LedgerReport, error) {
	return verifyLedger(ctx, reader{r: db}, q)
}

// AddCheckpoint implements collector.Store. The log is written in order, so what a
// checkpoint covers is durable with it.
func (p *Pebble) AddCheckpoint(_ context.Context, c collector.Checkpoint) error {
	return p.change(true, func(t *tx) error {
		return t.put(keyspace.In(keyspace.Checkpoint).Str(c.Site).U64(c.Seq), c)
	})
}

// KeepNotices implements collector.Store.
func (p *Pebble) KeepNotices(_ context.Context, notices []collector.NoticeText) error {
	return p.change(true, func(t *tx) error {
		for _, n := range notices {
			_, known, err := t.noticeText(n.Site, n.Hash)
			if err == nil && !known {
				err = t.put(noticeKey(n.Site, n.Hash), n)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) chain(site string) (*ledger.Chain, error) {
	if c := t.chains[site]; c != nil {
		return c, nil
	}
	c := &ledger.Chain{Site: site}
	seq, row, err := t.lastLedgerRow(site)
	if err != nil {
		return nil, err
	}
	if row != nil {
		*c = ledger.Resume(site, seq, row)
	}
	t.chains[site] = c
	return c, nil
}

func (t *tx) subjectID(s collector.Subject) (string, error) {
	if id := t.ids[s]; id != "" {
		return id, nil
	}
	id, err := t.value(subjectKey(s))
	return string(id), err
}

func (t *tx) putSubjectID(s collector.Subject, id string) error {
	t.ids[s] = id
	return t.set(subjectKey(s), []byte(id))
}

func (t *tx) recorded(s collector.Subject, id string) (bool, error) {
	seq, err := t.value(subjectKey(s).Str(id))
	return seq != nil, err
}

func (t *tx) putRecorded(s collector.Subject, id string, seq uint64) error {
	return t.set(subjectKey(s).Str(id), binary.BigEndian.AppendUint64(nil, seq))
}

func (t *tx) putLedgerRow(site string, seq uint64, row []byte) error {
	return t.set(ledgerKey(site, seq), row)
}

func (t *tx) draw(n int) (string, error) {
	return drawFrom(func(b []byte) error {
		_, err := io.ReadFull(t.random, b)
		return err
	}, n)
}

// dropLedgerOf drops what says whose the records of a subject are. They stay.
func (t *tx) dropLedgerOf(s collector.Subject) error {
	delete(t.ids, s)
	prefix := subjectKey(s)
	var keys [][]byte
	err := t.scan(prefix, prefix.End(), func(key, _ []byte) (bool, error) {
		keys = append(keys, slices.Clone(key))
		return true, nil
	})
	for _, key := range keys {
		err = errors.Join(err, t.batch.Delete(key, nil))
	}
	return err
}

var _ ledgerTx = (*tx)(nil)
