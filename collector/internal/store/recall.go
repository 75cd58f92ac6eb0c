package store

import (
	"encoding/binary"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"matchkey/collector"
	"matchkey/collector/internal/identity"
	"matchkey/collector/internal/keyspace"
)

// Owners, links and consent records name the journal entry that they came from,
// so that a replay finds them although the entry was redacted since. They are
// many, so they are found by an index in the scratch store and not in memory.

// IndexByEntry writes to scratch what of live names its journal entry.
func IndexByEntry(live, scratch *pebble.DB) error {
	out := writer{db: scratch}
	for _, letter := range []byte{keyspace.Link, keyspace.Owner, keyspace.Record} {
		table := keyspace.In(letter)
		err := reader{r: live}.scan(table, table.End(), func(key, value []byte) (bool, error) {
			entries, err := entriesOf(letter, value)
			if err != nil {
				return false, err
			}
			for offset := range entries {
				if err := out.set(append(entryPrefix(offset), key...), value); err != nil {
					return false, err
				}
			}
			return true, nil
		})
		if err != nil {
			return errors.Join(err, out.close())
		}
	}
	return out.close()
}

// entriesOf are the journal entries that a row of one of the three tables names.
func entriesOf(letter byte, value []byte) (entries map[collector.Offset]bool, err error) {
	entries = map[collector.Offset]bool{}
	switch letter {
	case keyspace.Link:
		err = with(value, func(l collector.Link) { entries[l.Offset] = true })
	case keyspace.Owner:
		err = with(value, func(o collector.Owner) {
			for _, t := range append(o.Earlier, o.Tenure) {
				entries[t.Began], entries[t.Offset] = true, true
			}
		})
	case keyspace.Record:
		err = with(value, func(r collector.ConsentRecord) { entries[r.Seq] = true })
	}
	delete(entries, 0)
	return entries, err
}

func entryPrefix(o collector.Offset) keyspace.Key {
	return binary.BigEndian.AppendUint64(keyspace.In(keyspace.Replaying), uint64(o))
}

// entryOf is the entry that a key under entryPrefix begins with.
func entryOf(key []byte) collector.Offset { return collector.Offset(binary.BigEndian.Uint64(key[1:])) }

// FromEntry returns what IndexByEntry found of a journal entry. A tenure of which
// the owner's row knows as well comes after what the link knows of it.
func FromEntry(scratch *pebble.DB, o collector.Offset) (tenures []identity.Recalled, records []collector.ConsentRecord, err error) {
	prefix := entryPrefix(o)
	err = reader{r: scratch}.scan(prefix, prefix.End(), func(key, value []byte) (bool, error) {
		switch key[len(prefix)] {
		case keyspace.Link:
			var l collector.Link
			if err := unmarshal(value, &l); err != nil {
				return false, err
			}
			browser, _ := identity.Split(l.Visitor)
			t := collector.Tenure{Customer: l.Customer, Generation: l.Generation, Since: l.Since, Began: l.Offset, Offset: l.Offset}
			tenures = append(tenures, identity.Recalled{Site: l.Site, Browser: browser, Tenure: t})
		case keyspace.Owner:
			var owner collector.Owner
			if err := unmarshal(value, &owner); err != nil {
				return false, err
			}
			site, rest, ok := keyspace.CutStr(key[len(prefix)+1:])
			browser, _, ok2 := keyspace.CutStr(rest)
			if !ok || !ok2 {
				return false, errors.New("BUG: an owner's key names no browser")
			}
			for _, t := range append(owner.Earlier, owner.Tenure) {
				if t.Began == o || t.Offset == o {
					tenures = append(tenures, identity.Recalled{Site: site, Browser: browser, Tenure: t, Erased: identity.Erased(owner)})
				}
			}
		case keyspace.Record:
			records = append(records, collector.ConsentRecord{})
			return true, unmarshal(value, &records[len(records)-1])
		}
		return true, nil
	})
	return tenures, records, err
}
