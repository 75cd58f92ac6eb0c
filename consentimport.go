package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"matchkey/collector/config"
)

// The import of answers from elsewhere: a file is read row by row and posted to the
// edge as a site's back end would, in batches. Each answer has an id, its own or one
// made of its row, so that an import that was cut off is simply run again.

type consentImportCommand struct {
	File   string `arg:"" help:"NDJSON, one answer a line as POST /v1/{site}/consent takes it; or CSV with a header (.csv). - is the standard input, NDJSON."`
	Config string `required:"" placeholder:"FILE" help:"Configuration of the running Matchkey: its address and the site's write key."`
	Site   string `help:"Site; may be left out when there is only one."`
	Edge   string `placeholder:"URL" help:"Address of the edge, when it is not the configuration's."`
	DryRun bool   `help:"Say what would become of each row, and import none."`
	Errors string `placeholder:"FILE" help:"Where to write the rows that are not taken (default: the file's name and .errors.ndjson)."`
}

func (consentImportCommand) Help() string {
	return "CSV columns: id, customer, visitor, action, categories (separated by |), at, valid_until, notice, language, source, explicit, informed_of_gpc. " +
		"Put the rows in the order in which the answers were given. An import that was cut off is run again: answers that are there are passed over. See docs/consent.md."
}

// Bounds of a batch; the edge takes a thousand rows and 1 MiB.
const (
	batchRows  = 500
	batchBytes = 900 << 10
	maxTries   = 6
)

func (c consentImportCommand) Run(p *program) error {
	rows, done, err := c.open(p)
	if err != nil {
		return err
	}
	defer done.Close()
	i := &consentImport{out: cmp.Or(c.Errors, strings.TrimSuffix(c.File, "-")+".errors.ndjson")}
	if i.post, err = c.poster(p); err != nil {
		return err
	}
	err = errors.Join(i.run(p.ctx, rows), i.close())
	verb := "taken"
	if c.DryRun {
		verb = "good, and none was imported"
	}
	fmt.Fprintf(p.stdout, "%d rows: %d %s, %d came twice in the file, %d were not taken.\n", i.rows, i.accepted, verb, i.duplicates, i.rejected)
	if i.unproven > 0 {
		fmt.Fprintf(p.stdout, "%d are doubtful: a yes without a notice of this site, which does not count where consent is asked for first, or an action that is not known, which revokes.\n", i.unproven)
	}
	if i.rejected > 0 {
		err = errors.Join(err, fmt.Errorf("%d rows were not taken; %s says which and why", i.rejected, i.out))
	}
	if err != nil && i.sent > 0 && i.rejected == 0 {
		err = fmt.Errorf("%w; it ended behind line %d. Run it again: what was taken is passed over", err, i.sent)
	}
	return err
}

// open returns the file's rows.
func (c consentImportCommand) open(p *program) (rowReader, io.Closer, error) {
	if c.File == "-" {
		return &lineRows{in: bufio.NewReaderSize(p.stdin, 64<<10)}, io.NopCloser(nil), nil
	}
	f, err := os.Open(c.File)
	if err != nil {
		return nil, nil, err
	}
	if !strings.EqualFold(filepath.Ext(c.File), ".csv") {
		return &lineRows{in: bufio.NewReaderSize(f, 64<<10)}, f, nil
	}
	rows, err := newTableRows(f)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return rows, f, nil
}

// poster returns what posts one batch.
func (c consentImportCommand) poster(p *program) (func(context.Context, []byte) (*http.Response, error), error) {
	conf, faults := config.Load(c.Config, p.env, os.ReadFile)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	for _, s := range conf.Sites {
		if c.Site != "" && s.Name != c.Site || c.Site == "" && len(conf.Sites) > 1 {
			continue
		}
		if len(s.WriteKeys) == 0 {
			return nil, fmt.Errorf("site %q has no write key, so nothing can be posted; add one to its write_keys", s.Name)
		}
		address := cmp.Or(c.Edge, edgeAddress(conf.Listen)) + "/v1/" + s.Name + "/consent"
		if c.DryRun {
			address += "?dry_run=true"
		}
		key := s.WriteKeys[0].Reveal()
		return func(ctx context.Context, body []byte) (*http.Response, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
			if err != nil {
				return nil, err
			}
			r.Header.Set("Authorization", "Bearer "+key)
			r.Header.Set("Content-Type", "application/x-ndjson")
			return http.DefaultClient.Do(r)
		}, nil
	}
	return nil, fmt.Errorf("there is no site %q in %s; name one of: %s", c.Site, c.Config, siteNames(conf))
}

// edgeAddress is where a listener is reached from this machine.
func edgeAddress(listen string) string {
	host, port, _ := net.SplitHostPort(listen)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// A row is one answer as JSON, or why it is none.
type row struct {
	line int
	text []byte
	why  string
}

// rowReader reads rows; io.EOF ends them.
type rowReader interface{ next() (row, error) }

// lineRows are the lines of an NDJSON file.
type lineRows struct {
	in   *bufio.Reader
	line int
	end  bool
}

func (l *lineRows) next() (row, error) {
	for !l.end {
		text, tooLong, err := readLine(l.in)
		if err != nil && !errors.Is(err, io.EOF) {
			return row{}, err
		}
		l.line++
		l.end = err != nil
		switch text = bytes.TrimSpace(text); {
		case tooLong:
			return row{line: l.line, why: "the line is longer than 1 MiB"}, nil
		case len(text) > 0:
			return named(l.line, text), nil
		}
	}
	return row{}, io.EOF
}

// named gives an answer without an id one that is made of the row: the same row is
// the same answer.
func named(line int, text []byte) row {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil || fields == nil {
		return row{line: line, why: "the line is not a JSON object"}
	}
	if _, ok := fields["id"]; !ok {
		sum := sha256.Sum256(text)
		fields["id"] = json.RawMessage(`"row-` + hex.EncodeToString(sum[:16]) + `"`)
		again, err := json.Marshal(fields)
		if err != nil {
			return row{line: line, why: "the line cannot be written as JSON again"}
		}
		text = again
	}
	return row{line: line, text: bytes.Clone(text)}
}

// tableRows are the rows of a CSV file.
type tableRows struct {
	in     *csv.Reader
	header []string
}

// columns of a CSV file, and how a text becomes JSON.
var columns = map[string]func(string) any{
	"id": asText, "customer": asText, "visitor": asText, "action": asText, "at": asText, "valid_until": asText,
	"notice": asText, "language": asText, "source": asText,
	"categories":      func(s string) any { return strings.Split(s, "|") },
	"explicit":        asTruth,
	"informed_of_gpc": asTruth,
}

func asText(s string) any { return s }

// asTruth leaves what is neither as it is: the edge names the field.
func asTruth(s string) any {
	if b, err := strconv.ParseBool(s); err == nil {
		return b
	}
	return s
}

func newTableRows(r io.Reader) (*tableRows, error) {
	t := &tableRows{in: csv.NewReader(bufio.NewReader(r))}
	t.in.FieldsPerRecord = -1
	t.in.ReuseRecord = true
	header, err := t.in.Read()
	if err != nil {
		return nil, fmt.Errorf("the file has no header: %w", err)
	}
	for _, name := range header {
		name = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
		if columns[name] == nil {
			return nil, fmt.Errorf("the column %q is not known; matchkey consent import --help lists them", name)
		}
		t.header = append(t.header, name)
	}
	return t, nil
}

func (t *tableRows) next() (row, error) {
	record, err := t.in.Read()
	if errors.Is(err, io.EOF) {
		return row{}, err
	}
	if bad, ok := errors.AsType[*csv.ParseError](err); ok {
		return row{line: bad.StartLine, why: "the line is not CSV"}, nil
	}
	if err != nil {
		return row{}, err
	}
	line, _ := t.in.FieldPos(0)
	if len(record) > len(t.header) {
		return row{line: line, why: "the line has more fields than the header"}, nil
	}
	fields := map[string]any{}
	for i, text := range record {
		if text = strings.TrimSpace(text); text != "" {
			fields[t.header[i]] = columns[t.header[i]](text)
		}
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return row{}, err
	}
	return named(line, text), nil
}

// consentImport is one import on its way.
type consentImport struct {
	post func(context.Context, []byte) (*http.Response, error)
	out  string   // of rows that are not taken
	file *os.File // of the same, once there is one

	rows, accepted, duplicates, rejected, unproven int
	sent                                           int // the last line that was answered for
}

func (i *consentImport) run(ctx context.Context, rows rowReader) error {
	var batch []row
	size := 0
	for {
		r, err := rows.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err == nil {
			i.rows++
			if r.why != "" {
				if err := i.reject(r.line, "line_unreadable", r.why); err != nil {
					return err
				}
				continue
			}
			batch, size = append(batch, r), size+len(r.text)+1
		}
		if len(batch) > 0 && (err != nil || len(batch) == batchRows || size > batchBytes) {
			if err := i.send(ctx, batch); err != nil {
				return err
			}
			batch, size = nil, 0
		}
		if err != nil {
			return nil
		}
	}
}

// batchAnswer is what the edge says of a batch.
type batchAnswer struct {
	Accepted   int        `json:"accepted"`
	Duplicates int        `json:"duplicates"`
	Rejected   []rowFault `json:"rejected"`
	Notes      []rowFault `json:"notes"`
	Code       string     `json:"code"`
	Message    string     `json:"message"`
}

type rowFault struct {
	Index   int    `json:"index"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// send posts a batch until it is answered for.
func (i *consentImport) send(ctx context.Context, batch []row) error {
	var body bytes.Buffer
	for _, r := range batch {
		body.Write(r.text)
		body.WriteByte('\n')
	}
	for try := 1; ; try++ {
		answer, status, again, err := i.ask(ctx, body.Bytes())
		switch {
		case err == nil && (status == http.StatusAccepted || status == http.StatusOK):
			return i.count(batch, answer)
		case err == nil && status == http.StatusBadRequest && len(batch) == 1:
			return i.reject(batch[0].line, answer.Code, answer.Message)
		case err == nil && status != http.StatusServiceUnavailable:
			return fmt.Errorf("the edge does not take the import (%d): %s", status, answer.Message)
		case try == maxTries && err != nil:
			return fmt.Errorf("couldn't post to the edge: %w; is Matchkey running there?", err)
		case try == maxTries:
			return fmt.Errorf("the edge is busy: %s", answer.Message)
		}
		wait := time.NewTimer(again)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return ctx.Err()
		}
	}
}

// ask posts once; again is how long to wait before the next time.
func (i *consentImport) ask(ctx context.Context, body []byte) (answer batchAnswer, status int, again time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	r, err := i.post(ctx, body)
	if err != nil {
		return answer, 0, time.Second, err
	}
	defer r.Body.Close()
	seconds, _ := strconv.Atoi(r.Header.Get("Retry-After"))
	err = json.NewDecoder(io.LimitReader(r.Body, 4<<20)).Decode(&answer)
	return answer, r.StatusCode, time.Duration(max(1, min(seconds, 30))) * time.Second, err
}

func (i *consentImport) count(batch []row, answer batchAnswer) error {
	i.accepted += answer.Accepted
	i.duplicates += answer.Duplicates
	i.unproven += len(answer.Notes)
	i.sent = batch[len(batch)-1].line
	for _, f := range answer.Rejected {
		if f.Index < 0 || f.Index >= len(batch) {
			return fmt.Errorf("the edge rejects row %d of a batch of %d; is it of another version?", f.Index, len(batch))
		}
		if err := i.reject(batch[f.Index].line, f.Code, f.Message); err != nil {
			return err
		}
	}
	return nil
}

// reject writes a row that is not taken to the errors' file. The row itself may hold
// personal data and is not in it.
func (i *consentImport) reject(line int, code, message string) (err error) {
	i.rejected++
	if i.file == nil {
		if i.file, err = os.OpenFile(i.out, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err != nil {
			return err
		}
	}
	return json.NewEncoder(i.file).Encode(struct {
		Line    int    `json:"line"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}{line, code, message})
}

func (i *consentImport) close() error {
	if i.file == nil {
		return nil
	}
	return i.file.Close()
}
