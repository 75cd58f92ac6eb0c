package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"matchkey/collector"
	"matchkey/collector/engine"
)

// What people answered: the ledger's verification, a person's history, and the
// import of answers from elsewhere (consentimport.go).

type consentCommand struct {
	Verify  consentVerifyCommand  `cmd:"" help:"Recompute the ledger of consent and say whether anything in it was changed."`
	History consentHistoryCommand `cmd:"" help:"Write every answer of a person, with the texts they saw."`
	Import  consentImportCommand  `cmd:"" help:"Import answers from a file, NDJSON or CSV, into a running Matchkey."`
	Link    consentLinkCommand    `cmd:"" help:"Write a link by which a person sees and changes what they allowed."`
}

type consentVerifyCommand struct {
	where
	Key    []string `placeholder:"HEX" sep:"none" help:"A public key that may have signed. Default: those that the data folder notes (consent.keys)."`
	Anchor []string `placeholder:"SITE:SEQ:HASH" sep:"none" help:"A head of the chain that was noted elsewhere, such as in a log: it has to be in the chain."`
	JSON   bool     `name:"json" help:"Write what was found as JSON."`
}

func (consentVerifyCommand) Help() string {
	return "Reads a running Matchkey, a data folder that none uses, or a backup (--data). Every record is hashed anew; the first that is not what it was is named. " +
		"Exit code 1 says that there are faults. See docs/consent.md."
}

func (c consentVerifyCommand) Run(p *program) error {
	q, err := c.query()
	if err != nil {
		return err
	}
	report, err := c.verify(p, q)
	if err != nil {
		return err
	}
	if c.JSON {
		err = writeJSON(p, "", report)
	} else {
		err = writeReport(p.stdout, report)
	}
	if n := report.Faults(); n > 0 && err == nil {
		return fmt.Errorf("the consent ledger has %d faults", n)
	}
	return err
}

func (c consentVerifyCommand) query() (q collector.LedgerQuery, err error) {
	q.Keys = c.Key
	for _, text := range c.Anchor {
		site, rest, _ := strings.Cut(text, ":")
		seq, hash, _ := strings.Cut(rest, ":")
		n, err := strconv.ParseUint(seq, 10, 64)
		if err != nil || site == "" || len(hash) != 64 {
			return q, fmt.Errorf("the anchor %q is not SITE:SEQ:HASH, as the log has them: shop:812:281b10ee…", text)
		}
		q.Anchors = append(q.Anchors, collector.LedgerHead{Site: site, Seq: n, Hash: hash})
	}
	return q, nil
}

// verify asks a running Matchkey, or reads the folder itself.
func (c *consentVerifyCommand) verify(p *program, q collector.LedgerQuery) (report collector.LedgerReport, err error) {
	if err := c.resolve(p); err != nil {
		return report, err
	}
	c.patience = 10 * time.Minute // it reads all there is
	if c.Console != "" {
		text, err := c.ask(p.ctx, http.MethodGet, "/api/consent/verify", url.Values{"key": c.Key, "anchor": c.Anchor})
		if err == nil {
			return report, json.Unmarshal([]byte(text), &report)
		}
		if c.Data == "" || !errors.Is(err, syscall.ECONNREFUSED) {
			return report, err
		}
		fmt.Fprintln(p.stderr, "no console answers; looking into", c.Data)
	}
	if len(q.Keys) == 0 {
		if q.Keys, err = knownKeys(c.Data); err != nil {
			return report, err
		}
	}
	disk, err := c.disk(p)
	if err != nil {
		return report, err
	}
	return engine.VerifyLedger(p.ctx, disk, c.Data, q)
}

func writeReport(w io.Writer, report collector.LedgerReport) error {
	var b strings.Builder
	if len(report.Sites) == 0 {
		b.WriteString("Nobody has answered yet: there is no consent record.\n")
	}
	for _, s := range report.Sites {
		fmt.Fprintf(&b, "%s: %d records are what they were; head %s\n", s.Site, s.Seq, s.Hash)
		fmt.Fprintf(&b, "  %d checkpoints, up to record %d", s.Checkpoints, s.Covered)
		if len(s.Keys) > 0 {
			fmt.Fprintf(&b, ", signed with %s", strings.Join(s.Keys, ", "))
		}
		b.WriteString("\n")
		if s.Back > 0 {
			fmt.Fprintf(&b, "  %d records say that the clock had gone back before them\n", s.Back)
		}
		for _, f := range s.Faults {
			fmt.Fprintf(&b, "  FAULT at record %d", f.Seq)
			if f.Record != "" {
				fmt.Fprintf(&b, " (%q)", f.Record)
			}
			fmt.Fprintf(&b, ": %s\n", f.Message)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

type consentHistoryCommand struct {
	where
	whom
	Out string `short:"o" placeholder:"FILE" help:"Write to this file, which only you can read."`
}

// A consentHistory is what consent history writes.
type consentHistory struct {
	Version  int                    `json:"version"`
	Subjects []collector.Subject    `json:"subjects"`
	Answers  []collector.LedgerRow  `json:"answers"`
	Notices  []collector.NoticeText `json:"notices"`
	Cut      bool                   `json:"cut,omitzero"`
}

func (h consentHistoryCommand) Run(p *program) error {
	rec, err := h.record(p)
	if err != nil {
		return err
	}
	return writeJSON(p, h.Out, consentHistory{
		Version: 1, Subjects: rec.Subjects, Answers: rec.History, Notices: rec.Notices, Cut: rec.Cut,
	})
}

// record is all that is kept of the person.
func (h *consentHistoryCommand) record(p *program) (rec collector.PersonRecord, err error) {
	text, ok, err := h.askAbout(p, "/api/export", h.whom, nil)
	if err != nil {
		return rec, err
	}
	if ok {
		return rec, json.Unmarshal([]byte(text), &rec)
	}
	r, done, err := h.reader(p)
	if err != nil {
		return rec, err
	}
	defer done.Close()
	s, err := h.subject(p, r)
	if err != nil {
		return rec, err
	}
	return r.Record(p.ctx, s)
}
