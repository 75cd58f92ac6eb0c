package edge

import (
	"context"
	"errors"
	"time"

	"matchkey/collector"
)

// appendBound is how long a request waits for the journal at least, and
// appendSpell how much longer at most. fasthttp has no context per request; this
// and the server's own end are the bounds.
const (
	appendBound = 10 * time.Second
	appendSpell = time.Second
)

// patience returns a context that ends in appendBound or a little later. All
// requests of a spell share one: a timer for each cost more than its decoding.
func (s *Server) patience() context.Context {
	if shared := s.waiting.Load(); shared != nil {
		if end, _ := (*shared).Deadline(); time.Until(end) >= appendBound {
			return *shared
		}
	}
	ctx, cancel := context.WithTimeout(s.ctx, appendBound+appendSpell)
	context.AfterFunc(ctx, cancel) // the deadline or the server's end ends it, and nobody else
	s.waiting.Store(&ctx)
	return ctx
}

// makeDurable appends events and returns only when they are on stable storage;
// otherwise it says why the sender has to come again. Nothing in a request is
// acknowledged before it returned "". Without events it does nothing.
func (s *Server) makeDurable(st *site, events []collector.Event) collector.Reason {
	if len(events) == 0 {
		return ""
	}
	began := s.now()
	_, err := s.journal.Append(s.patience(), events)
	took := s.now().Sub(began).Seconds()
	switch {
	case err == nil:
		s.metrics.durable.Observe(took)
		st.durable[events[0].Origin].Add(float64(len(events)))
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
