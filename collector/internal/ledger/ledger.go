package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"matchkey/collector"
)

// Version is that of the entries' form.
const Version = 1

// A Hash is one of the chain; the zero value stands before the first entry.
type Hash [sha256.Size]byte

// String is the hash in lower-case hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Canonical is the form of an entry that is hashed: JSON by RFC 8785.
func Canonical(e collector.LedgerEntry) ([]byte, error) {
	b, err := json.Marshal(e)
	if err == nil {
		err = (*jsontext.Value)(&b).Canonicalize()
	}
	if err != nil {
		return nil, fmt.Errorf("a consent record has no canonical form: %w", err)
	}
	return b, nil
}

// Follow is the hash of an entry, given in its canonical form, behind another.
func Follow(prev Hash, canonical []byte) (h Hash) {
	sum := sha256.New()
	sum.Write([]byte{0})
	sum.Write(prev[:])
	sum.Write(canonical)
	sum.Sum(h[:0])
	return h
}

// Encode makes the row of an entry behind another.
func Encode(prev Hash, e collector.LedgerEntry) (row []byte, h Hash, err error) {
	canonical, err := Canonical(e)
	if err != nil {
		return nil, h, err
	}
	h = Follow(prev, canonical)
	return append(h[:], canonical...), h, nil
}

// errForm is of a row that is none.
var errForm = errors.New("it is not what the ledger writes")

// Decode reads a row as it stands, without asking whether it is true.
func Decode(row []byte) (e collector.LedgerEntry, h Hash, err error) {
	if copy(h[:], row) < len(h) {
		return e, h, errForm
	}
	if json.Unmarshal(row[len(h):], &e, json.RejectUnknownMembers(true)) != nil { // whose error might quote it
		return e, h, errForm
	}
	return e, h, nil
}

// A Chain recomputes the rows of one site, in order. The zero value with a site
// stands before the first. Not safe for concurrent use.
type Chain struct {
	Site string
	// Seq and Head are of the last row that is true, Back is how many rows said
	// that the clock had gone back.
	Seq  uint64
	Head Hash
	Back int

	received int64
}

// Add takes in the row that stands at seq, and returns nil or what is wrong with
// it. After a fault the chain stands where it stood.
func (c *Chain) Add(seq uint64, row []byte) *collector.LedgerFault {
	e, h, err := Decode(row)
	if err != nil {
		e = collector.LedgerEntry{Record: recordIn(row)}
	}
	fault := func(format string, args ...any) *collector.LedgerFault {
		return &collector.LedgerFault{Seq: seq, Record: e.Record, Message: fmt.Sprintf(format, args...)}
	}
	var canonical []byte
	if len(row) >= len(h) {
		canonical = row[len(h):]
	}
	switch {
	case seq != c.Seq+1:
		return fault("record %d follows record %d: what was between is missing", seq, c.Seq)
	case len(canonical) == 0:
		return fault("record %d was changed: %v", seq, errForm)
	case Follow(c.Head, canonical) != h:
		return fault("record %d was changed, or the one before it was and its hash with it: the hash over both is another", seq)
	case err != nil:
		return fault("record %d cannot be read: %v", seq, err)
	}
	again, err := Canonical(e)
	switch {
	case err != nil || !bytes.Equal(again, canonical):
		return fault("record %d is not in its canonical form", seq)
	case e.Version != Version:
		return fault("record %d has the form %d, which this version does not know", seq, e.Version)
	case e.Seq != seq || e.Site != c.Site:
		return fault("record %d says that it is record %d of site %q", seq, e.Seq, e.Site)
	case e.Back != back(c.received, e.ReceivedAt):
		return fault("record %d came %d seconds before the one before it, and it says %d: time went backwards, or it was slipped in", seq, c.received-e.ReceivedAt, e.Back)
	}
	if e.Back > 0 {
		c.Back++
	}
	c.Seq, c.Head, c.received = seq, h, e.ReceivedAt
	return nil
}

// recordIn finds the id of an entry that cannot be read; "" when there is none.
func recordIn(row []byte) string {
	_, rest, _ := bytes.Cut(row, []byte(`"rid":"`))
	id, _, ok := bytes.Cut(rest[:min(len(rest), 40)], []byte(`"`))
	if !ok || bytes.ContainsFunc(id, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return string(id)
}

// Next completes an entry that is to follow the chain's last row and encodes it.
func (c *Chain) Next(e collector.LedgerEntry) (seq uint64, row []byte, err error) {
	e.Version, e.Site, e.Seq, e.Back = Version, c.Site, c.Seq+1, back(c.received, e.ReceivedAt)
	row, h, err := Encode(c.Head, e)
	if err != nil {
		return 0, nil, err
	}
	c.Seq, c.Head, c.received = e.Seq, h, e.ReceivedAt
	return e.Seq, row, nil
}

// Resume is a site's chain that stands at its last row. It takes the row as it is:
// one that was damaged is for a verification to name, and keeps no answer out.
func Resume(site string, seq uint64, row []byte) Chain {
	e, h, _ := Decode(row)
	return Chain{Site: site, Seq: seq, Head: h, received: e.ReceivedAt}
}

// back is how far a clock stands behind.
func back(before, now int64) int64 { return max(0, before-now) }
