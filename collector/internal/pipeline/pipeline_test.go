package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"matchkey/collector"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/store"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// indifferent matches nothing and lets everything through.
type indifferent struct{}

func (indifferent) Match(collector.Event, collector.Profile) ([]collector.Conversion, []collector.Note) {
	return nil, nil
}

func (indifferent) Decide(collector.Question) collector.Decision {
	return collector.Decision{Outcome: collector.SendFull}
}

func noRecords(collector.ConsentAnswer, []collector.Subject, collector.Event, collector.Offset) []collector.ConsentRecord {
	return nil
}

func newPipeline(t testing.TB, j collector.Journal, s collector.Store) *Pipeline {
	t.Helper()
	p, err := New(t.Context(), Options{
		Journal: j, Store: s, Due: func() {}, Log: slog.New(slog.DiscardHandler),
		After: func(ctx context.Context, _ time.Duration) {},
		Sites: map[string]Site{"shop": {Matcher: indifferent{}, Decider: indifferent{}, Records: noRecords}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func seen(id string) collector.Event {
	return collector.Event{ID: id, Site: "shop", Name: "page_view", Origin: collector.OriginBrowser, OccurredAt: noon, ReceivedAt: noon, Visitor: "v1"}
}

// damaged is a journal whose second frame cannot be read.
type damaged struct{ collector.Journal }

func (d damaged) Read(ctx context.Context, after collector.Offset, max int) ([]collector.Entry, error) {
	if after == 1 {
		return nil, &journal.FrameError{Offset: 2, Err: errors.New("its checksum is wrong")}
	}
	if after == 0 {
		max = 1
	}
	return d.Journal.Read(ctx, after, max)
}

func TestUnreadableFrameIsSetAsideAndPassedOver(t *testing.T) {
	j := journal.NewMemory()
	if _, err := j.Append(t.Context(), []collector.Event{seen("a"), seen("b"), seen("c")}); err != nil {
		t.Fatal(err)
	}
	s := store.NewMemory(j)
	p := newPipeline(t, damaged{j}, s)
	if err := p.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := s.SetAsides(t.Context(), 10)
	if err != nil || len(list) != 1 || list[0].Offset != 2 {
		t.Errorf("set aside: %+v, %v; want offset 2", list, err)
	}
	for id, want := range map[string]bool{"a": true, "b": false, "c": true} {
		if _, ok, _ := s.Event(t.Context(), collector.EventKey{Site: "shop", Name: "page_view", ID: id}); ok != want {
			t.Errorf("event %s is there: %t, want %t", id, ok, want)
		}
	}
}

// failing is a store that cannot commit for a while.
type failing struct {
	collector.Store
	left int
}

var errFull = errors.New("no space left on device")

func (f *failing) Apply(ctx context.Context, after, upTo collector.Offset, fn func(collector.Tx) error) error {
	if f.left > 0 {
		f.left--
		return errFull
	}
	return f.Store.Apply(ctx, after, upTo, fn)
}

func TestFaultsOfTheStoreAreShownAndTriedAgain(t *testing.T) {
	j := journal.NewMemory()
	if _, err := j.Append(t.Context(), []collector.Event{seen("a")}); err != nil {
		t.Fatal(err)
	}
	p := newPipeline(t, j, &failing{Store: store.NewMemory(j), left: 3})
	faults := 0
	p.After = func(context.Context, time.Duration) {
		if err := p.Healthy(); !errors.Is(err, errFull) || !strings.Contains(err.Error(), "stands at offset 0") {
			t.Errorf("while it stands still, Healthy says %v", err)
		}
		if faults++; faults == 3 {
			_ = j.Close() // ends Run once the entry is applied
		}
	}
	p.Run(t.Context())
	if p.Applied() != 1 || p.Healthy() != nil || faults != 3 {
		t.Errorf("applied %d after %d faults, Healthy %v; want 1 after 3 and nil", p.Applied(), faults, p.Healthy())
	}
}

func TestRefusesAStoreThatIsAheadOfItsJournal(t *testing.T) {
	j := journal.NewMemory()
	if _, err := j.Append(t.Context(), []collector.Event{seen("a")}); err != nil {
		t.Fatal(err)
	}
	s := store.NewMemory(j)
	if err := newPipeline(t, j, s).CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := New(t.Context(), Options{Journal: journal.NewMemory(), Store: s})
	if err == nil || !strings.Contains(err.Error(), "restore both from one backup") {
		t.Errorf("got %v; want the way out", err)
	}
}

func TestAwaitReturnsWhenAllIsApplied(t *testing.T) {
	j := journal.NewMemory()
	p := newPipeline(t, j, store.NewMemory(j))
	if err := p.Await(t.Context()); err != nil {
		t.Fatalf("with nothing to wait for: %v", err)
	}
	if _, err := j.Append(t.Context(), []collector.Event{seen("a")}); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Await(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("with an entry outstanding and no time: %v", err)
	}
	waiting := make(chan error)
	go func() { waiting <- p.Await(t.Context()) }()
	if err := p.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-waiting; err != nil {
		t.Error(err)
	}
}

// TestRestsBetweenRuns: Run asks after each run whether to give way; to catch up
// at the start waits for nobody.
func TestRestsBetweenRuns(t *testing.T) {
	j := journal.NewMemory()
	events := make([]collector.Event, 2*maxRun)
	for i := range events {
		events[i] = seen(strconv.Itoa(i))
	}
	if _, err := j.Append(t.Context(), events[:maxRun]); err != nil {
		t.Fatal(err)
	}
	var rested []collector.Offset
	p := newPipeline(t, j, store.NewMemory(j))
	p.Rest = func(context.Context) { rested = append(rested, p.Applied()) }
	if err := p.CatchUp(t.Context()); err != nil || rested != nil {
		t.Errorf("catching up rested at %v, %v", rested, err)
	}
	if _, err := j.Append(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	p.Run(t.Context()) // ends with the journal
	if want := []collector.Offset{2 * maxRun, 3 * maxRun}; !slices.Equal(rested, want) {
		t.Errorf("rested at %v, want %v", rested, want)
	}
}
