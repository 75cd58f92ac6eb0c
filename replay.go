package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"matchkey/collector/engine"
)

// replayCommand rebuilds what is derived from the journal. It opens the data
// folder itself, so no Matchkey may run on it.
type replayCommand struct {
	Config        string `required:"" placeholder:"FILE" help:"Configuration under which the journal is applied anew."`
	Data          string `placeholder:"DIR" help:"Another data folder than the configuration's."`
	DryRun        bool   `help:"Compare, and change nothing. Fails when something differs."`
	AddDeliveries bool   `help:"Also add deliveries that the journal gives and the store does not have. They will be sent, if their window allows."`
}

func (replayCommand) Help() string {
	return "Stop Matchkey first. The journal is applied anew to an empty store beside the data folder's, and what differs is put right. " +
		"What the journal does not know is kept: attempts, outcomes, a person's decisions. See docs/operations.md."
}

func (r replayCommand) Run(p *program) error {
	c, rules, err := p.load(r.Config)
	if err != nil {
		return err
	}
	if r.Data == "" {
		r.Data = c.Data
	}
	disk, err := configuredDisk(c)
	if err != nil {
		return err
	}
	done, err := engine.Replay(p.ctx, disk, engine.Config{
		Dir: filepath.Join(r.Data, engine.StoreName), Sites: rules.engineSites(), Retention: retention(c.Retention), Now: time.Now, Random: rand.Reader,
		Fatal: fatal, Log: newLog(p.stderr, c.Log),
	}, engine.ReplayOptions{Write: !r.DryRun, AddDeliveries: r.AddDeliveries}, rules.engineDestinations()...)
	if err != nil {
		return err
	}
	return r.say(p, done)
}

// say prints what a replay found, a line for each table.
func (r replayCommand) say(p *program, done engine.Replayed) error {
	fmt.Fprintf(p.stdout, "Replayed the journal up to entry %d.\n\n%10s %10s %10s %10s %10s\n", done.UpTo, "rows", "missing", "different", "too many", "kept")
	parted := 0
	if done.From > 0 {
		defer fmt.Fprintf(p.stdout, "Entries up to %d have expired (retention.events); what is left of them was kept and not compared.\n", done.From)
	}
	for _, t := range done.Tables {
		parted += t.Parted
		fmt.Fprintf(p.stdout, "%10d %10d %10d %10d %10d  %s\n", t.Rows, t.Added, t.Changed, t.Removed, t.Kept, t.Name)
	}
	fmt.Fprintln(p.stdout)
	if done.Unknown > 0 {
		verb := "were left out; --add-deliveries adds them, and then they are sent"
		if r.AddDeliveries && !r.DryRun {
			verb = "were added, and are sent after the next start"
		}
		fmt.Fprintf(p.stdout, "%d deliveries that the journal gives and the store did not have %s.\n", done.Unknown, verb)
	}
	if parted > 0 {
		fmt.Fprintf(p.stdout, "%d events from which an erasure took another person's copy are kept as they were then, and a replay that writes puts them as the journal says; that is no difference.\n", parted)
	}
	switch {
	case done.Same():
		_, err := fmt.Fprintln(p.stdout, "The derived state is what the journal says.")
		return err
	case r.DryRun:
		return errors.New("the derived state differs from what the journal says under this configuration; nothing was changed")
	}
	_, err := fmt.Fprintln(p.stdout, "What differed was put right.")
	return err
}
