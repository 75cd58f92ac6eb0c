package collector

import "time"

// Actions of a consent answer. Anything else revokes.
const (
	ConsentAccept   = "accept"
	ConsentReject   = "reject"
	ConsentWithdraw = "withdraw"
)

// How it is known which text was seen.
const (
	// ProofToken: the edge served it itself, and its signed token came back.
	ProofToken = "token"
	// ProofMissing: a token was asked for, and none came that holds. A yes does not
	// count where consent is asked for first; a no counts fully.
	ProofMissing = "missing"
	// ProofServer: the site's back end says so, with its write key.
	ProofServer = "server"
)

// SourceGPC is the source of a refusal that a browser's Global Privacy Control
// signal stands for. It can only refuse.
const SourceGPC = "gpc"

// A ConsentAnswer is what a person said, as an event carries it.
type ConsentAnswer struct {
	Action string `json:"action"`
	// Categories the answer is about, by the site's own ids; empty means all.
	// An answer is the whole answer: an accept of some refuses the others.
	Categories []string `json:"categories,omitempty"`
	// At is when it was given by the edge's clock: receive time less the age that
	// the sender reported, never later than the receive time. Only differences of
	// a browser's clock are right.
	At time.Time `json:"at"`
	// ClaimedAt is when it was given by the sender's clock. It orders nothing; it
	// is the same in every repetition of a standing answer, and so names it.
	ClaimedAt time.Time `json:"claimed_at,omitzero"`
	// Notice is the SHA-256 (hex) of the text the person saw; Language its language.
	Notice   string `json:"notice,omitempty"`
	Language string `json:"language,omitempty"`
	// Source says which surface took the answer: banner, preferences_page, gpc, api,
	// cmp:<name>, crm.
	Source string `json:"source"`
	// Explicit is true when the person acted (a button), false for defaults.
	Explicit bool `json:"explicit"`
	// InformedOfGPC is true when the person was told of their browser's signal
	// before they accepted.
	InformedOfGPC bool `json:"informed_of_gpc,omitzero"`
	// Until is when a yes ends, where the sender says so; it only shortens.
	Until time.Time `json:"until,omitzero"`
	// ID is the sender's own id of the answer, where it has one: the same answer
	// sent again is the same record.
	ID string `json:"id,omitempty"`
	// Proof says how it is known which text the person saw: one of the constants
	// above, or nothing where the sender only named it.
	Proof string `json:"proof,omitempty"`
	// Regime, Country and Surface are what the edge knew when it showed the text:
	// which law, where, and on which surface. Only a token tells (ProofToken).
	Regime  string `json:"regime,omitempty"`
	Country string `json:"country,omitempty"`
	Surface string `json:"surface,omitempty"`
}

// Signals are what browser and network said about privacy. Signals tighten,
// records grant.
type Signals struct {
	GPC bool `json:"gpc,omitzero"` // Sec-GPC: 1 or navigator.globalPrivacyControl
}

// A ConsentRecord is one answer of one subject about one purpose. It is never
// changed; see Tx.AddRecord for how many are kept beside the ledger, which has all.
type ConsentRecord struct {
	ID      string  `json:"id"`
	Subject Subject `json:"subject"`
	Purpose string  `json:"purpose"` // "*" for all
	Action  string  `json:"action"`
	// At is claimed by the sender; ReceivedAt is the edge's clock.
	At         time.Time `json:"at"`
	ReceivedAt time.Time `json:"received_at"`
	// Until is when it ceases; zero means the policy's maximum.
	Until       time.Time `json:"until,omitzero"`
	Explicit    bool      `json:"explicit"`
	Notice      string    `json:"notice,omitempty"`
	NoticeEpoch int       `json:"notice_epoch,omitzero"`
	Language    string    `json:"language,omitempty"`
	Recipients  []string  `json:"recipients,omitempty"`
	Source      string    `json:"source"`
	PageView    string    `json:"page_view,omitempty"`
	// InformedOfGPC is true when the person confirmed over a privacy signal.
	InformedOfGPC bool   `json:"informed_of_gpc,omitzero"`
	Proof         string `json:"proof,omitempty"`
	Regime        string `json:"regime,omitempty"`
	Country       string `json:"country,omitempty"`
	Surface       string `json:"surface,omitempty"`
	Receipt       string `json:"receipt"`
	// Seq orders records of equal time; it is the journal's offset.
	Seq Offset `json:"seq"`
}

// Outcome is what a decision says.
type Outcome string

// The outcomes of a decision, from narrow to wide.
const (
	Drop        Outcome = "drop"
	Hold        Outcome = "hold"
	SendReduced Outcome = "send_reduced"
	SendFull    Outcome = "send_full"
)

// Sends reports whether the outcome lets anything out.
func (o Outcome) Sends() bool { return o == SendFull || o == SendReduced }

// A Question asks whether one event may go to one recipient now.
type Question struct {
	Now   time.Time
	Event Event
	Geo   Geo
	// Direct is whom the event is about; Linked are the other subjects of the
	// same person. Refusals follow links, grants do not.
	Direct, Linked []Subject
	Records        []ConsentRecord
	Signals        Signals
	// Purposes must all be granted (a scenario's category); the zero value asks
	// for the policy's own.
	Purposes []string
	// Has lists what the event could carry, so that the answer knows whether
	// anything by which a person can be matched is left.
	Has []Kind
}

// A Decision is the answer, with every reason in order.
type Decision struct {
	Outcome Outcome  `json:"outcome"`
	Reasons []Reason `json:"reasons"`
	Regime  string   `json:"regime,omitempty"`
	Strip   []Kind   `json:"strip,omitempty"`
	// AttributionOnly asks the recipient not to use the event for optimisation.
	AttributionOnly bool `json:"attribution_only,omitzero"`
	// LimitedUse, when not nil, invokes a state law's restricted processing;
	// an empty one says explicitly that it does not apply.
	LimitedUse *LimitedUse `json:"limited_use,omitempty"`
	// RetryAt is when a hold has to be decided again, at the latest.
	RetryAt time.Time `json:"retry_at,omitzero"`
	// Records are the ids of the records that decided.
	Records []string `json:"records,omitempty"`
	Policy  string   `json:"policy,omitempty"`
}

// Strips reports whether the decision takes out a kind.
func (d Decision) Strips(k Kind) bool {
	for _, s := range d.Strip {
		if s == k {
			return true
		}
	}
	return false
}

// LimitedUse is restricted processing by country and state codes.
type LimitedUse struct {
	Applies bool `json:"applies"`
	Country int  `json:"country,omitzero"`
	State   int  `json:"state,omitzero"`
}

// A Decider answers questions. It is pure: same question, same answer; it
// reads no clock, file or network. Safe for concurrent use.
type Decider interface {
	Decide(Question) Decision
}
