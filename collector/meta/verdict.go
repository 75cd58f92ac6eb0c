package meta

// From Meta's answer to what has to be done next. Answers are read by their
// numbers (HTTP status, code, subcode, is_transient), never by "type", which is
// OAuthException for nearly everything, nor by their texts, which come in the
// language of the token's owner (capi.md § 6.3, § 13.35). The tables of codes
// stand in codes.go.

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"matchkey/collector"
)

// An answer is what came back of one request.
type answer struct {
	status int
	header http.Header
	body   []byte
	// cut is true when the body ended early or was longer than is read.
	cut bool
	// err is set when there is no answer; written tells whether the request had
	// left us whole by then.
	err     error
	written bool
}

// A judgement is the verdict on one request of several events. When spoiled is
// true the request was refused for the fault of one or more of them, and none
// was taken; the verdict then is that of the only event, if there is just one.
type judgement struct {
	verdict collector.Verdict
	spoiled bool
}

// judge reads an answer to a request of n events.
func judge(a answer, n int) judgement {
	if a.err != nil {
		return judgement{verdict: noAnswer(a)}
	}
	j := read(a, n)
	j.verdict.Status = a.status
	j.verdict.Usage = usage(a.header)
	if w := a.header.Get("X-Ad-Api-Version-Warning"); w != "" {
		// A dead version is silently upgraded (capi.md § 1.2); somebody should know.
		j.verdict.Alarm = &collector.Alarm{Reason: ReasonVersionEnded, Detail: scrub(w)}
	}
	return j
}

// noAnswer tells a request that never left whole from one whose answer was lost.
func noAnswer(a answer) collector.Verdict {
	if a.written {
		return collector.Verdict{
			Ruling: collector.InDoubt, Reason: collector.ReasonNoAnswer,
			Detail: scrub("The request was sent and no answer came: " + a.err.Error()),
		}
	}
	return collector.Verdict{
		Ruling: collector.Retry, Reason: ReasonUnreachable,
		Detail: scrub("Nothing was sent: " + a.err.Error()),
	}
}

// A graphError is Graph's error object (capi.md § 6.3).
type graphError struct {
	Message   string `json:"message"`
	Code      int    `json:"code"`
	Subcode   int    `json:"error_subcode"`
	Transient bool   `json:"is_transient"`
	UserTitle string `json:"error_user_title"`
	UserText  string `json:"error_user_msg"`
	Trace     string `json:"fbtrace_id"`
}

// read reads an answer that came.
func read(a answer, n int) judgement {
	var envelope struct {
		Received *int        `json:"events_received"`
		Trace    string      `json:"fbtrace_id"`
		Error    *graphError `json:"error"`
	}
	// Foreign JSON is read leniently; only what we look at has to be right.
	err := json.Unmarshal(a.body, &envelope, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	readable := err == nil && !a.cut
	switch {
	case readable && envelope.Error != nil:
		return refused(a, *envelope.Error)
	case a.status < 200 || a.status > 299:
		return foreign(a)
	case !readable || envelope.Received == nil:
		return judgement{verdict: collector.Verdict{
			Ruling: collector.Retry, Doubtful: true, Reason: ReasonAnswerUnreadable,
			Detail: "The answer has a status of success and cannot be read: a proxy's page, or cut off.",
		}}
	case *envelope.Received != n:
		return judgement{verdict: collector.Verdict{
			Ruling: collector.InDoubt, Reason: ReasonCountMismatch, Trace: scrubTrace(envelope.Trace),
			Detail: fmt.Sprintf("%d events were sent and %d counted.", n, *envelope.Received),
		}}
	}
	return judgement{verdict: collector.Verdict{Ruling: collector.Accepted, Trace: scrubTrace(envelope.Trace)}}
}

// refused reads an error of Graph's.
func refused(a answer, e graphError) judgement {
	class := classify(a.status, e.Code, e.Subcode, e.Transient)
	v := collector.Verdict{
		Ruling: class.ruling, Doubtful: class.doubtful, Unsent: class.after > 0, Reason: class.reason, After: class.after,
		Detail: scrub(strings.Join([]string{e.Message, e.UserTitle, e.UserText}, " ")),
		Code:   e.Code, Subcode: e.Subcode, Trace: scrubTrace(e.Trace),
	}
	switch class.reason {
	case ReasonThrottled:
		v.After, v.Unsent = pause(a.header), true
	case ReasonPolicy:
		v.Alarm = &collector.Alarm{Reason: ReasonPolicy, Detail: v.Detail}
	}
	return judgement{verdict: v, spoiled: class.spoiled}
}

// foreign reads a refusal that is not Graph's: a proxy's page, or an answer that
// was cut off. Nothing was taken, so it is tried again (capi.md § 6.3, § 6.4),
// and what is too large as a whole in parts.
func foreign(a answer) judgement {
	v := collector.Verdict{Ruling: collector.Retry, Reason: ReasonForeignAnswer,
		Detail: fmt.Sprintf("The answer with HTTP status %d is not one of Meta's API.", a.status)}
	switch {
	case a.status == http.StatusRequestEntityTooLarge:
		v.Ruling, v.Reason = collector.Rejected, ReasonPayloadRejected
		return judgement{verdict: v, spoiled: true}
	case a.status == http.StatusTooManyRequests:
		v.Reason, v.After, v.Unsent = ReasonThrottled, pause(a.header), true
	case a.status >= 500, a.status == http.StatusRequestTimeout, a.status == http.StatusTooEarly:
		// A gateway that gave up waiting says nothing of what went on behind it.
		v.Reason, v.Doubtful = ReasonUnavailable, true
	}
	return judgement{verdict: v}
}

// scrubTrace keeps a trace id, which is Meta's own reference to the request, as
// long as it looks like one.
func scrubTrace(trace string) string {
	if len(trace) > 64 || trace != "" && !isBase64URL(trace) {
		return ""
	}
	return trace
}
