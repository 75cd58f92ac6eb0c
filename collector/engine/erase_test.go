package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/engine"
)

// life is what one person leaves behind: beacons with every kind of identifier,
// orders in several states, an answer, and an order from before the link.
type life struct {
	customer, visitor                       string
	ip, agent, click, browser, email, phone string
	orders                                  []string
}

func lifeOf(name string) life {
	return life{
		customer: "cust-" + name, visitor: "visitor-" + name, ip: "ip-of-" + name, agent: "agent/" + name,
		click: "click.Of." + name, browser: "fb.1." + name, email: "emailhash" + name, phone: "phonehash" + name,
		orders: []string{"A-" + name + "-1", "B-" + name + "-2", "C-" + name + "-3"},
	}
}

// words are all that may not be found once the person is erased. A session and
// a page have a name of the person too, as a site may give them.
func (l life) words() []string {
	return append([]string{
		l.customer, l.visitor, l.ip, l.agent, l.click, l.browser, l.email, l.phone,
		"session-" + l.visitor, "receipt-" + l.visitor, "page-of-" + l.customer, "note for " + l.customer,
	}, l.orders...)
}

func (l life) identifiers() (ids []collector.Identifier) {
	now := time.Now().UTC()
	for kind, value := range map[collector.Kind]string{
		collector.KindClick: l.click, collector.KindBrowser: l.browser, collector.KindEmail: l.email, collector.KindPhone: l.phone,
	} {
		ids = append(ids, collector.Identifier{Kind: kind, Value: value, FirstAt: now, LastAt: now, Receipt: "receipt-" + l.visitor})
	}
	return ids
}

func (l life) beacon(id, customer string) collector.Event {
	ev := browsed(l.visitor, customer)
	ev.ID, ev.Receipt, ev.Session = id+l.visitor, "receipt-"+l.visitor, "session-"+l.visitor
	ev.Client = collector.Client{IP: l.ip, UserAgent: l.agent}
	ev.URL, ev.Identifiers = "https://shop.example/page-of-"+l.customer, l.identifiers()
	return ev
}

func (l life) order(i int) collector.Event {
	ev := bought(l.orders[i], l.customer)
	ev.Identifiers, ev.Properties["note"] = l.identifiers(), "note for "+l.customer
	return ev
}

// live has a person do everything.
func (w *world) live(l life) {
	w.Helper()
	w.append(l.order(0)) // before the link
	w.append(l.beacon("first", ""))
	w.append(l.beacon("second", l.customer), l.order(1))
	w.append(l.order(1), l.beacon("purchase.", l.customer)) // a copy, and one with an ID of its own
	w.append(answered(collector.ConsentAccept, l.visitor, l.customer))
}

// TestErasureLeavesNoBytes looks for every identifier of an erased person in
// every byte of the data folder: raw, so also in logs, manifests and what is
// left of files, and row by row in tables, which are compressed.
func TestErasureLeavesNoBytes(t *testing.T) {
	for _, restart := range []string{"never", "before the erasure", "during the scrub"} {
		t.Run(restart, func(t *testing.T) { erasesBytes(t, restart) })
	}
}

func erasesBytes(t *testing.T, restart string) {
	w := newWorld(t)
	w.meta.Script(func(p collector.Parcel) collector.Verdict {
		switch p.Key.EventID[len("purchase."):][0] {
		case 'A':
			return collector.Verdict{Ruling: collector.Accepted}
		case 'B':
			return collector.Verdict{Ruling: collector.Rejected, Reason: "no"}
		}
		return collector.Verdict{Ruling: collector.InDoubt}
	})
	gone, stays := lifeOf("gone"), lifeOf("stays")
	for i := range 40 {
		w.live(lifeOf(fmt.Sprintf("other%02d", i)))
		if i == 20 {
			w.live(gone)
			w.live(stays)
			w.append(gone.order(2), stays.order(2))
		}
	}
	w.eventually(gone.orders[0], collector.StateDelivered)
	w.eventually(gone.orders[1], collector.StateDead)
	w.eventually(gone.orders[2], collector.StateInDoubt)
	w.append(answered(collector.ConsentReject, gone.visitor, ""))
	if restart == "before the erasure" {
		w.close()
		w.open()
	}
	found := grep(t, w.fs)
	for _, word := range slices.Concat(gone.words(), stays.words()) {
		if !found.has(word) {
			t.Fatalf("%q is nowhere before the erasure; this test would find nothing", word)
		}
	}

	receipt, err := w.engine.Erase(t.Context(), collector.Customer("shop", gone.customer))
	if err != nil {
		t.Fatal(err)
	}
	w.append(gone.order(0), gone.beacon("late", gone.customer)) // comes again, and is nobody's
	if restart == "during the scrub" {
		w.cutPower(rand.New(rand.NewPCG(1, 1)))
	}
	w.until("the bytes are gone", func() bool {
		r, ok, err := w.engine.Reader().Receipt(t.Context(), receipt.ID)
		return ok && err == nil && !r.BytesGoneAt.IsZero()
	})
	if receipt.Events < 6 || receipt.Subjects != 2 || receipt.SentTo["main"] != 3 {
		t.Errorf("the receipt says %+v", receipt)
	}
	// What came late went through the log after that, and leaves with it.
	late, err := w.engine.Erase(t.Context(), collector.Customer("shop", gone.customer))
	if err != nil {
		t.Fatal(err)
	}
	w.until("the bytes of what came late are gone", func() bool {
		r, _, err := w.engine.Reader().Receipt(t.Context(), late.ID)
		return err == nil && !r.BytesGoneAt.IsZero()
	})
	w.meta.Script(nil)
	found = grep(t, w.fs)
	for _, word := range gone.words() {
		for _, place := range found.places(word) {
			t.Errorf("%q is still in %s", word, place)
		}
	}
	for _, word := range stays.words() {
		if !found.has(word) {
			t.Errorf("%q is gone, and its person was not erased", word)
		}
	}
}

// haystack is all that is in a folder, by where it is.
type haystack map[string][]byte

func (h haystack) places(word string) (places []string) {
	for _, place := range slices.Sorted(maps.Keys(h)) {
		if bytes.Contains(h[place], []byte(word)) {
			places = append(places, place)
		}
	}
	return places
}

func (h haystack) has(word string) bool { return len(h.places(word)) > 0 }

// grep reads a whole folder: each file as it is, and tables row by row, those
// of deletions included.
func grep(t *testing.T, fs vfs.FS) haystack {
	t.Helper()
	return grepDir(t, fs, "data")
}

func grepDir(t *testing.T, fs vfs.FS, dir string) haystack {
	t.Helper()
	h := haystack{}
	names, err := fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		f, err := fs.Open(fs.PathJoin(dir, name))
		if err != nil {
			continue // deleted since
		}
		raw, err := io.ReadAll(f)
		if err != nil && !strings.Contains(err.Error(), "directory") {
			t.Fatal(err)
		}
		f.Close()
		h[name] = raw
		if strings.HasSuffix(name, ".sst") {
			h[name+", as rows"] = rows(t, fs, fs.PathJoin(dir, name))
		}
	}
	return h
}

func rows(t *testing.T, fs vfs.FS, path string) (all []byte) {
	t.Helper()
	f, err := fs.Open(path)
	if err != nil {
		return nil
	}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		t.Fatal(err)
	}
	o := &pebble.Options{}
	o.EnsureDefaults()
	r, err := sstable.NewReader(context.Background(), readable, o.MakeReaderOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	it, err := r.NewIter(sstable.NoTransforms, nil, nil, sstable.AssertNoBlobHandles)
	if err != nil {
		t.Fatal(err)
	}
	defer it.Close()
	for kv := it.First(); kv != nil; kv = it.Next() {
		value, _, err := kv.Value(nil)
		if err != nil {
			t.Fatal(err)
		}
		all = append(append(append(all, kv.K.UserKey...), '\n'), value...)
		all = append(all, '\n')
	}
	return all
}

// TestErasedStaysErased: what arrives later for an erased person is not kept and
// not sent, until the person says yes anew.
func TestErasedStaysErased(t *testing.T) {
	w := newWorld(t)
	w.append(browsed("v1", "c1"), bought("A-1", "c1"))
	w.eventually("A-1", collector.StateDelivered)
	standing := browsed("v1", "c1") // what the tag will repeat
	if _, err := w.engine.Erase(t.Context(), collector.Customer("shop", "c1")); err != nil {
		t.Fatal(err)
	}
	standing.ID = "pv.again"
	w.append(standing, bought("A-2", "c1"), bought("A-1", "c1"), answered(collector.ConsentReject, "v1", ""))
	w.append(browsed("v2", "c2"), bought("B-1", "c2"))
	w.eventually("B-1", collector.StateDelivered)
	rec, err := w.engine.Reader().Record(t.Context(), collector.Customer("shop", "c1"))
	if err != nil {
		t.Fatal(err)
	}
	if len(rec.Profiles)+len(rec.Events)+len(rec.Consent)+len(rec.Deliveries) > 0 {
		t.Errorf("of the erased person is kept %+v", rec)
	}
	if got := w.states(); got != "delivered 2, withheld 1" {
		t.Errorf("the states are %s; the late order counts as withheld and the repeated one once", got)
	}

	w.append(answered(collector.ConsentAccept, "v1", "c1"))
	w.append(browsed("v1", "c1"), bought("A-3", "c1"))
	w.eventually("A-3", collector.StateDelivered)
	for _, e := range w.journaled() {
		if strings.Contains(e.Event.ID, "A-2") || strings.Contains(e.Event.ID, "A-1") {
			t.Errorf("the journal keeps %+v", e.Event)
		}
	}
}

// states are the accounts' states in words.
func (w *world) states() string {
	w.Helper()
	accounts, err := w.engine.Reader().Accounts(w.Context(), time.Now().Add(-24*time.Hour), time.Now().Add(24*time.Hour))
	if err != nil {
		w.Fatal(err)
	}
	all := map[collector.State]int{}
	for _, a := range accounts {
		if a.Remainder() != 0 {
			w.Errorf("an account has a remainder: %+v", a)
		}
		for s, n := range a.States {
			all[s] += n
		}
	}
	var words []string
	for _, s := range collector.States() {
		if all[s] > 0 {
			words = append(words, fmt.Sprintf("%s %d", s, all[s]))
		}
	}
	return strings.Join(words, ", ")
}

// TestErasureWinsOverAnAttempt erases while the request is out.
func TestErasureWinsOverAnAttempt(t *testing.T) {
	w := newWorld(t)
	out, answer := make(chan struct{}), make(chan struct{})
	w.meta.Script(func(collector.Parcel) collector.Verdict {
		close(out)
		<-answer
		return collector.Verdict{Ruling: collector.Accepted}
	})
	w.append(browsed("v1", "c1"), bought("A-1", "c1"))
	<-out
	receipt, err := w.engine.Erase(t.Context(), collector.Visitor("shop", "v1"))
	close(answer)
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Deliveries[collector.StateLeased] != 1 || receipt.SentTo["main"] != 1 {
		t.Errorf("the receipt says %+v; the request was out", receipt)
	}
	w.meta.Script(nil)
	w.append(browsed("v2", "c2"), bought("B-1", "c2"))
	w.eventually("B-1", collector.StateDelivered)
	if got := w.states(); got != "delivered 1, withheld 1" {
		t.Errorf("the states are %s", got)
	}
}

// TestEraseFolder erases where nothing runs, and refuses where something waits
// to be applied.
func TestEraseFolder(t *testing.T) {
	w := newWorld(t)
	gone := lifeOf("gone")
	w.live(gone)
	w.eventually(gone.orders[1], collector.StateDelivered)
	w.close()
	if err := engine.AppendOnly(w.fs, "data", gone.order(2)); err != nil {
		t.Fatal(err)
	}
	_, err := engine.EraseFolder(t.Context(), w.fs, "data", collector.Customer("shop", gone.customer), time.Now, rand.NewChaCha8([32]byte{}))
	if err == nil || !strings.Contains(err.Error(), "1 events") {
		t.Errorf("with an event to be applied the erasure gives %v", err)
	}
	w.open()
	w.close()
	leave(w, "data.replay") // by a replay that was cut off: a copy of everybody
	receipt, err := engine.EraseFolder(t.Context(), w.fs, "data", collector.Customer("shop", gone.customer), time.Now, rand.NewChaCha8([32]byte{}))
	if err != nil {
		t.Fatal(err)
	}
	if receipt.BytesGoneAt.IsZero() || receipt.Events == 0 {
		t.Errorf("the receipt says %+v", receipt)
	}
	if names, err := w.fs.List(""); err != nil || slices.Contains(names, "data.replay") {
		t.Errorf("what a replay leaves is there still: %v, %v", names, err)
	}
	for _, word := range gone.words() {
		for _, place := range grep(t, w.fs).places(word) {
			t.Errorf("%q is still in %s", word, place)
		}
	}
}

// TestErasureSparesTheHousehold: who bought at the browser of somebody else and is
// erased takes that browser's identifiers along only where they are their own.
func TestErasureSparesTheHousehold(t *testing.T) {
	w := newWorld(t)
	theirs, gone := lifeOf("theirs"), lifeOf("gone")
	w.append(theirs.beacon("first", theirs.customer), gone.beacon("first", gone.customer), gone.order(0))
	seen := theirs.beacon("x", "")
	seen.Name, seen.ID = collector.EventPurchase, "purchase."+gone.orders[0]
	w.append(seen)
	w.eventually(gone.orders[0], collector.StateDelivered)
	if _, err := w.engine.Erase(t.Context(), collector.Customer("shop", gone.customer)); err != nil {
		t.Fatal(err)
	}
	again := theirs.beacon("again", "")
	again.Consent = nil
	w.append(again, theirs.order(0))
	w.eventually(theirs.orders[0], collector.StateDelivered)
	if _, known, err := w.engine.Reader().Event(t.Context(), again.Key()); !known || err != nil {
		t.Errorf("a beacon of somebody who was not erased is known: %t, %v", known, err)
	}
	gone.visitor = "another"
	back := gone.beacon("back", "")
	w.append(back, theirs.order(1))
	w.eventually(theirs.orders[1], collector.StateDelivered)
	if _, known, err := w.engine.Reader().Event(t.Context(), back.Key()); known || err != nil {
		t.Errorf("a beacon with the identifiers of the erased is known: %t, %v", known, err)
	}
}

// TestErasureTakesCopiesBeyondTheBound: a copy that names nobody, and of which only
// that it came is left in the journal, goes with whom the event is about.
func TestErasureTakesCopiesBeyondTheBound(t *testing.T) {
	w := newWorld(t)
	gone := lifeOf("gone")
	w.append(gone.beacon("first", gone.customer))
	for i := range collector.MaxCopies + 5 {
		ev := gone.order(0)
		if i > 0 {
			ev.Customer = ""
		}
		w.append(ev)
	}
	w.eventually(gone.orders[0], collector.StateDelivered)
	if _, err := w.engine.Erase(t.Context(), collector.Customer("shop", gone.customer)); err != nil {
		t.Fatal(err)
	}
	w.close()
	entries, err := engine.ReadJournal(w.fs, "data")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.Event.IsForgotten() {
			t.Errorf("entry %d still has the ID %q", e.Offset, e.Event.ID)
		}
	}
	w.open()
}
