package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"matchkey/collector/config"
)

// The import of answers from elsewhere: a file's rows are posted to the edge as a
// site's back end would (rows.go, bulk.go). Each answer has an id, its own or one
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

func (c consentImportCommand) Run(p *program) error {
	post, err := c.poster(p)
	if err != nil {
		return err
	}
	b := &bulk{post: post, out: errorsFile(c.Errors, c.File), told: p.stderr}
	err = b.run(p.ctx, func() (rowReader, io.Closer, error) { return openRows(p, c.File, &answerForm{}) })
	verb := "taken"
	if c.DryRun {
		verb = "good, and none was imported"
	}
	err = b.summary(p.stdout, verb, err)
	if b.Doubtful > 0 {
		fmt.Fprintf(p.stdout, "%d are doubtful: a yes without a notice of this site, which does not count where consent is asked for first, or an action that is not known, which revokes.\n", b.Doubtful)
	}
	return err
}

// poster returns what posts one batch.
func (c consentImportCommand) poster(p *program) (poster, error) {
	conf, faults := config.Load(c.Config, p.env, os.ReadFile)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	s, err := siteOf(conf, c.Site)
	if err != nil {
		return nil, err
	}
	address := cmp.Or(c.Edge, edgeAddress(conf.Listen)) + "/v1/" + s.Name + "/consent"
	if c.DryRun {
		address += "?dry_run=true"
	}
	key, err := writeKey(s)
	return postTo(address, key), err
}

// An answerForm makes answers of rows, as POST /v1/{site}/consent takes them.
type answerForm struct{ header []string }

// columns of a table of answers, and how a text becomes JSON.
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

func (a *answerForm) head(names []string) error {
	for _, name := range names {
		name = strings.ToLower(name)
		if columns[name] == nil {
			return fmt.Errorf("the column %q is not known; matchkey consent import --help lists them", name)
		}
		a.header = append(a.header, name)
	}
	return nil
}

func (a *answerForm) cells(texts []string) ([]byte, error) {
	fields := map[string]any{}
	for i, text := range texts {
		if text != "" {
			fields[a.header[i]] = columns[a.header[i]](text)
		}
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	return a.object(text)
}

// object gives an answer without an id one that is made of the row: the same row is
// the same answer.
func (a *answerForm) object(text []byte) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil || fields == nil {
		return nil, &rowError{codeUnreadable, "the line is not a JSON object"}
	}
	if _, ok := fields["id"]; ok {
		return bytes.Clone(text), nil
	}
	sum := sha256.Sum256(text)
	fields["id"] = json.RawMessage(`"row-` + hex.EncodeToString(sum[:16]) + `"`)
	return json.Marshal(fields)
}
