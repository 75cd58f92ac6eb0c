package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"matchkey/collector"
	"matchkey/collector/internal/journal"
)

// Run bounds: entries applied in one commit, and the pause after a fault.
const (
	maxRun     = 256
	retryAfter = time.Second
)

// A Site is what the pipeline has to know of a site. All functions are pure
// and safe for concurrent use.
type Site struct {
	Matcher collector.Matcher
	Decider collector.Decider
	// Records turns a person's answer into ledger rows, one for each subject and
	// purpose, with IDs that are the same for the same answer.
	Records func(collector.ConsentAnswer, []collector.Subject, collector.Event, collector.Offset) []collector.ConsentRecord
	// LinkByEmail is true when a browser and a customer that are known by one
	// e-mail address are linked.
	LinkByEmail bool
	// SignsCustomers is true when the site signs whom a browser names: then an
	// address that a browser claims links nobody.
	SignsCustomers bool
}

// Options assemble a pipeline.
type Options struct {
	Journal collector.Journal
	Store   collector.Store
	Sites   map[string]Site
	// Retention says what of a profile has expired when an entry comes.
	Retention collector.Retention
	// Window says until when a destination takes an event.
	Window func(destination string, ev collector.Event) (time.Time, collector.Reason)
	// Replay is what a replay knows beside the journal; nil when this is none.
	Replay *Replay
	// Rest is called between two runs of entries, by Run alone, and may wait: so
	// the pipeline gives way to who must not. nil: it never does.
	Rest func(ctx context.Context)
	// Due is called after a commit that may have made deliveries due.
	Due func()
	// After waits for d or the context's end; it is the seam for time.
	After func(ctx context.Context, d time.Duration)
	Log   *slog.Logger
}

// A Pipeline applies a journal to a store. Use Run in one goroutine.
type Pipeline struct {
	Options

	// mu guards the fields below.
	mu      sync.Mutex
	applied collector.Offset
	moved   chan struct{} // closed and replaced when applied grows
	fault   error
}

// New returns a pipeline that continues at the store's watermark.
func New(ctx context.Context, o Options) (*Pipeline, error) {
	at, err := o.Store.Watermark(ctx)
	if err != nil {
		return nil, err
	}
	if durable := o.Journal.Durable(); at > durable {
		return nil, fmt.Errorf("the store has applied the journal up to %d and the journal ends at %d: "+
			"they are not of the same data folder, or the journal lost its end; restore both from one backup", at, durable)
	}
	return &Pipeline{Options: o, applied: at, moved: make(chan struct{})}, nil
}

// Applied is the offset up to which entries are applied, for lag.
func (p *Pipeline) Applied() collector.Offset {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.applied
}

// Healthy returns nil, or why the pipeline does not get on.
func (p *Pipeline) Healthy() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault
}

func (p *Pipeline) progress(to collector.Offset, fault error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = fault
	if fault == nil {
		p.applied = to
		close(p.moved)
		p.moved = make(chan struct{})
	}
}

// Await returns when all that was durable at the call is applied, or with the
// context's error.
func (p *Pipeline) Await(ctx context.Context) error {
	goal := p.Journal.Durable()
	for {
		p.mu.Lock()
		applied, moved := p.applied, p.moved
		p.mu.Unlock()
		if applied >= goal {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Run applies entries as they become durable until ctx ends or the journal is
// closed. Faults are logged, shown by Healthy and tried again.
func (p *Pipeline) Run(ctx context.Context) {
	for ctx.Err() == nil {
		err := p.Step(ctx)
		switch {
		case err == nil:
			if p.Rest != nil {
				p.Rest(ctx)
			}
		case ctx.Err() != nil, errors.Is(err, collector.ErrClosed):
			return
		default:
			p.progress(0, fmt.Errorf("the pipeline stands at offset %d and tries again in %s: %w", p.Applied(), retryAfter, err))
			p.Log.Error("pipeline: couldn't apply entries; trying again", "after", p.Applied(), "error", err)
			p.After(ctx, retryAfter)
		}
	}
}

// CatchUp applies what was durable when it was called. Consent that was
// withdrawn before a crash is thus known before anything is sent after it.
func (p *Pipeline) CatchUp(ctx context.Context) error {
	for goal := p.Journal.Durable(); p.Applied() < goal; {
		if err := p.Step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Step waits for entries and applies one run of them.
func (p *Pipeline) Step(ctx context.Context) error {
	after := p.Applied()
	entries, err := p.Journal.Read(ctx, after, maxRun)
	var unreadable *journal.FrameError
	if errors.As(err, &unreadable) {
		return p.passOver(ctx, after, unreadable)
	}
	if err != nil {
		return err
	}
	upTo := entries[len(entries)-1].Offset
	err = p.Store.Apply(ctx, after, upTo, func(tx collector.Tx) error {
		for _, e := range entries {
			if err := p.apply(ctx, tx, e); err != nil {
				return fmt.Errorf("journal entry %d: %w", e.Offset, err)
			}
			// A run takes milliseconds, and somebody may wait for an answer: behind each
			// entry whoever else can run goes first.
			runtime.Gosched()
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.progress(upTo, nil)
	p.Due()
	return nil
}

// passOver sets a frame aside that cannot be read, and goes on behind it.
func (p *Pipeline) passOver(ctx context.Context, after collector.Offset, bad *journal.FrameError) error {
	p.Log.Error("pipeline: set an unreadable journal frame aside", "offset", bad.Offset, "error", bad.Err)
	err := p.Store.Apply(ctx, after, bad.Offset, func(tx collector.Tx) error {
		return tx.SetAside(collector.SetAside{Offset: bad.Offset, Reason: collector.ReasonUnreadable, Detail: bad.Err.Error()})
	})
	if err == nil {
		p.progress(bad.Offset, nil)
	}
	return err
}
