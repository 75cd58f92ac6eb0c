package graphsim

// Faults by script: what goes wrong between a sender and Meta that has nothing
// to do with what was sent. They are taken one per request, in order.

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// FaultKind names a fault, also in a script file.
type FaultKind string

// The faults.
const (
	// FaultNone lets a request through on its merits.
	FaultNone FaultKind = "none"
	// FaultError answers Code, Subcode, Transient, Message with Status.
	FaultError FaultKind = "error"
	// FaultThrottle is an error of a rate limit (Code 4, 17, 613 or 80004; 17
	// when zero) with usage headers at Percent (100 when zero) and Minutes.
	FaultThrottle FaultKind = "throttle"
	// FaultHTML answers an HTML page with Status (502 when zero), about Size bytes.
	FaultHTML FaultKind = "html"
	// FaultHang waits ForSeconds (without end when zero), then goes on; when the
	// sender gives up first nothing is recorded, unless Accept.
	FaultHang FaultKind = "hang"
	// FaultCutBefore closes the connection and records nothing.
	FaultCutBefore FaultKind = "cut_before"
	// FaultAcceptThenCut records the events, then closes without an answer.
	FaultAcceptThenCut FaultKind = "accept_then_cut"
	// FaultTruncate records the events and answers half of the JSON.
	FaultTruncate FaultKind = "truncate"
	// FaultWrongCount records the events and answers events_received off by By
	// (-1 when zero).
	FaultWrongCount FaultKind = "wrong_count"
	// FaultVersionWarning answers as to a version that is no longer alive.
	FaultVersionWarning FaultKind = "version_warning"
	// FaultUsage goes on with usage headers at Percent and Minutes.
	FaultUsage FaultKind = "usage"
)

// A Fault is what happens to one request, or to Times requests.
type Fault struct {
	Kind  FaultKind `json:"fault"`
	Times int       `json:"times,omitzero"` // 0 means 1
	// Accept records the events before an error, throttle, html or hang strikes:
	// "it failed and did it anyway". Events that would be refused are not recorded.
	Accept bool `json:"accept,omitzero"`

	Status     int     `json:"status,omitzero"`
	Code       int     `json:"code,omitzero"`
	Subcode    int     `json:"subcode,omitzero"`
	Transient  bool    `json:"transient,omitzero"`
	Message    string  `json:"message,omitzero"`
	Size       int     `json:"size,omitzero"`
	ForSeconds float64 `json:"for_seconds,omitzero"`
	By         int     `json:"by,omitzero"`
	Percent    int     `json:"percent,omitzero"`
	Minutes    int     `json:"minutes,omitzero"`
}

// Bounds of a script.
const (
	maxScript     = 10_000 // lines
	maxTimes      = 1_000_000
	maxPage       = 1 << 20
	maxHang       = 600 // seconds
	maxScriptSize = 1 << 20
)

func (f Fault) check() error {
	switch f.Kind {
	case FaultNone, FaultHTML, FaultHang, FaultCutBefore, FaultAcceptThenCut,
		FaultTruncate, FaultWrongCount, FaultVersionWarning:
	case FaultError:
		if f.Code == 0 {
			return errors.New(`"error" needs a "code", like {"fault":"error","status":401,"code":190,"subcode":463}`)
		}
	case FaultThrottle:
		if _, ok := throttles[f.Code]; !ok {
			return fmt.Errorf(`"throttle" knows the codes 4, 17, 613 and 80004, not %d`, f.Code)
		}
	case FaultUsage:
		if f.Percent == 0 {
			return errors.New(`"usage" needs a "percent", like {"fault":"usage","percent":96,"minutes":5}`)
		}
	default:
		return fmt.Errorf("there is no fault %.40q", f.Kind)
	}
	switch {
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("the status has to be 200 to 599, not %d", f.Status)
	case f.Times < 0 || f.Times > maxTimes:
		return fmt.Errorf("times has to be 1 to %d, not %d", maxTimes, f.Times)
	case f.Size < 0 || f.Size > maxPage:
		return fmt.Errorf("the size has to be at most %d bytes, not %d", maxPage, f.Size)
	case math.IsNaN(f.ForSeconds) || f.ForSeconds < 0 || f.ForSeconds > maxHang:
		return fmt.Errorf("for_seconds has to be at most %d, not %v", maxHang, f.ForSeconds)
	case f.Percent < 0 || f.Percent > 1000 || f.Minutes < 0:
		return errors.New("percent has to be 0 to 1000, and minutes not negative")
	}
	return nil
}

func scriptError(i int, err error) error {
	return fmt.Errorf("graphsim: fault %d of the script: %w; nothing of the script was taken", i+1, err)
}

// ReadScript reads faults from JSON lines: one object after another, the keys
// as in [Fault]. It reads at most 1 MiB. Unknown keys are an error: a typo would
// otherwise be a fault that never strikes.
func ReadScript(r io.Reader) ([]Fault, error) {
	limited := &io.LimitedReader{R: r, N: maxScriptSize + 1}
	dec := jsontext.NewDecoder(limited)
	var out []Fault
	for {
		var f Fault
		err := json.UnmarshalDecode(dec, &f, json.RejectUnknownMembers(true))
		switch {
		case limited.N == 0:
			return nil, fmt.Errorf("graphsim: a script has to be at most %d bytes; nothing of it was taken", maxScriptSize)
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, scriptError(len(out), err)
		case len(out) == maxScript:
			return nil, fmt.Errorf("graphsim: a script has to be at most %d lines; nothing of it was taken", maxScript)
		}
		if err := f.check(); err != nil {
			return nil, scriptError(len(out), err)
		}
		out = append(out, f)
	}
}

// script is the queue of faults that still wait.
type script struct{ faults []Fault }

func (s *script) add(faults []Fault) error {
	if len(s.faults)+len(faults) > maxScript {
		return fmt.Errorf("graphsim: at most %d faults can wait, %d already do; nothing was added", maxScript, len(s.faults))
	}
	for _, f := range faults {
		f.Times = max(f.Times, 1)
		s.faults = append(s.faults, f)
	}
	return nil
}

// next takes the fault of one request; the zero Fault when none waits.
func (s *script) next() Fault {
	if len(s.faults) == 0 {
		return Fault{}
	}
	f := s.faults[0]
	if s.faults[0].Times--; s.faults[0].Times == 0 {
		s.faults = s.faults[1:]
	}
	return f
}

func (s *script) left() int {
	n := 0
	for _, f := range s.faults {
		n += f.Times
	}
	return n
}

// reaches reports whether the events get as far as Meta's checks.
func (f Fault) reaches() bool {
	switch f.Kind {
	case FaultError, FaultThrottle, FaultHTML:
		return f.Accept
	case FaultCutBefore:
		return false
	}
	return true
}

// answers reports whether the fault, and not the request, makes the answer.
func (f Fault) answers() bool {
	switch f.Kind {
	case FaultError, FaultThrottle, FaultHTML, FaultCutBefore, FaultAcceptThenCut:
		return true
	}
	return false
}

func (f Fault) usage() usage {
	switch f.Kind {
	case FaultUsage:
		return usage{f.Percent, f.Minutes}
	case FaultThrottle:
		u := usage{100, f.Minutes}
		if f.Percent > 0 {
			u.percent = f.Percent
		}
		return u
	}
	return usage{percent: calm}
}

// throttles are the codes of § 6.4 with a subcode of each that was seen.
var throttles = map[int]struct {
	code, subcode int
	message       string
}{
	0:     {17, 2446079, "(#17) User request limit reached"},
	4:     {4, 1504022, "(#4) Application request limit reached"},
	17:    {17, 2446079, "(#17) User request limit reached"},
	613:   {613, 1487742, "(#613) Calls to this api have exceeded the rate limit."},
	80004: {80004, 0, "(#80004) There have been too many calls to this ad-account."},
}

// answer is what a fault that answers answers.
func (f Fault) answer(trace string, h http.Header) answer {
	d := errorDetail{Type: oauth, Code: f.Code, Subcode: f.Subcode, Transient: &f.Transient, Message: f.Message, TraceID: trace}
	switch f.Kind {
	case FaultCutBefore, FaultAcceptThenCut:
		return answer{cut: true}
	case FaultHTML:
		return page(orElse(f.Status, http.StatusBadGateway), f.Size)
	case FaultThrottle:
		t := throttles[f.Code]
		d.Code = t.code
		d.Subcode = orElse(f.Subcode, t.subcode)
		d.Message = t.message
	}
	if d.Message == "" {
		d.Message = fmt.Sprintf("(#%d) An error by script", d.Code)
	}
	return answer{
		status: orElse(f.Status, usualStatus(d.Code)), code: d.Code, subcode: d.Subcode,
		header: h, body: encode(errorBody{d}),
	}
}

// usualStatus is the status that goes with a code when the script names none.
// Throttling is a 400 more often than not (§ 13.35).
func usualStatus(code int) int {
	switch code {
	case codeToken:
		return http.StatusUnauthorized
	case 1, 2:
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// hang waits as the fault says and reports whether to go on; false: the sender
// has given up, or the server is being stopped.
func (f Fault) hang(done <-chan struct{}) bool {
	var over <-chan time.Time
	if f.ForSeconds > 0 {
		t := time.NewTimer(time.Duration(f.ForSeconds * float64(time.Second)))
		defer t.Stop()
		over = t.C
	}
	select {
	case <-done:
		return false
	case <-over:
		return true
	}
}

func orElse(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}
