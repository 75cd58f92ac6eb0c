package graphsim

// Faults by script: what goes wrong between a sender and Meta, whether or not
// it has to do with what was sent. What a fault is and whether it makes sense
// stands here; which request takes it, in script.go; how it strikes, in
// strike.go; the names for the rows of capi.md's tables, in preset.go.

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// FaultKind names a fault, also in a script file: one of the kinds below, or a
// preset of [Faults], which is a kind with its fields filled in.
type FaultKind string

// The kinds of fault.
const (
	// FaultNone lets a request through on its merits.
	FaultNone FaultKind = "none"
	// FaultError answers Code, Subcode, Transient, Message with Status.
	FaultError FaultKind = "error"
	// FaultThrottle is an error of a rate limit (Code 4, 17, 32, 341, 613 or
	// 80000 to 80014; 17 when zero) with usage headers at Percent (100 when zero).
	FaultThrottle FaultKind = "throttle"
	// FaultUsage goes on with usage headers at Percent and Minutes.
	FaultUsage FaultKind = "usage"
	// FaultVersionWarning answers as to a version that is no longer alive.
	FaultVersionWarning FaultKind = "version_warning"
	// FaultHTML answers an HTML page with Status (502 when zero), about Size bytes.
	FaultHTML FaultKind = "html"
	// FaultStatus records the events and answers their success with Status (500
	// when zero): body and status do not agree.
	FaultStatus FaultKind = "status"
	// FaultTruncate records the events and answers half of the JSON.
	FaultTruncate FaultKind = "truncate"
	// FaultWrongCount records the events and answers events_received off by By
	// (-1 when zero); FaultZeroCount answers 0, FaultNoCount leaves it out.
	FaultWrongCount FaultKind = "wrong_count"
	FaultZeroCount  FaultKind = "zero_count"
	FaultNoCount    FaultKind = "no_count"
	// FaultHang is silent for ForSeconds (without end when zero), then goes on,
	// or closes the connection when Cut. When the sender gives up first nothing
	// is recorded, unless Accept.
	FaultHang FaultKind = "hang"
	// FaultCutBefore closes the connection and records nothing.
	FaultCutBefore FaultKind = "cut_before"
	// FaultAcceptThenCut records the events, then closes without an answer.
	FaultAcceptThenCut FaultKind = "accept_then_cut"
	// FaultReset resets the connection (TCP RST) without an answer.
	FaultReset FaultKind = "reset"
	// FaultHalfHeaders closes the connection in the middle of the headers.
	FaultHalfHeaders FaultKind = "half_headers"
	// FaultHalfBody records the events and closes in the middle of the body.
	FaultHalfBody FaultKind = "half_body"
)

// The edges that a fault can be for.
const (
	edgeEvents     = "events"
	edgeInspection = "debug_token"
)

// A Fault is what happens to one request, to Times requests or Always, and to
// which: a request takes the first fault of the script that holds for it.
type Fault struct {
	Kind   FaultKind `json:"fault"`
	Times  int       `json:"times,omitzero"` // 0 means 1
	Always bool      `json:"always,omitzero"`

	// Only requests to this edge, "events" when empty, or "debug_token"; to this
	// dataset; with an event in them that has this id and this name.
	Edge      string `json:"edge,omitzero"`
	Dataset   string `json:"dataset,omitzero"`
	EventID   string `json:"event_id,omitzero"`
	EventName string `json:"event_name,omitzero"`

	// Accept records the events before an error, throttle, html, hang, reset or
	// half_headers strikes: "it failed and did it anyway". Events that would be
	// refused are not recorded.
	Accept bool `json:"accept,omitzero"`
	Cut    bool `json:"cut,omitzero"` // hang: then close

	Status    int    `json:"status,omitzero"`
	Code      int    `json:"code,omitzero"`
	Subcode   int    `json:"subcode,omitzero"`
	Transient bool   `json:"transient,omitzero"` // is_transient
	Message   string `json:"message,omitzero"`
	// Language of error_user_title and error_user_msg: en, fr, da, pt or it.
	Language string `json:"language,omitzero"`
	// ErrorData is the form of error_data: object, string or none. Payload
	// errors (100/2804xxx) have one by turns as object and string when empty.
	ErrorData string `json:"error_data,omitzero"`

	Size int `json:"size,omitzero"` // of html, bytes
	By   int `json:"by,omitzero"`   // of wrong_count
	// ForSeconds is how long a hang is silent; how late any other answer is.
	ForSeconds float64 `json:"for_seconds,omitzero"`

	// Percent of the limit used and Minutes until access is regained, in the
	// usage headers of any answer of the API; Header names the only one that says
	// so (app, business, ad_account), or all, or none; empty: app and business.
	// Measure is the field that holds the percentage: call_count when empty,
	// total_time or total_cputime.
	Percent int    `json:"percent,omitzero"`
	Minutes int    `json:"minutes,omitzero"`
	Header  string `json:"header,omitzero"`
	Measure string `json:"measure,omitzero"`
}

// Bounds of a fault.
const (
	maxTimes = 1_000_000
	maxPage  = 1 << 20
	maxHang  = 600 // seconds
)

// filled is the fault with what its preset says in the place of what it does
// not say itself; its kind is then never a preset's name.
func (f Fault) filled() Fault {
	p, ok := presetOf[f.Kind]
	if !ok {
		return f
	}
	f.Kind = p.Kind
	f.Accept, f.Cut, f.Transient = f.Accept || p.Accept, f.Cut || p.Cut, f.Transient || p.Transient
	f.Status, f.Code, f.Subcode = cmp.Or(f.Status, p.Status), cmp.Or(f.Code, p.Code), cmp.Or(f.Subcode, p.Subcode)
	f.Size, f.ForSeconds = cmp.Or(f.Size, p.Size), cmp.Or(f.ForSeconds, p.ForSeconds)
	f.Percent, f.Minutes = cmp.Or(f.Percent, p.Percent), cmp.Or(f.Minutes, p.Minutes)
	return f
}

// check says what makes no sense in a filled fault.
func (f Fault) check() error {
	switch f.Kind {
	case FaultNone, FaultVersionWarning, FaultHTML, FaultStatus, FaultTruncate, FaultWrongCount, FaultZeroCount, FaultNoCount,
		FaultHang, FaultCutBefore, FaultAcceptThenCut, FaultReset, FaultHalfHeaders, FaultHalfBody:
	case FaultError:
		if f.Code == 0 {
			return errors.New(`"error" needs a "code", like {"fault":"error","status":401,"code":190,"subcode":463}`)
		}
	case FaultThrottle:
		if _, ok := throttleOf(f.Code); !ok {
			return fmt.Errorf(`"throttle" knows the codes 4, 17, 32, 341, 613 and 80000 to 80014, not %d`, f.Code)
		}
	case FaultUsage:
		if f.Percent == 0 && f.Header != "none" {
			return errors.New(`"usage" needs a "percent", like {"fault":"usage","percent":96,"minutes":5}`)
		}
	default:
		return fmt.Errorf("there is no fault %.40q; matchkey sim --list-faults has them all", f.Kind)
	}
	return cmp.Or(f.checkNumbers(), f.checkWords(), f.checkMatch())
}

func (f Fault) checkNumbers() error {
	switch {
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("the status has to be 200 to 599, not %d", f.Status)
	case f.Times < 0 || f.Times > maxTimes:
		return fmt.Errorf("times has to be 1 to %d, not %d", maxTimes, f.Times)
	case f.Always && f.Times != 0:
		return errors.New(`say either "times" or "always"`)
	case f.Size < 0 || f.Size > maxPage:
		return fmt.Errorf("the size has to be at most %d bytes, not %d", maxPage, f.Size)
	case math.IsNaN(f.ForSeconds) || f.ForSeconds < 0 || f.ForSeconds > maxHang:
		return fmt.Errorf("for_seconds has to be at most %d, not %v", maxHang, f.ForSeconds)
	case f.Cut && (f.Kind != FaultHang || f.ForSeconds == 0):
		return errors.New(`"cut" is for a hang that ends: {"fault":"hang","for_seconds":30,"cut":true}`)
	case f.Percent < 0 || f.Percent > 1000 || f.Minutes < 0:
		return errors.New("percent has to be 0 to 1000, and minutes not negative")
	}
	return nil
}

func (f Fault) checkWords() error {
	for _, w := range []struct {
		key, value string
		allowed    []string
	}{
		{"edge", f.Edge, []string{edgeEvents, edgeInspection}},
		{"language", f.Language, []string{"en", "fr", "da", "pt", "it"}},
		{"error_data", f.ErrorData, []string{"object", "string", "none"}},
		{"header", f.Header, []string{"app", "business", "ad_account", "all", "none"}},
		{"measure", f.Measure, []string{"call_count", "total_time", "total_cputime"}},
	} {
		if w.value != "" && !slices.Contains(w.allowed, w.value) {
			return fmt.Errorf("%s has to be one of %s, not %.40q", w.key, strings.Join(w.allowed, ", "), w.value)
		}
	}
	return nil
}

func (f Fault) checkMatch() error {
	if f.Edge == edgeInspection && f.Dataset+f.EventID+f.EventName != "" {
		return errors.New("a token's inspection has neither a dataset nor events to hold for")
	}
	return nil
}
