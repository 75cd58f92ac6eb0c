package engine_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"matchkey/collector"
	"matchkey/collector/engine"
)

// Months pass at once. keeps is short enough that a test sees the end of each kind
// of data apart from the others.
var keeps = collector.Retention{
	Click: 60 * day, Browser: 65 * day, Address: 50 * day, Sessions: 30 * day, Contact: 70 * day, External: 80 * day,
	Events: 40 * day, Deliveries: 45 * day, Proof: 90 * day,
}

const day = 24 * time.Hour

func retaining(t *testing.T, r collector.Retention, test func(*testing.T, *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.close()
		w.config.Retention = r
		w.open()
		synctest.Wait() // the retention is in force
		test(t, w)
		w.close()
	})
}

// visit is a beacon of a person's browser now.
func (l life) visit(n int) collector.Event {
	ev := l.beacon(fmt.Sprintf("visit%d.", n), l.customer)
	ev.Session = fmt.Sprintf("session-%s-%d", l.visitor, n)
	return ev
}

// pass lets a time go by. The engine runs for a minute of each half day, in which
// it sweeps: an open database looks at its compactions ten times a second, which is
// a long time in months.
func (w *world) pass(d time.Duration) {
	w.Helper()
	until := time.Now().Add(d)
	for left := d; left > 0; left = time.Until(until) {
		w.close()
		time.Sleep(min(left, day/2) - min(left, time.Minute))
		w.open()
		time.Sleep(min(left, time.Minute))
	}
}

// TestEachKindExpiresInItsTime: what expired is shown and sent to nobody from that
// moment on, and a day later it is gone from the tables as well.
func TestEachKindExpiresInItsTime(t *testing.T) {
	retaining(t, keeps, func(t *testing.T, w *world) {
		w.meta.SetWindow(48 * time.Hour)
		l := lifeOf("one")
		began := time.Now()
		w.live(l)
		time.Sleep(time.Minute)
		customer := collector.Customer("shop", l.customer)
		has := func(kind collector.Kind) bool { return len(w.profile(customer).Of(kind)) > 0 }
		record := func() collector.PersonRecord {
			rec, err := w.engine.Reader().Record(t.Context(), customer)
			if err != nil {
				t.Fatal(err)
			}
			return rec
		}
		for _, c := range []struct {
			what  string
			after time.Duration
			there func() bool
			row   func() bool
		}{
			{"the session", keeps.Sessions, func() bool { return len(w.profile(customer).Sessions) > 0 }, func() bool { return w.inRows("P", "agent/one") }},
			{"the events", keeps.Events, func() bool { return len(record().Events) > 0 }, func() bool { return w.inRows("EIJGS", l.orders[0]) || w.inRows("J", "") }},
			{"the deliveries", keeps.Deliveries, func() bool {
				list, err := w.engine.Reader().Deliveries(t.Context(), collector.DeliveryQuery{})
				return len(list) > 0 && err == nil
			}, func() bool { return w.inRows("DMNZX", l.orders[0]) }},
			{"the click", keeps.Click, func() bool { return has(collector.KindClick) }, func() bool { return w.inRows("P", l.click) }},
			{"the browser's id", keeps.Browser, func() bool { return has(collector.KindBrowser) }, func() bool { return w.inRows("P", l.browser) }},
			{"the e-mail", keeps.Contact, func() bool { return has(collector.KindEmail) }, func() bool { return w.inRows("P1H", l.email) }},
			{"the person", keeps.External, func() bool { return len(record().Profiles) > 0 }, func() bool { return w.inRows("P", "") }},
		} {
			if !c.row() {
				t.Fatalf("%s is in no row; this test would find nothing", c.what)
			}
			w.pass(time.Until(began.Add(c.after - 5*time.Minute)))
			if !c.there() {
				t.Errorf("%s is gone before its time", c.what)
			}
			time.Sleep(7 * time.Minute)
			if c.there() {
				t.Errorf("%s is still shown when it has expired", c.what)
			}
			w.pass(day + 2*time.Hour)
			if c.row() {
				t.Errorf("%s is still in a row a day after it expired", c.what)
			}
		}
		// The proof of a yes, and what finds its people, outlast the person.
		if rec := record(); len(rec.Consent) == 0 || len(rec.Links) != 1 {
			t.Errorf("%d consent records and %d links are left; want the proof with its link", len(rec.Consent), len(rec.Links))
		}
		w.pass(time.Until(began.Add(keeps.Proof + 2*day)))
		// But for keyed hashes of what was a conversion.
		if left := slices.DeleteFunc(w.rowKeys("COLR1HPGX69c"), func(k string) bool { return k[0] == '6' && k[3] == 'k' }); len(left) > 0 {
			t.Errorf("rows are left when all has expired: %q", left)
		}
		status, err := w.engine.Retention(t.Context())
		if err != nil || status.Swept.Events == 0 || status.Swept.Frames == 0 || status.Swept.Records == 0 || status.Swept.Profiles != 2 || status.Swept.Links != 1 {
			t.Errorf("the status is %+v, %v", status, err)
		}
		// The sums stay, whoever they are of.
		accounts, err := w.engine.Reader().Accounts(t.Context(), began.Add(-day), time.Now())
		if err != nil || len(accounts) == 0 {
			t.Errorf("%d accounts are left, %v", len(accounts), err)
		}
		for _, a := range accounts {
			if a.Remainder() != 0 {
				t.Errorf("the account %+v is not closed", a)
			}
		}
		// The journal goes on where it ended, also over a restart.
		before := w.watermark()
		w.whole()
		w.open()
		w.live(lifeOf("two"))
		time.Sleep(time.Minute)
		if w.watermark() <= before {
			t.Errorf("the journal went from %d to %d", before, w.watermark())
		}
	})
}

// whole checks the folder, and leaves the engine closed.
func (w *world) whole() {
	w.Helper()
	w.close()
	if faults, err := engine.CheckFolder(w.fs, w.dir); len(faults) > 0 || err != nil {
		w.Errorf("the folder has the faults %v, %v", faults, err)
	}
}

func (w *world) watermark() collector.Offset {
	w.Helper()
	at, err := w.engine.Reader().Watermark(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return at
}

func (w *world) rowKeys(tables string) (keys []string) {
	for k := range w.engine.Rows(w, tables) {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// inRows reports whether a word is in a row of some tables.
func (w *world) inRows(tables, word string) bool {
	w.Helper()
	for k, v := range w.engine.Rows(w, tables) {
		if strings.Contains(k, word) || strings.Contains(v, word) {
			return true
		}
	}
	return false
}

// TestNothingOfTheExpiredIsLeft greps the data folder after a sweep and a
// compaction.
func TestNothingOfTheExpiredIsLeft(t *testing.T) {
	retaining(t, keeps, func(t *testing.T, w *world) {
		w.meta.SetWindow(48 * time.Hour)
		gone, stays := lifeOf("gone"), lifeOf("stays")
		w.live(gone)
		w.live(stays)
		for range 100 {
			w.pass(day)
			w.append(stays.visit(int(time.Now().Unix() / 86400)))
		}
		w.pass(2 * time.Hour)
		if err := w.engine.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		found := grep(t, w.fs)
		for _, word := range gone.words() {
			// The subjects of a proof stay as long as the proof; it is over by now.
			if found.has(word) {
				t.Errorf("%q is still on the disk", word)
			}
		}
		for _, word := range []string{stays.customer, stays.visitor, stays.email} {
			if !found.has(word) {
				t.Errorf("%q is gone although it is in use", word)
			}
		}
	})
}

// TestUnsettledKeepTheirEvent: what may yet be sent keeps what it needs, however
// old; in doubt and dead as long as the window lasts.
func TestUnsettledKeepTheirEvent(t *testing.T) {
	r := keeps
	r.Events, r.Deliveries = 2*day, 3*day
	retaining(t, r, func(t *testing.T, w *world) {
		w.meta.SetWindow(20 * day)
		w.meta.Script(func(p collector.Parcel) collector.Verdict {
			if p.Key == key("dead") {
				return collector.Verdict{Ruling: collector.Rejected, Reason: "payload"}
			}
			return unavailable
		})
		w.append(browsed("v1", "c42"), bought("late", "c42"), bought("dead", "c42"))
		time.Sleep(time.Minute)
		w.pass(10 * day)
		w.eventually("late", collector.StatePending)
		w.eventually("dead", collector.StateDead)
		w.meta.Script(nil)
		if n, err := w.engine.Redrive(t.Context(), collector.DeliveryQuery{Site: "shop"}); n != 1 || err != nil {
			t.Errorf("redrove %d, %v", n, err)
		}
		time.Sleep(time.Hour)
		for _, order := range []string{"late", "dead"} {
			w.eventually(order, collector.StateDelivered)
			w.kinds(order)
		}
		w.pass(5 * day)
		if w.inRows("EIJDMNG6", "purchase.") {
			t.Errorf("sent and over, they are still there: %q", w.rowKeys("EIJDMNG6"))
		}
		// The page of the order is opened again.
		again := bought("late", "c42")
		again.Origin, again.Receipt, again.Visitor = collector.OriginBrowser, "b_again", "v1"
		w.append(again)
		time.Sleep(time.Minute)
		w.kinds("late") // once
		rec, known, err := w.engine.Reader().Event(t.Context(), again.Key())
		if !known || err != nil || !slices.Contains(rec.Event.Notes, collector.Note{Field: "event", Reason: collector.ReasonSpent}) {
			t.Errorf("the copy is %+v (%t, %v); want a note that says why it does not count", rec.Event, known, err)
		}
	})
}

// TestClockFarAheadDeletesNothing: only when it has said so for a day.
func TestClockFarAheadDeletesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var off atomic.Int64
		w := newWorld(t)
		w.close()
		w.config.Retention = keeps
		w.clock = func() time.Time { return time.Now().Add(time.Duration(off.Load())).UTC() }
		w.open()
		synctest.Wait()
		l := lifeOf("one")
		w.live(l)
		time.Sleep(time.Minute)
		w.pass(25 * time.Hour) // a midnight that is known to be behind the events
		before := w.engine.Rows(w, "PEIJDCOLR1")
		off.Store(int64(365 * day))
		if n := len(w.profile(collector.Customer("shop", l.customer)).Identifiers); n != 0 {
			t.Errorf("%d identifiers are used a year later", n)
		}
		for range 3 {
			time.Sleep(2 * time.Hour)
			w.close()
			w.open()
		}
		if diff := cmp.Diff(before, w.engine.Rows(w, "PEIJDCOLR1")); diff != "" {
			t.Errorf("a clock that was a year ahead for 6 hours changed:\n%s", diff)
		}
		time.Sleep(time.Minute)
		status, err := w.engine.Retention(t.Context())
		if err != nil || status.Behind != 365 {
			t.Errorf("the status is %+v, %v", status, err)
		}
		off.Store(0)
		time.Sleep(2 * time.Hour)
		if diff := cmp.Diff(before, w.engine.Rows(w, "PEIJDCOLR1")); diff != "" {
			t.Errorf("the clock came back, and this changed:\n%s", diff)
		}
		off.Store(int64(365 * day))
		time.Sleep(30 * time.Hour)
		if w.inRows("PEIJD", "") {
			t.Errorf("the clock was right after all, and these rows are left: %q", w.rowKeys("PEIJD"))
		}
		w.close()
	})
}

// TestClockComesBack: a clock that was years ahead at the first start, or for longer
// than it had to be believed, has nothing deleted any more when it is right.
func TestClockComesBack(t *testing.T) {
	for _, first := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var off atomic.Int64
			w := newWorld(t)
			w.close()
			w.config.Retention = keeps
			w.clock = func() time.Time { return time.Now().Add(time.Duration(off.Load())).UTC() }
			if first {
				off.Store(int64(1000 * day))
				w.open()
				time.Sleep(time.Minute)
			} else {
				w.open()
				off.Store(int64(1000 * day))
				time.Sleep(30 * time.Hour)
			}
			off.Store(0)
			w.append(lifeOf("witness").visit(1))
			time.Sleep(2 * time.Hour)
			l := lifeOf("one")
			w.live(l)
			time.Sleep(2 * time.Hour)
			customer := collector.Customer("shop", l.customer)
			if len(w.profile(customer).Of(collector.KindClick)) == 0 || !w.inRows("P", l.click) {
				t.Errorf("first start %t: the click is gone, by a clock that was put right", first)
			}
			status, err := w.engine.Retention(t.Context())
			if err != nil || status.Behind != 0 || status.Day.After(time.Now()) {
				t.Errorf("first start %t: the status is %+v, %v", first, status, err)
			}
			// A machine that begins in 1970, before it has asked what time it is.
			was := status.Day
			off.Store(-int64(20000 * day))
			w.close()
			w.open()
			time.Sleep(3 * time.Hour)
			if status, err = w.engine.Retention(t.Context()); err != nil || !status.Day.Equal(was) || status.Behind >= 0 {
				t.Errorf("first start %t: with the clock in the past the status is %+v, %v", first, status, err)
			}
			off.Store(0)
			w.pass(keeps.Click + day)
			if w.inRows("P", l.click) {
				t.Errorf("first start %t: the click has expired and is still there", first)
			}
			w.close()
		})
	}
}

// TestClockAnHourAhead across a midnight expires nothing beyond that hour.
func TestClockAnHourAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var off atomic.Int64
		w := newWorld(t)
		w.close()
		w.config.Retention = keeps
		w.clock = func() time.Time { return time.Now().Add(time.Duration(off.Load())).UTC() }
		w.open()
		time.Sleep(time.Until(time.Now().Truncate(day).Add(day + 2*time.Hour)))
		w.live(lifeOf("one"))                // at two in the morning
		w.pass(keeps.Sessions - 3*time.Hour) // 23 o'clock
		off.Store(int64(90 * time.Minute))
		time.Sleep(time.Hour)
		if !w.inRows("P", "agent/one") {
			t.Error("a session that has two more hours is gone")
		}
		w.close()
	})
}

// TestReplayOfATrimmedJournal gives the same bytes, whatever has expired, and
// whether or not the sweep had come to it.
func TestReplayOfATrimmedJournal(t *testing.T) {
	for _, late := range []bool{false, true} {
		replayTrimmed(t, rand.Uint64(), late)
	}
}

func replayTrimmed(t *testing.T, seed uint64, late bool) {
	retaining(t, collector.Retention{
		Click: 20 * day, Browser: 20 * day, Address: 15 * day, Sessions: 3 * day, Contact: 20 * day, External: 25 * day,
		Events: 5 * day, Deliveries: 6 * day, Proof: 30 * day,
	}, func(t *testing.T, w *world) {
		rng := rand.New(rand.NewPCG(seed, 0))
		w.linkByEmail = rng.IntN(2) == 0
		w.close()
		w.open()
		rounds, gap := 5, 50
		if late {
			rounds, gap = 2, 150 // a browser remembers twenty generations, and a redacted journal no more
		}
		for range rounds {
			w.history(rng, late)
			w.pass(time.Duration(gap/2+rng.IntN(gap)) * time.Hour)
		}
		w.close()
		// Of an event that was redacted since, a profile loses what only that had brought
		// (replayWithdrawn); a new generation at a browser has not answered yet.
		tables := strings.NewReplacer("P", "", "1", "").Replace(derived) + "DBWJ"
		before, profiles := w.rows(tables), w.rows("P")
		done := w.replay(engine.ReplayOptions{})
		if done.From == 0 {
			t.Fatalf("seed %d: nothing of the journal has expired; this test would find nothing", seed)
		}
		for _, d := range done.Tables {
			if !d.Same() && !strings.HasPrefix(d.Name, "profiles") {
				t.Errorf("seed %d: a replay to compare finds %+v", seed, d)
			}
		}
		w.replay(engine.ReplayOptions{Write: true})
		if diff := cmp.Diff(before, w.rows(tables)); diff != "" {
			t.Errorf("seed %d: after the replay, -before +after:\n%s", seed, diff)
		}
		w.toldNoMore(seed, profiles)
		lost, now := 0, w.rows("P")
		for key, row := range profiles {
			if now[key] != row {
				lost++
			}
		}
		if lost > len(profiles)/10 {
			t.Errorf("seed %d: of %d profiles %d are others", seed, len(profiles), lost)
		}
		if done := w.replay(engine.ReplayOptions{}); !done.Same() {
			t.Errorf("seed %d: a second replay finds %+v", seed, done)
		}
		w.open()
		time.Sleep(time.Hour)
	})
}

// TestPowerCutsWhileSweeping: what is cut off is done after the next start, and
// nothing that has not expired goes.
func TestPowerCutsWhileSweeping(t *testing.T) {
	seed := rand.Uint64()
	retaining(t, keeps, func(t *testing.T, w *world) {
		rng := rand.New(rand.NewPCG(seed, 1))
		w.meta.SetWindow(48 * time.Hour)
		gone, stays := lifeOf("gone"), lifeOf("stays")
		for i := range 120 {
			w.live(lifeOf(fmt.Sprint("other", i)))
		}
		w.live(gone)
		w.live(stays)
		time.Sleep(time.Minute)
		for range 95 {
			w.pass(day)
			w.append(stays.visit(int(time.Now().Unix() / 86400)))
			if rng.IntN(8) == 0 {
				w.cutPower(rng)
			}
		}
		w.pass(2 * day)
		if w.inRows("PEIDMNCOLR1HG69c", "gone") || w.inRows("PEIDMNCOLR1H69c", "other") {
			t.Errorf("seed %d: rows of who is gone are left: %q", seed, w.rowKeys("PEIDMNCOLR1HG69c"))
		}
		p := w.profile(collector.Customer("shop", stays.customer))
		if len(p.Of(collector.KindEmail)) != 1 || len(p.Sessions) == 0 || len(p.Visitors) != 1 {
			t.Errorf("seed %d: of who stays there is %+v", seed, p)
		}
		w.whole()
	})
}

// TestErasureReachesWhatFallsDue: the index of what expires names people as well.
func TestErasureReachesWhatFallsDue(t *testing.T) {
	retaining(t, keeps, func(t *testing.T, w *world) {
		w.meta.SetWindow(48 * time.Hour)
		l := lifeOf("gone")
		w.live(l)
		w.pass(3 * day)
		w.live(l)
		time.Sleep(time.Minute)
		if !w.inRows("6", l.customer) || !w.inRows("6", l.orders[0]) {
			t.Fatal("nothing of the person falls due; this test would find nothing")
		}
		if _, err := w.engine.Erase(t.Context(), collector.Customer("shop", l.customer)); err != nil {
			t.Fatal(err)
		}
		for _, word := range l.words() {
			if w.inRows("679", word) {
				t.Errorf("%q still falls due", word)
			}
		}
	})
}

// TestRetentionComesLater: on a folder that had none, and when it is changed, all
// that is there falls due in its time, events by when they came.
func TestRetentionComesLater(t *testing.T) {
	retaining(t, collector.Retention{}, func(t *testing.T, w *world) {
		w.meta.SetWindow(48 * time.Hour)
		w.live(lifeOf("early"))
		w.pass(45*day + 12*time.Hour)
		later := time.Now()
		w.live(lifeOf("later"))
		time.Sleep(time.Minute)
		w.close()
		w.config.Retention = keeps
		before := w.rows("EIJP")
		w.open()
		time.Sleep(23 * time.Hour)
		if diff := cmp.Diff(before, w.engine.Rows(w, "EIJP")); diff != "" {
			t.Errorf("within the first day, in which the operator may still say otherwise, this changed:\n%s", diff)
		}
		time.Sleep(3 * time.Hour)
		if w.inRows("EIJP", "A-early") || !w.inRows("E", "A-later") || w.inRows("P", "agent/early") {
			t.Errorf("after 46 days and one there are %q", w.rowKeys("EIP"))
		}
		w.pass(time.Until(later.Add(keeps.Events - time.Hour)))
		if !w.inRows("E", "A-later") || !w.inRows("J", "later") {
			t.Errorf("an hour before their time events of a folder that had no retention are gone; there are %q", w.rowKeys("EJ"))
		}
		shorter := keeps
		shorter.Contact, shorter.External = 40*day, 40*day
		w.close()
		w.config.Retention = shorter
		w.open()
		time.Sleep(time.Minute)
		if w.inRows("P1", "early") || !w.inRows("P", "later") {
			t.Errorf("with a shorter retention there are %q", w.rowKeys("P1"))
		}
	})
}
