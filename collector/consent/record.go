package consent

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"matchkey/collector"
)

// Records turns an answer that came with an event into the rows of the ledger:
// one for each subject and purpose. offset is the event's place in the journal.
// Pure; safe for concurrent use.
//
//   - An accept grants the purposes of its categories, for as long as the
//     category says, and refuses all other purposes: an answer is the whole
//     answer, so what was unticked is taken back. A category that the register
//     does not have grants nothing.
//   - Every other action revokes and is kept as it was received. A refusal of
//     all categories, or of one that the register does not have, is a refusal
//     of everything ("*").
//   - A notice that the register does not have proves nothing: the row stays
//     without one, and the decision says consent_unproven.
//   - An answer says nothing about categories that it does not list: who unticks
//     one of several has to be told here as refusing it.
//   - A row has the time that the edge gave the answer. What the sender claims
//     only names it.
//   - Where a token of the notice was asked for and none came that holds, the
//     notice proves nothing, either.
//   - A privacy signal (collector.SourceGPC) refuses sale and sharing, which
//     counts everywhere, once a day for each subject. It never grants.
//
// The tag repeats a standing answer with every beacon. A row's ID is therefore
// a hash of subject, purpose, action, time and notice: the same answer is the
// same row. A sender with ids of its own names answers by them.
func (r *Register) Records(given collector.ConsentAnswer, subjects []collector.Subject, ev collector.Event, offset collector.Offset) []collector.ConsentRecord {
	signal := given.Source == collector.SourceGPC
	if signal && given.Action == collector.ConsentAccept {
		return nil
	}
	base := collector.ConsentRecord{
		Action: given.Action, At: given.At.UTC(), ReceivedAt: ev.ReceivedAt,
		Explicit: given.Explicit, Language: given.Language, Source: given.Source,
		InformedOfGPC: given.InformedOfGPC, PageView: ev.PageView, Receipt: ev.Receipt, Seq: offset,
		Proof: given.Proof, Regime: given.Regime, Country: given.Country, Surface: given.Surface,
	}
	if given.At.IsZero() {
		base.At = ev.ReceivedAt.UTC()
	}
	claimed := given.ClaimedAt
	if claimed.IsZero() {
		claimed = base.At
	}
	if signal {
		claimed = claimed.UTC().Truncate(24 * time.Hour)
	}
	name := func(rec collector.ConsentRecord) string { return recordID(rec, given.ID, claimed) }
	if n, known := r.Notice(given.Notice); known && given.Proof != collector.ProofMissing {
		base.Notice, base.NoticeEpoch, base.Recipients = given.Notice, n.Epoch, slices.Clone(n.Recipients)
		if base.Language == "" {
			base.Language = n.Language
		}
	}
	var records []collector.ConsentRecord
	for _, s := range subjects {
		if s.IsZero() {
			continue
		}
		for _, p := range r.concerned(given) {
			rec := base
			rec.Subject, rec.Purpose = s, p.purpose
			if given.Action == collector.ConsentAccept {
				if p.validity > 0 {
					rec.Until = rec.At.Add(p.validity)
				}
				rec.Until = collector.Earlier(rec.Until, given.Until)
				if p.recipients != nil {
					rec.Recipients = both(rec.Recipients, p.recipients)
				}
			}
			rec.ID = name(rec)
			records = append(records, rec)
		}
		for _, purpose := range r.unticked(given) {
			rec := base
			rec.Subject, rec.Purpose, rec.Action = s, purpose, collector.ConsentReject
			rec.ID = name(rec)
			records = append(records, rec)
		}
	}
	return records
}

// unticked lists the purposes that an accept of some categories leaves out.
func (r *Register) unticked(given collector.ConsentAnswer) (purposes []string) {
	if given.Action != collector.ConsentAccept || len(given.Categories) == 0 {
		return nil
	}
	ticked, _ := r.permissions(given.Categories)
	all, _ := r.permissions(nil)
	for _, p := range all {
		if !slices.ContainsFunc(ticked, func(t permission) bool { return t.purpose == p.purpose }) {
			purposes = append(purposes, p.purpose)
		}
	}
	return purposes
}

// concerned lists what an answer is about.
func (r *Register) concerned(given collector.ConsentAnswer) []permission {
	if given.Source == collector.SourceGPC {
		return []permission{{purpose: saleShare}}
	}
	list, unknown := r.permissions(given.Categories)
	if given.Action != collector.ConsentAccept && (len(given.Categories) == 0 || unknown) {
		return []permission{{purpose: everyPurpose}}
	}
	return list
}

// recordID names a row by the sender's own id, or else by its claimed time and the
// notice: both are the same in every repetition. The action is a part of it either
// way, so that no id that is used twice keeps a refusal out.
func recordID(r collector.ConsentRecord, own string, claimed time.Time) string {
	parts := []string{r.Subject.Site, string(r.Subject.Kind), r.Subject.ID, r.Purpose, r.Action}
	if own != "" {
		parts = append(parts, "id", own)
	} else {
		parts = append(parts, claimed.UTC().Format(time.RFC3339Nano), r.Notice)
	}
	text := make([]byte, 0, 256)
	for _, part := range parts {
		text = append(strconv.AppendQuote(text, part), '\n') // quoted, so that no two lists read alike
	}
	sum := sha256.Sum256(text)
	return "cr_" + hex.EncodeToString(sum[:16])
}
