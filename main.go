// Matchkey joins what a browser knows of a visit with what a shop's server
// knows of an order, within what the person consented to, and sends the result
// to Meta's Conversions API.
//
// This package is the command line: it reads flags, environment and files,
// wires the packages together, starts them in order and stops them in reverse.
// There is no logic here; one file each for the commands that need more than a
// call. The way of the data is in docs/architecture.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"matchkey/build"
	"matchkey/collector/config"
	"matchkey/collector/consent"
	"matchkey/collector/meta"
)

// version is set by the linker.
var version = "dev"

// program is the world that a command sees.
type program struct {
	ctx            context.Context // ends when the program is asked to stop
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) (string, bool)
}

// commands is the table of contents.
type commands struct {
	Demo      demoCommand      `cmd:"" help:"Run everything on this machine: a shop, its tag, edge, collector, console and a fake Graph API. No account, no file."`
	Serve     serveCommand     `cmd:"" help:"Run edge, collector, dispatcher and console from a configuration file."`
	Check     checkCommand     `cmd:"" help:"Check a configuration file: every fault and warning at once, with line numbers."`
	Tag       tagCommand       `cmd:"" help:"Show a site's tag: its size, the snippet to paste; or write the script."`
	Explain   explainCommand   `cmd:"" help:"Say everything about one event: each field, where it came from, what was dropped and why, what the destination answered."`
	Scenario  scenarioCommand  `cmd:"" help:"Try scenarios without sending: what becomes of an event, and what a changed file changes."`
	Replay    replayCommand    `cmd:"" help:"Rebuild from the journal what is derived from it, or compare. For a data folder that no Matchkey uses."`
	Status    statusCommand    `cmd:"" help:"Say how each destination stands: paused, failing, throttled, and what is about to end."`
	Redrive   redriveCommand   `cmd:"" help:"Put dead deliveries back, to be sent again."`
	Resolve   resolveCommand   `cmd:"" help:"End the doubt about deliveries that were sent and never answered."`
	Pause     pauseCommand     `cmd:"" help:"Send nothing to a destination until it is resumed, also after a restart. Nothing is lost meanwhile."`
	Resume    resumeCommand    `cmd:"" help:"Send to a paused destination again."`
	Backup    backupCommand    `cmd:"" help:"Make a backup of everything, also while Matchkey runs."`
	Restore   restoreCommand   `cmd:"" help:"Put a backup into a data folder. What is there is moved aside, never deleted."`
	Verify    verifyCommand    `cmd:"" help:"Read a backup, or a data folder that is not in use, from end to end and say what is wrong."`
	Seal      sealCommand      `cmd:"" help:"Encrypt at rest what is still plain of a data folder that no Matchkey uses."`
	Unseal    unsealCommand    `cmd:"" help:"Decrypt a data folder that no Matchkey uses, to go on without encryption."`
	Rekey     rekeyCommand     `cmd:"" help:"Change the keys that open a data folder or a backup. Data is not rewritten."`
	Erase     eraseCommand     `cmd:"" help:"Remove a person from everything that is kept, and give a receipt."`
	Export    exportCommand    `cmd:"" help:"Write all that is kept of a person as one JSON document."`
	Import    importCommand    `cmd:"" help:"Post events from a file, such as a warehouse's or a till's: NDJSON or CSV, to a running Matchkey."`
	OpenLink  openLinkCommand  `cmd:"" help:"Make the address of the picture that tells when an e-mail to somebody is opened."`
	Consent   consentCommand   `cmd:"" help:"What people answered: verify the ledger, a person's history, import."`
	Sim       simCommand       `cmd:"" help:"Run the fake Graph API alone, for your own tests."`
	Normalize normalizeCommand `cmd:"" help:"Normalise and hash match keys: one JSON a line in, one out."`
	Decide    decideCommand    `cmd:"" help:"Decide consent cases: one JSON a line in, one out."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

func main() {
	ctx, stop := untilAsked(os.Stderr)
	defer stop()
	os.Exit(run(&program{ctx: ctx, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.LookupEnv}, os.Args[1:]))
}

// untilAsked returns a context that ends at the first interrupt. A second one
// ends the process at once.
func untilAsked(stderr io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	asked := make(chan os.Signal, 2)
	signal.Notify(asked, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-asked
		fmt.Fprintln(stderr, "stopping in order; once more ends it at once")
		cancel()
		<-asked
		os.Exit(130)
	}()
	return ctx, cancel
}

// run runs one command line and returns the exit code: 0 done, 1 failed, 2 not
// understood.
func run(p *program, args []string) int {
	var c commands
	exited := -1
	parser, err := kong.New(&c, kong.Name("matchkey"),
		kong.Description("Server-side conversions for Meta, matched and within consent. Start with: matchkey demo"),
		kong.Writers(p.stdout, p.stderr), kong.Exit(func(code int) { exited = code }),
		kong.Vars{"default_console": DefaultConsole}, kong.ShortUsageOnError(), kong.Bind(p))
	if err != nil {
		fmt.Fprintln(p.stderr, "matchkey: BUG:", err)
		return 1
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(longFlags(args))
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintln(p.stderr, "matchkey:", err)
		return 2
	}
	if err := parsed.Run(p); err != nil {
		fmt.Fprintln(p.stderr, "matchkey:", err)
		return 1
	}
	return 0
}

// longFlags lets -config stand for --config, as Go's own tools write it. The
// one-letter flags keep their dash.
func longFlags(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		if len(a) > 2 && a[0] == '-' && a[1] != '-' && a[2] != '=' {
			a = "-" + a
		}
		out[i] = a
	}
	return out
}

// load reads a configuration and compiles what is compiled from it. Warnings go
// to stderr; on faults the error is all of them.
func (p *program) load(path string) (*config.Config, *compiled, error) {
	c, faults := config.Load(path, p.env, os.ReadFile)
	c.CheckAt(time.Now(), &faults)
	rules := compileWhole(c, &faults)
	if err := faults.Err(); err != nil {
		return nil, nil, errors.New("the configuration cannot be used:\n\n" + faults.String())
	}
	if _, err := faults.WriteTo(p.stderr); err != nil {
		return nil, nil, err
	}
	return c, rules, nil
}

type serveCommand struct {
	Config string `required:"" placeholder:"FILE" help:"Configuration, YAML. See docs/configuration.md."`
	Watch  bool   `default:"true" negatable:"" help:"Take over changed scenarios when the file changes, within a few seconds; --no-watch leaves it to SIGHUP."`
}

func (serveCommand) Help() string {
	return "SIGHUP has the configuration read again: the access tokens, from wherever they stand, and the destinations are asked whether they take them; " +
		"and the scenarios, all or nothing. Everything else takes effect with a restart, and the log says so when such a part changed."
}

func (s serveCommand) Run(p *program) error {
	if err := noCore(); err != nil {
		return err
	}
	var file watched
	file.loaded(os.ReadFile(s.Config))
	c, rules, err := p.load(s.Config)
	if err != nil {
		return err
	}
	n, err := startNode(p.ctx, nodeOptions{Config: c, Rules: rules, Log: newLog(p.stderr, c.Log)})
	if err != nil {
		return err
	}
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	look := time.NewTicker(watchEvery)
	defer look.Stop()
	if !s.Watch {
		look.Stop()
	}
	for {
		select {
		case <-hangup:
			n.takeTokens(p, s.Config, rules)
			file.loaded(os.ReadFile(s.Config))
			n.reload.read(p, s.Config)
			continue
		case <-look.C:
			if file.changed(os.ReadFile(s.Config)) {
				n.reload.read(p, s.Config)
			}
			continue
		case <-p.ctx.Done():
		case err = <-n.failed:
		}
		return errors.Join(err, n.stop())
	}
}

func newLog(w io.Writer, c config.Log) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

type checkCommand struct {
	Config string `required:"" placeholder:"FILE" help:"Configuration, YAML."`
}

func (c checkCommand) Run(p *program) error {
	conf, rules, err := p.load(c.Config)
	if err != nil {
		return err
	}
	scenarios := 0
	for _, s := range conf.Sites {
		scenarios += len(s.Scenarios)
	}
	fmt.Fprintf(p.stdout, "%s is good: %d site(s), %d scenario(s), %d destination(s); largest tag %d bytes as brotli.\n",
		c.Config, len(conf.Sites), scenarios, len(conf.Destinations), rules.largestTag())
	return nil
}

type tagCommand struct {
	Config string `required:"" placeholder:"FILE" help:"Configuration, YAML."`
	Site   string `help:"Site; may be left out when there is only one."`
	Out    string `short:"o" placeholder:"FILE" help:"Write the script to this file."`
	Debug  bool   `help:"With --out: the readable script, with its source map inside."`
	Types  bool   `help:"Print matchkey.d.ts, the types of what a page may call, and nothing else."`
	Sizes  bool   `help:"Print what every preset and every feature costs, and nothing else."`
}

func (t tagCommand) Run(p *program) error {
	c, rules, err := p.load(t.Config)
	if err != nil {
		return err
	}
	for _, s := range c.Sites {
		if t.Site != "" && s.Name != t.Site || t.Site == "" && len(c.Sites) > 1 {
			continue
		}
		switch {
		case t.Types:
			return p.printed(build.Types(""))
		case t.Sizes:
			return p.printed(build.SizeText())
		}
		script := rules.scripts[s.Name]
		fmt.Fprintf(p.stdout, "site %s, build %s\nintegrity %s\n\n%s\n\n", s.Name, script.Hash, script.SRI, snippetOf(s))
		measures, err := build.Report(tagOptions(s))
		if err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "%8s %8s %8s  bytes\n", "minified", "gzip", "brotli")
		for _, m := range measures {
			fmt.Fprintf(p.stdout, "%8d %8d %8d  %s\n", m.Min, m.Gzip, m.Brotli, m.What)
		}
		if t.Out != "" && t.Debug {
			o := tagOptions(s)
			o.Debug = true
			if script, err = build.Tag(o); err != nil {
				return err
			}
		}
		if t.Out != "" {
			return os.WriteFile(t.Out, script.Body, 0o644)
		}
		return nil
	}
	return fmt.Errorf("there is no site %q in %s; name one of: %s", t.Site, t.Config, siteNames(c))
}

// printed prints a text that was made, as it is.
func (p *program) printed(text string, err error) error {
	if err == nil {
		_, err = fmt.Fprint(p.stdout, text)
	}
	return err
}

func sizesOf(s build.Script) string {
	return fmt.Sprintf("%d bytes, %d as gzip, %d as brotli", len(s.Body), len(s.Gzip), len(s.Brotli))
}

type normalizeCommand struct{}

func (normalizeCommand) Help() string {
	return `{"key":"em","value":" A@B.com","country":"US"} gives {"normalized":"a@b.com","sha256":"…"} or {"dropped":"reason"}.`
}

func (normalizeCommand) Run(p *program) error { return eachLine(p, meta.NormaliseLine) }

type decideCommand struct{}

func (decideCommand) Help() string {
	return `A case's input gives {"outcome":…,"reasons":[…],"strip":[…],"meta":{…}}. The vocabulary is that of go doc ./collector/consent.`
}

func (decideCommand) Run(p *program) error { return eachLine(p, consent.DecideLine) }

type versionCommand struct{}

func (versionCommand) Run(p *program) error {
	_, err := fmt.Fprintln(p.stdout, "matchkey", versionText())
	return err
}

func versionText() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return version + " " + info.GoVersion
	}
	return version
}

// stopPatience is how long a stop waits for work under way.
const stopPatience = 20 * time.Second
