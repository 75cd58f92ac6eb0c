package dispatch

import (
	"slices"
	"sync"
	"time"

	"matchkey/collector"
)

const (
	// slowFrom and stopFrom are shares of a rate limit in percent: from the first
	// on requests go one at a time and apart, from the second on not at all
	// (reference/capi.md § 6.6).
	slowFrom = 75
	stopFrom = 95
	// slowest is the time between two requests just before stopFrom.
	slowest = 10 * time.Second
	// regain is how long a destination is left alone that says its limit is
	// reached and not for how long.
	regain = time.Minute
	// tripAfter failed requests in a row open the breaker.
	tripAfter = 3
	// cooldownMax is the longest time between two tries of an open breaker. Hours
	// of outage cost a request a minute, and recovery is noticed within one.
	cooldownMax = time.Minute
	// probeEvery is how often a destination that blocks is tried.
	probeEvery = 5 * time.Minute
	// alarmsMax bounds the alarms that are remembered, one for each reason.
	alarmsMax = 16
)

// A gate says how much may be sent to a destination, and when. It learns from
// the verdicts: a destination that blocks is paused, one that fails as a whole
// is left alone by a breaker, one whose rate limit is nearly used is slowed
// down and stopped. After a start and after every failure it opens by degrees:
// what may be out at once doubles with each request that went through, so that
// what waited through an outage does not arrive as a herd.
//
// It knows no clock. All methods are safe for concurrent use.
type gate struct {
	limits collector.Limits
	jitter func() float64

	mu      sync.Mutex // guards all below
	pause   collector.Pause
	probeAt time.Time // when a destination that blocks is tried
	breaker collector.Breaker
	usage   collector.Usage
	// holdUntil: nothing goes before; apartUntil: nothing goes before, because
	// the last request was just now.
	holdUntil, apartUntil time.Time
	// credit is how many deliveries may be out at once; out how many are, in so
	// many requests.
	credit, out, requests int
	alarms                []collector.Alarm
}

func newGate(limits collector.Limits, jitter func() float64) *gate {
	limits.Batch, limits.Concurrency = max(1, limits.Batch), max(1, limits.Concurrency)
	return &gate{limits: limits, jitter: jitter, credit: limits.Batch}
}

// enter asks for leave to send. n is how many deliveries may go in one request;
// when it is zero, at is when to ask again, or never when something else has to
// happen first. Who gets leave gives it back by cancel or done.
func (g *gate) enter(now time.Time) (n int, at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.pause.By == collector.PausedByPerson:
		return 0, never
	case g.pause.By == collector.PausedByDestination:
		return g.try(now, g.probeAt)
	case now.Before(g.holdUntil):
		return 0, g.holdUntil
	case !g.breaker.OpenSince.IsZero():
		return g.try(now, g.breaker.NextTry)
	case now.Before(g.apartUntil):
		return 0, g.apartUntil
	case g.usage.Percent >= slowFrom && g.requests > 0:
		return 0, never
	}
	n = min(g.limits.Batch, g.credit-g.out)
	if n <= 0 || g.requests >= g.limits.Concurrency {
		return 0, never
	}
	return g.leave(n), time.Time{}
}

// try gives leave for one delivery once its time has come and nothing else is out.
func (g *gate) try(now, at time.Time) (int, time.Time) {
	switch {
	case g.requests > 0:
		return 0, never
	case now.Before(at):
		return 0, at
	}
	return g.leave(1), time.Time{}
}

func (g *gate) leave(n int) int {
	g.out += n
	g.requests++
	return n
}

// stopped reports whether a person has paused since leave was given. It is asked
// again before an attempt begins: what becomes due after the person was told
// that nothing is sent any more must not go by older leave.
func (g *gate) stopped() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pause.By == collector.PausedByPerson
}

// cancel gives back leave for n deliveries that was not used.
func (g *gate) cancel(n int) {
	if n == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.out -= n
	g.requests--
}

// A change is what verdicts changed about a gate, for the log.
type change struct {
	paused, resumed, opened, closed, held bool
	until                                 time.Time // of paused, opened or held: when it is tried again
}

// done gives back leave for n deliveries with what the destination said.
func (g *gate) done(n int, verdicts []collector.Verdict, now time.Time) (c change) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.out -= n
	g.requests--
	said := summarise(verdicts)
	for _, a := range said.alarms {
		g.alarm(a)
	}
	switch {
	case said.blocked != nil:
		c.paused = g.block(*said.blocked, now)
	case said.worked:
		c.resumed = g.pause.By == collector.PausedByDestination
		c.closed = !g.breaker.OpenSince.IsZero()
		if c.resumed {
			g.pause = collector.Pause{}
		}
		if c.resumed || c.closed {
			g.credit = 1
		}
		g.breaker = collector.Breaker{}
		g.credit = min(2*g.credit, g.limits.Batch*g.limits.Concurrency)
	case said.failed != nil && said.after == 0:
		c.opened = g.fail(*said.failed, now)
		c.until = g.breaker.NextTry
	}
	if said.usage != (collector.Usage{}) {
		g.usage = said.usage
	}
	wait := said.after
	if g.usage.Percent >= stopFrom && said.usage.Percent >= stopFrom {
		wait = max(wait, time.Duration(said.usage.RegainSeconds)*time.Second)
		if wait == 0 {
			wait = regain
		}
	}
	if wait > 0 {
		// Up to a quarter more, so that many senders do not come back at once.
		until := now.Add(wait + time.Duration(g.jitter()*float64(wait)/4))
		c.held = !until.Before(g.holdUntil)
		g.holdUntil = later(g.holdUntil, until)
		g.credit = g.limits.Batch
		c.until = g.holdUntil
	}
	if g.usage.Percent >= slowFrom {
		share := float64(min(g.usage.Percent, stopFrom)-slowFrom) / (stopFrom - slowFrom)
		g.apartUntil = now.Add(time.Duration(share * float64(slowest)))
	}
	if c.paused {
		c.until = g.probeAt
	}
	return c
}

// A summary is what the verdicts on one request say together.
type summary struct {
	blocked, failed *collector.Verdict
	// worked: the destination did its work on some, be it by refusing them.
	worked bool
	after  time.Duration
	usage  collector.Usage
	alarms []collector.Alarm
}

func summarise(verdicts []collector.Verdict) (s summary) {
	for i := range verdicts {
		v := &verdicts[i]
		switch v.Ruling {
		case collector.Blocked:
			s.blocked = v
		case collector.Accepted, collector.Rejected:
			s.worked = true
		default:
			if s.failed == nil {
				s.failed = v
			}
			s.after = max(s.after, v.After)
		}
		if v.Usage.Percent > s.usage.Percent || v.Usage.Percent == s.usage.Percent && v.Usage.RegainSeconds > s.usage.RegainSeconds {
			s.usage = v.Usage
		}
		if v.Alarm != nil && (len(s.alarms) == 0 || s.alarms[len(s.alarms)-1] != *v.Alarm) {
			s.alarms = append(s.alarms, *v.Alarm)
		}
	}
	return s
}

// block pauses for the destination's own reason; false when it was paused.
func (g *gate) block(v collector.Verdict, now time.Time) bool {
	g.probeAt = now.Add(probeEvery)
	g.credit = g.limits.Batch
	if g.pause.By == collector.PausedByPerson {
		return false
	}
	fresh := g.pause.By == ""
	at := now
	if !fresh {
		at = g.pause.At
	}
	g.pause = collector.Pause{By: collector.PausedByDestination, Reason: v.Reason, Detail: v.Detail, At: at}
	return fresh
}

// fail counts a request that failed as a whole, and opens the breaker when that
// is one too many, or when it was the try of an open one.
func (g *gate) fail(v collector.Verdict, now time.Time) (opened bool) {
	b := &g.breaker
	b.Failures++
	b.Reason, b.Detail = v.Reason, v.Detail
	if v.Reason == "" {
		b.Reason = collector.ReasonNoAnswer
	}
	if b.Failures < tripAfter {
		return false
	}
	if b.OpenSince.IsZero() {
		b.OpenSince, opened = now, true
	}
	// Half of the time for certain, half by chance.
	d := min(cooldownMax, base<<min(b.Failures-tripAfter, 16))
	b.NextTry = now.Add(d/2 + time.Duration(g.jitter()*float64(d/2)))
	g.credit = 1
	return opened
}

// alarm remembers what a person should know, once for each reason.
func (g *gate) alarm(a collector.Alarm) {
	i := slices.IndexFunc(g.alarms, func(known collector.Alarm) bool { return known.Reason == a.Reason })
	switch {
	case i >= 0:
		g.alarms[i] = a
	case len(g.alarms) < alarmsMax:
		g.alarms = append(g.alarms, a)
	}
}

// stop pauses on a person's word.
func (g *gate) stop(p collector.Pause) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pause = p
}

// checked takes in what the destination answered when it was asked how it
// stands: a block pauses it, and leave to send ends such a pause and closes the
// breaker, which by itself is closed only by what there is to send.
func (g *gate) checked(v collector.Verdict, now time.Time) (c change) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case v.Ruling == collector.Blocked:
		c.paused = g.block(v, now)
		c.until = g.probeAt
	case v.Ruling == collector.Accepted:
		c.resumed = g.pause.By == collector.PausedByDestination
		c.closed = !g.breaker.OpenSince.IsZero()
		if c.resumed {
			g.pause = collector.Pause{}
		}
		if c.closed {
			g.breaker, g.credit = collector.Breaker{}, 1
		}
	}
	if v.Alarm != nil {
		g.alarm(*v.Alarm)
	}
	return c
}

// resume ends every pause, and lets an open breaker try at once; false when
// there was neither.
func (g *gate) resume(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	was := g.pause.By != "" || !g.breaker.OpenSince.IsZero()
	g.pause = collector.Pause{}
	if !g.breaker.OpenSince.IsZero() {
		g.breaker.NextTry = now
	}
	return was
}

// fill fills in how the gate stands.
func (g *gate) fill(s *collector.DestinationStatus, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s.Paused, s.PausedBy, s.Detail, s.PausedAt = g.pause.Reason, g.pause.By, g.pause.Detail, g.pause.At
	s.Breaker, s.Usage, s.InFlight = g.breaker, g.usage, g.requests
	if now.Before(g.holdUntil) {
		s.ThrottledUntil = g.holdUntil
	}
	s.Alarms = append(s.Alarms, g.alarms...)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
