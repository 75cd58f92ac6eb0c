package engine_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/engine"
	"matchkey/collector/internal/keyspace"
)

// TestLedgerOnABadDisk: what the disk does not give back is said in a sentence that
// helps, and not in the store's own words for itself.
func TestLedgerOnABadDisk(t *testing.T) {
	w := newWorld(t)
	w.append(answered(collector.ConsentAccept, "v1", "c42"))
	b, err := w.engine.Backup(t.Context(), "good")
	must(t, err)
	w.close()
	found := 0
	for part := range 20 {
		fs := w.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 2))})
		db, err := keyspace.Open(keyspace.Options{FS: fs, Dir: b.Path + "/store"})
		must(t, err)
		must(t, errors.Join(db.Flush(), db.Close()))
		each(t, fs, b.Path+"/store", ".sst", func(name string) {
			rewrite(t, fs, name, func(text []byte) []byte { text[len(text)*part/20] ^= 1; return text })
		})
		_, err = engine.VerifyLedger(t.Context(), fs, b.Path, collector.LedgerQuery{})
		if err == nil {
			continue
		}
		found++
		if text := err.Error(); strings.Contains(text, "\n") || !strings.Contains(text, "damaged") || !strings.Contains(text, "backup") {
			t.Errorf("in part %d: %v", part, err)
		}
	}
	if found == 0 {
		t.Error("no damage was found")
	}
}
