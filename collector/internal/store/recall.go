package store

import (
	"encoding/binary"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"matchkey/collector"
	"matchkey/collector/internal/keyspace"
)

// Links and consent records name the journal entry that they came from, so that
// a replay finds them although the entry was redacted since. They are many, so
// they are found by an index in the scratch store and not in memory.

// IndexByEntry writes to scratch what of live names its journal entry.
func IndexByEntry(live, scratch *pebble.DB) error {
	out := writer{db: scratch}
	for _, letter := range []byte{keyspace.Link, keyspace.Record} {
		table := keyspace.In(letter)
		err := reader{r: live}.scan(table, table.End(), func(key, value []byte) (bool, error) {
			var from struct {
				Link   collector.Offset `json:"offset"`
				Record collector.Offset `json:"seq"`
			}
			if err := unmarshal(value, &from); err != nil {
				return false, err
			}
			offset := max(from.Link, from.Record)
			if offset == 0 {
				return true, nil
			}
			return true, out.set(append(entryPrefix(offset), key...), value)
		})
		if err != nil {
			return errors.Join(err, out.close())
		}
	}
	return out.close()
}

func entryPrefix(o collector.Offset) keyspace.Key {
	return binary.BigEndian.AppendUint64(keyspace.In(keyspace.Replaying), uint64(o))
}

// FromEntry returns what IndexByEntry found of a journal entry.
func FromEntry(scratch *pebble.DB, o collector.Offset) (links []collector.Link, records []collector.ConsentRecord, err error) {
	prefix := entryPrefix(o)
	err = reader{r: scratch}.scan(prefix, prefix.End(), func(key, value []byte) (bool, error) {
		if key[len(prefix)] == keyspace.Link {
			links = append(links, collector.Link{})
			return true, unmarshal(value, &links[len(links)-1])
		}
		records = append(records, collector.ConsentRecord{})
		return true, unmarshal(value, &records[len(records)-1])
	})
	return links, records, err
}
