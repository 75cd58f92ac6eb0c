package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"matchkey/collector"
	"matchkey/collector/config"
)

// The import of events from a warehouse, a CRM or a till (rows.go, bulk.go,
// progress.go). They go to a running edge as a site's back end would post them.

type importCommand struct {
	File    string            `arg:"" help:"NDJSON, one event a line as POST /v1/{site}/events takes it, or flat; or CSV with a header (.csv). - is the standard input, NDJSON."`
	Config  string            `placeholder:"FILE" help:"Configuration of the running Matchkey: its address and the site's write key. For --dry-run, its rules."`
	Edge    string            `aliases:"url" placeholder:"URL" help:"Address of the edge. Without --config, the write key is that of the environment: MATCHKEY_WRITE_KEY."`
	Site    string            `help:"Site; may be left out when the configuration has only one."`
	Event   string            `placeholder:"NAME" help:"Name of the event, for rows that say none."`
	Channel collector.Channel `placeholder:"WORD" help:"Where it happened, for rows that say none: store for a shop of bricks, whose rows may be 62 days old; all others seven."`
	Map     []string          `sep:"none" placeholder:"COLUMN=FIELD" help:"What a column of a flat row is. Once for each column; without a field it is left out."`
	DryRun  bool              `help:"Check every row by the configuration's rules, and send nothing."`
	Errors  string            `placeholder:"FILE" help:"Where to write the rows that are not taken (default: the file's name and .errors.ndjson)."`
}

// writeKeyVariable is where a write key stands when no configuration has it. There is
// no flag: the arguments of a process are for everybody to see.
const writeKeyVariable = "MATCHKEY_WRITE_KEY"

func (importCommand) Help() string {
	return "Fields of flat rows: id (event_id), event (name), occurred_at (at), customer, visitor, channel, url, " +
		"email, phone, first_name, last_name, date_of_birth, gender, city, region, postal_code, country. Every other column is a property. " +
		"An import that was cut off is run again and goes on where it ended. See docs/import.md."
}

func (c importCommand) Run(p *program) error {
	form, err := newEventForm(c.Event, c.Channel, c.Map)
	if err != nil {
		return err
	}
	b := &bulk{out: errorsFile(c.Errors, c.File), told: p.stderr}
	verb := "taken"
	var notes noteCounter
	if c.DryRun {
		verb = "good, and none was sent"
		b.post, err = c.within(p, &notes)
	} else {
		err = c.toEdge(p, b)
	}
	if err != nil {
		return err
	}
	err = b.run(p.ctx, func() (rowReader, io.Closer, error) {
		again := *form // a table's columns are read anew
		return openRows(p, c.File, &again)
	})
	err = b.summary(p.stdout, verb, err)
	notes.write(p.stdout)
	return err
}

// toEdge has a bulk post to a running edge and keep its progress.
func (c importCommand) toEdge(p *program, b *bulk) (err error) {
	address, site, key := c.Edge, c.Site, ""
	if c.Config != "" {
		conf, faults := config.Load(c.Config, p.env, os.ReadFile)
		if err := faults.Err(); err != nil {
			return err
		}
		s, err := siteOf(conf, c.Site)
		if err != nil {
			return err
		}
		if key, err = writeKey(s); err != nil {
			return err
		}
		address, site = cmp.Or(c.Edge, edgeAddress(conf.Listen)), s.Name
	} else {
		key, _ = p.env(writeKeyVariable)
		switch {
		case c.Edge == "":
			return errors.New("say where to: --config FILE of the running Matchkey, or --edge URL")
		case c.Site == "":
			return errors.New("say which site with --site")
		case key == "":
			return fmt.Errorf("there is no write key: put it into the environment, as %s", writeKeyVariable)
		}
	}
	address = strings.TrimSuffix(address, "/") + "/v1/" + site + "/events"
	b.post = postTo(address, key)
	if c.File != "-" {
		b.progress, err = openProgress(c.File+".progress.json", address)
	}
	return err
}

// within has an edge of the configuration's rules, without a network, look at rows.
func (c importCommand) within(p *program, notes *noteCounter) (poster, error) {
	if c.Config == "" {
		return nil, errors.New("a dry run goes by the rules of a configuration: name it with --config")
	}
	conf, rules, err := p.load(c.Config)
	if err != nil {
		return nil, err
	}
	s, err := siteOf(conf, c.Site)
	if err != nil {
		return nil, err
	}
	ask, err := edgeWithin(rules, s.Name, notes)
	if err != nil {
		return nil, err
	}
	return func(_ context.Context, body []byte) (*http.Response, error) {
		ctx := ask("application/x-ndjson", body)
		return &http.Response{
			StatusCode: ctx.Response.StatusCode(), Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(ctx.Response.Body())),
		}, nil
	}, nil
}

// A noteCounter is a journal that keeps nothing and counts the notes of what the edge
// took: which fields it left out, and why.
type noteCounter map[collector.Note]int

// Append implements collector.Appender.
func (n *noteCounter) Append(_ context.Context, events []collector.Event) (collector.Offset, error) {
	for _, e := range events {
		for _, note := range e.Notes {
			if *n == nil {
				*n = noteCounter{}
			}
			if _, known := (*n)[note]; known || len(*n) < maxNotes {
				(*n)[note]++
			}
		}
	}
	return 0, nil
}

// Healthy implements collector.Appender.
func (*noteCounter) Healthy() error { return nil }

// maxNotes bounds the different notes that are told of.
const maxNotes = 1000

func (n noteCounter) write(w io.Writer) {
	says := sentences()
	notes := slices.SortedFunc(maps.Keys(n), func(a, b collector.Note) int {
		return cmp.Or(strings.Compare(a.Field, b.Field), strings.Compare(string(a.Reason), string(b.Reason)))
	})
	for _, note := range notes {
		fmt.Fprintf(w, "%s is left out of %d: %s\n", note.Field, n[note], says[note.Reason])
	}
}
