package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"matchkey/build"
	"matchkey/collector"
	"matchkey/collector/config"
	"matchkey/collector/meta/graphsim"
	"matchkey/tag/demoshop"
)

// The demo's world. The dataset is nobody's.
const (
	demoSite    = "demo"
	demoDataset = "100000000000001"
	demoClick   = "IwAR3xruhRZhD77zSpA669v9xdo3I0VHHoz2gXwvpE8uWPb8qN5Eq2TfgGr6s"
)

// demoConfig is the configuration of the demo, as a person would write it.
const demoConfig = `version: 1
data: %s
listen: %s
trusted_proxies: [127.0.0.1/32]
console: {listen: %s}
log: {level: warn}
destinations:
  - name: main
    meta: {dataset: "%s", token: "${env:DEMO_TOKEN}", base_url: %s}
sites:
  - name: demo
    origins: [%s]
    country: DE
    write_keys: ["${env:DEMO_WRITE_KEY}"]
    consent:
      mode: opt_in
      notices:
        - language: en
          text: >-
            We would like to tell Meta (Meta Platforms Ireland Ltd.) when you order, add to the cart or sign up,
            so that we know which advertisements work. Meta gets the value and time of the order, your browser's
            address, identifiers and name, and a scrambled form of your e-mail address and phone number.
            You may refuse; the shop works the same.
          recipients: [meta]
      categories:
        - {id: advertising, label: Advertising, purposes: [ads_measurement, ads_matching, ads_personalization]}
    scenarios:
      - {name: purchase, on: purchase, when: 'event.origin == "server" and event.value > 0', consent: advertising, wait: 2m, send: Purchase, to: [main]}
      - {name: add-to-cart, on: cart_update, when: 'event.properties.action == "add"', consent: advertising, send: AddToCart, to: [main]}
      - {name: newsletter, on: lead, consent: advertising, wait: 2m, send: Lead, to: [main]}
      - {name: product-seen, on: page_view, when: 'event.url contains "/product/"', consent: advertising, send: ViewContent, to: [main]}
`

type demoCommand struct {
	Data    string `placeholder:"DIR" help:"Keep the data in this folder; a fresh temporary one otherwise."`
	Shop    string `default:"127.0.0.1:8088" help:"Address of the shop."`
	Listen  string `default:"127.0.0.1:8080" help:"Address of the edge."`
	Console string `default:"127.0.0.1:8081" help:"Address of the console."`
	Sim     string `default:"127.0.0.1:8090" help:"Address of the fake Graph API."`
	Delay   string `default:"5s" help:"How long the shop's back end takes to report an order."`
}

func (d demoCommand) Run(p *program) (err error) {
	w, err := startDemo(p.ctx, p.stderr, d, func(line string) { fmt.Fprintln(p.stdout, line) })
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, `Matchkey demo is running, on this machine only.

  shop            %s/
  after an ad     %[1]s/?fbclid=%s
  console         %s/
  fake Graph API  %s/_sim/

Try this: open "after an ad", accept the banner, put something into the cart,
sign in, and buy. %s later the shop's back end reports the order, and what
Meta would get appears here and in the console. Then: matchkey explain A-1001
Once more without accepting: the console says withheld, and why.
Ctrl-C stops it. The data is in %s

`, w.shopURL, demoClick, w.node.consoleURL, w.simURL, d.Delay, w.data)
	select {
	case <-p.ctx.Done():
	case err = <-w.node.failed:
	case err = <-w.running: // shop or fake Graph API ended by itself
		w.parts--
	}
	return errors.Join(err, w.stop())
}

// demoWorld is everything the demo runs. The story test runs one too.
type demoWorld struct {
	node            *node
	shop            *demoshop.Shop
	sim             *graphsim.Sim
	shopURL, simURL string
	data            string
	temporary       bool

	end     context.CancelFunc // of shop and sim
	running chan error         // one value for each of them
	parts   int
}

// startDemo starts sim, node and shop, in this order.
func startDemo(ctx context.Context, stderr io.Writer, d demoCommand, say func(string)) (w *demoWorld, err error) {
	delay, err := time.ParseDuration(d.Delay)
	if err != nil {
		return nil, fmt.Errorf("--delay: %w", err)
	}
	w = &demoWorld{data: d.Data, running: make(chan error, 3)}
	// The context of the command ends when it is asked to stop; the parts are
	// stopped in order after that.
	parts, end := context.WithCancel(context.WithoutCancel(ctx))
	w.end = end
	defer func() {
		if err != nil {
			err = errors.Join(err, w.stop())
			w = nil
		}
	}()
	if w.data == "" {
		if w.data, err = os.MkdirTemp("", "matchkey-demo-"); err != nil {
			return w, err
		}
		w.temporary = true
	}
	token, writeKey := randomWord(), randomWord()
	if err := w.startSim(parts, d.Sim, token); err != nil {
		return w, err
	}
	shopListener, err := net.Listen("tcp", d.Shop)
	if err != nil {
		return w, fmt.Errorf("the shop cannot listen: %w; choose another address with --shop", err)
	}
	w.shopURL = "http://" + shopListener.Addr().String()

	text := fmt.Sprintf(demoConfig, quoted(w.data), d.Listen, d.Console, demoDataset, w.simURL, w.shopURL)
	secrets := map[string]string{"DEMO_TOKEN": token, "DEMO_WRITE_KEY": writeKey}
	c, faults := config.Parse("demo", []byte(text), func(name string) (string, bool) { v, ok := secrets[name]; return v, ok }, os.ReadFile)
	var rules *compiled
	if faults.Err() == nil {
		rules = compile(c, &faults)
	}
	if err := faults.Err(); err != nil {
		_ = shopListener.Close()
		return w, fmt.Errorf("BUG: the demo's own configuration: %w", err)
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	w.node, err = startNode(ctx, nodeOptions{Config: c, Rules: rules, Log: log, OnSettled: announce(say)})
	if err != nil {
		_ = shopListener.Close()
		return w, err
	}
	return w, w.startShop(parts, shopListener, c, writeKey, delay, log)
}

func (w *demoWorld) startSim(ctx context.Context, address, token string) error {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("the fake Graph API cannot listen: %w; choose another address with --sim", err)
	}
	w.simURL = "http://" + ln.Addr().String()
	w.sim = graphsim.New(graphsim.Options{Dataset: demoDataset, Token: token})
	w.part(func() error { return graphsim.Serve(ctx, ln, w.sim) })
	return nil
}

func (w *demoWorld) startShop(ctx context.Context, ln net.Listener, c *config.Config, writeKey string, delay time.Duration, log *slog.Logger) error {
	notice := c.Sites[0].Consent.Notices[0]
	next, err := w.node.nextOrder(ctx)
	if err != nil {
		_ = ln.Close()
		return err
	}
	shop, err := demoshop.New(demoshop.Options{
		Site: demoSite, EdgeURL: w.node.edgeURL, WriteKey: writeKey,
		Snippet: build.Snippet(demoSite, c.Sites[0].Prefix), Notice: notice.Text, Language: notice.Language,
		PixelURL: w.simURL + "/tr", Dataset: demoDataset, ConsoleURL: w.node.consoleURL, SimURL: w.simURL + "/_sim/",
		NextOrder: next, PostDelay: delay, Log: log,
	})
	if err != nil {
		_ = ln.Close()
		return err
	}
	w.shop = shop
	server := &http.Server{Handler: shop, ReadHeaderTimeout: 10 * time.Second}
	w.part(func() error { return serveUntil(ctx, server, ln) })
	w.part(func() error { return shop.Run(ctx) })
	return nil
}

// nextOrder is the first number that no order or sign-up of a kept data folder
// has: the same number again would be the same event.
func (n *node) nextOrder(ctx context.Context) (int, error) {
	for number := 1001; ; number++ {
		taken := 0
		for _, kind := range []string{"A", "L"} {
			known, err := n.reader.EventsByID(ctx, demoSite, fmt.Sprintf("%s-%d", kind, number))
			if err != nil {
				return 0, err
			}
			taken += len(known)
		}
		if taken == 0 {
			return number, nil
		}
	}
}

// part runs something until w.end, and keeps how it ended.
func (w *demoWorld) part(run func() error) {
	w.parts++
	go func() { w.running <- run() }()
}

func serveUntil(ctx context.Context, server *http.Server, ln net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return server.Shutdown(patience)
}

// stop stops shop and node, then the fake Graph API, which the node may be
// talking to until then, and removes a temporary folder.
func (w *demoWorld) stop() (err error) {
	if w.node != nil {
		err = w.node.stop()
	}
	w.end()
	for range w.parts {
		if e := <-w.running; e != nil && !errors.Is(e, context.Canceled) {
			err = errors.Join(err, e)
		}
	}
	if w.temporary {
		err = errors.Join(err, os.RemoveAll(w.data))
	}
	return err
}

// announce says each outcome in one line, without personal data.
func announce(say func(string)) func(collector.Delivery) {
	return func(d collector.Delivery) {
		var sent []string
		for _, f := range d.Payload.Fields {
			if name, ok := strings.CutPrefix(f.Path, "user_data."); ok && f.Dropped == "" {
				sent = append(sent, name)
			}
		}
		line := fmt.Sprintf("%s  %s %s → %s: %s", d.MovedAt.Local().Format("15:04:05"), d.Key.Send, d.Key.EventID, d.Key.Destination, d.State)
		if d.State == collector.StateDelivered {
			line += fmt.Sprintf(" with %s", strings.Join(sent, ", "))
		} else if d.Detail != "" {
			line += " (" + d.Detail + ")"
		}
		say(line)
	}
}

func randomWord() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// quoted makes a path safe in YAML.
func quoted(path string) string { return "'" + strings.ReplaceAll(path, "'", "''") + "'" }
