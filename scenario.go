package main

// Trying scenarios without sending anything: one event, and a day of them.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"matchkey/collector"
	"matchkey/collector/engine"
	"matchkey/edge"
)

type scenarioCommand struct {
	Preview previewCommand `cmd:"" help:"Say what would become of an event: which scenarios it meets, what consent says, what each destination would get."`
	Diff    diffCommand    `cmd:"" help:"Say what a changed configuration would have made of the last day's events, beside what became of them."`
}

type previewCommand struct {
	Config   string `required:"" placeholder:"FILE" help:"Configuration. When its Matchkey runs, that is asked, with the rules it runs by; else this file's rules and its data folder."`
	Event    string `required:"" placeholder:"FILE" help:"One event as the server API takes it (docs/http-api.md), JSON; - is the standard input."`
	Console  string `placeholder:"URL" help:"Ask the Matchkey with this console; the configuration's when left out."`
	Site     string `help:"Site; may be left out when there is only one."`
	Customer string `help:"The event is about this customer, whatever it says."`
	Data     string `placeholder:"DIR" help:"Look into this data folder that no Matchkey uses, or a backup, under this file's rules."`

	keyring
}

func (previewCommand) Help() string {
	return "Nothing is kept or sent. Values are masked as in explain."
}

func (c previewCommand) Run(p *program) error {
	conf, rules, err := p.load(c.Config)
	if err != nil {
		return err
	}
	if c.Site == "" && len(conf.Sites) == 1 {
		c.Site = conf.Sites[0].Name
	}
	ev, err := c.event(p, rules)
	if err != nil {
		return err
	}
	var v collector.Preview
	if c.Data == "" {
		w := where{Config: c.Config, Console: c.Console}
		v, err = c.askRunning(p, &w, ev)
		if err == nil {
			return writePreview(p.stdout, v, "the running rules")
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return err
		}
		fmt.Fprintln(p.stderr, "no console answers; looking into", w.Data)
		c.Data = w.Data
	}
	disk, err := c.disk(p, conf)
	if err != nil {
		return err
	}
	past, err := engine.OpenPast(disk, filepath.Join(c.Data, engine.StoreName), time.Now)
	if err != nil {
		return err
	}
	v, err = engine.Previewer{Reader: past, Sites: rules.engineSites(), Destinations: rules.engineDestinations()}.Preview(p.ctx, ev, time.Now())
	if err := errors.Join(err, past.Close()); err != nil {
		return err
	}
	return writePreview(p.stdout, v, c.Config)
}

func (c previewCommand) askRunning(p *program, w *where, ev collector.Event) (v collector.Preview, err error) {
	if err := w.demand(p, "preview"); err != nil {
		return v, err
	}
	text, err := json.Marshal(ev)
	if err != nil {
		return v, err
	}
	return v, w.act(p, "/api/preview", url.Values{"event": {string(text)}}, false, &v)
}

// event reads the file as the edge would take it, contact data hashed.
func (c previewCommand) event(p *program, rules *compiled) (ev collector.Event, err error) {
	text, err := readInput(p, c.Event)
	if err != nil {
		return ev, err
	}
	if c.Customer != "" {
		if text, err = about(text, c.Customer); err != nil {
			return ev, err
		}
	}
	taken, answer, err := takeIn(rules, c.Site, text)
	if err != nil {
		return ev, err
	}
	if len(taken) != 1 {
		return ev, fmt.Errorf("the event would not be taken: %s", answer)
	}
	return taken[0], nil
}

func readInput(p *program, path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(io.LimitReader(p.stdin, maxLine))
	}
	return os.ReadFile(path)
}

// about puts a customer's id into an event.
func about(text []byte, customer string) ([]byte, error) {
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, fmt.Errorf("the event is no JSON object: %w", err)
	}
	of, _ := fields["customer"].(map[string]any)
	if of == nil {
		of = map[string]any{}
	}
	of["id"] = customer
	fields["customer"] = of
	return json.Marshal(fields)
}

// taken is a journal that keeps what the edge took.
type taken []collector.Event

// Append implements edge.Journal.
func (t *taken) Append(_ context.Context, events []collector.Event) (collector.Offset, error) {
	*t = append(*t, events...)
	return collector.Offset(len(*t)), nil
}

// Healthy implements edge.Journal.
func (t *taken) Healthy() error { return nil }

// takeIn has the edge read server events of a site, and gives what it would journal
// and what it answers.
func takeIn(rules *compiled, site string, event []byte) (events []collector.Event, answer string, err error) {
	var kept taken
	ask, err := edgeWithin(rules, site, &kept)
	if err != nil {
		return nil, "", err
	}
	ctx := ask("application/json", []byte(`{"events":[`+string(event)+`]}`))
	return kept, strings.TrimSpace(string(ctx.Response.Body())), nil
}

// edgeWithin makes an edge for a site without a network, and returns what posts
// server events to it.
func edgeWithin(rules *compiled, site string, journal collector.Appender) (func(contentType string, body []byte) *fasthttp.RequestCtx, error) {
	const key = "preview"
	var sites []edge.Site
	for _, s := range rules.edgeSites(nil) {
		if s.Name == site {
			s.WriteKeys = []string{key}
			sites = append(sites, s)
		}
	}
	if len(sites) == 0 {
		return nil, fmt.Errorf("there is no site %q in the configuration; name one of: %s", site, siteNames(rules.config))
	}
	server, err := edge.New(edge.Options{Sites: sites, Journal: journal})
	return func(contentType string, body []byte) *fasthttp.RequestCtx {
		var ctx fasthttp.RequestCtx
		ctx.Request.Header.SetMethod(fasthttp.MethodPost)
		ctx.Request.SetRequestURI("/v1/" + site + "/events")
		ctx.Request.Header.Set("Authorization", "Bearer "+key)
		ctx.Request.Header.SetContentType(contentType)
		ctx.Request.SetBody(body)
		server.Handler(&ctx)
		return &ctx
	}, err
}

// writePreview says in lines what would become of an event.
func writePreview(w io.Writer, v collector.Preview, under string) error {
	var b strings.Builder
	says := sentences()
	known := "nothing is known of its person yet"
	if v.Known {
		known = "its person is known"
	}
	fmt.Fprintf(&b, "event %s of %s, under %s; %s. Nothing was kept or sent.\n", v.Event.ID, v.Event.Site, under, known)
	for _, n := range v.Notes {
		fmt.Fprintf(&b, "  note        %s: %s\n", n.Field, says[n.Reason])
	}
	if len(v.Conversions) == 0 {
		b.WriteString("  it meets no scenario\n")
	}
	for _, c := range v.Conversions {
		fmt.Fprintf(&b, "\nscenario %s sends %s\n  consent     %s\n", c.Scenario, c.Send, c.Decision.Outcome)
		for _, r := range c.Decision.Reasons {
			fmt.Fprintf(&b, "              %s\n", says[r])
		}
		if c.LimitReached {
			fmt.Fprintf(&b, "  limit       %s\n", says[collector.ReasonLimitReached])
		}
		for _, payload := range c.Payloads {
			writePayload(&b, payload, says)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writePayload(b *strings.Builder, payload collector.PreviewPayload, says map[collector.Reason]string) {
	switch {
	case payload.Refusal != nil:
		fmt.Fprintf(b, "  %s: dead before it is sent: %s: %s\n", payload.Destination, payload.Refusal.Path, payload.Refusal.Detail)
	case !payload.Sends():
		fmt.Fprintf(b, "  %s: nothing would be sent\n", payload.Destination)
	default:
		fmt.Fprintf(b, "  %s would get\n", payload.Destination)
	}
	for _, f := range payload.Fields {
		if f.Dropped != "" {
			fmt.Fprintf(b, "    - %s: %s\n", f.Path, strings.TrimPrefix(f.From+": "+says[f.Dropped], ": "))
			continue
		}
		fmt.Fprintf(b, "    %s = %s\n", f.Path, f.Shown)
	}
}

type diffCommand struct {
	Config string        `required:"" placeholder:"FILE" help:"The changed configuration."`
	Data   string        `placeholder:"DIR" help:"The data folder, which no Matchkey uses, or a backup of it (matchkey backup, also while it runs); the configuration's when left out."`
	Last   time.Duration `default:"24h" help:"How far to look back."`

	keyring
}

func (diffCommand) Help() string {
	return "Nothing is changed. Each event is matched under the changed file and beside it stands what became of it. At most 100,000 events are looked at."
}

// maxDiff bounds the events that a diff looks at.
const maxDiff = 100_000

func (c diffCommand) Run(p *program) error {
	conf, rules, err := p.load(c.Config)
	if err != nil {
		return err
	}
	if c.Data == "" {
		c.Data = conf.Data
	}
	disk, err := c.disk(p, conf)
	if err != nil {
		return err
	}
	past, err := engine.OpenPast(disk, filepath.Join(c.Data, engine.StoreName), time.Now)
	if err != nil {
		return err
	}
	previews := engine.Previewer{Reader: past, Sites: rules.engineSites(), Destinations: rules.engineDestinations()}
	d := differences{}
	err = past.Events(p.ctx, time.Now().Add(-c.Last), maxDiff, func(ev collector.Event) error {
		return d.look(p.ctx, past, previews, ev)
	})
	if err := errors.Join(err, past.Close()); err != nil {
		return err
	}
	return d.write(p.stdout)
}

// differences are what a changed configuration would have made otherwise.
type differences struct {
	events, gone int // gone: of sites that the changed file does not have
	rows         map[string]*difference
}

// A difference is one scenario, name and destination.
type difference struct {
	same, added, lost int
	examples          []string // event IDs of what is otherwise, the first few
}

const maxExamples = 3

// look compares one event.
func (d *differences) look(ctx context.Context, r collector.Reader, previews engine.Previewer, ev collector.Event) error {
	d.events++
	if d.rows == nil {
		d.rows = map[string]*difference{}
	}
	if _, ok := previews.Sites[ev.Site]; !ok {
		d.gone++
		return nil
	}
	v, err := previews.Preview(ctx, ev, ev.ReceivedAt)
	if err != nil {
		return err
	}
	was := map[string]bool{}
	list, err := r.Deliveries(ctx, collector.DeliveryQuery{Site: ev.Site, EventID: ev.ID})
	if err != nil {
		return err
	}
	for _, l := range list {
		if l.EventName == ev.Name {
			was[rowName(ev.Site, l.Scenario, l.Key.Send, l.Key.Destination)] = true
		}
	}
	is := map[string]bool{}
	for _, c := range v.Conversions {
		for _, payload := range c.Payloads {
			if !c.LimitReached {
				is[rowName(ev.Site, c.Scenario, c.Send, payload.Destination)] = true
			}
		}
	}
	for name := range is {
		d.add(name, ev.ID, was[name], true)
	}
	for name := range was {
		if !is[name] {
			d.add(name, ev.ID, true, false)
		}
	}
	return nil
}

func rowName(site, scenario, send, destination string) string {
	return fmt.Sprintf("%s/%s: %s to %s", site, scenario, send, destination)
}

func (d *differences) add(name, id string, was, is bool) {
	row := d.rows[name]
	if row == nil {
		row = &difference{}
		d.rows[name] = row
	}
	switch {
	case was && is:
		row.same++
		return
	case is:
		row.added++
	default:
		row.lost++
	}
	if len(row.examples) < maxExamples {
		row.examples = append(row.examples, id)
	}
}

func (d *differences) write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Looked at %d events; nothing was changed.\n", d.events)
	if d.gone > 0 {
		fmt.Fprintf(&b, "%d of them are of sites that the changed file does not have.\n", d.gone)
	}
	fmt.Fprintf(&b, "\n%8s %8s %8s\n", "same", "more", "fewer")
	names := make([]string, 0, len(d.rows))
	for name := range d.rows {
		names = append(names, name)
	}
	sort.Strings(names)
	changed := false
	for _, name := range names {
		row := d.rows[name]
		changed = changed || row.added+row.lost > 0
		fmt.Fprintf(&b, "%8d %8d %8d  %s", row.same, row.added, row.lost, name)
		if slices.Sort(row.examples); len(row.examples) > 0 {
			fmt.Fprintf(&b, "  (%s)", strings.Join(row.examples, ", "))
		}
		b.WriteByte('\n')
	}
	if !changed {
		b.WriteString("\nEvery event is a conversion of the same scenarios as it was.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
