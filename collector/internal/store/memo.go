package store

import (
	"github.com/cockroachdb/pebble/v2"

	"matchkey/collector"
	"matchkey/collector/internal/keyspace"
)

// A memo keeps what changes have read and written of people, decoded, from one
// change to the next: a visit is several events within minutes, each of which asks
// several times for the same profile, owner and consent records, mostly of rows that
// are not there. It is right because every change of a running store goes through
// one memo, under the store's lock, and what is written by other ways than its own
// drops what it knew (see changes). It is bounded: what was not asked for lately
// goes, half of it at a time.
//
// What it hands out is shared; nobody writes into it. A nil memo knows nothing.
type memo struct {
	young, old map[string]any // by the row's key, or the start of the keys of several
	weight     int            // of young, in bytes, roughly
	// filled says of a table whether it has a row at all; not known when missing.
	filled map[byte]bool
}

// memoBytes bounds each half of a memo.
const memoBytes = 8 << 20

func newMemo() *memo {
	return &memo{young: map[string]any{}, filled: map[byte]bool{}}
}

// get returns what is known under a key; ok is false when nothing is.
func (m *memo) get(key []byte) (v any, ok bool) {
	if m == nil {
		return nil, false
	}
	if v, ok = m.young[string(key)]; ok {
		return v, true
	}
	if v, ok = m.old[string(key)]; ok {
		m.put(key, v)
	}
	return v, ok
}

// put notes what stands under a key, also that nothing does.
func (m *memo) put(key []byte, v any) {
	if m == nil {
		return
	}
	if m.weight += len(key) + weightOf(v); m.weight > memoBytes {
		m.old, m.young, m.weight = m.young, map[string]any{}, 0
	}
	m.young[string(key)] = v
}

// drop forgets what stands under a key.
func (m *memo) drop(key []byte) {
	delete(m.young, string(key))
	delete(m.old, string(key))
}

// weightOf is about how many bytes a value takes, texts included.
func weightOf(v any) int {
	const row = 160 // of the maps
	switch v := v.(type) {
	case *collector.Profile:
		w := row + 300 + len(v.Page.URL) + 250*len(v.Identifiers) + 450*len(v.Sessions)
		for i := range v.Identifiers {
			w += len(v.Identifiers[i].Value)
		}
		for i := range v.Sessions {
			s := &v.Sessions[i]
			w += len(s.URL) + len(s.Client.UserAgent) + len(s.Client.Hints.Brands)
		}
		return w
	case *collector.Owner:
		return row + 100*(1+len(v.Earlier))
	case []collector.Link:
		return row + 200*len(v)
	case []collector.ConsentRecord:
		return row + 450*len(v)
	}
	return row
}

// memoised returns the row under a key, zero when there is none: from the memo, or
// read and noted there.
func memoised[T any](r reader, key keyspace.Key) (*T, error) {
	if v, ok := r.memo.get(key); ok {
		return v.(*T), nil
	}
	v := new(T)
	if _, err := r.get(key, v); err != nil {
		return nil, err
	}
	r.memo.put(key, v)
	return v, nil
}

// changes are the writes of one transaction, which tell the memo.
type changes struct {
	*pebble.Batch
	memo *memo
}

// Set writes a row.
func (c *changes) Set(key, value []byte, o *pebble.WriteOptions) error {
	c.changed(key)
	return c.Batch.Set(key, value, o)
}

// Delete deletes a row.
func (c *changes) Delete(key []byte, o *pebble.WriteOptions) error {
	c.changed(key)
	return c.Batch.Delete(key, o)
}

// DeleteRange deletes many; where some of them may be in the memo, all of it goes.
func (c *changes) DeleteRange(from, to []byte, o *pebble.WriteOptions) error {
	if c.memo != nil {
		ofOne := len(to) > 0 && (to[0] == from[0] || len(to) == 1 && to[0] == from[0]+1)
		if delete(c.memo.filled, from[0]); !ofOne || isMemoised(from[0]) {
			*c.memo = *newMemo()
		}
	}
	return c.Batch.DeleteRange(from, to, o)
}

// changed has the memo forget what it knows of a row that is written.
func (c *changes) changed(key []byte) {
	if c.memo == nil {
		return
	}
	switch key[0] {
	case keyspace.Profile, keyspace.Owner, keyspace.LinkBack:
		c.memo.drop(key)
	case keyspace.Record:
		c.memo.drop(strs(key, 3)) // all of a subject
	case keyspace.Link:
		c.memo.drop(strs(key, 2)) // all of a customer
	}
	delete(c.memo.filled, key[0])
}

func isMemoised(table byte) bool {
	switch table {
	case keyspace.Profile, keyspace.Owner, keyspace.LinkBack, keyspace.Record, keyspace.Link:
		return true
	}
	return false
}

// strs is the start of a key that has its table and n strings.
func strs(key []byte, n int) []byte {
	for i := 1; i+1 < len(key); i++ {
		if key[i] != 0 {
			continue
		}
		if i++; key[i] == 1 {
			if n--; n == 0 {
				return key[:i+1]
			}
		}
	}
	return key
}
