package collectortest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"matchkey/collector"
)

// A JournalWorld is a journal and what a test may do to the world around it.
type JournalWorld struct {
	Journal collector.Journal
	// Reopen ends the process that holds the journal, as kill -9 would, and
	// opens it again. Nil for one that lives in memory only.
	Reopen func(t *testing.T) collector.Journal
}

// Journal is the conformance suite of [collector.Journal]. open returns a new,
// empty journal each time, and cleans up by itself.
func Journal(t *testing.T, open func(t *testing.T) JournalWorld) {
	t.Run("reads back what was appended, in order", func(t *testing.T) {
		j := open(t).Journal
		first := appendAll(t, j, "a", "b")
		second := appendAll(t, j, "c")
		if first != 2 || second != 3 || j.Durable() != 3 {
			t.Fatalf("offsets are %d and %d, durable is %d; want 2, 3 and 3", first, second, j.Durable())
		}
		wantIDs(t, read(t, j, 0, 10), "a", "b", "c")
		wantIDs(t, read(t, j, 1, 1), "b")
	})
	t.Run("gives the whole event back", func(t *testing.T) {
		j := open(t).Journal
		want := FullEvent("purchase.A-1")
		if _, err := j.Append(t.Context(), []collector.Event{want}); err != nil {
			t.Fatal(err)
		}
		same(t, read(t, j, 0, 1)[0].Event, want)
	})
	t.Run("keeps no reference to what was appended", func(t *testing.T) {
		j := open(t).Journal
		events := []collector.Event{FullEvent("a")}
		if _, err := j.Append(t.Context(), events); err != nil {
			t.Fatal(err)
		}
		events[0].Properties["value"] = "changed"
		events[0].Identifiers[0].Value = "changed"
		same(t, read(t, j, 0, 1)[0].Event, FullEvent("a"))
	})
	t.Run("does not interleave concurrent appends", func(t *testing.T) {
		j := open(t).Journal
		const writers, each, batch = 16, 8, 3
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for n := range each {
					appendAll(t, j, fmt.Sprintf("%d/%d/0", w, n), fmt.Sprintf("%d/%d/1", w, n), fmt.Sprintf("%d/%d/2", w, n))
				}
			})
		}
		wg.Wait()
		entries := read(t, j, 0, writers*each*batch)
		if len(entries) != writers*each*batch {
			t.Fatalf("%d entries, want %d", len(entries), writers*each*batch)
		}
		for i := 0; i < len(entries); i += batch {
			var group [2]int
			if _, err := fmt.Sscanf(entries[i].Event.ID, "%d/%d/0", &group[0], &group[1]); err != nil {
				t.Fatalf("offset %d holds %q, which is not the first of a batch", entries[i].Offset, entries[i].Event.ID)
			}
			wantIDs(t, entries[i+1:i+3], fmt.Sprintf("%d/%d/1", group[0], group[1]), fmt.Sprintf("%d/%d/2", group[0], group[1]))
		}
	})
	t.Run("Read waits for an entry", func(t *testing.T) {
		j := open(t).Journal
		got := make(chan []collector.Entry)
		go func() { got <- read(t, j, 0, 1) }()
		appendAll(t, j, "late")
		wantIDs(t, <-got, "late")
	})
	t.Run("Read ends with its context", func(t *testing.T) {
		j := open(t).Journal
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := j.Read(ctx, 0, 1); !errors.Is(err, context.Canceled) {
			t.Fatalf("Read returns %v, want the context's error", err)
		}
	})
	t.Run("an empty append is nothing", func(t *testing.T) {
		j := open(t).Journal
		if at, err := j.Append(t.Context(), nil); at != 0 || err != nil {
			t.Fatalf("an empty append gives %d, %v", at, err)
		}
	})
	t.Run("is healthy, and closes", func(t *testing.T) {
		j := open(t).Journal
		if err := j.Healthy(); err != nil {
			t.Fatal(err)
		}
		appendAll(t, j, "a")
		waiting := make(chan error)
		go func() {
			_, err := j.Read(t.Context(), 1, 1)
			waiting <- err
		}()
		if err := errors.Join(j.Close(), j.Close()); err != nil {
			t.Fatal(err)
		}
		if err := <-waiting; !errors.Is(err, collector.ErrClosed) {
			t.Errorf("a waiting Read returns %v, want ErrClosed", err)
		}
		if _, err := j.Append(t.Context(), []collector.Event{{ID: "b"}}); !errors.Is(err, collector.ErrClosed) {
			t.Errorf("Append returns %v, want ErrClosed", err)
		}
	})
	t.Run("survives the end of its process", func(t *testing.T) {
		w := open(t)
		appendAll(t, w.Journal, "a", "b")
		if w.Reopen == nil {
			return // an implementation in memory promises nothing here
		}
		j := w.Reopen(t)
		wantIDs(t, read(t, j, 0, 10), "a", "b")
		if at := appendAll(t, j, "c"); at != 3 {
			t.Errorf("the next offset is %d, want 3: offsets are never used again", at)
		}
	})
}

// FullEvent is an event with every field set, for round trips.
func FullEvent(id string) collector.Event {
	at := time.Date(2026, 11, 24, 10, 0, 0, 123456789, time.UTC)
	return collector.Event{
		ID: id, Site: "shop", Name: "purchase", Origin: collector.OriginBrowser, Receipt: "b_1",
		OccurredAt: at, ReceivedAt: at.Add(time.Second), Visitor: "v1", Customer: "c1", Session: "s1", PageView: "p1",
		Client: collector.Client{IP: "203.0.113.7", UserAgent: "Mozilla/5.0 «test»", Geo: collector.Geo{Country: "DE", Region: "BY", Source: "geoip"}},
		URL:    "https://shop.example/thanks", Referrer: "https://shop.example/",
		Identifiers: []collector.Identifier{{Kind: collector.KindClick, Value: "fb.1.1.x", FirstAt: at, LastAt: at, Receipt: "b_1", Event: "page_view", How: "as given"}},
		Properties:  map[string]any{"value": 59.9, "contents": []any{map[string]any{"id": "sku", "quantity": 1.0}}, "gift": true, "note": nil},
		Consent:     &collector.ConsentAnswer{Action: collector.ConsentAccept, Categories: []string{"advertising"}, At: at, Notice: "n", Language: "en", Source: "banner", Explicit: true},
		Signals:     collector.Signals{GPC: true},
		Withheld:    []collector.Reason{collector.ReasonConsentAbsent},
		Notes:       []collector.Note{{Field: "_fbc", Reason: collector.ReasonMalformed}},
	}
}

func appendAll(t *testing.T, j collector.Journal, ids ...string) collector.Offset {
	t.Helper()
	var events []collector.Event
	for _, id := range ids {
		events = append(events, collector.Event{ID: id, Site: "shop", Name: "page_view"})
	}
	at, err := j.Append(context.WithoutCancel(t.Context()), events)
	if err != nil {
		t.Errorf("couldn't append: %v", err)
	}
	return at
}

func read(t *testing.T, j collector.Journal, after collector.Offset, max int) []collector.Entry {
	t.Helper()
	entries, err := j.Read(context.WithoutCancel(t.Context()), after, max)
	if err != nil {
		t.Errorf("couldn't read after %d: %v", after, err)
	}
	for i, e := range entries {
		if e.Offset != after+collector.Offset(i)+1 {
			t.Errorf("entry %d after %d has offset %d", i, after, e.Offset)
		}
	}
	return entries
}

func wantIDs(t *testing.T, entries []collector.Entry, ids ...string) {
	t.Helper()
	var got []string
	for _, e := range entries {
		got = append(got, e.Event.ID)
	}
	same(t, got, ids)
}
