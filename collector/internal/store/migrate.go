package store

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"matchkey/collector"
	"matchkey/collector/internal/keyspace"
)

// migrateBytes bounds one commit of a migration.
const migrateBytes = 4 << 20

// migrate brings a database of format 1 up to the current one: deliveries that
// have to be decided leave the queue of those to be sent for one of their own.
// It may be cut off at any point and then begins again, because the format is
// written last.
func migrate(db *pebble.DB) error {
	format, err := keyspace.FormatOf(db)
	if err != nil || format == keyspace.Current {
		return err
	}
	queue := keyspace.In(keyspace.Due)
	if err := db.DeleteRange(queue, queue.End(), pebble.NoSync); err != nil {
		return fmt.Errorf("couldn't migrate the store from format %d: %w", format, err)
	}
	batch := db.NewBatch()
	defer func() { batch.Close() }()
	table := keyspace.In(keyspace.Delivery)
	err = reader{r: db}.scan(table, table.End(), func(_, value []byte) (bool, error) {
		var d collector.Delivery
		if err := unmarshal(value, &d); err != nil {
			return false, err
		}
		for _, key := range indexKeys(&d) {
			if err := batch.Set(key, nil, nil); err != nil {
				return false, err
			}
		}
		if batch.Len() < migrateBytes {
			return true, nil
		}
		if err := batch.Commit(pebble.NoSync); err != nil {
			return false, err
		}
		batch = db.NewBatch()
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("couldn't migrate the store from format %d; what is in it is as it was, and the next start tries again: %w", format, err)
	}
	if err := keyspace.SetFormat(batch); err != nil {
		return err
	}
	if err := batch.Commit(pebble.Sync); err != nil {
		return fmt.Errorf("couldn't end the migration of the store from format %d: %w", format, err)
	}
	return nil
}
