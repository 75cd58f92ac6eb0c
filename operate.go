package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/engine"
)

// Acts that a person asks of a running Matchkey, by its console.

// selection says which deliveries an act is about; the flags together select.
type selection struct {
	Destination string `help:"Only those to this destination."`
	Site        string `help:"Only those of this site."`
	Reason      string `help:"Only those with this reason."`
	Event       string `help:"Only those of this event ID."`
	Since       string `placeholder:"TIME" help:"Only those that matched from this time on: 2026-11-25, or 2026-11-25T10:00:00Z."`
	Until       string `placeholder:"TIME" help:"Only those that matched before this time."`
	DryRun      bool   `help:"Say how many there are, and change none."`
}

func (s selection) params() url.Values {
	params := url.Values{}
	for name, value := range map[string]string{
		"destination": s.Destination, "site": s.Site, "reason": s.Reason, "event": s.Event, "since": s.Since, "until": s.Until,
	} {
		if value != "" {
			params.Set(name, value)
		}
	}
	return params
}

// demand resolves which Matchkey is asked, which has to run.
func (w *where) demand(p *program, act string) error {
	if err := w.resolve(p); err != nil {
		return err
	}
	if w.Console == "" {
		return fmt.Errorf("%s asks a running Matchkey: name its console or its configuration", act)
	}
	return nil
}

// act posts to the console, or with dry only asks, and reads the answer into v.
func (w *where) act(p *program, path string, params url.Values, dry bool, v any) error {
	method := http.MethodPost
	if dry {
		method = http.MethodGet
	}
	text, err := w.ask(p.ctx, method, path, params)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fmt.Errorf("the console's answer cannot be read: %w", err)
	}
	return nil
}

type statusCommand struct{ where }

func (c statusCommand) Run(p *program) error {
	if err := c.demand(p, "status"); err != nil {
		return err
	}
	var all []collector.DestinationStatus
	if err := c.act(p, "/api/destinations", url.Values{}, true, &all); err != nil {
		return err
	}
	var alarms []collector.Alarm
	if err := c.act(p, "/api/alarms", url.Values{}, true, &alarms); err != nil {
		return err
	}
	for _, a := range alarms {
		if _, err := fmt.Fprintf(p.stdout, "ALARM %s: %s %s\n", a.Reason, sentences()[a.Reason], a.Detail); err != nil {
			return err
		}
	}
	for _, d := range all {
		if err := writeStatus(p.stdout, d); err != nil {
			return err
		}
	}
	var kept collector.RetentionStatus
	if err := c.act(p, "/api/retention", url.Values{}, true, &kept); err != nil {
		return err
	}
	if err := writeRetention(p.stdout, kept); err != nil {
		return err
	}
	if c.Data == "" {
		return nil
	}
	if is, err := engine.Sealed(vfs.Default, c.Data); err == nil { // else it is another user's, or on another machine
		fmt.Fprintln(p.stdout, "data folder", c.Data)
		return writeSeal(p.stdout, is)
	}
	return nil
}

// writeRetention says what was deleted because it had expired.
func writeRetention(w io.Writer, s collector.RetentionStatus) error {
	if s.Day.IsZero() {
		_, err := fmt.Fprintln(w, "retention\n  nothing was deleted yet")
		return err
	}
	n := s.Swept
	text := fmt.Sprintf("retention\n  what had expired by %s is deleted; the journal begins at entry %d\n"+
		"  deleted so far: %d profiles and %d values of others, %d links, %d consent records, %d events, %d journal entries, %d set aside, %d deliveries\n",
		s.Day.Format(time.DateOnly), max(s.JournalFrom, 1), n.Profiles, n.Values, n.Links, n.Records, n.Events, n.Frames, n.SetAsides, n.Deliveries)
	switch {
	case s.Behind > 1:
		text += fmt.Sprintf("  the clock is %d days ahead of that; it is believed when it has said so for a day\n", s.Behind)
	case s.Behind < -1:
		text += fmt.Sprintf("  the clock is %d days behind that, so nothing is deleted; if it is right, the day goes back within an hour of the next event\n", -s.Behind)
	}
	_, err := io.WriteString(w, text)
	return err
}

// writeStatus says in lines how a destination stands, the reason after the fact.
func writeStatus(w io.Writer, d collector.DestinationStatus) error {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "  "+format+"\n", args...) }
	fmt.Fprintf(&b, "%s\n", d.Name)
	says := sentences()
	switch {
	case d.Paused != "":
		line("paused by the %s since %s: %s %s", d.PausedBy, d.PausedAt.Format(time.RFC3339), says[d.Paused], d.Detail)
	case !d.Breaker.OpenSince.IsZero():
		line("failing since %s, %d requests in a row: %s %s", d.Breaker.OpenSince.Format(time.RFC3339), d.Breaker.Failures, says[d.Breaker.Reason], d.Breaker.Detail)
		line("next try %s", d.Breaker.NextTry.Format(time.RFC3339))
	case !d.ThrottledUntil.IsZero():
		line("throttled until %s", d.ThrottledUntil.Format(time.RFC3339))
	default:
		line("sending, %d requests out", d.InFlight)
	}
	if d.Usage.Percent > 0 {
		line("%d %% of its rate limit is used (%s)", d.Usage.Percent, d.Usage.Said)
	}
	if v := d.Check.Verdict; !d.Check.At.IsZero() && v.Ruling != collector.Accepted {
		line("asked at %s how it stands: %s %s", d.Check.At.Format(time.RFC3339), says[v.Reason], v.Detail)
	}
	for _, ends := range d.Check.Deadlines {
		line("%s", ends.Detail)
	}
	for _, a := range d.Alarms {
		line("ALARM %s: %s %s", a.Reason, says[a.Reason], a.Detail)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

type redriveCommand struct {
	where
	selection
}

func (r redriveCommand) Run(p *program) error {
	if err := r.demand(p, "redrive"); err != nil {
		return err
	}
	var done struct {
		Dead    int `json:"dead"`
		PutBack int `json:"put_back"`
	}
	if err := r.act(p, "/api/redrive", r.params(), r.DryRun, &done); err != nil {
		return err
	}
	if r.DryRun {
		return say(p, done.Dead, "%d dead deliveries would be put back.", done.Dead)
	}
	return say(p, done.Dead, "%d of %d dead deliveries were put back.", done.PutBack, done.Dead)
}

// maxAct is how many deliveries the console changes in one act.
const maxAct = 999

// say says what an act did to the n deliveries that it found.
func say(p *program, n int, format string, args ...any) error {
	_, err := fmt.Fprintf(p.stdout, format+"\n", args...)
	if err == nil && n >= maxAct {
		_, err = fmt.Fprintln(p.stdout, "There may be more: this is as many as one call looks at. Call again.")
	}
	return err
}

type resolveCommand struct {
	where
	selection
	As  string `required:"" enum:"delivered,dead,resend" help:"What became of them: delivered (the destination has them), dead (it does not, and they shall not be sent again), resend (send them again; they may count twice)."`
	All bool   `help:"Really all that are in doubt, when nothing else selects."`
}

func (r resolveCommand) Run(p *program) error {
	if err := r.demand(p, "resolve"); err != nil {
		return err
	}
	params := r.params()
	if len(params) == 0 && !r.All && !r.DryRun {
		return errors.New("resolve without a selection would end every doubt at once; select by --event, --destination, --reason, --since …, or say --all")
	}
	if !r.DryRun {
		params.Set("as", r.As)
	}
	if r.All {
		params.Set("all", "true")
	}
	var done struct {
		InDoubt  int `json:"in_doubt"`
		Resolved int `json:"resolved"`
	}
	if err := r.act(p, "/api/resolve", params, r.DryRun, &done); err != nil {
		return err
	}
	if r.DryRun {
		return say(p, done.InDoubt, "%d doubtful deliveries would be resolved as %s.", done.InDoubt, r.As)
	}
	return say(p, done.InDoubt, "%d of %d doubtful deliveries were resolved as %s.", done.Resolved, done.InDoubt, r.As)
}

type pauseCommand struct {
	where
	Destination string `arg:"" help:"Name of the destination."`
	Note        string `help:"Why, for whoever looks at the console next. Nothing personal."`
}

func (c pauseCommand) Run(p *program) error {
	if err := c.demand(p, "pause"); err != nil {
		return err
	}
	params := url.Values{"destination": {c.Destination}}
	if c.Note != "" {
		params.Set("note", c.Note)
	}
	var done struct{}
	if err := c.act(p, "/api/pause", params, false, &done); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.stdout, "%s is paused: what comes is kept, consent and windows still count, and nothing is sent until: matchkey resume %[1]s\n", c.Destination)
	return err
}

type resumeCommand struct {
	where
	Destination string `arg:"" help:"Name of the destination."`
}

func (c resumeCommand) Run(p *program) error {
	if err := c.demand(p, "resume"); err != nil {
		return err
	}
	var done struct {
		Resumed bool `json:"resumed"`
	}
	if err := c.act(p, "/api/resume", url.Values{"destination": {c.Destination}}, false, &done); err != nil {
		return err
	}
	if !done.Resumed {
		_, err := fmt.Fprintf(p.stdout, "%s was not paused; it is sent to.\n", c.Destination)
		return err
	}
	_, err := fmt.Fprintf(p.stdout, "%s is sent to again.\n", c.Destination)
	return err
}
