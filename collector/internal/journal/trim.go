package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"matchkey/collector"
	"matchkey/collector/internal/keyspace"
)

// The journal's old part expires. Where it begins is a row of its own, so that a
// journal of which all has expired goes on where it ended, and so that nobody takes
// what has expired for a gap.

// A Beginning is where a journal begins.
type Beginning struct {
	// From is the first entry that is kept; 0 and 1 mean all are.
	From collector.Offset
	// Until is the latest time that any entry before it names: what is known of a
	// later time only came from entries that are kept.
	Until time.Time
}

func beginningKey() keyspace.Key { return append(keyspace.In(keyspace.Retention), 'b') }

// BeginningOf is where the journal in a database begins.
func BeginningOf(r pebble.Reader) (b Beginning, err error) {
	v, closer, err := r.Get(beginningKey())
	if errors.Is(err, pebble.ErrNotFound) {
		return b, nil
	}
	if err != nil {
		return b, fmt.Errorf("couldn't read where the journal begins: %w", err)
	}
	defer closer.Close()
	if len(v) != 16 {
		return b, fmt.Errorf("the row that says where the journal begins is %d bytes long, want 16", len(v))
	}
	b.From = collector.Offset(binary.BigEndian.Uint64(v))
	b.Until = time.Unix(0, int64(binary.BigEndian.Uint64(v[8:]))).UTC()
	return b, nil
}

// Begin has the journal begin at an entry, as part of a larger change. The frames
// before it stay on the disk until Trim.
func Begin(w pebble.Writer, b Beginning) error {
	v := binary.BigEndian.AppendUint64(nil, uint64(b.From))
	return w.Set(beginningKey(), binary.BigEndian.AppendUint64(v, uint64(b.Until.UnixNano())), nil)
}

// Trim deletes the frames before an entry, as part of a larger change: one
// deletion of a range, which costs the same however many they are, and which
// compactions follow by dropping whole files.
func Trim(w pebble.Writer, before collector.Offset) error {
	return w.DeleteRange(frameKey(0), frameKey(before), nil)
}

// Framed is what the expiry of an entry needs to know of it.
type Framed struct {
	Offset collector.Offset
	// Event is zero when the frame cannot be read.
	Event collector.EventKey
	// At is the latest time that the entry names.
	At time.Time
}

// Frames lists what there is of the entries from one to another, up to a number.
func Frames(r pebble.Reader, from, to collector.Offset, most int) (list []Framed, err error) {
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: frameKey(from), UpperBound: frameKey(to + 1)})
	if err != nil {
		return nil, fmt.Errorf("couldn't read the journal from %d on: %w", from, err)
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok && len(list) < most; ok = it.Next() {
		offset, err := offsetOf(it.Key())
		if err != nil {
			return nil, err
		}
		ev, err := decode(it.Value())
		if err != nil {
			list = append(list, Framed{Offset: offset})
			continue
		}
		list = append(list, framed(offset, ev))
	}
	return list, it.Error()
}

func framed(o collector.Offset, ev collector.Event) Framed {
	return Framed{o, ev.Key(), collector.Later(ev.OccurredAt, ev.ReceivedAt)}
}
