package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// bareRows are what the events of the profiles bench come to in Pebble, beside the
// journal's: about so many bytes a row.
var bareRows = []int{620, 60, 90, 500, 250} // event, its id, concern, profile, consent

// bareEvents bounds how many events the baseline takes.
const bareEvents = 200_000

// bareProfiles is the process that writes as many rows as the engine does, to a
// Pebble with its own options, and does nothing else.
func bareProfiles(s *settings) error {
	db, err := pebble.Open(s.data, &pebble.Options{Logger: noLog{}})
	if err != nil {
		return err
	}
	people := populace{s.seed, time.Now().UTC().Truncate(time.Millisecond), visitors(s.profiles)}
	n := min(s.profiles, bareEvents)
	text, err := json.Marshal(people.loading(0, 2))
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(s.seed, 4))
	p := phase{Events: n}
	began, cpu := time.Now(), processorTime()
	row := func(size int) []byte { // as compressible as an event, and no two alike
		b := make([]byte, size)
		copy(b, text)
		for i := 0; i+4 <= size; i += 12 {
			binary.LittleEndian.PutUint32(b[i:], r.Uint32())
		}
		return b
	}
	key := func(table byte, n uint64) []byte { return binary.BigEndian.AppendUint64([]byte{table}, n) }
	for from := 0; from < n; from += appended {
		frames, rows := db.NewBatch(), db.NewBatch()
		for i := from; i < min(from+appended, n); i++ {
			if err := frames.Set(key('J', uint64(i)), row(570), nil); err != nil {
				return err
			}
			for table, size := range bareRows {
				at := key(byte(table), r.Uint64())
				if table < 2 {
					if _, closer, err := db.Get(at); err == nil {
						_ = closer.Close()
					}
				}
				if err := rows.Set(at, row(size), nil); err != nil {
					return err
				}
			}
		}
		if err := frames.Commit(pebble.Sync); err != nil {
			return err
		}
		if err := rows.Commit(pebble.NoSync); err != nil {
			return err
		}
	}
	p.Seconds, p.Processor = time.Since(began).Seconds(), (processorTime() - cpu).Seconds()
	if err := db.Close(); err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(p); err != nil {
		return fmt.Errorf("couldn't say what was found: %w", err)
	}
	return nil
}
