package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"matchkey/collector"
	"matchkey/collector/internal/ledger"
)

// The ledger in memory. Its random ids are counted: nothing here outlives the
// process.

// memoryLedger are the ledger's tables. A chain is only ever appended to, so that
// views may share it.
type memoryLedger struct {
	rows        map[string][][]byte // by site; seq 1 comes first
	ids         map[collector.Subject]string
	places      map[recordKey]uint64
	checkpoints []collector.Checkpoint
	notices     map[string]collector.NoticeText // by site and hash
	chains      map[string]*ledger.Chain        // of the change under way
	drawn       int
}

func newMemoryLedger() memoryLedger {
	return memoryLedger{
		rows: map[string][][]byte{}, ids: map[collector.Subject]string{}, places: map[recordKey]uint64{},
		notices: map[string]collector.NoticeText{},
	}
}

func (l memoryLedger) clone() memoryLedger {
	return memoryLedger{
		rows: maps.Clone(l.rows), ids: maps.Clone(l.ids), places: maps.Clone(l.places),
		checkpoints: slices.Clone(l.checkpoints), notices: maps.Clone(l.notices),
		chains: map[string]*ledger.Chain{}, drawn: l.drawn,
	}
}

func (l *memoryLedger) ledgerRow(site string, seq uint64) ([]byte, error) {
	if rows := l.rows[site]; seq > 0 && seq <= uint64(len(rows)) {
		return rows[seq-1], nil
	}
	return nil, nil
}

func (l *memoryLedger) lastLedgerRow(site string) (seq uint64, row []byte, err error) {
	seq = uint64(len(l.rows[site]))
	row, err = l.ledgerRow(site, seq)
	return seq, row, err
}

func (l *memoryLedger) eachLedgerRow(fn func(site string, seq uint64, row []byte) error) error {
	for _, site := range l.ledgerSites() {
		for i, row := range l.rows[site] {
			if err := fn(site, uint64(i+1), row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *memoryLedger) ledgerSites() []string { return slices.Sorted(maps.Keys(l.rows)) }

func (l *memoryLedger) eachCheckpoint(fn func(collector.Checkpoint) error) error {
	for _, c := range l.checkpoints {
		if err := fn(c); err != nil {
			return err
		}
	}
	return nil
}

func (l *memoryLedger) placesOf(s collector.Subject, max int) (places []uint64, err error) {
	for k, seq := range l.places {
		if k.subject == s && len(places) < max {
			places = append(places, seq)
		}
	}
	return places, nil
}

func (l *memoryLedger) noticeText(site, hash string) (n collector.NoticeText, ok bool, err error) {
	n, ok = l.notices[site+" "+hash]
	return n, ok, nil
}

func (l *memoryLedger) chain(site string) (*ledger.Chain, error) {
	if c := l.chains[site]; c != nil {
		return c, nil
	}
	c := &ledger.Chain{Site: site}
	if seq, row, err := l.lastLedgerRow(site); err != nil {
		return nil, err
	} else if row != nil {
		*c = ledger.Resume(site, seq, row)
	}
	l.chains[site] = c
	return c, nil
}

func (l *memoryLedger) subjectID(s collector.Subject) (string, error) { return l.ids[s], nil }

func (l *memoryLedger) recorded(s collector.Subject, id string) (bool, error) {
	_, known := l.places[recordKey{s, id}]
	return known, nil
}

func (l *memoryLedger) putSubjectID(s collector.Subject, id string) error {
	l.ids[s] = id
	return nil
}

func (l *memoryLedger) putLedgerRow(site string, _ uint64, row []byte) error {
	l.rows[site] = append(l.rows[site], row)
	return nil
}

func (l *memoryLedger) putRecorded(s collector.Subject, id string, seq uint64) error {
	l.places[recordKey{s, id}] = seq
	return nil
}

func (l *memoryLedger) draw(n int) (string, error) {
	l.drawn++
	return fmt.Sprintf("%0*x", 2*n, l.drawn), nil
}

func (l *memoryLedger) dropLedgerOf(s collector.Subject) error {
	delete(l.ids, s)
	maps.DeleteFunc(l.places, func(k recordKey, _ uint64) bool { return k.subject == s })
	return nil
}

// LedgerHeads implements collector.Store.
func (m *Memory) LedgerHeads(context.Context) ([]collector.LedgerHead, error) {
	rows := m.view()
	return ledgerHeads(rows, rows.ledgerSites())
}

// VerifyLedger implements collector.Store.
func (m *Memory) VerifyLedger(ctx context.Context, q collector.LedgerQuery) (collector.LedgerReport, error) {
	return verifyLedger(ctx, m.view(), q)
}

// AddCheckpoint implements collector.Store.
func (m *Memory) AddCheckpoint(_ context.Context, c collector.Checkpoint) error {
	return m.change(func(r *memoryRows) error {
		r.checkpoints = append(r.checkpoints, c)
		return nil
	})
}

// KeepNotices implements collector.Store.
func (m *Memory) KeepNotices(_ context.Context, notices []collector.NoticeText) error {
	return m.change(func(r *memoryRows) error {
		for _, n := range notices {
			if _, known := r.notices[n.Site+" "+n.Hash]; !known {
				r.notices[n.Site+" "+n.Hash] = n
			}
		}
		return nil
	})
}

var _ ledgerTx = (*memoryRows)(nil)
