package collector

import "time"

// Retention says how long each kind of data is kept. Zero means without end. It
// is a pure rule over times: what it says is expired is used by nobody from that
// moment on, and its bytes go with the next sweep (package store).
//
// An event and its entry in the journal go together, with everything that came
// with them, so Events may not be longer than Click, Browser and Address; and
// what a person is found by, External, not shorter than anything else of theirs.
// Package config checks both. Numbers (accounts), refusals, receipts and
// tombstones of erasures are kept without end: they name nobody, or protect.
type Retention struct {
	// Click counts from when the click was first seen, Browser from when the
	// browser's id was last seen.
	Click   time.Duration `json:"click,omitzero"`
	Browser time.Duration `json:"browser,omitzero"`
	// Address is that of a session's IP address, Sessions that of all else of a
	// session, and of the page last seen.
	Address  time.Duration `json:"address,omitzero"`
	Sessions time.Duration `json:"sessions,omitzero"`
	// Contact counts from when a hash of contact data was last seen, External from
	// when the visitor or customer was: then profile, links and owner go.
	Contact  time.Duration `json:"contact,omitzero"`
	External time.Duration `json:"external,omitzero"`
	// Events counts from the receipt of the last copy, Deliveries from the move to
	// the final state.
	Events     time.Duration `json:"events,omitzero"`
	Deliveries time.Duration `json:"deliveries,omitzero"`
	// Proof is how long a grant is kept after it ceased, or after it was given when
	// it has no end of its own (reference/consent.md § 3).
	Proof time.Duration `json:"proof,omitzero"`
}

// Of is how long identifiers of a kind are kept.
func (r Retention) Of(k Kind) time.Duration {
	switch k {
	case KindClick:
		return r.Click
	case KindBrowser:
		return r.Browser
	case KindIP:
		return r.Address
	}
	return r.Contact
}

// Ends is when something that was seen at a time and is kept for a while expires;
// zero when it never does.
func Ends(seen time.Time, kept time.Duration) time.Time {
	if kept <= 0 || seen.IsZero() {
		return time.Time{}
	}
	return seen.Add(kept)
}

// Expired reports whether something that was seen at a time, and is kept for a
// while, has expired at another.
func Expired(seen time.Time, kept time.Duration, now time.Time) bool {
	ends := Ends(seen, kept)
	return !ends.IsZero() && !now.Before(ends)
}

// Seen is the time from which an identifier's retention counts: for a click, when
// it was first seen, because a click does not get younger; else when it was last.
func (id Identifier) Seen() time.Time {
	if id.Kind == KindClick {
		return id.FirstAt
	}
	return id.LastAt
}

// ProofEnds is when a consent record is no longer needed as a proof; zero when it
// is kept without end. A refusal is: to forget it would widen what may be sent.
func (r Retention) ProofEnds(rec ConsentRecord) time.Time {
	if rec.Action != ConsentAccept {
		return time.Time{}
	}
	from := rec.Until
	if from.IsZero() {
		from = Later(rec.At, rec.ReceivedAt)
	}
	return Ends(from, r.Proof)
}

// EventEnds is when an event expires, by its last copy.
func (r Retention) EventEnds(rec EventRecord) time.Time {
	last := rec.Event.ReceivedAt
	for _, c := range rec.Copies {
		last = Later(last, c.ReceivedAt)
	}
	return Ends(last, r.Events)
}

// DeliveryEnds is when a delivery expires; zero while it is open. A dead one is
// kept as long as a person may redrive it.
func (r Retention) DeliveryEnds(d *Delivery) time.Time {
	if d.State.Open() || d.State == "" {
		return time.Time{}
	}
	ends := Ends(d.MovedAt, r.Deliveries)
	if d.State == StateDead && !ends.IsZero() {
		ends = Later(ends, d.ExpiresAt)
	}
	return ends
}

// NeedsEvent reports whether a delivery may yet be sent at a time, and so needs
// its event, however old that is.
func (d *Delivery) NeedsEvent(now time.Time) bool {
	switch d.State {
	case StateInDoubt, StateDead:
		return now.Before(d.ExpiresAt)
	}
	return d.State.Open()
}

// A Keeping is a retention as it is in force: bytes are deleted of what had
// expired by the beginning of a day.
type Keeping struct {
	// Day is a midnight in UTC; zero when nothing was ever to be deleted.
	Day       time.Time `json:"day,omitzero"`
	Retention Retention `json:"retention,omitzero"`
}

// Swept counts what was deleted because it had expired.
type Swept struct {
	Values     int `json:"values,omitzero"`   // identifiers, sessions, addresses and pages, out of profiles that stay
	Profiles   int `json:"profiles,omitzero"` // whole, with all that was in them
	Links      int `json:"links,omitzero"`    // of browsers and customers
	Records    int `json:"consent_records,omitzero"`
	Events     int `json:"events,omitzero"`
	Frames     int `json:"journal_frames,omitzero"`
	SetAsides  int `json:"set_asides,omitzero"`
	Deliveries int `json:"deliveries,omitzero"`
}

// Add adds counts.
func (s *Swept) Add(o Swept) {
	s.Values += o.Values
	s.Profiles += o.Profiles
	s.Links += o.Links
	s.Records += o.Records
	s.Events += o.Events
	s.Frames += o.Frames
	s.SetAsides += o.SetAsides
	s.Deliveries += o.Deliveries
}

// A SweepStep is what one call of Store.Sweep did.
type SweepStep struct {
	Swept Swept
	// Rows is how many rows it read, for whoever asks what a sweep costs.
	Rows int
	// More is true when there is more to delete now.
	More bool
}

// A RetentionStatus tells how the deletion of what expired stands.
type RetentionStatus struct {
	Keeping
	// Behind is how many days the clock is ahead of Day; over one, it is not
	// believed yet, and below minus one it is behind, and nothing is deleted.
	Behind int `json:"behind_days,omitzero"`
	// JournalFrom is the first entry that is kept; 0 when none was ever deleted.
	JournalFrom Offset `json:"journal_from,omitzero"`
	// Swept is all that was ever deleted.
	Swept Swept `json:"swept"`
}
