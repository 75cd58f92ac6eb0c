package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/config"
	"matchkey/collector/console"
	"matchkey/collector/engine"
)

// DefaultConsole is where a console listens unless the configuration says
// otherwise; the demo's does too.
const DefaultConsole = "http://127.0.0.1:8081"

// where says which Matchkey a command asks: a running one by its console, or
// a data folder that none uses.
type where struct {
	Config   string `placeholder:"FILE" help:"Ask the Matchkey of this configuration; when it does not run, its data folder."`
	Console  string `placeholder:"URL" help:"Ask the Matchkey with this console (default ${default_console})."`
	Data     string `placeholder:"DIR" help:"Look into this data folder, which no Matchkey uses."`
	Password string `env:"MATCHKEY_CONSOLE_PASSWORD" help:"The console's password. Rather give it by environment." placeholder:"WORD"`

	keyring

	patience time.Duration  // for one answer; zero means 30 s
	config   *config.Config // once resolved, when there is one
}

// disk is the disk with the keys to the data folder.
func (w *where) disk(p *program) (vfs.FS, error) { return w.keyring.disk(p, w.config) }

// reader reads the data folder, which no Matchkey uses; whoever is done closes it.
func (w *where) reader(p *program) (collector.Reader, io.Closer, error) {
	disk, err := w.disk(p)
	if err != nil {
		return nil, nil, err
	}
	return engine.OpenReader(disk, filepath.Join(w.Data, engine.StoreName), time.Now)
}

// resolve fills in from the configuration what was not given.
func (w *where) resolve(p *program) error {
	if w.Config != "" {
		c, faults := config.Load(w.Config, p.env, os.ReadFile)
		if err := faults.Err(); err != nil {
			return err
		}
		w.config = c
		if w.Console == "" {
			w.Console = "http://" + c.Console.Listen
		}
		if w.Data == "" {
			w.Data = c.Data
		}
		if w.Password == "" {
			w.Password = c.Console.Password.Reveal()
		}
	}
	if w.Console == "" && w.Data == "" {
		w.Console = DefaultConsole
	}
	return nil
}

// ask sends one request to the console and returns the answer's text.
func (w *where) ask(ctx context.Context, method, path string, params url.Values) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(w.patience, 30*time.Second))
	defer cancel()
	address, body := strings.TrimSuffix(w.Console, "/")+path, io.Reader(nil)
	if method == http.MethodPost {
		body = strings.NewReader(params.Encode())
	} else {
		address += "?" + params.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return "", err
	}
	r.Header.Set("Accept", "text/plain")
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if w.Password != "" {
		r.SetBasicAuth("matchkey", w.Password)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", fmt.Errorf("couldn't ask the console: %w; is Matchkey running there? "+
			"Name another with --console, or a data folder that is not in use with --data", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxAnswer {
		return "", fmt.Errorf("the console's answer is longer than %d MiB; stop Matchkey and ask with --data", maxAnswer>>20)
	}
	if answer.StatusCode == http.StatusNotFound {
		return "", notThereError(fmt.Sprintf("the console at %s says (%s): %s", w.Console, answer.Status, errorText(text)))
	}
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the console at %s says (%s): %s", w.Console, answer.Status, errorText(text))
	}
	return string(text), nil
}

// maxAnswer bounds the console's answer.
const maxAnswer = 256 << 20

// notThereError is what the console says of what it does not have.
type notThereError string

func (e notThereError) Error() string { return string(e) }

// errorText is the sentence of an answer that is an error, be it JSON or text.
func errorText(answer []byte) string {
	var said struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(answer, &said) == nil && said.Error != "" {
		return said.Error
	}
	return strings.TrimSpace(string(answer))
}

type explainCommand struct {
	where
	Event string `arg:"" help:"The order's or lead's own id (A-1001), or an event ID (purchase.A-1001)."`
	Site  string `help:"Site, when several have such an event."`
}

func (e explainCommand) Run(p *program) error {
	if err := e.resolve(p); err != nil {
		return err
	}
	if e.Console != "" {
		text, err := e.ask(p.ctx, http.MethodGet, "/api/explain", url.Values{"id": {e.Event}, "site": {e.Site}, "format": {"text"}})
		if err == nil {
			_, err = io.WriteString(p.stdout, text)
		}
		if err == nil || e.Data == "" || !errors.Is(err, syscall.ECONNREFUSED) {
			return err
		}
		fmt.Fprintln(p.stderr, "no console answers; looking into", e.Data)
	}
	reader, done, err := e.reader(p)
	if err != nil {
		return err
	}
	defer done.Close()
	x, err := console.Explain(p.ctx, reader, e.Site, e.Event)
	if err != nil {
		return err
	}
	return x.WriteText(p.stdout, sentences())
}
