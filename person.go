package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"matchkey/collector"
	"matchkey/collector/engine"
	"matchkey/collector/meta"
)

// Erase a person, or hand over all that is kept of one. E-mail addresses and
// phone numbers are hashed here and go no further.

// whom says which person a command is about.
type whom struct {
	Customer string `arg:"" optional:"" help:"The customer's id, as the shop sends it."`
	Site     string `help:"The person's site; may be left out when there is only one."`
	Visitor  string `placeholder:"ID" help:"Rather by a browser's id (the cookie _mkv)."`
	Email    string `placeholder:"ADDRESS" help:"Rather by e-mail; it is hashed here, and only the hash is asked for."`
	Phone    string `placeholder:"NUMBER" help:"Rather by phone, with +country or with --country; it is hashed here."`
	Country  string `placeholder:"CODE" help:"Country of a phone number without one, like DE."`
}

// params are what the console is asked with; several when a phone number or an
// address has several normal forms.
func (w whom) params() ([]url.Values, error) {
	given := 0
	for _, s := range []string{w.Customer, w.Visitor, w.Email, w.Phone} {
		if s != "" {
			given++
		}
	}
	if given != 1 {
		return nil, errors.New("say who is meant in one way: the customer's id, or --visitor, --email or --phone")
	}
	with := func(name, value string) url.Values {
		params := url.Values{name: {value}}
		if w.Site != "" {
			params.Set("site", w.Site)
		}
		return params
	}
	switch {
	case w.Customer != "":
		return []url.Values{with("customer", w.Customer)}, nil
	case w.Visitor != "":
		return []url.Values{with("visitor", w.Visitor)}, nil
	case w.Email != "":
		return w.hashed(collector.KindEmail, "email_sha256", w.Email, with)
	default:
		return w.hashed(collector.KindPhone, "phone_sha256", w.Phone, with)
	}
}

func (w whom) hashed(kind collector.Kind, name, value string, with func(name, value string) url.Values) (all []url.Values, err error) {
	hashes, _, why := meta.Hasher()(kind, value, strings.ToUpper(w.Country))
	if why != "" {
		return nil, fmt.Errorf("that is no %s as it can have been kept: %s", kind, sentences()[why])
	}
	for _, h := range hashes {
		all = append(all, with(name, h))
	}
	return all, nil
}

// subject finds who is meant in a data folder.
func (w whom) subject(p *program, r collector.Reader) (collector.Subject, error) {
	asked, err := w.params()
	if err != nil {
		return collector.Subject{}, err
	}
	if w.Site == "" {
		return collector.Subject{}, errors.New("say of which --site the person is; a data folder does not tell")
	}
	var found []collector.Subject
	for _, params := range asked {
		switch {
		case w.Customer != "":
			return collector.Customer(w.Site, w.Customer), nil
		case w.Visitor != "":
			return collector.Visitor(w.Site, w.Visitor), nil
		}
		kind, hash := collector.KindEmail, params.Get("email_sha256")
		if hash == "" {
			kind, hash = collector.KindPhone, params.Get("phone_sha256")
		}
		some, err := r.Holders(p.ctx, w.Site, kind, hash)
		if err != nil {
			return collector.Subject{}, err
		}
		found = append(found, some...)
	}
	return onePerson(p, r, found)
}

func onePerson(p *program, r collector.Reader, found []collector.Subject) (collector.Subject, error) {
	if len(found) == 0 {
		return collector.Subject{}, errors.New("nobody of this site has that; if you know the customer's id, name that instead")
	}
	person, err := r.Linked(p.ctx, found[0])
	if err != nil {
		return collector.Subject{}, err
	}
	person = append(person, found[0])
	for _, s := range found {
		if !slices.Contains(person, s) {
			return collector.Subject{}, fmt.Errorf("several people have that, who are not linked: %s, %s; name one of them", found[0], s)
		}
	}
	return found[0], nil
}

// askAbout asks the console about who is meant, with every normal form until one
// is known; where no console answers and there is a data folder, ok is false.
func (w *where) askAbout(p *program, path string, whom whom, more url.Values) (text string, ok bool, err error) {
	asked, err := whom.params()
	if err != nil {
		return "", false, err
	}
	if err := w.resolve(p); err != nil {
		return "", false, err
	}
	if w.Console == "" {
		return "", false, nil
	}
	for _, params := range asked {
		for name, values := range more {
			params[name] = values
		}
		if text, err = w.ask(p.ctx, http.MethodPost, path, params); err == nil {
			return text, true, nil
		}
		if _, nobody := errors.AsType[notThereError](err); !nobody {
			break // it is not that nobody has this form
		}
	}
	if w.Data != "" && errors.Is(err, syscall.ECONNREFUSED) {
		fmt.Fprintln(p.stderr, "no console answers; looking into", w.Data)
		return "", false, nil
	}
	return "", false, err
}

type eraseCommand struct {
	where
	whom
	DryRun bool   `help:"Say what is kept, in numbers, and erase nothing."`
	Out    string `short:"o" placeholder:"FILE" help:"Write the receipt to this file instead."`
}

func (eraseCommand) Help() string {
	return "Removes the customer and all linked browsers from profiles, consent records, events, the journal, deliveries of every state and all indexes. " +
		"Numbers stay. What arrives later is not kept until the person says yes anew. The receipt names nobody. " +
		"What a destination already has stays there, and copies of the data folder keep what they hold. See docs/operations.md."
}

func (e eraseCommand) Run(p *program) error {
	more := url.Values{}
	if e.DryRun {
		more.Set("dry", "true")
	}
	text, ok, err := e.askAbout(p, "/api/erase", e.whom, more)
	if err != nil {
		return err
	}
	if ok {
		return writeOut(p, e.Out, text)
	}
	r, done, err := e.reader(p)
	if err != nil {
		return err
	}
	s, err := e.subject(p, r)
	if err == nil && e.DryRun {
		err = writeCounts(p, r, s)
	}
	if err := errors.Join(err, done.Close()); err != nil || e.DryRun {
		return err
	}
	disk, err := e.disk(p)
	if err != nil {
		return err
	}
	receipt, err := engine.EraseFolder(p.ctx, disk, filepath.Join(e.Data, engine.StoreName), s, time.Now, rand.Reader)
	if err != nil {
		return err
	}
	return writeJSON(p, e.Out, receipt)
}

func writeCounts(p *program, r collector.Reader, s collector.Subject) error {
	rec, err := r.Record(p.ctx, s)
	if err != nil {
		return err
	}
	return writeJSON(p, "", map[string]int{
		"subjects": len(rec.Subjects), "profiles": len(rec.Profiles), "links": len(rec.Links),
		"consent_records": len(rec.Consent), "events": len(rec.Events), "deliveries": len(rec.Deliveries),
	})
}

type exportCommand struct {
	where
	whom
	Out string `short:"o" placeholder:"FILE" help:"Write to this file, which only you can read."`
}

func (e exportCommand) Run(p *program) error {
	text, ok, err := e.askAbout(p, "/api/export", e.whom, nil)
	if err != nil {
		return err
	}
	if ok {
		return writeOut(p, e.Out, text)
	}
	r, done, err := e.reader(p)
	if err != nil {
		return err
	}
	defer done.Close()
	s, err := e.subject(p, r)
	if err != nil {
		return err
	}
	rec, err := r.Record(p.ctx, s)
	if err != nil {
		return err
	}
	return writeJSON(p, e.Out, rec)
}

func writeJSON(p *program, file string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return writeOut(p, file, string(b)+"\n")
}

func writeOut(p *program, file, text string) error {
	if file == "" {
		_, err := io.WriteString(p.stdout, text)
		return err
	}
	return os.WriteFile(file, []byte(text), 0o600)
}
