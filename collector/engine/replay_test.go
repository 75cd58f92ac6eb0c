package engine_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"matchkey/collector"
	"matchkey/collector/engine"
	"matchkey/collector/internal/codec"
	"matchkey/collector/internal/identity"
)

// history has a random history happen: people browse, sign in, answer, take back,
// buy with and without a browser's copy, while the destination does as it likes.
// late says that people also take back what they allowed, or never answer, so that
// events go out of the journal after they were applied; else all accept at first.
func (w *world) history(rng *rand.Rand, late bool) {
	w.meta.SetWindow(48 * time.Hour)
	var sends atomic.Int64 // requests go out side by side
	w.meta.Script(func(collector.Parcel) collector.Verdict {
		return []collector.Verdict{accepted1, accepted1, unavailable,
			{Ruling: collector.Rejected, Reason: "payload"}, {Ruling: collector.InDoubt, Reason: collector.ReasonNoAnswer}}[sends.Add(3)*7%11%5]
	})
	for i := range 6 {
		if !late {
			w.append(answered(collector.ConsentAccept, fmt.Sprint("v", i), ""), answered(collector.ConsentAccept, "", fmt.Sprint("c", i)))
		}
	}
	for i := range 120 {
		visitor, customer := fmt.Sprintf("v%d", rng.IntN(6)), fmt.Sprintf("c%d", rng.IntN(4))
		switch rng.IntN(10) {
		case 0, 1, 2:
			ev := browsed(visitor, "")
			ev.ID = fmt.Sprintf("pv.%d", i)
			w.append(ev)
		case 3:
			ev := browsed(visitor, customer)
			ev.ID = fmt.Sprintf("pv.%d", i)
			w.append(ev)
		case 4, 5:
			w.append(bought(fmt.Sprintf("o%d", rng.IntN(40)), customer))
		case 6:
			copied := bought(fmt.Sprintf("o%d", rng.IntN(40)), "")
			copied.Origin, copied.Receipt, copied.Visitor = collector.OriginBrowser, fmt.Sprint("b", i), visitor
			if rng.IntN(2) == 0 {
				copied.Customer, copied.Consent = customer, accepted(copied.OccurredAt)
			}
			w.append(copied)
		case 7:
			ev := answered(collector.ConsentAccept, "", customer)
			ev.ID += fmt.Sprint(i)
			w.append(ev)
		case 8:
			left := browsed(visitor, "")
			left.Name, left.ID = collector.EventSignOut, fmt.Sprint("out", i)
			w.append(left)
			if late {
				ev := answered(collector.ConsentWithdraw, visitor, customer)
				ev.ID += fmt.Sprint(i)
				w.append(ev)
			}
		case 9:
			gone := bought(fmt.Sprint("x", i), customer)
			gone.Site = "gone"
			w.append(gone)
		}
		time.Sleep(time.Duration(rng.IntN(20)) * time.Minute)
	}
}

// derived are the tables that a replay rebuilds.
const derived = "EIPOLRCSQTKXMNAVZH1"

func (w *world) rows(tables string) map[string]string {
	w.Helper()
	rows, err := engine.Rows(w.fs, w.dir, tables)
	if err != nil {
		w.Fatal(err)
	}
	return rows
}

func (w *world) replay(o engine.ReplayOptions) engine.Replayed {
	w.Helper()
	done, err := engine.Replay(w.Context(), w.fs, w.settings(), o, w.meta)
	if err != nil {
		w.Fatal(err)
	}
	return done
}

// damage deletes and changes some of the rows of tables.
func (w *world) damage(rng *rand.Rand, tables string) (n int) {
	w.Helper()
	rows := w.rows(tables)
	keys := slices.Sorted(maps.Keys(rows))
	for _, k := range keys {
		switch rng.IntN(6) {
		case 0:
			rows[k] = engine.Gone
			n++
		case 1:
			if !codec.IsBinary([]byte(rows[k])) {
				continue
			}
			rows[k] += "\xe2\x03\x07damaged" // a field that nobody knows
			n++
		default:
			delete(rows, k)
		}
	}
	if err := engine.SetRows(w.fs, "data", rows); err != nil {
		w.Fatal(err)
	}
	return n
}

// TestReplayGivesTheSameBytes: what a replay rebuilds is to the byte what the
// live engine derived, and repairs whatever is damaged in it.
func TestReplayGivesTheSameBytes(t *testing.T) {
	for range 2 {
		replaySame(t, rand.Uint64())
	}
}

func replaySame(t *testing.T, seed uint64) {
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(seed, 0))
		w := newWorld(t)
		w.history(rng, false)
		w.close()
		before, deliveries, journal := w.rows(derived), w.rows("DBW"), w.rows("J")
		if done := w.replay(engine.ReplayOptions{}); !done.Same() {
			t.Errorf("seed %d: a replay to compare finds %+v", seed, done)
		}
		// Consent records, links and accounts are only ever added to.
		n := w.damage(rng, "EIPQTKXMNVZ1")
		done := w.replay(engine.ReplayOptions{Write: true})
		changed := 0
		for _, d := range done.Tables {
			changed += d.Added + d.Changed + d.Removed
		}
		if changed != n {
			t.Errorf("seed %d: %d rows were damaged and %d repaired: %+v", seed, n, changed, done)
		}
		if diff := cmp.Diff(before, w.rows(derived)); diff != "" {
			t.Errorf("seed %d: after the replay, -before +after:\n%s", seed, diff)
		}
		if diff := cmp.Diff(deliveries, w.rows("DBW")); diff != "" {
			t.Errorf("seed %d: a replay changed what it cannot know:\n%s", seed, diff)
		}
		if diff := cmp.Diff(journal, w.rows("J")); diff != "" {
			t.Errorf("seed %d: a replay changed the journal:\n%s", seed, diff)
		}
		w.open()
		w.append(bought("after", "c0"))
		w.close()
	})
}

// TestReplayOfOlderRows: rows and frames that an older format wrote are what a
// replay rebuilds in the newer form, and stay as they are.
func TestReplayOfOlderRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seed := rand.Uint64()
		w := newWorld(t)
		w.history(rand.New(rand.NewPCG(seed, 0)), false)
		w.close()
		old := w.rows("CDEJLOPR")
		for key, row := range old {
			old[key] = inJSON(t, key[0], row)
		}
		must(t, engine.SetRows(w.fs, "data", old))
		for _, write := range []bool{false, true} {
			if done := w.replay(engine.ReplayOptions{Write: write}); !done.Same() {
				t.Errorf("seed %d: of rows in JSON a replay finds %+v", seed, done)
			}
		}
		if diff := cmp.Diff(old, w.rows("CDEJLOPR")); diff != "" {
			t.Errorf("seed %d: the replay wrote rows anew:\n%s", seed, diff)
		}
		w.open()
		w.append(browsed("v1", ""), bought("after", "c0"))
		w.close()
	})
}

// inJSON is a row as format 2 had it.
func inJSON(t *testing.T, table byte, row string) string {
	t.Helper()
	v := map[byte]any{
		'C': &collector.ConsentRecord{}, 'D': &collector.Delivery{}, 'E': &collector.EventRecord{}, 'J': &collector.Event{},
		'L': &collector.Link{}, 'O': &collector.Owner{}, 'P': &collector.Profile{}, 'R': new(string),
	}[table]
	if table == 'J' {
		must(t, codec.ReadEvent([]byte(row[5:]), v.(*collector.Event)))
	} else {
		must(t, codec.Unmarshal([]byte(row), v))
	}
	text, err := json.Marshal(v, json.Deterministic(true))
	must(t, err)
	if table == 'J' {
		sum := crc32.Checksum(text, crc32.MakeTable(crc32.Castagnoli))
		text = append(binary.BigEndian.AppendUint32([]byte{1}, sum), text...)
	}
	return string(text)
}

// TestReplayAfterWithdrawals: events that were taken out of the journal after
// they had been applied still have their links, and what later entries meant by
// them; profiles lose what only such events had brought.
func TestReplayAfterWithdrawals(t *testing.T) {
	for range 2 {
		replayWithdrawn(t, rand.Uint64())
	}
}

func replayWithdrawn(t *testing.T, seed uint64) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.history(rand.New(rand.NewPCG(seed, 0)), true)
		w.close()
		tables := strings.NewReplacer("P", "", "1", "").Replace(derived)
		before, deliveries := w.rows(tables), w.rows("DBW")
		known := w.rows("P")
		w.replay(engine.ReplayOptions{Write: true})
		if diff := cmp.Diff(before, w.rows(tables)); diff != "" {
			t.Errorf("seed %d: after the replay, -before +after:\n%s", seed, diff)
		}
		if diff := cmp.Diff(deliveries, w.rows("DBW")); diff != "" {
			t.Errorf("seed %d: a replay changed what it cannot know:\n%s", seed, diff)
		}
		w.toldNoMore(seed, known)
		if done := w.replay(engine.ReplayOptions{}); !done.Same() {
			t.Errorf("seed %d: a second replay finds %+v", seed, done)
		}
	})
}

// TestReplayAfterErasure: who was erased stays erased, what says so stays as it is,
// and to whom a browser went on is known still.
func TestReplayAfterErasure(t *testing.T) {
	for range 2 {
		replayErased(t, rand.Uint64())
	}
}

func replayErased(t *testing.T, seed uint64) {
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(seed, 0))
		w := newWorld(t)
		w.history(rng, false)
		for _, s := range []collector.Subject{collector.Customer("shop", "c1"), collector.Visitor("shop", "v2")} {
			if _, err := w.engine.Erase(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			for i := range 12 {
				ev := browsed(fmt.Sprint("v", rng.IntN(6)), []string{"", "c1", "c2"}[rng.IntN(3)])
				ev.ID = fmt.Sprint("after.", s.ID, i)
				w.append(ev, bought(fmt.Sprint("after", s.ID, i), fmt.Sprint("c", rng.IntN(4))))
				time.Sleep(time.Minute)
			}
		}
		time.Sleep(time.Hour)
		w.close()
		kept := "DBWJ234GUYORL"
		// Profiles (P, 1) lose what only erased entries had brought to others.
		tables := strings.NewReplacer("P", "", "1", "").Replace(derived)
		before, known, profiles := w.rows(kept), w.rows(tables), w.rows("P")
		parted := 0
		for _, d := range w.replay(engine.ReplayOptions{}).Tables {
			parted += d.Parted
			if !d.Same() && !strings.HasPrefix(d.Name, "profiles") {
				t.Errorf("seed %d: a replay to compare finds %+v", seed, d)
			}
		}
		done := w.replay(engine.ReplayOptions{Write: true})
		if diff := cmp.Diff(before, w.rows(kept)); diff != "" || done.Unknown > 0 {
			t.Errorf("seed %d: %d unknown deliveries; a replay changed what it has to keep, -before +after:\n%s", seed, done.Unknown, diff)
		}
		w.toldNoMore(seed, profiles)
		after := w.rows(tables)
		for key, row := range known {
			if row != after[key] && key[0] == 'E' {
				parted-- // counted, and put right
				delete(known, key)
				delete(after, key)
			}
		}
		if diff := cmp.Diff(known, after); diff != "" || parted != 0 {
			t.Errorf("seed %d: %d events more were counted as parted than differ; after the replay, -before +after:\n%s", seed, parted, diff)
		}
		if done := w.replay(engine.ReplayOptions{}); !done.Same() {
			t.Errorf("seed %d: a second replay finds %+v", seed, done)
		}
		w.open()
	})
}

// toldNoMore checks that a replay knows of nobody what was not known before: the
// profiles of the erased stay gone, and others only lose.
func (w *world) toldNoMore(seed uint64, known map[string]string) {
	w.Helper()
	for key, row := range w.rows("P") {
		var now, was collector.Profile
		if known[key] == "" {
			w.Errorf("seed %d: the replay made a profile that was not there: %q", seed, key)
			continue
		}
		if err := errors.Join(codec.Unmarshal([]byte(row), &now), codec.Unmarshal([]byte(known[key]), &was)); err != nil {
			w.Fatal(err)
		}
		if diff := cmp.Diff(was, identity.Merge(was, now)); diff != "" {
			w.Errorf("seed %d: the replay knows of %v what nobody told:\n%s", seed, now.Subject, diff)
		}
	}
}

// TestReplayFindsLostDeliveries: they are counted, and added only when told to,
// in their first state; then they are sent.
func TestReplayFindsLostDeliveries(t *testing.T) {
	w := newWorld(t)
	w.append(browsed("v1", "c42"), bought("A-1", "c42"), bought("A-2", "c42"))
	w.eventually("A-1", collector.StateDelivered)
	w.eventually("A-2", collector.StateDelivered)
	w.close()
	whole := w.rows("D")
	for row := range whole {
		if strings.Contains(row, "A-2") {
			if err := engine.SetRows(w.fs, "data", map[string]string{row: engine.Gone}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if done := w.replay(engine.ReplayOptions{Write: true}); done.Unknown != 1 || len(w.rows("D")) != 1 {
		t.Errorf("%d deliveries are unknown, and %d are there; want one of each", done.Unknown, len(w.rows("D")))
	}
	w.replay(engine.ReplayOptions{Write: true, AddDeliveries: true})
	w.open()
	w.eventually("A-2", collector.StateDelivered)
	d, _, err := w.engine.Reader().Delivery(t.Context(), key("A-1"))
	if err != nil || len(d.Attempts) != 1 {
		t.Errorf("the one that was there has %d attempts, %v", len(d.Attempts), err)
	}
}

// TestReplayRefuses what would lose data, and a folder that it left half done
// is opened by nobody else.
func TestReplayRefuses(t *testing.T) {
	w := newWorld(t)
	w.append(browsed("v1", "c42"), bought("A-1", "c42"))
	w.eventually("A-1", collector.StateDelivered)
	w.close()
	refuses := func(c engine.Config, want string) {
		t.Helper()
		before := w.rows(derived + "DJ")
		_, err := engine.Replay(t.Context(), w.fs, c, engine.ReplayOptions{Write: true}, w.meta)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "nothing was changed") {
			t.Errorf("got %v; want an error with %q", err, want)
		}
		if diff := cmp.Diff(before, w.rows(derived+"DJ")); diff != "" {
			t.Errorf("a replay that was refused changed something:\n%s", diff)
		}
	}
	other := w.settings()
	other.Sites = map[string]engine.Site{}
	refuses(other, `site "shop" is not in the configuration`)
	for offset, frame := range w.rows("J") {
		for broken, want := range map[string]string{frame[:len(frame)-1] + "?": "checksum", engine.Gone: "the journal"} {
			if strings.HasSuffix(offset, "\x02") && broken == engine.Gone {
				continue // its end: the next start says so
			}
			if err := engine.SetRows(w.fs, "data", map[string]string{offset: broken}); err != nil {
				t.Fatal(err)
			}
			refuses(w.settings(), want)
		}
		if err := engine.SetRows(w.fs, "data", map[string]string{offset: frame}); err != nil {
			t.Fatal(err)
		}
	}
	if err := engine.SetRows(w.fs, "data", map[string]string{"5": ""}); err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Open(t.Context(), w.fs, w.settings(), w.meta); err == nil || !strings.Contains(err.Error(), "run matchkey replay again") {
		t.Errorf("what a replay left half written was opened: %v", err)
	}
	w.replay(engine.ReplayOptions{Write: true})
	w.open()
}
