package collector

import (
	"context"
	"errors"
	"time"
)

// ErrStale is returned by Store.Apply when the entries do not follow the
// watermark: somebody else applied them.
var ErrStale = errors.New("the entries do not follow the store's watermark")

// A Store keeps what is derived from the journal: profiles, links, the consent
// ledger, events, deliveries and their accounting. It speaks in domain terms,
// never in keys or iterators, so that an embedded engine and a cluster can meet
// the same promises. All methods are safe for concurrent use.
//
// When the last delivery of an event is withheld, the same commit redacts the
// event, here and in the journal: a refusal leaves its reasons and nothing else.
type Store interface {
	Reader

	// Apply runs fn and commits everything it did together with the new
	// watermark, all or nothing. after must be the present watermark, else
	// ErrStale and nothing happens; so applying the same entries twice changes
	// nothing. When fn fails nothing happens. The commit is atomic and need not
	// be durable on return: after a crash the watermark tells what is missing,
	// and the journal still has it.
	Apply(ctx context.Context, after, upTo Offset, fn func(Tx) error) error

	// LeaseDue leases deliveries of a destination, those that have to be decided
	// first, then those to be sent, each oldest due first. To be decided are held
	// and waiting ones whose timer ended (they pass through pending), and pending
	// and doubtful ones that were woken or whose window has passed. To be sent, and leased only
	// when the query says so, are pending and in-doubt ones that are due. No two
	// calls lease the same delivery at a time.
	LeaseDue(ctx context.Context, q LeaseQuery) ([]Delivery, error)

	// Backlog says what a destination's dispatcher has before it. Ready is
	// counted up to max.
	Backlog(ctx context.Context, destination string, now time.Time, max int) (Backlog, error)

	// BeginAttempts records durably that an attempt at each delivery begins,
	// with the decision and payload it goes by and the end of its window, and
	// renews its lease for a length from then. Deliveries whose lease is no longer valid, or has ended, are left alone and
	// not returned.
	BeginAttempts(ctx context.Context, begun []Delivery, at time.Time, length time.Duration) ([]Delivery, error)

	// SettleIfLeased records outcomes durably and ends the leases. A settlement
	// whose lease is no longer valid is left alone; the number of those that
	// were settled is returned. One that was woken while it was leased is decided
	// again at once.
	SettleIfLeased(ctx context.Context, settlements []Settlement) (int, error)

	// Rescue takes back a destination's leases (of all, when it is empty) that
	// ended before now (all leases, when all is true: at start, nobody can hold
	// one): to pending, or to in_doubt when an attempt had begun. It returns how
	// many of each.
	Rescue(ctx context.Context, destination string, now time.Time, all bool, doubtDueAt time.Time) (pending, inDoubt int, err error)

	// Redrive puts dead deliveries back to pending, and returns how many.
	Redrive(ctx context.Context, q DeliveryQuery, now time.Time) (int, error)

	// Resolve ends the doubt about deliveries as a person says: to
	// StateDelivered, StateDead, or StatePending to send again. It returns how many.
	Resolve(ctx context.Context, q DeliveryQuery, to State, now time.Time) (int, error)

	// Erase removes a person from profiles, links, consent records, events, their
	// journal entries, deliveries and all indexes, durably, and leaves tombstones:
	// keyed hashes of what named the person, by which [Reader.Suppressed] knows
	// what arrives later. Of deliveries only what counts is left, so that every sum
	// stays closed (Delivery.Forgotten); one that is leased is no longer, and its
	// settlement finds nothing. It may take several commits for a person of many
	// events; cut off in between, the person is suppressed, and to ask again goes
	// on. Entries that are not applied yet are not reached: apply them first.
	// Whoever is not known is suppressed all the same.
	Erase(ctx context.Context, s Subject, at time.Time) (Receipt, error)

	// KeepNotices keeps the texts of notices, durably, for all time. What is kept
	// already is passed over.
	KeepNotices(ctx context.Context, notices []NoticeText) error
	// LedgerHeads says how the chain of each site stands that has one, by site.
	LedgerHeads(ctx context.Context) ([]LedgerHead, error)
	// AddCheckpoint keeps a checkpoint durably, and with it all that it covers.
	AddCheckpoint(ctx context.Context, c Checkpoint) error
	// VerifyLedger reads all chains from end to end and recomputes them. What is
	// wrong is in the report; the error is of the reading.
	VerifyLedger(ctx context.Context, q LedgerQuery) (LedgerReport, error)
	// Keep puts a retention in force for all that is applied from now on, and
	// sets the day of which what had expired by its beginning may be deleted. An
	// earlier day than the one in force takes the place of all that are later, as
	// if these had never been. It is recorded with the watermark, so that a replay
	// forgets what was forgotten, when it was.
	Keep(ctx context.Context, k Keeping) error
	// Sweep deletes a bounded part of what has expired by the day that Keep set. It
	// reads and writes what expires, whatever else there is. Cut off, the next call
	// goes on.
	Sweep(ctx context.Context) (SweepStep, error)

	// SetPause keeps a destination's pause durably; the zero Pause ends it.
	SetPause(ctx context.Context, destination string, p Pause) error
	// Pauses are the pauses that were set and not ended, by destination.
	Pauses(ctx context.Context) (map[string]Pause, error)

	// Close releases what the store holds.
	Close() error
}

// A Settlement is the outcome of work under a lease.
type Settlement struct {
	Key     DeliveryKey
	Lease   string // the precondition: still leased under this ID
	At      time.Time
	To      State
	Reasons []Reason
	Detail  string
	DueAt   time.Time // for timed states
	// Verdict ends the attempt under way. Without one, an attempt that began was
	// not made, and is forgotten.
	Verdict *Verdict
	// Spent is true when the try counts against the schedule.
	Spent bool
	// ExpiresAt and ExpiresWhy replace the end of the window, when not zero.
	ExpiresAt  time.Time
	ExpiresWhy Reason
	// Decision and Payload replace what is kept, when not nil.
	Decision *Decision
	Payload  *Payload
}

// EventKey finds an event.
type EventKey struct{ Site, Name, ID string }

// Key returns the event's key.
func (e *Event) Key() EventKey { return EventKey{e.Site, e.Name, e.ID} }

// An EventRecord is one event with its copies.
type EventRecord struct {
	// Event is the first copy, with the identifiers and notes of all merged in.
	Event Event `json:"event"`
	// Offset is where the first copy stands in the journal.
	Offset Offset `json:"offset"`
	Copies []Copy `json:"copies"`
}

// A Copy says who else told us of the same event.
type Copy struct {
	Origin     Origin    `json:"origin"`
	Receipt    string    `json:"receipt"`
	ReceivedAt time.Time `json:"received_at"`
	Offset     Offset    `json:"offset"`
}

// MaxCopies bounds EventRecord.Copies. Further copies are merged all the same,
// and redacted in the journal at once, because nobody would find them later.
const MaxCopies = 16

// MaxRecords bounds the grants, and the refusals, of one subject and purpose.
const MaxRecords = 32

// An Owner says whose browser a visitor is, and was. A second customer on the
// same browser, and a sign-out, start a new generation: the visitor continues
// under the name "<visitor>~<generation>", and nothing of the earlier ones
// follows.
type Owner struct {
	Tenure
	// Earlier are the generations before, eldest first; bounded, see identity.
	// What arrives late belongs to the one in whose time it happened.
	Earlier []Tenure `json:"earlier,omitempty"`
}

// A Tenure is one generation of a browser.
type Tenure struct {
	// Customer is empty when the browser is nobody's.
	Customer   string `json:"customer,omitempty"`
	Generation int    `json:"generation,omitzero"`
	// Since is when it began; for the first, when its customer was first named.
	Since time.Time `json:"since,omitzero"`
	// AnswersFrom is from when on a yes that was given in this browser counts for
	// it; zero means Since, and in the first generation always.
	AnswersFrom time.Time `json:"answers_from,omitzero"`
	// Began is the journal entry since which there is the generation, Offset the one
	// since which it is its customer's: a replay needs both when they were redacted.
	Began  Offset `json:"began,omitzero"`
	Offset Offset `json:"offset,omitzero"`
}

// MaxSharers bounds the subjects that are remembered for one e-mail address.
const MaxSharers = 16

// Reader is the reading half of a store.
type Reader interface {
	// Watermark is the offset up to which the journal is applied.
	Watermark(ctx context.Context) (Offset, error)
	// Event returns one event; ok is false when it is not known.
	Event(ctx context.Context, key EventKey) (rec EventRecord, ok bool, err error)
	// EventsByID returns the events of a site whose ID, or whose own id after
	// "<name>.", is the given one. An empty site means all.
	EventsByID(ctx context.Context, site, id string) ([]EventRecord, error)
	// Owner returns whose browser a visitor is.
	Owner(ctx context.Context, site, visitor string) (Owner, error)
	// Profile returns a subject's profile; for a customer it is joined over the
	// linked visitors, for a linked visitor it is the customer's. An unknown
	// subject has an empty profile.
	Profile(ctx context.Context, s Subject) (Profile, error)
	// Linked returns the other subjects of the same person.
	Linked(ctx context.Context, s Subject) ([]Subject, error)
	// Records returns the consent records of the subjects, oldest first.
	Records(ctx context.Context, subjects ...Subject) ([]ConsentRecord, error)
	// Delivery returns one delivery; ok is false when there is none.
	Delivery(ctx context.Context, key DeliveryKey) (d Delivery, ok bool, err error)
	// Deliveries lists deliveries, newest match first.
	Deliveries(ctx context.Context, q DeliveryQuery) ([]Delivery, error)
	// Accounts returns the accounting of deliveries that matched in [from, to).
	Accounts(ctx context.Context, from, to time.Time) ([]Account, error)
	// SetAsides lists events that could not be interpreted, newest first.
	SetAsides(ctx context.Context, max int) ([]SetAside, error)
	// Record returns all that is kept of a subject's person; of nobody an empty one.
	Record(ctx context.Context, s Subject) (PersonRecord, error)
	// Holders returns the subjects of a site whose profiles have an e-mail or a
	// phone number, given as its hash; of other kinds nobody.
	Holders(ctx context.Context, site string, kind Kind, hash string) ([]Subject, error)
	// Suppressed says when the person was last erased that an event names: by its
	// visitor (the effective name), its customer, or an e-mail, a phone number, a
	// click or a browser id among its identifiers. Zero when it was not.
	Suppressed(ctx context.Context, ev Event) (since time.Time, err error)
	// Retention tells which retention is in force, and what was deleted by it.
	Retention(ctx context.Context) (RetentionStatus, error)
	// Receipt returns the receipt of an erasure; ok is false when there is none.
	Receipt(ctx context.Context, id string) (r Receipt, ok bool, err error)
	// Counted lists the events of a person, under all subjects of the person, that
	// count to the limit of a scenario (Delivery.Counts) and occurred after the one
	// time and before the other, each once. Of each subject the first 2*MaxLimit are
	// looked at, which is all that a limit lets in.
	Counted(s Subject, scenario string, after, before time.Time) ([]Counted, error)
}

// A LeaseQuery says what LeaseDue leases.
type LeaseQuery struct {
	Destination string
	Now         time.Time
	// Sends is true when what is due to be sent is leased as well.
	Sends bool
	Max   int
	// Length is how long each lease lasts from Now.
	Length time.Duration
}

// A Backlog is what a destination's dispatcher has before it.
type Backlog struct {
	// Ready is how many deliveries are due to be sent.
	Ready int
	// SendAt is when the first is due to be sent, LookAt when the first has to be
	// decided; zero when there is none.
	SendAt, LookAt time.Time
}

// A DeliveryQuery selects deliveries; zero fields select all.
type DeliveryQuery struct {
	Site, Destination string
	// EventID is the event's ID, or its own id after "<name>.".
	EventID string
	States  []State
	Reason  Reason
	// MatchedFrom and MatchedBefore bound when they matched: from the first, and
	// before the second, which also pages on.
	MatchedFrom, MatchedBefore time.Time
	Max                        int
}

// Selects reports whether the query, its bound apart, selects d.
func (q DeliveryQuery) Selects(d *Delivery) bool {
	if q.Site != "" && q.Site != d.Key.Site ||
		q.Destination != "" && q.Destination != d.Key.Destination ||
		q.EventID != "" && q.EventID != d.Key.EventID && DeterministicID(d.EventName, q.EventID) != d.Key.EventID ||
		d.MatchedAt.Before(q.MatchedFrom) ||
		!q.MatchedBefore.IsZero() && !d.MatchedAt.Before(q.MatchedBefore) {
		return false
	}
	if len(q.States) > 0 {
		ok := false
		for _, s := range q.States {
			ok = ok || s == d.State
		}
		if !ok {
			return false
		}
	}
	if q.Reason != "" {
		for _, r := range d.Reasons {
			if r == q.Reason {
				return true
			}
		}
		return false
	}
	return true
}

// An Account is the closed accounting of one hour, site, destination and name.
type Account struct {
	Hour        time.Time `json:"hour"`
	Site        string    `json:"site"`
	Destination string    `json:"destination"`
	Send        string    `json:"send"`
	// Matched is counted when a conversion matches, States when a delivery
	// moves; that they agree is a check, not a definition.
	Matched int           `json:"matched"`
	States  map[State]int `json:"states"`
	// Reasons counts the deciding (last) reason of withheld, dead, expired and in-doubt
	// deliveries.
	Reasons map[Reason]int `json:"reasons,omitzero"`
	// Doubts counts attempts of which nobody knows whether they were counted.
	Doubts int `json:"doubts,omitzero"`
	// Sent and Missing count, over delivered ones, by the field's path, how
	// often it went along, and how often not for which reason.
	Sent    map[string]int            `json:"sent,omitzero"`
	Missing map[string]map[Reason]int `json:"missing,omitzero"`
}

// Remainder is matched less the sum of all states: zero, or a bug.
func (a Account) Remainder() int {
	r := a.Matched
	for _, n := range a.States {
		r -= n
	}
	return r
}

// A SetAside is an event that the pipeline could not interpret, kept for later.
type SetAside struct {
	Offset Offset    `json:"offset"`
	At     time.Time `json:"at"`
	Reason Reason    `json:"reason"`
	Detail string    `json:"detail"`
	Event  EventKey  `json:"event"`
}

// A Tx is what Apply's function may read and do; reads see the writes before
// them. It is valid only until the function returns, and not concurrently.
type Tx interface {
	Reader

	// PutEvent stores an event and its copies under the event's key.
	PutEvent(EventRecord) error
	// MergeProfile merges into the profile of its own subject. Of both it takes
	// what has not expired by the day that is in force (Keep).
	MergeProfile(Profile) error
	// SetOwner records whose browser a visitor is, and adds the link when the
	// owner has a customer; generation > 0 links "<visitor>~<generation>".
	SetOwner(site, visitor string, o Owner) error
	// AddSharer remembers that a subject is known by an e-mail hash; beyond
	// MaxSharers it does nothing. Sharers lists who is, by kind and ID.
	AddSharer(site, hash string, s Subject) error
	Sharers(site, hash string) ([]Subject, error)
	// AddRecord appends a consent record to the ledger, for good, and adds it to
	// those that decisions go by. One whose ID its subject had before changes
	// nothing, and added is false. Decisions go by the newest MaxRecords grants and
	// the newest MaxRecords refusals of one subject and purpose, so that who
	// answers all the time, or floods, does not make every decision slower, and
	// no number of grants pushes out a refusal.
	AddRecord(ConsentRecord) (added bool, err error)
	// AddDelivery adds a delivery in its first state and counts the match. When
	// the key exists (added is false) and nothing was sent of it yet, only its
	// properties and its person are replaced: a later copy of the event knew better.
	AddDelivery(Delivery) (added bool, err error)
	// OpenDeliveries lists the keys of a person's deliveries in open states;
	// WaitingDeliveries those in StateWaiting alone, of which most people have none.
	OpenDeliveries(Subject) ([]DeliveryKey, error)
	WaitingDeliveries(Subject) ([]DeliveryKey, error)
	// Wake has an open delivery decided again from a time on, whether or not it
	// may be sent: held and waiting ones go to pending and are due, pending ones
	// and those in doubt keep the time of their next attempt. One that is leased is
	// decided again when it is settled.
	Wake(DeliveryKey, time.Time) error
	// Redact takes an event out of store and journal but for its
	// [Event.Redacted] form. It happens by itself when the last delivery of an
	// event is withheld. Events that are not known are passed over.
	Redact(key EventKey, reasons ...Reason) error
	// RedactCopy takes one copy of an event out of the journal: it was merged and
	// is beyond the copies that the record lists.
	RedactCopy(e Entry, reasons ...Reason) error
	// Concerns records that a journal entry is about subjects, under a keyed hash
	// of each, so that an erasure or an export finds it. It outlasts Redact.
	Concerns(e Entry, subjects ...Subject) error
	// Lift ends the suppression of whom an event is about, from its receive time
	// until they are erased again: identifiers that were erased with them no longer
	// count against them, and still do against others.
	Lift(ev Event) error
	// Forget takes an entry that is not in the store out of the journal, all but
	// that it happened (Event.Forgotten), and returns the ID of what is left.
	Forget(e Entry) (id string, err error)
	// Keep does what Store.Keep does, behind the entries that were applied so far
	// and, in this transaction, from here on.
	Keep(after Offset, k Keeping) error
	// Spent reports whether an event was a conversion of which nothing else is
	// kept any more: what comes late of it must not count again.
	Spent(key EventKey) (bool, error)
	// SetAside keeps an event that cannot be interpreted.
	SetAside(SetAside) error
}
