package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"matchkey/collector"
	"matchkey/collector/config"
	"matchkey/collector/console"
	"matchkey/collector/engine"
	"matchkey/edge"
)

// A node is one running Matchkey: engine, edge and console, from one
// configuration. `serve` runs one, and `demo` one with a shop around it.
type node struct {
	edgeURL, consoleURL string
	reader              collector.Reader
	recheck             func() // has destinations asked how they stand

	log     *slog.Logger
	failed  chan error // gets the first error of a listener
	closers []closer   // in the order of starting
}

// closer is one step of a stop.
type closer struct {
	what  string
	close func(context.Context) error
}

// nodeOptions are what a node is made of.
type nodeOptions struct {
	Config *config.Config
	Rules  *compiled
	// OnSettled is told of every attempt; may be nil.
	OnSettled func(collector.Delivery)
	Log       *slog.Logger
}

// startNode starts engine, console and edge, in this order: what receives
// comes last. On an error nothing is left running.
func startNode(ctx context.Context, o nodeOptions) (*node, error) {
	n := &node{log: o.Log, failed: make(chan error, 2)}
	if err := n.start(ctx, o); err != nil {
		return nil, errors.Join(err, n.stop())
	}
	return n, nil
}

func (n *node) start(ctx context.Context, o nodeOptions) error {
	geo, err := n.openGeo(o.Config.GeoIP)
	if err != nil {
		return err
	}
	// The store's own folder is closed to others even where the data folder is
	// not: it holds addresses, browser identifiers and hashes.
	if err := engine.Settle(vfs.Default, o.Config.Data); err != nil {
		return err
	}
	folder := filepath.Join(o.Config.Data, engine.StoreName)
	if err := errors.Join(os.MkdirAll(folder, 0o700), os.Chmod(folder, 0o700)); err != nil {
		return fmt.Errorf("couldn't make the data folder: %w", err)
	}
	disk, err := configuredDisk(o.Config)
	if err != nil {
		return err
	}
	e, err := engine.Open(ctx, disk, engine.Config{
		Dir: folder, Backups: filepath.Join(o.Config.Data, engine.BackupsName), Sites: o.Rules.engineSites(), Retention: retention(o.Config.Retention),
		Now: time.Now, Random: rand.Reader, Jitter: mathrand.Float64,
		DiskReserve: uint64(o.Config.DiskReserveMB) << 20,
		OnSettled:   o.OnSettled, Fatal: fatal, Log: o.Log,
	}, o.Rules.engineDestinations()...)
	if err != nil {
		return err
	}
	n.closers = append(n.closers, closer{"engine", e.Close})
	n.reader, n.recheck = e.Reader(), e.Recheck

	metrics := prometheus.NewRegistry()
	metrics.MustRegister(e.Collector(), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	refused := newRefusalLog()
	if err := n.serveConsole(o, e, metrics, refused); err != nil {
		return err
	}
	return n.serveEdge(o, e, metrics, refused, geo)
}

// fatal ends a process whose disk failed. What was acknowledged is on the disk;
// a supervisor starts the next process, which recovers. 70 is EX_SOFTWARE, and
// docs/operations.md tells supervisors of it.
func fatal(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(70)
}

func (n *node) openGeo(path string) (func(netip.Addr) collector.Geo, error) {
	if path == "" {
		n.log.Info("no geoip database: every place is unknown, which means opt-in")
		return nil, nil
	}
	geo, err := edge.OpenGeo(path)
	if err != nil {
		return nil, err
	}
	n.log.Info("geoip database opened", "database", geo.String())
	n.closers = append(n.closers, closer{"geoip", func(context.Context) error { return geo.Close() }})
	return geo.Lookup, nil
}

func (n *node) serveConsole(o nodeOptions, e *engine.Engine, metrics *prometheus.Registry, refused *refusalLog) error {
	handler, err := console.New(console.Options{
		Reader: e.Reader(), Operations: e, Sentences: sentences(), Sites: o.Rules.siteInfos(),
		Password: o.Config.Console.Password.Reveal(),
		Metrics:  promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}), Log: o.Log,
		Version: versionText(), Refusals: refused.list,
	})
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", o.Config.Console.Listen)
	if err != nil {
		return fmt.Errorf("the console cannot listen: %w", err)
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	n.consoleURL = "http://" + ln.Addr().String()
	n.listen("console", n.consoleURL, func() error {
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}, server.Shutdown)
	return nil
}

func (n *node) serveEdge(o nodeOptions, e *engine.Engine, metrics *prometheus.Registry, refused *refusalLog, geo func(netip.Addr) collector.Geo) error {
	server, err := edge.New(edge.Options{
		Sites: o.Rules.edgeSites(), Journal: e.Journal(), TrustedProxies: o.Config.TrustedProxies, Geo: geo,
		Log: o.Log, Metrics: metrics, OnRefused: refused.add,
	})
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", o.Config.Listen)
	if err != nil {
		return fmt.Errorf("the edge cannot listen: %w", err)
	}
	n.edgeURL = "http://" + ln.Addr().String()
	n.listen("edge", n.edgeURL, func() error { return server.Serve(ln) }, server.Shutdown)
	return nil
}

// listen serves until stopped; a listener that ends by itself fails the node.
func (n *node) listen(what, url string, serve func() error, shutdown func(context.Context) error) {
	n.closers = append(n.closers, closer{what, shutdown})
	n.log.Info(what+" listens", "address", url)
	go func() {
		if err := serve(); err != nil {
			select {
			case n.failed <- fmt.Errorf("the %s ended: %w", what, err):
			default:
			}
		}
	}()
}

// stop stops everything in reverse order, within the patience for each.
func (n *node) stop() (err error) {
	for i := len(n.closers) - 1; i >= 0; i-- {
		c := n.closers[i]
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), stopPatience)
		if e := c.close(ctx); e != nil {
			err = errors.Join(err, fmt.Errorf("stopping the %s: %w", c.what, e))
		}
		cancel()
		n.log.Info(c.what+" stopped", "seconds", time.Since(began).Seconds())
	}
	n.closers = nil
	return err
}

// refusalLog keeps what the edge refused, by site and reason, for the console.
// Sites and reasons are few, so it is bounded by itself.
type refusalLog struct {
	mu   sync.Mutex
	rows map[console.Refusal]*console.Refusal // by site and reason alone
}

func newRefusalLog() *refusalLog {
	return &refusalLog{rows: map[console.Refusal]*console.Refusal{}}
}

func (r *refusalLog) add(f edge.Refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := console.Refusal{Site: f.Site, Reason: f.Reason}
	if r.rows[k] == nil {
		r.rows[k] = &console.Refusal{Site: f.Site, Reason: f.Reason}
	}
	r.rows[k].At = f.At
	r.rows[k].Count += f.Count
}

func (r *refusalLog) list() []console.Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []console.Refusal
	for _, row := range r.rows {
		all = append(all, *row)
	}
	slices.SortFunc(all, func(a, b console.Refusal) int { return b.At.Compare(a.At) })
	return all
}
