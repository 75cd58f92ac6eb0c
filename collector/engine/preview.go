package engine

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/internal/identity"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/keyspace"
)

// A Previewer says what would become of events under some rules, with what is known
// of their persons. It writes and sends nothing; the same rules, reader and time give
// the same answer. Safe for concurrent use when its reader is.
type Previewer struct {
	Reader       collector.Reader
	Sites        map[string]Site
	Destinations []collector.Destination
}

// Preview says what would become of an event at a time. A browser's visitor is who
// uses it now. What the event itself would add to a profile is not part of it; what
// it carries is.
func (p Previewer) Preview(ctx context.Context, ev collector.Event, now time.Time) (v collector.Preview, err error) {
	site, ok := p.Sites[ev.Site]
	if !ok {
		return v, fmt.Errorf("there is no site %q under these rules", ev.Site)
	}
	if ev.Visitor != "" {
		browser, _ := identity.Split(ev.Visitor)
		if browser == ev.Visitor {
			owner, err := p.Reader.Owner(ctx, ev.Site, ev.Visitor)
			if err != nil {
				return v, err
			}
			ev.Visitor = identity.Effective(ev.Visitor, owner.Generation)
		}
	}
	person, err := identity.PersonOf(ctx, p.Reader, ev)
	if err != nil {
		return v, err
	}
	profile, err := p.Reader.Profile(ctx, person.Joined)
	if err != nil {
		return v, err
	}
	v.Event, v.Known, v.Conversions = ev.Key(), !profile.FirstAt.IsZero(), []collector.PreviewConversion{}
	conversions, notes := site.Matcher.Match(ev, profile)
	v.Notes = notes
	for _, c := range conversions {
		made, err := p.conversion(ctx, site, ev, c, person, profile, now)
		if err != nil {
			return v, err
		}
		v.Conversions = append(v.Conversions, made)
	}
	return v, nil
}

func (p Previewer) conversion(ctx context.Context, site Site, ev collector.Event, c collector.Conversion, person identity.Person, profile collector.Profile, now time.Time) (v collector.PreviewConversion, err error) {
	v.Scenario, v.Send, v.Payloads = c.Scenario, c.Send, []collector.PreviewPayload{}
	q, err := identity.Ask(ctx, p.Reader, ev, person, profile, c.Purposes, now)
	if err != nil {
		return v, err
	}
	q.Has = c.Mapping.Has(q.Has)
	v.Decision = site.Decider.Decide(q)
	if !c.Limit.IsZero() && !person.Joined.IsZero() {
		counted, err := p.Reader.Counted(person.Joined, c.Scenario, ev.OccurredAt.Add(-c.Limit.Per), ev.OccurredAt.Add(c.Limit.Per))
		if err != nil {
			return v, err
		}
		v.LimitReached = c.Limit.ReachedBeside(ev.ID, ev.OccurredAt, counted)
	}
	for _, name := range c.Destinations {
		out := collector.PreviewPayload{Destination: name}
		for _, d := range p.Destinations {
			if d.Name() != name || !v.Decision.Outcome.Sends() || v.LimitReached {
				continue
			}
			payload, refusal := d.Compose(collector.Composition{
				Now: now, Delivery: collector.DeliveryKey{Site: ev.Site, Destination: name, Send: c.Send, EventID: ev.ID},
				Event: ev, Properties: c.Properties, Profile: profile, Decision: v.Decision, Scenario: c.Scenario, Mapping: c.Mapping,
			})
			out.Fields, out.Refusal = payload.Fields, refusal
		}
		v.Payloads = append(v.Payloads, out)
	}
	return v, nil
}

// Preview says what would become of an event now, under the running rules.
func (e *Engine) Preview(ctx context.Context, ev collector.Event) (collector.Preview, error) {
	return Previewer{Reader: e.Reader(), Sites: e.pipeline.SitesNow(), Destinations: e.destinations}.Preview(ctx, ev, e.config.Now())
}

// A Past is a data folder or a backup that no process uses, opened to look at.
type Past struct {
	collector.Reader
	entries *journal.Pebble
	close   func() error
}

// OpenPast opens a data folder that no process uses, or a backup, to look at its
// events: nothing is written, recovered or sent, and what has expired by the clock
// is not shown, as OpenReader says. Close it when done.
func OpenPast(fs vfs.FS, dir string, now func() time.Time) (*Past, error) {
	db, err := keyspace.Open(keyspace.Options{FS: fs, Dir: dir, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	r, err := unexpired(db, now)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	j, err := journal.OpenPebble(db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Past{r, j, func() error { return errors.Join(j.Close(), db.Close()) }}, nil
}

// Close ends the look.
func (p *Past) Close() error { return p.close() }

// Events calls fn with the applied events that were received from a time on, each
// once however many copies it has, as they were merged; and with at most max.
func (p *Past) Events(ctx context.Context, since time.Time, max int, fn func(collector.Event) error) error {
	upTo, err := p.Watermark(ctx)
	if err != nil {
		return err
	}
	read := func(after collector.Offset, n int) ([]collector.Entry, error) {
		if after >= upTo {
			return nil, nil
		}
		return p.entries.Read(ctx, after, min(n, int(upTo-after)))
	}
	// Receive times grow with offsets, but for clocks that were set: a day's
	// beginning need not be exact.
	var failed error
	after := collector.Offset(sort.Search(int(upTo), func(i int) bool {
		entries, err := read(collector.Offset(i), 1)
		failed = errors.Join(failed, err)
		return err != nil || len(entries) == 0 || !entries[0].Event.ReceivedAt.Before(since)
	}))
	if failed != nil {
		return failed
	}
	seen := map[collector.EventKey]bool{}
	for after < upTo && len(seen) < max {
		entries, err := read(after, 256)
		if err != nil || len(entries) == 0 {
			return err
		}
		after = entries[len(entries)-1].Offset
		for _, e := range entries {
			key := e.Event.Key()
			if seen[key] || len(e.Event.Withheld) > 0 || len(seen) >= max {
				continue
			}
			seen[key] = true
			rec, ok, err := p.Event(ctx, key)
			if err != nil {
				return err
			}
			if ok && len(rec.Event.Withheld) == 0 {
				if err := fn(rec.Event); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
