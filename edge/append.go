package edge

import (
	"context"
	"errors"
	"time"

	"matchkey/collector"
)

// appendBound is how long a request waits for the journal. fasthttp has no
// context per request; this and the server's own end are the bounds.
const appendBound = 10 * time.Second

// makeDurable appends events and returns only when they are on stable storage;
// otherwise it says why the sender has to come again. Nothing in a request is
// acknowledged before it returned "". Without events it does nothing.
func (s *Server) makeDurable(st *site, events []collector.Event) collector.Reason {
	return s.makeDurableWithin(appendBound, st, events)
}

func (s *Server) makeDurableWithin(bound time.Duration, st *site, events []collector.Event) collector.Reason {
	if len(events) == 0 {
		return ""
	}
	ctx, cancel := context.WithTimeout(s.ctx, bound)
	defer cancel()
	began := s.now()
	_, err := s.journal.Append(ctx, events)
	took := s.now().Sub(began).Seconds()
	switch {
	case err == nil:
		s.metrics.appendSeconds.WithLabelValues("durable").Observe(took)
		s.metrics.events.WithLabelValues(st.name, string(events[0].Origin)).Add(float64(len(events)))
		if s.failing.CompareAndSwap(true, false) {
			s.log.Info("the journal appends again")
		}
		return ""
	case errors.Is(err, collector.ErrBusy):
		s.metrics.appendSeconds.WithLabelValues("busy").Observe(took)
		return collector.ReasonJournalBusy
	}
	s.metrics.appendSeconds.WithLabelValues("failed").Observe(took)
	// Once per trouble, not once per visitor.
	if s.failing.CompareAndSwap(false, true) {
		s.log.Error("the journal does not append; visitors are answered 503 and send again", "error", err)
	}
	return collector.ReasonJournalFailed
}
