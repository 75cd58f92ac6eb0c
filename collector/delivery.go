package collector

import (
	"fmt"
	"time"
)

// A Conversion is an event that matched a scenario: what to send, to whom, and
// under which consent.
type Conversion struct {
	Scenario string `json:"scenario"`
	// Send is the name under which destinations get it, in their vocabulary.
	Send         string   `json:"send"`
	Destinations []string `json:"destinations"`
	// Category and Purposes are the consent it needs.
	Category string   `json:"category,omitempty"`
	Purposes []string `json:"purposes,omitempty"`
	// Wait bounds how long a delivery waits for late identifiers; zero sends at once.
	// Delay is how long it is not sent, whatever is known.
	Wait  time.Duration `json:"-"`
	Delay time.Duration `json:"-"`
	// Limit bounds how often the scenario's conversions count for one person.
	Limit Limit `json:"-"`
	// Properties are the site's properties after the scenario's mapping.
	Properties map[string]any `json:"properties,omitempty"`
	// Mapping is what the scenario says of everything else.
	Mapping Mapping `json:"mapping,omitzero"`
}

// A Matcher says which conversions an event is. Pure and safe for concurrent
// use. A condition that fails at run time gives a note, not a conversion.
type Matcher interface {
	Match(Event, Profile) ([]Conversion, []Note)
}

// State is where a delivery stands. Exactly one function moves a delivery
// between states: [Delivery.Move].
//
//	matched ─┬─ consent: drop ───────────────► withheld(reasons)
//	         ├─ consent: hold ──► held ──(a record arrives · hold TTL)──► pending, decided again
//	         └─ send ──► waiting (for late identifiers, bounded) ──► pending
//	pending ── past the destination's window ─► expired
//	pending ── lease ─► leased ─┬─ accepted ─► delivered
//	   ▲                        ├─ rejected, or tries exhausted ─► dead ── redrive ─► pending
//	   │                        │                                   (or its person is erased ─► withheld)
//	   │                        ├─ retry(after) ─► pending
//	   │                        ├─ blocked: the destination pauses ─► pending
//	   │                        ├─ decided again: withheld, held
//	   │                        └─ sent and no answer, or crashed after the attempt began ─► in_doubt
//	   └── in_doubt: by policy the same event ID again, or a person decides; counted apart
type State string

// The states of a delivery.
const (
	// StateWithheld: consent says no. Final; nothing personal is kept.
	StateWithheld State = "withheld"
	// StateHeld: consent is not known yet. Left by a record or the hold's end.
	StateHeld State = "held"
	// StateWaiting: may go, but identifiers may still arrive.
	StateWaiting State = "waiting"
	// StatePending: to be sent when due.
	StatePending State = "pending"
	// StateLeased: a dispatcher works on it until its lease ends.
	StateLeased State = "leased"
	// StateInDoubt: sent and not answered. Left by the policy or a person.
	StateInDoubt State = "in_doubt"
	// StateDelivered: the destination accepted it. Final.
	StateDelivered State = "delivered"
	// StateDead: the destination, or a check it would make, refused it. Left by
	// redrive, or for withheld when its person is erased.
	StateDead State = "dead"
	// StateExpired: too old for the destination. Final.
	StateExpired State = "expired"
)

// States lists all states in the order in which they are shown. Their counts
// add up to what matched.
func States() []State {
	return []State{
		StateDelivered, StateWithheld, StateHeld, StateWaiting, StatePending,
		StateLeased, StateInDoubt, StateDead, StateExpired,
	}
}

// moves is the state machine: from → allowed next states.
var moves = map[State][]State{
	"":             {StateWithheld, StateHeld, StateWaiting, StatePending},
	StateHeld:      {StatePending, StateWithheld, StateExpired},
	StateWaiting:   {StatePending, StateHeld, StateWithheld, StateExpired},
	StatePending:   {StateLeased, StateHeld, StateWithheld, StateExpired},
	StateLeased:    {StateDelivered, StateDead, StatePending, StateInDoubt, StateWithheld, StateHeld, StateExpired},
	StateInDoubt:   {StatePending, StateDelivered, StateDead, StateExpired, StateWithheld},
	StateDead:      {StatePending, StateWithheld},
	StateDelivered: nil,
	StateWithheld:  nil,
	StateExpired:   nil,
}

// Open reports whether the state will be left without a person's help.
func (s State) Open() bool {
	switch s {
	case StateHeld, StateWaiting, StatePending, StateLeased, StateInDoubt:
		return true
	}
	return false
}

// Timed reports whether a delivery in this state does something when its DueAt
// comes: held and waiting ones are decided, pending and doubtful ones sent.
func (s State) Timed() bool {
	switch s {
	case StateHeld, StateWaiting, StatePending, StateInDoubt:
		return true
	}
	return false
}

// A DeliveryKey names a delivery: one event goes under one name to one
// destination once.
type DeliveryKey struct {
	Site        string `json:"site"`
	Destination string `json:"destination"`
	Send        string `json:"send"`
	EventID     string `json:"event_id"`
}

func (k DeliveryKey) String() string {
	return k.Site + "/" + k.Destination + "/" + k.Send + "/" + k.EventID
}

// A Delivery is the duty to send one conversion to one destination.
type Delivery struct {
	Key      DeliveryKey `json:"key"`
	Scenario string      `json:"scenario"`
	// EventName is our name of the event, which together with the site and the
	// event ID finds it.
	EventName  string    `json:"event_name"`
	OccurredAt time.Time `json:"occurred_at"`
	MatchedAt  time.Time `json:"matched_at"`
	// Person is whose profile is joined; it becomes the customer when the
	// visitor is linked. Empty when withheld.
	Person     Subject        `json:"person,omitzero"`
	Category   string         `json:"category,omitempty"`
	Purposes   []string       `json:"purposes,omitempty"`
	Properties map[string]any `json:"properties,omitempty"`
	Mapping    Mapping        `json:"mapping,omitzero"`

	State   State    `json:"state"`
	Reasons []Reason `json:"reasons,omitempty"`
	// Detail is the destination's or the check's own words about the last
	// outcome; never personal data.
	Detail  string    `json:"detail,omitempty"`
	MovedAt time.Time `json:"moved_at"`
	// DueAt is when a timed state has to be looked at.
	DueAt time.Time `json:"due_at,omitzero"`
	// WaitUntil bounds waiting; ExpiresAt is the end of the destination's window,
	// ExpiresWhy the reason that is given when it has passed.
	WaitUntil time.Time `json:"wait_until,omitzero"`
	// NotBefore is when a scenario's delay ends; zero when it has none.
	NotBefore time.Time `json:"not_before,omitzero"`
	// Counts is true when the scenario has a limit, to which the conversion counts
	// as long as it is not withheld.
	Counts     bool      `json:"counts,omitzero"`
	ExpiresAt  time.Time `json:"expires_at"`
	ExpiresWhy Reason    `json:"expires_why,omitempty"`

	Lease Lease `json:"lease,omitzero"`
	// LookAt is set when something new about the person arrived: from then on it
	// has to be decided again, whether or not it is due or may be sent.
	LookAt   time.Time `json:"look_at,omitzero"`
	Attempts []Attempt `json:"attempts,omitempty"`
	// Tries counts attempts that the schedule counts; a blocked one does not.
	Tries int `json:"tries,omitzero"`
	// Doubts counts attempts of which nobody knows whether they were counted:
	// those in doubt, and those that failed doubtfully.
	Doubts int `json:"doubts,omitzero"`
	// Unanswered counts those of them to which no answer came while the process
	// ran; see Limits.Resends.
	Unanswered int `json:"unanswered,omitzero"`

	// Decision is the consent decision last taken.
	Decision Decision `json:"decision,omitzero"`
	// Payload is what was sent or will be sent again; its body is dropped when
	// the delivery is closed, its fields (lineage, masked) stay.
	Payload Payload `json:"payload,omitzero"`
}

// Move puts d into a state, for reasons, at a time. It is the only way from
// one state to another and refuses every way that the state machine does not
// have. What the new state has no use for goes: the timer, the lease, the body
// of a closed delivery, and everything personal of a withheld one.
func (d *Delivery) Move(to State, at time.Time, reasons ...Reason) error {
	for _, s := range moves[d.State] {
		if s == to {
			d.State, d.MovedAt, d.Reasons = to, at, reasons
			if to != StateLeased {
				d.Lease = Lease{}
				if !to.Timed() {
					d.DueAt = time.Time{}
				}
			}
			if !to.Open() {
				d.Payload.Body, d.LookAt = nil, time.Time{}
			}
			if to == StateWithheld {
				d.Person, d.Properties, d.Mapping, d.Payload = Subject{}, nil, Mapping{}, Payload{}
			}
			return nil
		}
	}
	return fmt.Errorf("BUG: delivery %s cannot go from %q to %q", d.Key, d.State, to)
}

// A Lease is the exclusive, expiring right to attempt a delivery.
type Lease struct {
	ID    string    `json:"id"`
	Until time.Time `json:"until"`
}

// MaxAttemptsKept bounds Delivery.Attempts: the first and the newest are kept.
const MaxAttemptsKept = 32

// An Attempt is one try at a delivery. It is written durably when it begins,
// before the request leaves, so that a crash is known to be in doubt.
type Attempt struct {
	At time.Time `json:"at"`
	// EndedAt is zero while the request is out.
	EndedAt time.Time `json:"ended_at,omitzero"`
	Verdict Verdict   `json:"verdict,omitzero"`
}

// Begin adds an attempt that starts at a time, within the bound.
func (d *Delivery) Begin(at time.Time) {
	if len(d.Attempts) >= MaxAttemptsKept {
		d.Attempts = append(d.Attempts[:1], d.Attempts[2:]...)
	}
	d.Attempts = append(d.Attempts, Attempt{At: at})
}

// Never is a due time that does not come: a delivery in doubt that is due then is
// left to a person.
var Never = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

// Earlier is the earlier of two times, of which a zero one counts as none.
func Earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Later is the later of two times.
func Later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Doubted reports whether the last attempt ended in doubt, and nobody has said
// since what became of it. Such a delivery rests in StateInDoubt, not in
// StatePending, whatever it is leased for.
func (d *Delivery) Doubted() bool {
	n := len(d.Attempts)
	if n == 0 || d.Attempts[n-1].EndedAt.IsZero() || d.Attempts[n-1].Verdict.Ruling != InDoubt {
		return false
	}
	for _, r := range d.Reasons {
		if r == ReasonResolved || r == ReasonRedriven {
			return false
		}
	}
	return true
}

// InFlight reports whether the last attempt began and never ended.
func (d *Delivery) InFlight() bool {
	return len(d.Attempts) > 0 && d.Attempts[len(d.Attempts)-1].EndedAt.IsZero()
}

// Ruling is what a destination said, reduced to what has to be done next.
type Ruling string

// The rulings.
const (
	Accepted Ruling = "accepted"
	Retry    Ruling = "retry"    // did not take it; may later
	Rejected Ruling = "rejected" // will never take it
	Blocked  Ruling = "blocked"  // takes nothing until a person acts; the destination pauses
	InDoubt  Ruling = "in_doubt" // was sent and not answered; may have been counted
)

// A Verdict is what the destination said about one delivery. A request that
// was written and never answered is InDoubt, not Retry: the destination may
// have counted it.
type Verdict struct {
	Ruling Ruling `json:"ruling"`
	// Doubtful goes with Retry: the destination said that it failed, which does not
	// prove that it counted nothing.
	Doubtful bool `json:"doubtful,omitzero"`
	// Unsent goes with Retry: the request was not made, or not looked into (a rate
	// limit), so that it says nothing about the delivery and spends no try.
	Unsent bool `json:"unsent,omitzero"`
	// After: not before this long; zero leaves it to the schedule.
	After  time.Duration `json:"-"`
	Reason Reason        `json:"reason,omitempty"`
	// Detail are the destination's words, without personal data; Status, Code
	// and Subcode its numbers, where it has such; Trace its own reference.
	Detail  string `json:"detail,omitempty"`
	Status  int    `json:"status,omitzero"`
	Code    int    `json:"code,omitzero"`
	Subcode int    `json:"subcode,omitzero"`
	Trace   string `json:"trace,omitempty"`
	// Usage is what the answer said of the destination's rate limit.
	Usage Usage `json:"usage,omitzero"`
	// Alarm is what the answer said that a person should know although it
	// changes nothing now, such as a version that is about to end.
	Alarm *Alarm `json:"alarm,omitempty"`
}

// A Field is one line of lineage: what the destination gets in one place, from
// where, and what was done to it; or why it gets nothing.
type Field struct {
	// Path is the destination's own name of the place.
	Path string `json:"path"`
	Kind Kind   `json:"kind,omitempty"`
	// Shown is the value, masked as far as it could identify a person.
	Shown string `json:"shown,omitempty"`
	// Receipt and Event name the beacon or call it came with, At when it was
	// observed, From is the same in words ("beacon b_… · page_view").
	Receipt string    `json:"receipt,omitempty"`
	Event   string    `json:"event,omitempty"`
	From    string    `json:"from,omitempty"`
	At      time.Time `json:"at,omitzero"`
	How     string    `json:"how,omitempty"`
	// Dropped says why the field is not sent; empty when it is.
	Dropped Reason `json:"dropped,omitempty"`
}

// A Payload is a delivery as its destination will get it: the body that every
// try repeats to the letter while it is good, and the lineage of each field in it.
type Payload struct {
	Body   []byte  `json:"body,omitempty"`
	Fields []Field `json:"fields,omitempty"`
	// GoodUntil is when something in the body gets too old to be sent; from then
	// on a try composes anew. Zero: it is good as long as the delivery is open.
	GoodUntil time.Time `json:"good_until,omitzero"`
}
