package engine

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/internal/dispatch"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/keyspace"
	"matchkey/collector/internal/pipeline"
	"matchkey/collector/internal/store"
)

// DefaultMaxLag is how many events the pipeline may be behind before the
// journal answers ErrBusy: a minute's work at most, on two cores. Applying them
// writes about 1 KB each, which has to fit into half of the disk's reserve.
const DefaultMaxLag = 100_000

// A Site is what the machinery has to know of a site. See pipeline.Site.
type Site = pipeline.Site

// Config configures an engine.
type Config struct {
	// Dir is the data folder; it is created when missing, and belongs to one
	// process at a time.
	Dir string
	// Backups is the folder that backups are made in, on the same disk for
	// choice; empty: none are.
	Backups string
	Sites   map[string]Site
	// Retention says how long what is kept; zero keeps all without end. See retain.go.
	Retention collector.Retention
	// MaxLag bounds the pipeline's lag in events; zero means DefaultMaxLag.
	MaxLag int
	// DiskReserve is how much of the disk is left free, in bytes; zero means
	// DefaultDiskReserve. See space.go.
	DiskReserve uint64

	// LedgerKey signs how the consent ledger stands (ledger.go); nil: nothing does.
	LedgerKey ed25519.PrivateKey
	// LedgerKeys are the public keys, in hex, that have signed here; a verification
	// that names none goes by them.
	LedgerKeys []string
	// Notices are the texts that the sites show or have shown; they are kept for
	// good under their hashes.
	Notices []collector.NoticeText

	// Now is the clock, Random the randomness for ids and Jitter uniform
	// in [0,1); all are safe for concurrent use.
	Now    func() time.Time
	Random io.Reader
	Jitter func() float64

	// OnSettled is called with each delivery that was attempted, once its
	// outcome is durable; may be nil. It must not block, and is called from
	// several goroutines.
	OnSettled func(collector.Delivery)
	// Fatal is called with a sentence when the disk failed under journal or store,
	// so that nothing more can be made durable; it must end the process. nil panics.
	Fatal func(message string)
	Log   *slog.Logger
}

// An Engine is the running machinery. All methods are safe for concurrent use.
type Engine struct {
	config      Config
	fs          vfs.FS
	db          *pebble.DB
	space       *space
	journal     *journal.Pebble
	store       *store.Pebble
	pipeline    *pipeline.Pipeline
	dispatchers map[string]*dispatch.Dispatcher
	order       []string // of destinations, as given
	// destinations are those that Open was given.
	destinations []collector.Destination
	disk         *keyspace.Disk
	erased       chan struct{} // holds one when there is something to scrub
	// found is the newest journal entry that the data folder had when it was opened.
	found collector.Offset
	swept sweptGauge

	running sync.WaitGroup
	stop    context.CancelFunc // ends rounds
	cut     context.CancelFunc // ends requests
	closing sync.Once

	// backing is held while a backup is made, and guards closed: the database
	// stays open meanwhile.
	backing sync.Mutex
	closed  bool
}

// Open recovers the data folder and starts the machinery. fs is vfs.Default,
// [WithSealKeys] of it, or a file system that forgets, for tests. On an error nothing runs and
// nothing is held.
func Open(ctx context.Context, fs vfs.FS, c Config, destinations ...collector.Destination) (*Engine, error) {
	if c.MaxLag == 0 {
		c.MaxLag = DefaultMaxLag
	}
	if c.DiskReserve == 0 {
		c.DiskReserve = DefaultDiskReserve
	}
	free := newSpace(fs, c)
	defer context.AfterFunc(ctx, free.end)()
	free.look()
	if err := free.forWork(); err != nil {
		return nil, fmt.Errorf("couldn't start on the data folder %s: %w; make space, or set a smaller disk_reserve_mb", c.Dir, err)
	}
	disk := keyspace.NewDisk(fs, c.Dir)
	db, err := keyspace.Open(keyspace.Options{FS: disk, Dir: c.Dir, Log: c.Log, Fatal: c.Fatal, Full: free.await})
	if err != nil {
		return nil, err
	}
	if err := removeReplay(fs, c.Dir); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	e := &Engine{
		config: c, fs: fs, db: db, dispatchers: map[string]*dispatch.Dispatcher{},
		destinations: destinations, space: free, disk: disk, erased: make(chan struct{}, 1),
	}
	if err := e.recover(ctx, destinations); err != nil {
		if e.journal != nil {
			err = errors.Join(err, e.journal.Close())
		}
		return nil, errors.Join(err, db.Close())
	}
	if err := e.sayPlain(); err != nil {
		c.Log.Error("engine: couldn't look how far the data folder is sealed", "error", err)
	}
	e.start()
	return e, nil
}

// recover brings everything to the journal's end, in the order of the
// package's comment.
func (e *Engine) recover(ctx context.Context, destinations []collector.Destination) (err error) {
	began := e.config.Now()
	if e.journal, err = journal.OpenPebble(e.db); err != nil {
		return err
	}
	if e.store, err = store.OpenPebble(e.db, e.config.Random); err != nil {
		return err
	}
	pending, doubtful, err := e.store.Rescue(ctx, "", began, true, began)
	if err != nil {
		return err
	}
	byName := map[string]collector.Destination{}
	for _, d := range destinations {
		if byName[d.Name()] != nil {
			return fmt.Errorf("two destinations are named %q; give each its own name", d.Name())
		}
		byName[d.Name()] = d
		e.order = append(e.order, d.Name())
	}
	e.pipeline, err = pipeline.New(ctx, pipeline.Options{
		Retention: e.config.Retention,
		Journal:   e.journal, Store: sparing{e.store, e.space}, Sites: e.config.Sites, Log: e.config.Log,
		Window: window(destinations), Rest: e.rest, Due: e.poke, After: after,
	})
	if err != nil {
		return err
	}
	pauses, err := e.store.Pauses(ctx)
	if err != nil {
		return err
	}
	for name, d := range byName {
		e.dispatchers[name] = e.dispatcher(d, pauses[name])
	}
	e.found = e.journal.Durable()
	behind := e.found - e.pipeline.Applied()
	if err := e.pipeline.CatchUp(ctx); err != nil {
		return fmt.Errorf("couldn't apply the journal up to its end: %w", err)
	}
	if err := e.eraseAgain(ctx); err != nil {
		return err
	}
	if err := e.store.KeepNotices(ctx, e.config.Notices); err != nil {
		return err
	}
	e.config.Log.Info("engine: recovered", "journal_offset", uint64(e.journal.Durable()), "events_applied", uint64(behind),
		"leases_taken_back", pending, "in_doubt", doubtful, "seconds", e.config.Now().Sub(began).Seconds())
	return nil
}

func (e *Engine) dispatcher(d collector.Destination, pause collector.Pause) *dispatch.Dispatcher {
	deciders := map[string]collector.Decider{}
	for name, s := range e.config.Sites {
		deciders[name] = s.Decider
	}
	return dispatch.New(dispatch.Options{
		Store: store.Using(sparing{e.store, e.space}, e.config.Retention, e.config.Now), Destination: d, Pause: pause, Await: e.pipeline.Await, Deciders: deciders,
		Now: e.config.Now, Jitter: e.config.Jitter,
		Sleep: sleep(e.config.Now), OnSettled: e.config.OnSettled, Log: e.config.Log,
	})
}

func (e *Engine) start() {
	ctx, cut := context.WithCancel(context.Background())
	stopping, stop := context.WithCancel(ctx)
	e.cut, e.stop = cut, stop
	e.running.Go(func() { e.space.watch(stopping) })
	e.running.Go(func() { e.endWithJournal(stopping) })
	e.running.Go(func() { e.pipeline.Run(ctx) })
	e.running.Go(func() { e.scrub(stopping) })
	e.running.Go(func() { e.checkpoints(stopping) })
	e.running.Go(func() { e.retain(stopping) })
	for _, d := range e.dispatchers {
		e.running.Go(func() { d.Run(ctx, stopping) })
	}
}

// endWithJournal ends the process when the journal cannot be written any more:
// only opening the data folder anew tells what the disk holds.
func (e *Engine) endWithJournal(ctx context.Context) {
	select {
	case <-e.journal.Failed():
		e.config.fatal(e.journal.Healthy().Error())
	case <-ctx.Done():
	}
}

func (c *Config) fatal(message string) {
	if c.Fatal == nil {
		panic(message)
	}
	c.Fatal(message)
}

func (e *Engine) poke() {
	for _, d := range e.dispatchers {
		d.Poke()
	}
}

// after waits for a duration or the context's end.
func after(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// sleep waits until a time by the given clock.
func sleep(now func() time.Time) func(context.Context, time.Time, <-chan struct{}) {
	return func(ctx context.Context, until time.Time, wake <-chan struct{}) {
		t := time.NewTimer(until.Sub(now()))
		defer t.Stop()
		select {
		case <-t.C:
		case <-wake:
		case <-ctx.Done():
		}
	}
}

// Applied returns when everything that was acknowledged before the call is applied, or
// with the context's error. Safe for concurrent use.
func (e *Engine) Applied(ctx context.Context) error { return e.pipeline.Await(ctx) }

// Close stops the machinery in order. When ctx ends first, what is still under
// way is cut off: nothing acknowledged is lost, and requests that were out are
// in doubt.
func (e *Engine) Close(ctx context.Context) (err error) {
	e.closing.Do(func() {
		defer context.AfterFunc(ctx, e.space.end)()
		defer e.space.end()
		err = e.journal.Close()
		e.stop()
		done := make(chan struct{})
		go func() {
			e.running.Wait()
			close(done)
		}()
		select {
		case <-done:
		case <-ctx.Done():
			e.cut()
			<-done
		}
		e.cut()
		e.backing.Lock()
		defer e.backing.Unlock()
		e.closed = true
		err = errors.Join(err, e.signRest(), e.db.Close())
	})
	return err
}
