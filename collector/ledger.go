package collector

// The ledger of consent: every record for good, chained by hashes, so that
// nobody can change, remove or slip in one unseen. What decisions need of a
// person stands beside it (ConsentRecord), bounded and quick to read.
//
// A site has one chain. Its entries name a person by a random id that stands
// for nothing else; whose id it is says one row beside the chain, which an
// erasure removes. The chain stays whole, and the record is nobody's.

// A LedgerEntry is one consent record as the chain has it: what was answered, to
// which text, when and how that is known. No name, address, page or receipt is in
// it. Times are seconds since 1970. Its canonical form is JSON by RFC 8785; that
// cannot change, a new one gets a new version (reference/consent.md § 3.5, 5.1).
type LedgerEntry struct {
	Version int    `json:"v"` // 1
	Site    string `json:"site,omitempty"`
	// Seq counts the site's entries from 1, without a gap; Record is the entry's
	// own id, random as well.
	Seq    uint64 `json:"seq"`
	Record string `json:"rid"`
	// Subject is the random id of whoever answered, a browser or a customer.
	Subject     string      `json:"subject"`
	SubjectKind SubjectKind `json:"subject_kind,omitempty"`

	Action   string   `json:"action"`
	Purposes []string `json:"purposes"`
	// Time is when the answer was given, ReceivedAt when it came by the edge's
	// clock. Back is by how many seconds that clock stands behind the entry before:
	// the chain says itself where time went backwards.
	Time       int64 `json:"time"`
	ReceivedAt int64 `json:"received_at"`
	Back       int64 `json:"back,omitzero"`
	ValidUntil int64 `json:"valid_until,omitzero"`

	// Notice is "sha256:" and the hash of the text that the person saw, when that
	// is known, and Proof how (ConsentAnswer.Proof).
	Notice        string   `json:"notice,omitempty"`
	NoticeEpoch   int      `json:"notice_epoch,omitzero"`
	Language      string   `json:"lang,omitempty"`
	Recipients    []string `json:"recipients,omitempty"`
	Proof         string   `json:"proof,omitempty"`
	Regime        string   `json:"regime,omitempty"`
	Country       string   `json:"country,omitempty"`
	Surface       string   `json:"ui,omitempty"`
	Source        string   `json:"source"`
	Explicit      bool     `json:"explicit,omitzero"`
	InformedOfGPC bool     `json:"informed_of_gpc,omitzero"`
}

// A LedgerRow is an entry with its hash, lower-case hex: SHA-256 over a zero
// byte, the hash of the entry before (32 zero bytes before the first) and the
// entry's canonical form.
type LedgerRow struct {
	Entry LedgerEntry `json:"entry"`
	Hash  string      `json:"hash"`
}

// A LedgerHead says how a site's chain stands.
type LedgerHead struct {
	Site string `json:"site"`
	// Seq and Hash are those of the last entry.
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"`
	// Covered is the last entry that a checkpoint covers.
	Covered uint64 `json:"covered"`
}

// A Checkpoint is a signed word on a site's chain: at that time it had so many
// entries and the last one that hash. Kept elsewhere as well, it proves that
// nothing before it was changed since, whoever owns the folder.
type Checkpoint struct {
	Site string `json:"site"`
	Seq  uint64 `json:"seq"`
	Head string `json:"head"` // hash, lower-case hex
	At   int64  `json:"at"`   // seconds since 1970
	// Key is the public half of the Ed25519 key, Signature what it signed; hex.
	Key       string `json:"key"`
	Signature string `json:"signature"`
}

// LedgerQuery says what a verification goes by besides the ledger itself.
type LedgerQuery struct {
	// Keys are the public keys, in hex, that may have signed; none means that the
	// signatures are checked, and whose they are is not.
	Keys []string
	// Anchors are heads that were noted elsewhere; Covered is not read.
	Anchors []LedgerHead
}

// A LedgerReport is what a verification found, by site.
type LedgerReport struct {
	Sites []LedgerSite `json:"sites"`
}

// Faults counts what is wrong.
func (r LedgerReport) Faults() (n int) {
	for _, s := range r.Sites {
		n += len(s.Faults)
	}
	return n
}

// A LedgerSite is what was found of one site.
type LedgerSite struct {
	LedgerHead
	// Checkpoints that were checked, and the keys that signed them.
	Checkpoints int      `json:"checkpoints"`
	Keys        []string `json:"keys,omitempty"`
	// Back counts the entries that say that the edge's clock had gone back.
	Back   int           `json:"clock_went_back,omitzero"`
	Faults []LedgerFault `json:"faults,omitempty"`
}

// A LedgerFault names the first entry from which on a chain cannot be believed,
// or a checkpoint that is not true.
type LedgerFault struct {
	Seq uint64 `json:"seq"`
	// Record is the entry's id, as far as it can be read.
	Record string `json:"rid,omitempty"`
	// Message says what is wrong, as a sentence.
	Message string `json:"message"`
}

// A NoticeText is the text of a notice, kept under its hash for as long as there
// is a data folder: an answer proves what its text says also when the
// configuration has it no more.
type NoticeText struct {
	Site       string   `json:"site"`
	Hash       string   `json:"hash"`
	Language   string   `json:"language"`
	Text       string   `json:"text"`
	Recipients []string `json:"recipients,omitempty"`
	Epoch      int      `json:"epoch,omitzero"`
}
