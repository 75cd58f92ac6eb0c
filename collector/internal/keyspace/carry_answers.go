package keyspace

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// What people answered since a backup is carried over as well: who withdrew
// yesterday has not agreed because the disk of yesterday is back. It comes as a
// whole, records and ledger, and for a site only when the ledger of the folder
// that is replaced goes on where that of the backup ends. Two ledgers that are not
// one are never mixed: then the backup's stays, and what was noted of the other
// (the checkpoints in the log) tells of it.

// answerTables are those that carryAnswers copies; all begin with the site.
var answerTables = []byte{Ledger, LedgerOf, Checkpoint, Notice, Record}

// carryAnswers copies the rows that from has and to has not, or has otherwise, of
// all sites whose ledgers are one.
func carryAnswers(from, to pebble.Reader, batch *pebble.Batch) (rows int, err error) {
	sites, err := ledgerSites(from)
	if err != nil {
		return 0, err
	}
	for _, site := range sites {
		end, row, err := lastOf(to, In(Ledger).Str(site))
		if err != nil {
			return rows, err
		}
		if end != nil {
			// The row holds the hash over all before it.
			same, err := valueOf(from, end)
			if err != nil {
				return rows, err
			}
			if !bytes.Equal(same, row) {
				continue
			}
		}
		for _, table := range answerTables {
			n, err := copyMissing(from, to, batch, In(table).Str(site))
			rows += n
			if err != nil {
				return rows, err
			}
			if n == 0 || table != Record {
				continue
			}
			// The next start finds anew when each expires.
			if err := batch.Delete(append(In(Retention), 'i'), nil); err != nil {
				return rows, err
			}
		}
	}
	return rows, nil
}

// ledgerSites are the sites that have a ledger.
func ledgerSites(r pebble.Reader) (sites []string, err error) {
	table := In(Ledger)
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: table, UpperBound: table.End()})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; {
		site, _, cut := CutStr(it.Key()[1:])
		if !cut {
			return nil, fmt.Errorf("BUG: key %x names no site", it.Key())
		}
		sites = append(sites, site)
		ok = it.SeekGE(In(Ledger).Str(site).End())
	}
	return sites, it.Error()
}

// lastOf is the last row below a prefix; nil when there is none.
func lastOf(r pebble.Reader, prefix Key) (key, value []byte, err error) {
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: prefix.End()})
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	if !it.Last() {
		return nil, nil, it.Error()
	}
	return bytes.Clone(it.Key()), bytes.Clone(it.Value()), nil
}

func copyMissing(from, to pebble.Reader, batch *pebble.Batch, prefix Key) (rows int, err error) {
	it, err := from.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: prefix.End()})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		known, err := valueOf(to, it.Key())
		if err != nil {
			return rows, err
		}
		if known != nil && bytes.Equal(known, it.Value()) {
			continue
		}
		if err := batch.Set(it.Key(), it.Value(), nil); err != nil {
			return rows, err
		}
		rows++
	}
	return rows, it.Error()
}
