package consent

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"matchkey/collector"
)

// The vocabulary of audits: one case a line, as `matchkey decide` reads it. It
// is that of reference/consent.md § 5.1 and 5.2, so it uses the recipient's
// words for fields and the names of other parties' signals; they are turned
// into ours here and go no further.

// userData gives our word for a field of the recipient.
var userData = map[string]collector.Kind{
	"fbc": collector.KindClick, "fbp": collector.KindBrowser,
	"client_ip_address": collector.KindIP, "client_user_agent": collector.KindUserAgent,
	"em": collector.KindEmail, "ph": collector.KindPhone, "external_id": collector.KindCustomer,
	"fn": collector.KindFirstName, "ln": collector.KindLastName,
	"db": collector.KindDateOfBirth, "ge": collector.KindGender,
	"ct": collector.KindCity, "st": collector.KindRegion,
	"zp": collector.KindPostalCode, "country": collector.KindCountry,
}

// usualFields are what an event carries when a case does not say.
var usualFields = []string{"fbp", "client_user_agent", "client_ip_address", "em"}

// A caseInput is one case. Times are UNIX seconds.
type caseInput struct {
	Now   *int64 `json:"now"`
	Event struct {
		Time     *int64   `json:"time"`
		PageView string   `json:"page_view_id"`
		Subjects []string `json:"subjects"`
		UserData []string `json:"user_data"`

		// Read and without influence.
		Received *int64 `json:"received_at"`
		Name     string `json:"name"`
		Origin   string `json:"origin"`
	} `json:"event"`
	Geo struct {
		Country  string `json:"country"`
		Region   string `json:"region"`
		Conflict bool   `json:"conflict"`
	} `json:"geo"`
	Records []caseRecord `json:"records"`
	Signals caseSignals  `json:"signals"`
	Subject struct {
		Linked     []string `json:"linked"`
		Age        string   `json:"age"`
		Erased     bool     `json:"erased"`
		Suppressed bool     `json:"suppressed"`
	} `json:"subject"`
	Context struct {
		Sensitive jsontext.Value `json:"sensitive"`
	} `json:"context"`
	NoticeEpoch *int       `json:"notice_epoch"`
	Policy      casePolicy `json:"policy"`
}

// A caseRecord is a consent record. Without a subject it is about the event's own.
type caseRecord struct {
	ID         string           `json:"rid"`
	Seq        collector.Offset `json:"seq"`
	Subject    string           `json:"subject"`
	Purpose    string           `json:"purpose"`
	Action     string           `json:"action"`
	Time       *int64           `json:"time"`
	Received   *int64           `json:"received_at"`
	Until      jsontext.Value   `json:"valid_until"` // seconds, "unlimited" or null
	Explicit   bool             `json:"explicit"`
	Notice     string           `json:"notice_hash"`
	Epoch      int              `json:"notice_epoch"`
	Recipients []string         `json:"recipients"`
	PageView   string           `json:"page_view_id"`
	Informed   bool             `json:"gpc_override_confirmed"`
	Source     string           `json:"source"`
	Language   string           `json:"lang"`
}

// caseSignals are the signals by the names of those who define them.
type caseSignals struct {
	GPC bool `json:"gpc"`
	TCF *struct {
		Applies  *bool           `json:"gdpr_applies"`
		Status   string          `json:"event_status"`
		Purposes map[string]bool `json:"purposes"`
		Addtl    []int           `json:"addtl"`
	} `json:"tcf"`
	GPP map[string]jsontext.Value `json:"gpp"` // signal_status, and fields by name
	GCM map[string]jsontext.Value `json:"gcm"`
	CMP *struct {
		Answered  bool   `json:"answered"`
		Marketing string `json:"marketing"` // "granted"; all else denies
	} `json:"cmp"`
	USP string `json:"usp"`
}

// A casePolicy overrides the defaults.
type casePolicy struct {
	GPC             *GPCScope `json:"gpc"`
	USOptOut        *USOptOut `json:"us_optout"`
	SamePageRelease *bool     `json:"same_page_release"`
	HoldTTL         *int64    `json:"hold_ttl"` // seconds
	RequireProof    *bool     `json:"require_proof"`
	OptInEverywhere bool      `json:"opt_in_everywhere"`
	OptIn           []string  `json:"opt_in"`
	NoticeRegime    string    `json:"notice_regime"` // "opt_in" tightens
	CanadaRegime    string    `json:"ca_regime"`     // "opt_in" tightens
	Disabled        bool      `json:"destination_disabled"`
	Recipient       string    `json:"recipient"`
}

// A caseResult is the answer. Strip lists fields of the case that do not go,
// Meta what is added to what goes.
type caseResult struct {
	Outcome collector.Outcome  `json:"outcome"`
	Reasons []collector.Reason `json:"reasons"`
	Strip   []string           `json:"strip"`
	Meta    map[string]any     `json:"meta"`
	// Ignored points at the first member of the case that is not part of the
	// vocabulary, so that a misspelt one does not pass for a decision's ground.
	Ignored string `json:"ignored,omitempty"`
}

// DecideLine answers one case: a JSON object in the vocabulary of
// reference/consent.md § 5 in, one line of JSON out,
//
//	{"outcome":"hold","reasons":["regime_opt_in","consent_pending"],"strip":[],"meta":{}}
//
// or {"error":"…"} when the case cannot be read. What a case leaves out has the
// defaults of § 5.7: the fields fbp, client_user_agent, client_ip_address and
// em, notice epoch 1, and [Defaults]. now and event.time are required. Pure;
// safe for concurrent use.
func DecideLine(line []byte) []byte {
	var result any
	if r, err := decideCase(line); err != nil {
		result = map[string]string{"error": err.Error()}
	} else {
		result = r
	}
	out, err := json.Marshal(result, json.Deterministic(true))
	if err != nil {
		panic(fmt.Sprintf("BUG: a decision cannot be written as JSON: %v", err)) // codes and names from a valid case
	}
	return out
}

func decideCase(line []byte) (caseResult, error) {
	var c caseInput
	if err := json.Unmarshal(line, &c); err != nil {
		return caseResult{}, readError(err)
	}
	policy, in, err := c.translate()
	if err != nil {
		return caseResult{}, err
	}
	d := policy.decide(in)
	result := caseResult{Outcome: d.Outcome, Reasons: d.Reasons, Strip: []string{}, Meta: map[string]any{}}
	if d.Outcome.Sends() {
		for _, field := range c.fields() {
			if d.Strips(kindOf(field)) {
				result.Strip = append(result.Strip, field)
			}
		}
		result.Meta = options(d)
	}
	var unknown *json.SemanticError
	if err := json.Unmarshal(line, new(caseInput), json.RejectUnknownMembers(true)); errors.As(err, &unknown) {
		result.Ignored = string(unknown.JSONPointer)
	}
	return result, nil
}

// options are a decision's settings in the recipient's words.
func options(d collector.Decision) map[string]any {
	m := map[string]any{}
	if d.AttributionOnly {
		m["opt_out"] = true
	}
	if use := d.LimitedUse; use != nil {
		m["data_processing_options"] = []string{}
		if use.Applies {
			m["data_processing_options"] = []string{"LDU"}
			m["data_processing_options_country"] = use.Country
			m["data_processing_options_state"] = use.State
		}
	}
	return m
}

func kindOf(field string) collector.Kind {
	if kind, known := userData[field]; known {
		return kind
	}
	return collector.Kind(field) // not known: counts as contact data
}

func (c *caseInput) fields() []string {
	if c.Event.UserData == nil {
		return usualFields
	}
	return c.Event.UserData
}

// translate turns a case into our words.
func (c *caseInput) translate() (Policy, input, error) {
	at := clock{}
	in := input{
		now: at.read("now", c.Now), at: at.read("event.time", c.Event.Time),
		pageView: c.Event.PageView,
		geo:      collector.Geo{Country: c.Geo.Country, Region: c.Geo.Region, Conflict: c.Geo.Conflict},
		signals:  c.Signals.translate(),
		stops: stops{
			erased: c.Subject.Erased, suppressed: c.Subject.Suppressed, age: c.Subject.Age,
			sensitive: given(c.Context.Sensitive),
		},
	}
	if c.Now == nil || c.Event.Time == nil {
		return Policy{}, input{}, errors.New("the case has no now or no event.time in UNIX seconds; both are needed")
	}
	for _, field := range c.fields() {
		in.has = append(in.has, kindOf(field))
	}
	own := "the event's own"
	if len(c.Event.Subjects) > 0 {
		own = c.Event.Subjects[0]
	}
	in.direct = subjects(append([]string{own}, c.Event.Subjects...))
	in.linked = subjects(c.Subject.Linked)
	for i := range c.Records {
		in.records = append(in.records, c.Records[i].translate(own, &at))
	}
	policy, err := c.policy()
	if err == nil {
		err = at.err
	}
	in.purposes = []string{policy.Measurement}
	return policy, in, err
}

func (r *caseRecord) translate(own string, at *clock) collector.ConsentRecord {
	if r.Subject != "" {
		own = r.Subject
	}
	return collector.ConsentRecord{
		ID: r.ID, Seq: r.Seq, Subject: subject(own), Purpose: r.Purpose, Action: r.Action,
		At: at.read("a record's time", r.Time), ReceivedAt: at.read("a record's received_at", r.Received),
		Until: at.until(r.Until), Explicit: r.Explicit,
		Notice: r.Notice, NoticeEpoch: r.Epoch, Recipients: r.Recipients,
		PageView: r.PageView, InformedOfGPC: r.Informed, Source: r.Source, Language: r.Language,
	}
}

func (s *caseSignals) translate() signals {
	out := signals{gpc: s.GPC, usp: s.USP}
	if t := s.TCF; t != nil {
		out.tcf = &tcfSignal{applies: t.Applies, status: t.Status, purposes: t.Purposes, vendors: t.Addtl}
	}
	if s.GPP != nil {
		out.gpp = &gppSignal{ready: string(s.GPP["signal_status"]) == `"ready"`, optedOut: gppOptedOut(s.GPP)}
	}
	if s.GCM != nil {
		out.gcm = map[string]string{}
		for key, v := range s.GCM {
			out.gcm[key] = strings.Trim(string(v), `"`)
		}
	}
	if s.CMP != nil {
		out.cmp = &cmpSignal{answered: s.CMP.Answered, granted: s.CMP.Marketing == "granted"}
	}
	return out
}

// gppOptedOut reads GPP's fields. 1 means "opted out" in an opt-out and "no
// consent" in a consent; 2 is the opposite, 0 does not apply (§ 2.3).
func gppOptedOut(fields map[string]jsontext.Value) bool {
	is := func(name string, value string) bool { return string(fields[name]) == value }
	if is("SaleOptOut", "1") || is("SharingOptOut", "1") || is("TargetedAdvertisingOptOut", "1") || is("Gpc", "true") {
		return true
	}
	var child []int
	if v := fields["KnownChildSensitiveDataConsents"]; v != nil && json.Unmarshal(v, &child) != nil {
		return is("KnownChildSensitiveDataConsents", "1")
	}
	return slices.Contains(child, 1)
}

func (c *caseInput) policy() (Policy, error) {
	p, o := Defaults(), &c.Policy
	p.NoticeEpoch = 1
	if c.NoticeEpoch != nil {
		p.NoticeEpoch = *c.NoticeEpoch
	}
	if o.GPC != nil {
		p.GPC = *o.GPC
	}
	if o.USOptOut != nil {
		p.USOptOut = *o.USOptOut
	}
	if o.SamePageRelease != nil {
		p.SamePageRelease = *o.SamePageRelease
	}
	if o.RequireProof != nil {
		p.AcceptUnproven = !*o.RequireProof
	}
	if o.Recipient != "" {
		p.Recipient = o.Recipient
	}
	p.OptInEverywhere, p.OptIn, p.Disabled = o.OptInEverywhere, o.OptIn, o.Disabled
	p.OptInNotice, p.OptInCanada = o.NoticeRegime == "opt_in", o.CanadaRegime == "opt_in"
	if o.HoldTTL != nil {
		if *o.HoldTTL < 0 || *o.HoldTTL > maxSeconds {
			return p, errors.New("the case's policy.hold_ttl is no length in seconds")
		}
		p.Hold = time.Duration(*o.HoldTTL) * time.Second
	}
	return p, nil
}

// subject makes a subject of a case's name for one, such as "acct:1".
func subject(name string) collector.Subject { return collector.Visitor("case", name) }

func subjects(names []string) []collector.Subject {
	var list []collector.Subject
	for _, n := range names {
		list = append(list, subject(n))
	}
	return list
}

// given reports whether a value says something.
func given(v jsontext.Value) bool {
	switch string(v) {
	case "", "null", "false", `""`:
		return false
	}
	return true
}

// maxSeconds is the year 2200: later times and longer spans are mistakes.
const maxSeconds = 7258118400

// A clock reads times and keeps the first fault.
type clock struct{ err error }

func (c *clock) read(what string, seconds *int64) time.Time {
	if seconds == nil {
		return time.Time{}
	}
	if *seconds < 0 || *seconds > maxSeconds {
		c.fail(what)
	}
	return time.Unix(*seconds, 0).UTC()
}

// until reads the end of a validity; without one it is the policy's.
func (c *clock) until(v jsontext.Value) time.Time {
	switch string(v) {
	case "", "null", `"unlimited"`:
		return time.Time{}
	}
	var seconds int64
	if json.Unmarshal(v, &seconds) != nil {
		c.fail("a record's valid_until")
	}
	return c.read("a record's valid_until", &seconds)
}

func (c *clock) fail(what string) {
	if c.err == nil {
		c.err = fmt.Errorf("the case cannot be read: %s is no time in UNIX seconds before the year 2200", what)
	}
}

// readError says where a case is broken, without repeating what stands there.
func readError(err error) error {
	var wrong *json.SemanticError
	if errors.As(err, &wrong) {
		return fmt.Errorf("the case cannot be read: the value at %q has the wrong type", wrong.JSONPointer)
	}
	var broken *jsontext.SyntacticError
	if errors.As(err, &broken) {
		return fmt.Errorf("the case is not valid JSON: it breaks at byte %d", broken.ByteOffset)
	}
	return errors.New("the case is not valid JSON")
}
