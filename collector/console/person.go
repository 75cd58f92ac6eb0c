package console

// Hand over what is kept of a person, and erase a person. First a form, then a
// page that counts what there is, then the act itself and its receipt. Who is
// meant stands in the body of a POST and never in an address: addresses are
// logged and remembered.

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"matchkey/collector"
)

// whoParams are the ways to say who is meant; exactly one is given.
var whoParams = []string{"customer", "visitor", "email_sha256", "phone_sha256"}

var sha256Form = regexp.MustCompile(`^[0-9a-f]{64}$`)

// errNobody: what was given finds nobody.
var errNobody = errors.New("no profile of this site has that e-mail or phone number; if you know the customer's id, name that instead")

// whoIsMeant finds the subject that a form names. Its error says to a person
// what is wrong with the form; errors of the store come as they are.
func (c *console) whoIsMeant(ctx context.Context, form url.Values) (s collector.Subject, bad error, err error) {
	for name := range form {
		if !slices.Contains(append(whoParams, "site", "dry", "sure"), name) {
			return s, fmt.Errorf("there is no parameter %q, so who is meant is not known", shortened(name, 40)), nil
		}
	}
	site, bad := c.siteOf(form.Get("site"))
	if bad != nil {
		return s, bad, nil
	}
	var by, value string
	for _, name := range whoParams {
		switch given := strings.TrimSpace(form.Get(name)); {
		case given == "":
		case by != "":
			return s, errors.New("say who is meant in one way: by customer, visitor, e-mail or phone"), nil
		case len(given) > maxParam:
			return s, errors.New("that is longer than any id that could have been taken"), nil
		default:
			by, value = name, given
		}
	}
	switch by {
	case "":
		return s, errors.New("say who is meant: the customer's id, or the visitor's, or the SHA-256 of a normalised e-mail or phone number"), nil
	case "customer":
		return collector.Customer(site, value), nil, nil
	case "visitor":
		return collector.Visitor(site, value), nil, nil
	}
	if !sha256Form.MatchString(value) {
		return s, fmt.Errorf("%s is 64 lower-case hexadecimal digits; the command line makes it from the address or the number", by), nil
	}
	kind := collector.Kind(strings.TrimSuffix(by, "_sha256"))
	holders, err := c.Reader.Holders(ctx, site, kind, value)
	if err != nil {
		return s, nil, err
	}
	return c.onePerson(ctx, holders)
}

// onePerson says who holds an identifier, when that is one person.
func (c *console) onePerson(ctx context.Context, holders []collector.Subject) (s collector.Subject, bad error, err error) {
	if len(holders) == 0 {
		return s, errNobody, nil
	}
	person, err := c.Reader.Linked(ctx, holders[0])
	if err != nil {
		return s, nil, err
	}
	person = append(person, holders[0])
	var others []string
	for _, h := range holders {
		if !slices.Contains(person, h) {
			others = append(others, string(h.Kind)+" "+printable(h.ID))
		}
	}
	if len(others) > 0 {
		return s, fmt.Errorf("several people have it, who are not linked: %s %s, %s; name one of them",
			holders[0].Kind, printable(holders[0].ID), strings.Join(first(others, 10), ", ")), nil
	}
	return holders[0], nil, nil
}

// siteOf checks a site's name: nobody shall be told that a person of a site that
// was mistyped is erased. People of a site that was taken out of the configuration
// are reached with the command line, in the folder.
func (c *console) siteOf(name string) (string, error) {
	switch {
	case name == "" && len(c.sites()) == 1:
		return c.sites()[0].Name, nil
	case name == "":
		return "", errors.New("say of which site the person is")
	case len(name) > maxParam:
		return "", errors.New("that is longer than the name of any site")
	case !slices.ContainsFunc(c.sites(), func(s SiteInfo) bool { return s.Name == name }):
		return "", fmt.Errorf("no site %q is configured", shortened(name, 40))
	}
	return name, nil
}

// A personCounts says what is kept of a person, in numbers.
type personCounts struct {
	Subjects   int `json:"subjects"`
	Profiles   int `json:"profiles"`
	Links      int `json:"links"`
	Consent    int `json:"consent_records"`
	Events     int `json:"events"`
	Deliveries int `json:"deliveries"`
	// Open are deliveries that may still be sent, Sent those that were, or may have been.
	Open int `json:"open"`
	Sent int `json:"sent"`
	// Cut: there are more events than were counted.
	Cut bool `json:"cut,omitempty"`
}

func countPerson(rec collector.PersonRecord) personCounts {
	n := personCounts{
		Subjects: len(rec.Subjects), Profiles: len(rec.Profiles), Links: len(rec.Links), Consent: len(rec.Consent),
		Events: len(rec.Events), Deliveries: len(rec.Deliveries), Cut: rec.Cut,
	}
	for _, d := range rec.Deliveries {
		if d.State.Open() {
			n.Open++
		}
		if d.Sent() {
			n.Sent++
		}
	}
	return n
}

// Nothing reports whether nothing is kept.
func (n personCounts) Nothing() bool { return n.Profiles+n.Consent+n.Events+n.Links == 0 }

type personView struct {
	Sites  []string
	Fields []hidden
	Who    string
	Counts *personCounts
}

// personForm shows the form.
func (c *console) personForm(w http.ResponseWriter, r *http.Request) {
	c.render(w, r, http.StatusOK, "person", "A person's data", personView{Sites: c.siteNames()})
}

func (c *console) siteNames() (names []string) {
	for _, s := range c.sites() {
		names = append(names, s.Name)
	}
	return names
}

// person counts what is kept, asks whether it shall go, and, when that is said,
// erases it.
func (c *console) person(w http.ResponseWriter, r *http.Request) {
	if err := readForm(w, r); err != nil {
		c.sorry(w, r, http.StatusBadRequest, "The form could not be read, so nothing was erased.")
		return
	}
	s, bad, err := c.whoIsMeant(r.Context(), r.PostForm)
	switch {
	case err != nil:
		c.broken(w, r, err)
		return
	case bad != nil:
		c.sorry(w, r, http.StatusBadRequest, "Nothing was erased: "+sentence(bad))
		return
	}
	if r.PostForm.Get("sure") == "yes" {
		receipt, err := c.erase(r.Context(), s)
		if err != nil {
			c.sorry(w, r, http.StatusInternalServerError, sentence(err))
			return
		}
		c.render(w, r, http.StatusOK, "erased", "Erased", receiptView{receipt, at(receipt.At, c.Now()), c.sentTo(receipt)})
		return
	}
	rec, err := c.Reader.Record(r.Context(), s)
	if err != nil {
		c.broken(w, r, err)
		return
	}
	n := countPerson(rec)
	c.render(w, r, http.StatusOK, "person", "A person's data", personView{
		Sites: c.siteNames(), Counts: &n, Who: string(s.Kind) + " " + printable(s.ID) + " of site " + printable(s.Site),
		Fields: []hidden{{"site", s.Site}, {string(s.Kind), s.ID}},
	})
}

type receiptView struct {
	R      collector.Receipt
	At     moment
	SentTo []sentTo
}

type sentTo struct {
	Destination string
	N           int
}

func (c *console) sentTo(r collector.Receipt) (list []sentTo) {
	for name, n := range r.SentTo {
		list = append(list, sentTo{name, n})
	}
	slices.SortFunc(list, func(a, b sentTo) int { return strings.Compare(a.Destination, b.Destination) })
	return list
}

var errErase = errors.New("the erasure failed, and some may be gone already; the log says why. It is safe to ask again, and goes on where it ended")

// erase is the act itself. Its error says to a person what happened.
func (c *console) erase(ctx context.Context, s collector.Subject) (collector.Receipt, error) {
	receipt, err := c.Operations.Erase(ctx, s)
	if err != nil {
		c.Log.Error("an erasure failed", "site", s.Site, "err", err)
		return receipt, errErase
	}
	c.Log.Info("somebody asked for a person to be erased", "site", s.Site, "receipt", receipt.ID)
	return receipt, nil
}

// apiErase answers POST /api/erase with the receipt, and with dry=true with what
// is kept, in numbers, and erases nothing.
func (c *console) apiErase(w http.ResponseWriter, r *http.Request) {
	s, ok := c.apiWho(w, r, "erased")
	if !ok {
		return
	}
	if r.PostForm.Get("dry") == "true" {
		rec, err := c.Reader.Record(r.Context(), s)
		if err != nil {
			c.apiBroken(w, r, err)
			return
		}
		apiAnswer(w, countPerson(rec))
		return
	}
	receipt, err := c.erase(r.Context(), s)
	if err != nil {
		apiSorry(w, http.StatusInternalServerError, sentence(err))
		return
	}
	apiAnswer(w, receipt)
}

// apiExport answers POST /api/export with a [collector.PersonRecord].
func (c *console) apiExport(w http.ResponseWriter, r *http.Request) {
	s, ok := c.apiWho(w, r, "exported")
	if !ok {
		return
	}
	rec, err := c.Reader.Record(r.Context(), s)
	if err != nil {
		c.apiBroken(w, r, err)
		return
	}
	c.Log.Info("somebody took the record of a person", "site", s.Site)
	w.Header().Set("Content-Disposition", `attachment; filename="person.json"`)
	apiAnswer(w, rec)
}

// apiReceipt answers GET /api/receipt?id= with the receipt of an erasure.
func (c *console) apiReceipt(w http.ResponseWriter, r *http.Request) {
	receipt, ok, err := c.Reader.Receipt(r.Context(), shortened(r.URL.Query().Get("id"), maxParam))
	switch {
	case err != nil:
		c.apiBroken(w, r, err)
	case !ok:
		apiSorry(w, http.StatusNotFound, "There is no receipt of that id.")
	default:
		w.Header().Set("Content-Disposition", `attachment; filename="receipt.json"`)
		apiAnswer(w, receipt)
	}
}

// apiWho reads who is meant, or says what is wrong.
func (c *console) apiWho(w http.ResponseWriter, r *http.Request, done string) (s collector.Subject, ok bool) {
	if len(r.URL.RawQuery) > 0 {
		apiSorry(w, http.StatusBadRequest, "Say who is meant in the body, not in the address, which is logged on its way.")
		return s, false
	}
	if err := readForm(w, r); err != nil {
		apiSorry(w, http.StatusBadRequest, "The form could not be read, so nothing was "+done+".")
		return s, false
	}
	s, bad, err := c.whoIsMeant(r.Context(), r.PostForm)
	switch {
	case err != nil:
		c.apiBroken(w, r, err)
	case errors.Is(bad, errNobody):
		apiSorry(w, http.StatusNotFound, "Nothing was "+done+": "+sentence(bad))
	case bad != nil:
		apiSorry(w, http.StatusBadRequest, "Nothing was "+done+": "+sentence(bad))
	default:
		return s, true
	}
	return s, false
}
