package store

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"matchkey/collector"
	"matchkey/collector/internal/ledger"
)

// The ledger, written once for both stores: how a consent record is appended, how
// a person's history is read, and how all of it is checked. Package ledger has the
// arithmetic; the stores differ in how they keep and find rows.
//
// A subject goes by a random id in the chain. Beside the chain stand, under the
// subject, that id and the records that it has: who asks "whose is this?" has to
// come from there. An erasure drops these rows and touches no other.

// maxHistory bounds the answers of one person that are read at a time.
const maxHistory = 10_000

// Sizes of the random ids, in bytes.
const (
	subjectBytes = 16
	recordBytes  = 8
)

// ledgerReader finds rows of the ledger.
type ledgerReader interface {
	// ledgerRow is a row of a site's chain; nil when there is none.
	ledgerRow(site string, seq uint64) ([]byte, error)
	// lastLedgerRow is the last one; nil when the site has no chain.
	lastLedgerRow(site string) (seq uint64, row []byte, err error)
	// eachLedgerRow goes through all chains, site by site and in order.
	eachLedgerRow(fn func(site string, seq uint64, row []byte) error) error
	// eachCheckpoint goes through all checkpoints, likewise.
	eachCheckpoint(fn func(collector.Checkpoint) error) error
	// placesOf are the places of a subject's records in its site's chain.
	placesOf(s collector.Subject, max int) ([]uint64, error)
	noticeText(site, hash string) (n collector.NoticeText, ok bool, err error)
}

// ledgerTx is one change of a store, as an append sees it.
type ledgerTx interface {
	ledgerReader
	// chain is where a site's chain stands, with what this change appended; it is
	// the change's own, to go on with.
	chain(site string) (*ledger.Chain, error)
	// subjectID is the subject's id in the chain; "" when it has none yet.
	subjectID(s collector.Subject) (string, error)
	// recorded reports whether a subject has a record of an id in the chain.
	recorded(s collector.Subject, id string) (bool, error)
	putSubjectID(s collector.Subject, id string) error
	putLedgerRow(site string, seq uint64, row []byte) error
	// putRecorded remembers that a record of a subject stands at seq.
	putRecorded(s collector.Subject, id string, seq uint64) error
	// draw returns n random bytes in hex.
	draw(n int) (string, error)
}

// appendRecord appends a record to its site's chain, once.
func appendRecord(l ledgerTx, rec collector.ConsentRecord) (added bool, err error) {
	if known, err := l.recorded(rec.Subject, rec.ID); known || err != nil {
		return false, err
	}
	chain, err := l.chain(rec.Subject.Site)
	if err != nil {
		return false, err
	}
	entry := ledgerEntry(rec)
	if entry.Subject, err = l.subjectID(rec.Subject); err != nil {
		return false, err
	}
	if entry.Subject == "" {
		if entry.Subject, err = l.draw(subjectBytes); err != nil {
			return false, err
		}
		if err := l.putSubjectID(rec.Subject, entry.Subject); err != nil {
			return false, err
		}
	}
	id, err := l.draw(recordBytes)
	if err != nil {
		return false, err
	}
	entry.Record = "cr_" + id
	seq, row, err := chain.Next(entry)
	if err != nil {
		return false, err
	}
	if err := l.putLedgerRow(rec.Subject.Site, seq, row); err != nil {
		return false, err
	}
	return true, l.putRecorded(rec.Subject, rec.ID, seq)
}

// ledgerEntry is what the chain keeps of a record. The record's own id is not in it:
// it is a hash of the subject, and would tell whose it is to whoever tries names.
func ledgerEntry(r collector.ConsentRecord) collector.LedgerEntry {
	e := collector.LedgerEntry{
		SubjectKind: r.Subject.Kind, Action: r.Action, Purposes: []string{r.Purpose},
		Time: seconds(r.At), ReceivedAt: seconds(r.ReceivedAt), ValidUntil: seconds(r.Until),
		NoticeEpoch: r.NoticeEpoch, Language: r.Language, Recipients: r.Recipients, Proof: r.Proof,
		Regime: r.Regime, Country: r.Country, Surface: r.Surface,
		Source: r.Source, Explicit: r.Explicit, InformedOfGPC: r.InformedOfGPC,
	}
	if r.Notice != "" {
		e.Notice = noticePrefix + r.Notice
	}
	return e
}

// noticePrefix says what kind of hash names a notice.
const noticePrefix = "sha256:"

// seconds since 1970; no time is 0.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// history reads what the ledger has of subjects, oldest first, and the notices
// that it names. cut is true when there is more.
func history(l ledgerReader, subjects []collector.Subject) (rows []collector.LedgerRow, notices []collector.NoticeText, cut bool, err error) {
	named := map[string]bool{}
	for _, s := range subjects {
		places, err := l.placesOf(s, maxHistory)
		if err != nil {
			return nil, nil, false, err
		}
		cut = cut || len(places) >= maxHistory
		for _, seq := range places {
			text, err := l.ledgerRow(s.Site, seq)
			if err != nil {
				return nil, nil, false, err
			}
			entry, hash, err := ledger.Decode(text)
			if err != nil {
				return nil, nil, false, fmt.Errorf("consent record %d of site %q cannot be read: %w; matchkey consent verify says more", seq, s.Site, err)
			}
			rows = append(rows, collector.LedgerRow{Entry: entry, Hash: hash.String()})
			hex, _ := strings.CutPrefix(entry.Notice, noticePrefix)
			if hex == "" || named[s.Site+hex] {
				continue
			}
			named[s.Site+hex] = true
			if n, ok, err := l.noticeText(s.Site, hex); err != nil {
				return nil, nil, false, err
			} else if ok {
				notices = append(notices, n)
			}
		}
	}
	slices.SortFunc(rows, func(a, b collector.LedgerRow) int { return cmp.Compare(a.Entry.Seq, b.Entry.Seq) })
	return rows, notices, cut, nil
}

// ledgerHeads are where the chains of sites stand.
func ledgerHeads(l ledgerReader, sites []string) (heads []collector.LedgerHead, err error) {
	covered := map[string]uint64{}
	err = l.eachCheckpoint(func(c collector.Checkpoint) error {
		covered[c.Site] = max(covered[c.Site], c.Seq)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, site := range sites {
		seq, row, err := l.lastLedgerRow(site)
		if err != nil {
			return nil, err
		}
		heads = append(heads, collector.LedgerHead{Site: site, Seq: seq, Hash: ledger.Resume(site, seq, row).Head.String(), Covered: covered[site]})
	}
	return heads, nil
}

// verifyLedger recomputes all chains, and compares them with the checkpoints and
// with what was noted elsewhere. Of each chain it names the first row from which on
// it cannot be believed.
func verifyLedger(ctx context.Context, l ledgerReader, q collector.LedgerQuery) (r collector.LedgerReport, err error) {
	v := &verification{query: q, sites: map[string]*siteCheck{}}
	for _, a := range q.Anchors {
		v.site(a.Site)
	}
	// What is signed is known before the rows are read, so that one pass is enough.
	err = l.eachCheckpoint(func(c collector.Checkpoint) error {
		v.checkpoint(c)
		return ctx.Err()
	})
	if err != nil {
		return r, err
	}
	var at collector.LedgerHead // the last row that could be read
	err = l.eachLedgerRow(func(site string, seq uint64, row []byte) error {
		at.Site, at.Seq = site, seq
		v.site(site).row(seq, row)
		return ctx.Err()
	})
	switch {
	case err != nil && at.Site != "":
		return r, fmt.Errorf("behind record %d of site %q: %w", at.Seq, at.Site, err)
	case err != nil:
		return r, err
	}
	for _, s := range v.sites {
		s.end()
		r.Sites = append(r.Sites, s.LedgerSite)
	}
	slices.SortFunc(r.Sites, func(a, b collector.LedgerSite) int { return strings.Compare(a.Site, b.Site) })
	return r, nil
}

// verification is one run of verifyLedger.
type verification struct {
	query collector.LedgerQuery
	sites map[string]*siteCheck
}

// siteCheck is what is found of one site.
type siteCheck struct {
	collector.LedgerSite
	chain  ledger.Chain
	broken bool
	last   uint64 // the last row there is, true or not
	// heads are those that somebody vouches for, by their place, until they are met.
	heads map[uint64][]vouched
}

// A vouched head is one that a checkpoint or somebody's own note names.
type vouched struct{ head, by string }

func (v *verification) site(name string) *siteCheck {
	if v.sites[name] == nil {
		v.sites[name] = &siteCheck{chain: ledger.Chain{Site: name}, heads: map[uint64][]vouched{}}
		v.sites[name].Site = name
		for _, a := range v.query.Anchors {
			if a.Site == name {
				v.sites[name].heads[a.Seq] = append(v.sites[name].heads[a.Seq], vouched{a.Hash, "what was noted elsewhere"})
			}
		}
	}
	return v.sites[name]
}

func (v *verification) checkpoint(c collector.Checkpoint) {
	s := v.site(c.Site)
	s.Checkpoints++
	s.Covered = max(s.Covered, c.Seq)
	if !slices.Contains(s.Keys, c.Key) && len(s.Keys) < maxKeys {
		s.Keys = append(s.Keys, c.Key)
	}
	if why := ledger.CheckSignature(c, v.query.Keys); why != "" {
		s.fault(collector.LedgerFault{Seq: c.Seq, Message: why})
		return
	}
	s.heads[c.Seq] = append(s.heads[c.Seq], vouched{c.Head, "a checkpoint"})
}

// Bounds of what is listed of one site.
const (
	maxKeys         = 100
	maxLedgerFaults = 100
)

func (s *siteCheck) fault(f collector.LedgerFault) {
	if len(s.Faults) < maxLedgerFaults {
		s.Faults = append(s.Faults, f)
	}
}

// row takes in one row. Behind the first that is not true nothing can be said.
func (s *siteCheck) row(seq uint64, row []byte) {
	s.last = seq
	if s.broken {
		return
	}
	if f := s.chain.Add(seq, row); f != nil {
		s.broken = true
		s.fault(*f)
		return
	}
	s.Seq, s.Hash, s.Back = s.chain.Seq, s.chain.Head.String(), s.chain.Back
	for _, want := range s.heads[seq] {
		if want.head != s.Hash {
			s.fault(collector.LedgerFault{Seq: seq, Message: fmt.Sprintf(
				"record %d, or one before it, is not the one that %s knows: up to it the chain was written anew", seq, want.by)})
		}
	}
	delete(s.heads, seq)
}

// end ends the check of a site: heads that were not met are behind the chain's
// end, or behind the row that is not true.
func (s *siteCheck) end() {
	for seq, list := range s.heads {
		if seq <= s.last {
			continue // behind the fault that was named
		}
		for _, want := range list {
			s.fault(collector.LedgerFault{Seq: seq, Message: fmt.Sprintf(
				"record %d is missing, and all from %d on: %s knows it", seq, s.last+1, want.by)})
		}
	}
	slices.SortFunc(s.Faults, func(a, b collector.LedgerFault) int { return cmp.Compare(a.Seq, b.Seq) })
}

// drawFrom reads n random bytes and returns them in hex.
func drawFrom(read func([]byte) error, n int) (string, error) {
	b := make([]byte, n)
	if err := read(b); err != nil {
		return "", fmt.Errorf("couldn't read randomness for the consent ledger: %w", err)
	}
	return hex.EncodeToString(b), nil
}
