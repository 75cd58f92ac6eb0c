package dispatch

import (
	"time"

	"matchkey/collector"
)

// outcome turns a verdict into a settlement.
func (d *Dispatcher) outcome(dl collector.Delivery, v collector.Verdict, now time.Time) collector.Settlement {
	s := collector.Settlement{
		Key: dl.Key, Lease: dl.Lease.ID, At: now, Detail: v.Detail, Verdict: &v, Spent: v.Ruling != collector.Blocked,
	}
	if v.Reason != "" {
		s.Reasons = []collector.Reason{v.Reason}
	}
	again := now.Add(max(v.After, NextAttempt(dl.Tries, d.Jitter())))
	switch v.Ruling {
	case collector.Accepted:
		s.To = collector.StateDelivered
	case collector.Rejected:
		s.To = collector.StateDead
	case collector.Blocked:
		s.To, s.DueAt = collector.StatePending, dl.DueAt
	case collector.InDoubt:
		s.To, s.DueAt = collector.StateInDoubt, earlier(again, dl.ExpiresAt)
		if unanswered(dl)+1 > d.limits.Resends {
			s.DueAt = never
		}
		if v.Reason == "" {
			s.Reasons = []collector.Reason{collector.ReasonNoAnswer}
		}
	default: // collector.Retry
		s.To, s.DueAt = collector.StatePending, earlier(again, dl.ExpiresAt)
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

// unanswered counts the attempts to which no answer came while the process ran.
func unanswered(dl collector.Delivery) (n int) {
	for _, a := range dl.Attempts {
		if a.Verdict.Ruling == collector.InDoubt && a.Verdict.Reason != collector.ReasonCrashed {
			n++
		}
	}
	return n
}
