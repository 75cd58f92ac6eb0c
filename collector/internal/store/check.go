package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"matchkey/collector"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/keyspace"
)

// maxFaults bounds what a check lists; the rest is counted.
const maxFaults = 100

// A Check is what was found in a database that was read from end to end.
type Check struct {
	Frames, Rows int              // of the journal, and of all other tables
	Offset       collector.Offset // the journal's end
	Watermark    collector.Offset
	// Faults are sentences, the first hundred; More counts the others.
	Faults []string
	More   int
}

// ledger reads the consent ledger from end to end, and what is signed of it.
func (c *Check) ledger(ctx context.Context, r reader) error {
	report, err := verifyLedger(ctx, r, collector.LedgerQuery{})
	for _, s := range report.Sites {
		for _, f := range s.Faults {
			c.fault("the consent ledger of site %s: %s (%s)", s.Site, f.Message, cmp.Or(f.Record, "no id can be read"))
		}
	}
	return err
}

func (c *Check) fault(format string, args ...any) {
	if len(c.Faults) < maxFaults {
		c.Faults = append(c.Faults, fmt.Sprintf(format, args...))
	} else {
		c.More++
	}
}

// CheckAll reads every row there is, journal included, and says what cannot be
// right. It changes nothing. The error is of the reading itself, such as a block
// whose checksum is wrong, or the context's.
func CheckAll(ctx context.Context, db *pebble.DB) (c Check, err error) {
	r := reader{r: db}
	if c.Watermark, err = r.Watermark(ctx); err != nil {
		return c, err
	}
	begins, err := journal.BeginningOf(db)
	if err != nil {
		return c, err
	}
	c.Offset = max(begins.From, 1) - 1 // all of it may have expired
	it, err := db.NewIter(nil)
	if err != nil {
		return c, fmt.Errorf("couldn't read the store: %w", err)
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		if err := ctx.Err(); err != nil {
			return c, err
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return c, fmt.Errorf("a row of table %c couldn't be read: %w", it.Key()[0], err)
		}
		if it.Key()[0] == keyspace.Journal {
			err = c.frame(r, it.Key(), value)
		} else {
			c.row(it.Key(), value)
		}
		if err != nil {
			return c, err
		}
	}
	if err := it.Error(); err != nil {
		return c, fmt.Errorf("couldn't read on behind %d rows: %w", c.Frames+c.Rows, err)
	}
	if err := c.ledger(ctx, r); err != nil {
		return c, err
	}
	if c.Watermark > c.Offset {
		c.fault("the watermark is %d and the journal ends at %d: acknowledged events are missing", c.Watermark, c.Offset)
	}
	return c, nil
}

// frame checks a row of the journal. One that cannot be read and was set aside
// is known, and no fault of this copy.
func (c *Check) frame(r reader, key, value []byte) error {
	c.Frames++
	offset, err := journal.CheckFrame(key, value)
	if err == nil {
		c.Offset = offset
		return nil
	}
	var unreadable *journal.FrameError
	if !errors.As(err, &unreadable) {
		c.fault("%v", err)
		return nil
	}
	c.Offset = offset
	known, failed := r.get(keyspace.In(keyspace.SetAside).U64(^uint64(offset)), &collector.SetAside{})
	if !known && failed == nil {
		c.fault("%v", err)
	}
	return failed
}

// row checks a row of any other table: its value is what the table holds. The
// index tables have no value; their blocks' checksums are all that there is to
// check.
func (c *Check) row(key, value []byte) {
	c.Rows++
	switch key[0] {
	case keyspace.Concern:
		if _, ok := concernedEvent(value); !ok {
			c.fault("a row of table %c is not what that table holds", key[0])
		}
		return
	case keyspace.Expiry:
		if len(key) < 4 || !strings.ContainsRune(dueSorts, rune(key[3])) {
			c.fault("a row of what falls due names nothing: it would never be deleted")
		}
		return
	case keyspace.Retention:
		if len(key) < 2 || key[1] == 'd' && (len(key) != 12 || unmarshal(value, &[]int64{}) != nil) {
			c.fault("a row that says which retention was in force when is not one")
		}
		return
	case keyspace.Salt:
		if len(value) != hashKeyBytes {
			c.fault("the key of the folder's hashes has %d bytes and not %d: who was erased is not known any more", len(value), hashKeyBytes)
		}
		return
	}
	v := valueOf(key[0])
	if v == nil {
		return
	}
	if unmarshal(value, v) != nil { // whose error might quote a person's data
		c.fault("a row of table %c is not what that table holds", key[0])
		return
	}
	if a, ok := v.(*collector.Account); ok && a.Remainder() != 0 {
		c.fault("the account of %s, site %s, destination %s, %s is not closed: %d matched, and the states add up to %d less",
			a.Hour.Format("2006-01-02T15:04Z"), a.Site, a.Destination, a.Send, a.Matched, a.Remainder())
	}
}

// valueOf is a new value of the type that a table's rows hold; nil for a table
// whose values are no words.
func valueOf(letter byte) any {
	switch letter {
	case keyspace.Event:
		return &collector.EventRecord{}
	case keyspace.Profile:
		return &collector.Profile{}
	case keyspace.Owner:
		return &collector.Owner{}
	case keyspace.Link:
		return &collector.Link{}
	case keyspace.LinkBack:
		return new(string)
	case keyspace.Record:
		return &collector.ConsentRecord{}
	case keyspace.Delivery:
		return &collector.Delivery{}
	case keyspace.Account:
		return &collector.Account{}
	case keyspace.SetAside:
		return &collector.SetAside{}
	case keyspace.Pause:
		return &collector.Pause{}
	case keyspace.Tombstone:
		return &tombstone{}
	case keyspace.Receipt:
		return &collector.Receipt{}
	case keyspace.Notice:
		return &collector.NoticeText{}
	}
	return nil
}
