package dispatch

import (
	"time"

	"matchkey/collector"
)

// outcome turns a verdict on an attempt into a settlement. own is the window that
// the delivery had before the attempt.
func (d *Dispatcher) outcome(dl collector.Delivery, own window, v collector.Verdict, now time.Time) collector.Settlement {
	s := collector.Settlement{
		Key: dl.Key, Lease: dl.Lease.ID, At: now, Detail: v.Detail, Verdict: &v,
		Spent: v.Ruling != collector.Blocked && !v.Unsent,
	}
	if dl.Doubts == 0 && (v.Ruling == collector.Blocked || v.Ruling == collector.Retry && !v.Doubtful) {
		// Nobody can have counted it, so no later copy can count again.
		s.ExpiresAt, s.ExpiresWhy = own.until, own.why
	}
	if v.Reason != "" {
		s.Reasons = []collector.Reason{v.Reason}
	}
	again := now.Add(max(v.After, NextAttempt(dl.Tries, d.Jitter())))
	ends := dl.ExpiresAt
	if !s.ExpiresAt.IsZero() {
		ends = s.ExpiresAt
	}
	switch v.Ruling {
	case collector.Accepted:
		s.To = collector.StateDelivered
	case collector.Rejected:
		s.To = collector.StateDead
	case collector.Blocked:
		s.To, s.DueAt = collector.StatePending, dl.DueAt
	case collector.InDoubt:
		s.To, s.DueAt = collector.StateInDoubt, collector.Earlier(again, ends)
		if dl.Unanswered+1 > d.limits.Resends {
			s.DueAt = never
		}
		if v.Reason == "" {
			s.Reasons = []collector.Reason{collector.ReasonNoAnswer}
		}
	default: // collector.Retry
		s.To, s.DueAt = collector.StatePending, collector.Earlier(again, ends)
		switch {
		case v.Doubtful && d.limits.Resends == 0:
			s.To, s.DueAt = collector.StateInDoubt, never
		case dl.Tries+1 >= maxTries:
			s.To, s.DueAt = collector.StateDead, time.Time{}
			s.Reasons = append(s.Reasons, collector.ReasonTriesExhausted)
		}
	}
	return s
}
