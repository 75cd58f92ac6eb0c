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
//
// The tag repeats a standing answer with every beacon. A row's ID is therefore
// a hash of subject, purpose, action, time and notice: the same answer is the
// same row.
func (r *Register) Records(given collector.ConsentAnswer, subjects []collector.Subject, ev collector.Event, offset collector.Offset) []collector.ConsentRecord {
	base := collector.ConsentRecord{
		Action: given.Action, At: given.At.UTC(), ReceivedAt: ev.ReceivedAt,
		Explicit: given.Explicit, Language: given.Language, Source: given.Source,
		InformedOfGPC: given.InformedOfGPC, PageView: ev.PageView, Receipt: ev.Receipt, Seq: offset,
	}
	if given.At.IsZero() {
		base.At = ev.ReceivedAt.UTC()
	}
	claimed := given.ClaimedAt
	if claimed.IsZero() {
		claimed = base.At
	}
	if n, known := r.Notice(given.Notice); known {
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
				if p.recipients != nil {
					rec.Recipients = both(rec.Recipients, p.recipients)
				}
			}
			rec.ID = recordID(rec, claimed)
			records = append(records, rec)
		}
		for _, purpose := range r.unticked(given) {
			rec := base
			rec.Subject, rec.Purpose, rec.Action = s, purpose, collector.ConsentReject
			rec.ID = recordID(rec, claimed)
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
	list, unknown := r.permissions(given.Categories)
	if given.Action != collector.ConsentAccept && (len(given.Categories) == 0 || unknown) {
		return []permission{{purpose: everyPurpose}}
	}
	return list
}

// recordID names a row by the sender's claimed time, which is the same in every
// repetition.
func recordID(r collector.ConsentRecord, claimed time.Time) string {
	text := make([]byte, 0, 256)
	for _, part := range []string{
		r.Subject.Site, string(r.Subject.Kind), r.Subject.ID,
		r.Purpose, r.Action, claimed.UTC().Format(time.RFC3339Nano), r.Notice,
	} {
		text = append(strconv.AppendQuote(text, part), '\n') // quoted, so that no two lists read alike
	}
	sum := sha256.Sum256(text)
	return "cr_" + hex.EncodeToString(sum[:16])
}
