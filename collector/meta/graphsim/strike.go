package graphsim

// How a fault strikes: whether the events get as far as Meta's checks, and
// what is answered.

import (
	"cmp"
	"fmt"
	"net/http"
	"time"
)

// late is how long the answer, or the silence, takes beyond the latency.
func (f Fault) late() time.Duration { return time.Duration(f.ForSeconds * float64(time.Second)) }

// reaches reports whether the events get as far as Meta's checks.
func (f Fault) reaches() bool {
	switch f.Kind {
	case FaultError, FaultThrottle, FaultHTML, FaultReset, FaultHalfHeaders:
		return f.Accept
	case FaultCutBefore:
		return false
	}
	return true
}

// ending is the way in which the connection ends without an answer.
func (f Fault) ending() ending {
	switch f.Kind {
	case FaultCutBefore, FaultAcceptThenCut:
		return endCut
	case FaultReset:
		return endReset
	case FaultHalfHeaders:
		return endInHeaders
	case FaultHalfBody:
		return endInBody
	}
	return endWhole
}

// answers reports whether the fault, and not the request, makes the answer.
func (f Fault) answers() bool {
	switch f.Kind {
	case FaultError, FaultThrottle, FaultHTML:
		return true
	}
	return f.ending() != endWhole && f.ending() != endInBody
}

func (f Fault) usage() usage {
	u := usage{percent: cmp.Or(f.Percent, calm), minutes: f.Minutes, header: f.Header, measure: cmp.Or(f.Measure, "call_count")}
	if f.Kind == FaultThrottle && f.Percent == 0 {
		u.percent = 100
	}
	return u
}

// throttle is a code of a rate limit with a subcode that was seen with it.
type throttle struct {
	code, subcode int
	message       string
}

// throttleOf knows the codes of § 6.4 that say "too much".
func throttleOf(code int) (t throttle, ok bool) {
	switch {
	case code == 0 || code == 17:
		return throttle{17, 2446079, "(#17) User request limit reached"}, true
	case code == 4:
		return throttle{4, 1504022, "(#4) Application request limit reached"}, true
	case code == 32:
		return throttle{32, 0, "(#32) Page request limit reached"}, true
	case code == 341:
		return throttle{341, 0, "(#341) Application limit reached"}, true
	case code == 613:
		return throttle{613, 1487742, "(#613) Calls to this api have exceeded the rate limit."}, true
	case code >= 80000 && code <= 80014:
		return throttle{code, 0, fmt.Sprintf("(#%d) There have been too many calls from this business.", code)}, true
	}
	return throttle{}, false
}

// answer is what a fault that answers answers. nth counts refusals and errors,
// event is the place of the event that the fault held for, or -1.
func (f Fault) answer(nth, event int, trace string, h http.Header) answer {
	if end := f.ending(); end != endWhole {
		return answer{end: end}
	}
	if f.Kind == FaultHTML {
		return page(cmp.Or(f.Status, http.StatusBadGateway), f.Size)
	}
	d := errorDetail{Type: oauth, Code: f.Code, Subcode: f.Subcode, Transient: &f.Transient, Message: f.Message, TraceID: trace}
	if f.Kind == FaultThrottle {
		t, _ := throttleOf(f.Code)
		d.Code, d.Subcode, d.Message = t.code, cmp.Or(f.Subcode, t.subcode), cmp.Or(f.Message, t.message)
	}
	d.Message = cmp.Or(d.Message, fmt.Sprintf("(#%d) An error by script", d.Code))
	f.dress(&d, nth, event)
	return answer{
		status: cmp.Or(f.Status, usualStatus(d.Code)), code: d.Code, subcode: d.Subcode,
		header: h, body: encode(errorBody{d}),
	}
}

// dress gives an error the texts for people and error_data: payload errors
// always, others when the script says which.
func (f Fault) dress(d *errorDetail, nth, event int) {
	payload := d.Code == codeParameter && d.Subcode/1000 == 2804
	if !payload && f.Language == "" && f.ErrorData == "" {
		return
	}
	blame := &refusal{subcode: d.Subcode, index: max(event, 0), why: d.Message}
	dressed := dressing{language: cmp.Or(f.Language, languageOf(nth)), data: cmp.Or(f.ErrorData, dataFormOf(nth))}
	dressed.put(d, blame)
}

// usualStatus is the status that goes with a code when the script names none.
// Throttling is a 400 more often than not (§ 13.35).
func usualStatus(code int) int {
	switch {
	case code == codeToken:
		return http.StatusUnauthorized
	case code == 1 || code == 2 || code == 5000 || code == 21009:
		return http.StatusInternalServerError
	case code == codePermission || code == 368 || code >= codeNoPermission && code <= 299:
		return http.StatusForbidden
	case code == codeAlias:
		return http.StatusNotFound
	}
	return http.StatusBadRequest
}
