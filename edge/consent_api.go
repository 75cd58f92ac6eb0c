package edge

import (
	"strings"
	"time"

	"matchkey/collector"
)

// Decoding answers of people that the site's back end posts: from its consent tool,
// its CRM, a form. As strict as server events, and each row is answered for. Pure;
// fuzzed.
//
//	{"records":[{"id":"cmp-8812","customer":"c42","action":"accept","categories":["advertising"],
//	  "at":"2026-11-23T10:00:00Z","notice":"<sha256>","language":"en","source":"cmp:cookiebot"}]}
//
// or one such object alone, or, as application/x-ndjson, one a line. id, action and
// source are required, and a customer or a visitor. An action that is not known is
// taken as it came, and revokes.

// A consentRow is one answer as it is sent.
type consentRow struct {
	ID            string   `json:"id"`
	Customer      string   `json:"customer"`
	Visitor       string   `json:"visitor"`
	Action        string   `json:"action"`
	Categories    []string `json:"categories"`
	At            string   `json:"at"`
	ValidUntil    string   `json:"valid_until"`
	Notice        string   `json:"notice"`
	Language      string   `json:"language"`
	Source        string   `json:"source"`
	Explicit      *bool    `json:"explicit"`
	InformedOfGPC bool     `json:"informed_of_gpc"`
}

// takeAnswer reads one answer, or rejects it.
func (c *call) takeAnswer(index int, raw []byte) {
	var w consentRow
	if !c.decode(index, raw, &w) {
		return
	}
	event, why, where := c.answerOf(&w)
	if why != "" {
		c.reject(index, why, where)
		return
	}
	said := event.Consent
	switch {
	case said.Action == collector.ConsentAccept && !c.site.knowsNotice(said.Notice):
		c.notes = append(c.notes, rejection{Index: index, Code: collector.ReasonConsentUnproven})
	case said.Action != collector.ConsentAccept && said.Action != collector.ConsentReject && said.Action != collector.ConsentWithdraw:
		c.notes = append(c.notes, rejection{Index: index, Code: collector.ReasonRecordInvalid})
	}
	c.keep(event)
}

// answerOf makes the event that is stored, or says why not and of which field.
func (c *call) answerOf(w *consentRow) (e collector.Event, why collector.Reason, where string) {
	own := strings.TrimPrefix(w.ID, collector.EventConsent+".")
	if why := checkEventID(collector.EventConsent, own); why != "" {
		return e, why, "id"
	}
	said := collector.ConsentAnswer{
		ID: own, Action: w.Action, Categories: w.Categories, Notice: w.Notice, Language: w.Language,
		Source: w.Source, Explicit: w.Explicit == nil || *w.Explicit, InformedOfGPC: w.InformedOfGPC, Proof: collector.ProofServer,
	}
	switch {
	case !isToken(w.Action):
		return e, ReasonConsentAction, "action"
	case !isSource(w.Source) || w.Source == collector.SourceGPC && w.Action == collector.ConsentAccept:
		return e, ReasonConsentSource, "source"
	case len(w.Categories) > maxAnswerCategories:
		return e, collector.ReasonListLong, "categories"
	case w.Notice != "" && !isToken(w.Notice):
		return e, ReasonConsentNotice, "notice"
	case w.Language != "" && !isToken(w.Language):
		return e, collector.ReasonMalformed, "language"
	}
	for _, category := range w.Categories {
		if !isToken(category) {
			return e, ReasonConsentCategory, "categories"
		}
		if w.Action == collector.ConsentAccept && !c.site.hasCategory(category) {
			return e, ReasonConsentCategory, "categories"
		}
	}
	if said.At, why = c.answeredAt(w.At); why != "" {
		return e, why, "at"
	}
	said.ClaimedAt = said.At
	if w.ValidUntil != "" {
		until, err := time.Parse(time.RFC3339Nano, w.ValidUntil)
		if err != nil {
			return e, collector.ReasonEventTime, "valid_until"
		}
		said.Until = until.UTC()
	}
	e = c.site.answerEvent(collector.DeterministicID(collector.EventConsent, own), c.receipt, c.at, said)
	e.Origin = collector.OriginServer
	if w.Customer != "" {
		if why := checkCustomer(w.Customer); why != "" {
			return e, why, "customer"
		}
		e.Customer = w.Customer
	}
	if w.Visitor != "" {
		if !isToken(w.Visitor) {
			return e, collector.ReasonMalformed, "visitor"
		}
		e.Visitor = w.Visitor
	}
	if e.Customer == "" && e.Visitor == "" {
		return e, collector.ReasonNoSubject, ""
	}
	return e, "", ""
}

// answeredAt reads when an answer was given: at any time before now, since histories
// are imported too, and ahead of us no more than clocks differ.
func (c *call) answeredAt(text string) (time.Time, collector.Reason) {
	if text == "" {
		return c.at, ""
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	switch {
	case err != nil || at.Unix() < 1:
		return time.Time{}, collector.ReasonEventTime
	case at.After(c.at.Add(maxClockAhead)):
		return time.Time{}, collector.ReasonEventInFuture
	case at.After(c.at):
		return c.at, ""
	}
	return at.UTC().Truncate(time.Millisecond), ""
}

// isSource reports whether s can name where an answer came from: "crm",
// "cmp:cookiebot".
func isSource(s string) bool { return spelledWith(s, "_.:-") }

func (st *site) hasCategory(id string) bool {
	for _, c := range st.categories {
		if c.ID == id {
			return true
		}
	}
	return false
}
