package store_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
)

// TestDamagedLog flips a bit of the write-ahead log, or cuts it off, where a
// power cut would not. What opens has the events before the damage, in order and
// nothing else; what has acknowledged data behind the damage does not open, says
// what to do, and keeps every byte.
func TestDamagedLog(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	whole := vfs.NewCrashableMem()
	n := &node{dead: make(chan struct{})}
	if err := n.open(whole, t.FailNow); err != nil {
		t.Fatal(err)
	}
	const events = 200
	for i := range events {
		ev := collector.Event{ID: fmt.Sprint(i), Site: "shop", Name: "x", Properties: map[string]any{"padding": strings.Repeat("x", 500)}}
		if _, err := n.journal.Append(t.Context(), []collector.Event{ev}); err != nil {
			t.Fatal(err)
		}
	}
	opened, refused := 0, 0
	for i := range 60 {
		disk := whole.CrashClone(vfs.CrashCloneCfg{})
		name, log := logOf(t, disk)
		at := rng.IntN(len(log))
		if i%3 == 0 {
			log = log[:at]
		} else {
			log[at] ^= 1 << rng.IntN(8)
		}
		write(t, disk, name, log)
		found, err := eventsOn(disk)
		if err != nil {
			refused++
			if !strings.Contains(err.Error(), "backup") || !strings.Contains(err.Error(), "nothing was changed") {
				t.Errorf("damage at %d of %d: the way out is missing: %v", at, len(log), err)
			}
			if after, err := disk.UnsafeGetFileDataBuffer(name); err != nil || !bytes.Equal(log, after) {
				t.Errorf("damage at %d: what couldn't be read was changed: %d bytes became %d, %v", at, len(log), len(after), err)
			}
			continue
		}
		opened++
		for k, id := range found {
			if id != fmt.Sprint(k) {
				t.Fatalf("damage at %d: event %d is %q", at, k, id)
			}
		}
	}
	t.Logf("%d opened with what was before the damage, %d did not open", opened, refused)
	if opened == 0 || refused == 0 {
		t.Error("want some of both")
	}
	n.close(new(sync.WaitGroup))
}

// logOf reads the newest write-ahead log.
func logOf(t *testing.T, disk *vfs.MemFS) (name string, text []byte) {
	t.Helper()
	files, err := disk.List("data")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, ".log") && f > name {
			name = f
		}
	}
	name = disk.PathJoin("data", name)
	text, err = disk.UnsafeGetFileDataBuffer(name)
	if err != nil {
		t.Fatal(err)
	}
	return name, bytes.Clone(text)
}

// write writes a file; under the race detector the disk spoils what it is handed.
func write(t *testing.T, disk *vfs.MemFS, name string, text []byte) {
	t.Helper()
	f, err := disk.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(bytes.Clone(text)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// eventsOn opens a disk and lists the events of its journal.
func eventsOn(disk *vfs.MemFS) (ids []string, err error) {
	n := &node{dead: make(chan struct{})}
	if err := n.open(disk, func() {}); err != nil {
		return nil, err
	}
	defer n.close(new(sync.WaitGroup))
	if n.journal.Durable() == 0 {
		return nil, nil
	}
	entries, err := n.journal.Read(context.Background(), 0, 1<<20)
	for _, e := range entries {
		ids = append(ids, e.Event.ID)
	}
	return ids, err
}
