package collector

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// What is said about erasing a person and about handing over what is kept of
// one. A person is all subjects that are linked (Reader.Linked); an erasure also
// takes a browser that one of the person's own events names and that belongs to
// nobody else.

// A Receipt proves an erasure and names nobody: counts and times only.
type Receipt struct {
	ID   string    `json:"id"`
	Site string    `json:"site"`
	At   time.Time `json:"at"`
	// Subjects are the customer and the browsers that were the person; the other
	// counts are of rows that are no more.
	Subjects   int `json:"subjects"`
	Profiles   int `json:"profiles"`
	Links      int `json:"links"`
	Records    int `json:"consent_records"`
	Events     int `json:"events"`
	Frames     int `json:"journal_frames"`
	SetAsides  int `json:"set_asides"`
	Suppressed int `json:"suppressed_identifiers"`
	// Deliveries counts by the state that each had before. Those that might still
	// have gone are withheld now; all are counted on, without the person.
	Deliveries map[State]int `json:"deliveries,omitzero"`
	// SentTo counts, by destination, deliveries that were sent or may have been:
	// what is there has to be asked for there.
	SentTo map[string]int `json:"sent_to,omitzero"`
	// BytesGoneAt is when no file of the data folder held any of it any more;
	// zero while that is under way.
	BytesGoneAt time.Time `json:"bytes_gone_at,omitzero"`
}

// Clone returns a receipt that shares nothing with r.
func (r Receipt) Clone() Receipt {
	r.Deliveries, r.SentTo = maps.Clone(r.Deliveries), maps.Clone(r.SentTo)
	return r
}

// PersonRecordVersion is the version of a [PersonRecord]'s form.
const PersonRecordVersion = 1

// A PersonRecord is all that is kept of one person: identifiers with what they
// were learned from, sessions, links, consent, events with their copies, and
// deliveries with attempts and lineage. Values are as they are kept: contact
// data as hashes, and what a destination got masked; bodies are left out.
type PersonRecord struct {
	Version  int             `json:"version"`
	Subjects []Subject       `json:"subjects"`
	Profiles []Profile       `json:"profiles"`
	Links    []Link          `json:"links"`
	Consent  []ConsentRecord `json:"consent_records"`
	// History is every answer there is in the ledger, oldest first, and Notices
	// the texts that they name.
	History    []LedgerRow   `json:"consent_history,omitzero"`
	Notices    []NoticeText  `json:"consent_notices,omitzero"`
	Events     []EventRecord `json:"events"`
	Deliveries []Delivery    `json:"deliveries"`
	// Cut is true when there is more than one record holds (100,000 events).
	Cut bool `json:"cut,omitzero"`
}

// forgotten begins the ID of an event whose person was erased.
const forgotten = "erased."

// ForgottenID is the ID under which an event of an erased person is counted on.
// pseudonym is a keyed hash of its key, so that a copy that comes later is known.
func ForgottenID(pseudonym string) string { return forgotten + pseudonym }

// Forgotten is what is left of an event of an erased person: that something
// happened, under an ID that says nothing.
func (e Event) Forgotten(id string) Event {
	return Event{ID: id, Site: e.Site, Name: e.Name, Origin: e.Origin, ReceivedAt: e.ReceivedAt, Withheld: []Reason{ReasonErased}}
}

// IsForgotten reports whether e is what Event.Forgotten left.
func (e Event) IsForgotten() bool {
	return strings.HasPrefix(e.ID, forgotten) && slices.Contains(e.Withheld, ReasonErased)
}

// Forgotten is what is left of a delivery whose person is erased at a time: it
// is counted on in its account and hour, and says nothing. What might still
// have gone is withheld; a delivered or expired one keeps its state, because
// nothing undoes it.
func (d Delivery) Forgotten(id string, at time.Time) (Delivery, error) {
	if d.State.Open() || d.State == StateDead {
		if err := d.Move(StateWithheld, at, ReasonErased); err != nil {
			return d, err
		}
	}
	if d.State == StateDelivered {
		d.Reasons = []Reason{ReasonErased}
	}
	key := d.Key
	key.EventID = id
	hour := d.MatchedAt.Truncate(time.Hour)
	return Delivery{
		Key: key, Scenario: d.Scenario, EventName: d.EventName, OccurredAt: hour, MatchedAt: hour,
		State: d.State, Reasons: d.Reasons, MovedAt: at, Doubts: d.Doubts,
	}, nil
}

// Sent reports whether a destination got the delivery, or may have.
func (d *Delivery) Sent() bool { return d.State == StateDelivered || len(d.Attempts) > 0 }
