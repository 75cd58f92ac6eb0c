package meta

// Graph's codes, sorted by what has to be done (capi.md § 6.4 and § 6.5). Meta
// publishes three of them; the rest is observation.

import (
	"net/http"
	"time"

	"matchkey/collector"
)

// A class is what one kind of error means for the delivery.
type class struct {
	ruling collector.Ruling
	reason collector.Reason
	after  time.Duration
	// spoiled: the fault is an event's, so a batch has to be taken apart.
	spoiled bool
	// doubtful: Meta failed, perhaps after it had counted the events.
	doubtful bool
}

var (
	unavailable = class{ruling: collector.Retry, reason: ReasonUnavailable, doubtful: true}
	throttled   = class{ruling: collector.Retry, reason: ReasonThrottled}
	noToken     = class{ruling: collector.Blocked, reason: ReasonToken}
	noPermit    = class{ruling: collector.Blocked, reason: ReasonPermission}
	noDataset   = class{ruling: collector.Blocked, reason: ReasonDataset}
	// A block for reasons of policy ends by itself; hammering does not help.
	policy = class{ruling: collector.Retry, reason: ReasonPolicy, after: time.Hour}
	// What nobody has documented loses no event: tried again, and dead with this
	// reason when the tries are exhausted.
	unknownCode = class{ruling: collector.Retry, reason: ReasonCodeUnknown}
)

func payloadFault(reason collector.Reason) class {
	return class{ruling: collector.Rejected, reason: reason, spoiled: true}
}

// codes has the top-level codes that mean one thing.
var codes = map[int]class{
	1: unavailable, 2: unavailable, 5000: unavailable, 21009: unavailable,
	4: throttled, 17: throttled, 32: throttled, 341: throttled, 613: throttled,
	3: noPermit, 10: noPermit,
	102: noToken, 104: noToken, 190: noToken,
	105: payloadFault(ReasonPayloadInvalid),
	368: policy,
	803: noDataset,
}

// subcodes names the faults of an event under code 100.
var subcodes = map[int]collector.Reason{
	2804001: ReasonClickMalformed,
	2804003: collector.ReasonEventTooOld,
	2804004: collector.ReasonEventInFuture,
	2804009: ReasonValueMissing,
	2804010: ReasonCurrencyMissing,
	2804016: ReasonPayloadInvalid,
	2804019: ReasonPayloadInvalid,
	2804036: ReasonLeadInvalid,
	2804050: ReasonTooWeak,
}

// classify reads the numbers of an error. Code 100 is an event's fault, apart
// from its subcodes 33, 34 and 38: those are usually a missing permission, and
// taking them for faults would lose every event for ever (capi.md § 13.36).
func classify(status, code, subcode int, transient bool) class {
	if transient {
		if known, ok := codes[code]; ok && known.ruling == collector.Retry {
			return known
		}
		return unavailable
	}
	if code == 100 {
		return classify100(subcode)
	}
	if known, ok := codes[code]; ok {
		return known
	}
	switch {
	case code < 0:
		return unavailable
	case code >= 200 && code <= 299:
		return noPermit
	case code >= 80000 && code <= 80014:
		return throttled
	}
	switch {
	case status == http.StatusTooManyRequests:
		return throttled
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooEarly:
		return unavailable
	case status == http.StatusUnauthorized:
		return noToken
	case status == http.StatusForbidden:
		return noPermit
	}
	return unknownCode
}

func classify100(subcode int) class {
	switch subcode {
	case 33, 34, 38:
		return noDataset
	}
	if reason, ok := subcodes[subcode]; ok {
		return payloadFault(reason)
	}
	return payloadFault(ReasonPayloadRejected)
}
