package meta

// Sending batches. Meta takes a request whole or not at all: one faulty event
// costs 999 good ones (capi.md § 6.1). So a request that was refused for the
// fault of an event is cut in two until the culprit stands alone.

import (
	"context"
	"time"

	"matchkey/collector"
)

// maxRequests bounds the requests of one Send beyond one per batch: enough for
// half a dozen culprits in a full batch. What is not isolated by then is tried
// again later, without the culprits that were found.
const maxRequests = 128

// Send posts the parcels in batches and returns one verdict for each, in their
// order. When a request does not go through for a reason that is not an event's
// (no answer, throttled, blocked), no further request is made, and the parcels
// not yet sent get a verdict that says so. Bodies are not kept.
func (d *Destination) Send(ctx context.Context, parcels []collector.Parcel) []collector.Verdict {
	s := shipment{d: d, parcels: parcels, verdicts: make([]collector.Verdict, len(parcels)), left: maxRequests}
	var good []int
	for i, p := range parcels {
		if isEvent(p.Body) {
			good = append(good, i)
			continue
		}
		s.verdicts[i] = collector.Verdict{
			Ruling: collector.Rejected, Reason: ReasonBodyBroken, Detail: Sentences()[ReasonBodyBroken],
		}
	}
	for start := 0; start < len(good); start += d.limits.Batch {
		s.left++
		s.isolate(ctx, good[start:min(start+d.limits.Batch, len(good))])
	}
	return s.verdicts
}

// A shipment is the work of one Send.
type shipment struct {
	d        *Destination
	parcels  []collector.Parcel
	verdicts []collector.Verdict
	// left is how many requests may still be made; made is true after the first.
	left int
	made bool
	// stopped is the verdict on everything not yet sent, once a request did not
	// go through.
	stopped *collector.Verdict
}

// isolate sends a batch, and its halves when one of its events spoils it.
func (s *shipment) isolate(ctx context.Context, batch []int) {
	if j := s.post(ctx, batch); !j.spoiled || len(batch) == 1 {
		s.settle(batch, j.verdict)
		return
	}
	s.split(ctx, batch)
}

// split works on a batch that is known to be spoiled. When its first half turns
// out well the culprit is in the second, which then is split without asking
// again. So one culprit among n costs at most 2·log2(n)+1 requests in all.
func (s *shipment) split(ctx context.Context, batch []int) {
	if len(batch) == 1 {
		s.isolate(ctx, batch)
		return
	}
	first, second := batch[:len(batch)/2], batch[len(batch)/2:]
	j := s.post(ctx, first)
	switch {
	case j.verdict.Ruling == collector.Accepted:
		s.settle(first, j.verdict)
		s.split(ctx, second)
		return
	case j.spoiled && len(first) > 1:
		s.split(ctx, first)
	default:
		s.settle(first, j.verdict)
	}
	s.isolate(ctx, second)
}

// post makes the request of a batch, unless something stopped the shipment.
func (s *shipment) post(ctx context.Context, batch []int) judgement {
	if s.stopped != nil {
		return judgement{verdict: *s.stopped}
	}
	if ctx.Err() != nil || s.left == 0 || s.short(ctx) {
		detail := "The time was up before it was sent."
		if s.left == 0 {
			detail = "Too many faulty events stood in the same batch; the rest is sent later."
		}
		s.stop(collector.Verdict{Ruling: collector.Retry, Unsent: true, Reason: ReasonNotSent, Detail: detail})
		return judgement{verdict: *s.stopped}
	}
	s.left--
	s.made = true
	j := judge(s.d.post(ctx, s.d.endpoint, jsonBody, s.d.splice(s.parcels, batch)...), len(batch))
	switch j.verdict.Ruling {
	case collector.Retry, collector.Blocked:
		s.stop(j.verdict)
	case collector.InDoubt:
		s.stop(collector.Verdict{
			Ruling: collector.Retry, Unsent: true, Reason: ReasonNotSent, Detail: Sentences()[ReasonNotSent],
		})
	}
	return j
}

// short reports whether a further request could be cut off by the end of the
// shipment's time, which would leave it in doubt.
func (s *shipment) short(ctx context.Context) bool {
	end, ok := ctx.Deadline()
	return ok && s.made && time.Until(end) < s.d.timeout
}

// stop has everything not yet sent get a verdict: what was not sent was not
// counted and spends no try, whatever became of the request before it.
func (s *shipment) stop(v collector.Verdict) {
	v.Doubtful, v.Unsent = false, v.Ruling == collector.Retry
	s.stopped = &v
}

func (s *shipment) settle(batch []int, v collector.Verdict) {
	for _, i := range batch {
		s.verdicts[i] = v
	}
}
