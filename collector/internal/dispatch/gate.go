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
	// alarmsMax bounds the alarms that are remembered, one for each reason, and
	// alarmLife how long after it was last said.
	alarmsMax = 16
	alarmLife = 24 * time.Hour
	// usageLife is how long a share of a rate limit is believed that no answer
	// repeats.
	usageLife = time.Minute
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
	// trips counts how often the breaker opened since something went through; it
	// is how long the breaker stays open. asking is true while the destination is
	// asked how it stands.
	trips  int
	asking bool
	// usage is believed until usageUntil.
	usage      collector.Usage
	usageUntil time.Time
	// holdUntil: nothing goes before; apartUntil: nothing goes before, because
	// the last request was just now.
	holdUntil, apartUntil time.Time
	// credit is how many deliveries may be out at once; out how many are, in so
	// many requests.
	credit, out, requests int
	alarms                []said
}

// A said is an alarm with when it was last said.
type said struct {
	collector.Alarm
	at time.Time
}

// A leave is what enter gives: n deliveries may go in one request. When n is zero,
// at is when to ask again, never when something else has to happen first; and
// ask is true when the destination is to be asked how it stands before.
type leave struct {
	n   int
	at  time.Time
	ask bool
}

func newGate(limits collector.Limits, jitter func() float64) *gate {
	limits.Batch, limits.Concurrency = max(1, limits.Batch), max(1, limits.Concurrency)
	return &gate{limits: limits, jitter: jitter, credit: limits.Batch}
}

// enter asks for leave to send. Who gets leave gives it back by cancel or done,
// and who is told to ask reports by asked.
func (g *gate) enter(now time.Time) leave {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.usage.Percent > 0 && !now.Before(g.usageUntil) {
		g.usage = collector.Usage{}
	}
	switch {
	case g.pause.By == collector.PausedByPerson:
		return leave{at: never}
	case g.pause.By == collector.PausedByDestination:
		return g.try(now)
	case now.Before(g.holdUntil):
		return leave{at: g.holdUntil}
	case !g.breaker.OpenSince.IsZero():
		return g.knock(now)
	case now.Before(g.apartUntil):
		return leave{at: g.apartUntil}
	case g.usage.Percent >= slowFrom && g.requests > 0:
		return leave{at: never}
	}
	n := min(g.limits.Batch, g.credit-g.out)
	if n <= 0 || g.requests >= g.limits.Concurrency {
		return leave{at: never}
	}
	return g.give(n)
}

// give gives leave for one request of n deliveries, and takeBack ends it.
func (g *gate) give(n int) leave {
	g.out += n
	g.requests++
	return leave{n: n}
}

func (g *gate) takeBack(n int) {
	g.out -= n
	g.requests--
}

// try gives leave for one delivery to a destination that blocks, once its time
// has come and nothing else is out.
func (g *gate) try(now time.Time) leave {
	switch {
	case g.requests > 0:
		return leave{at: never}
	case now.Before(g.probeAt):
		return leave{at: g.probeAt}
	}
	return g.give(1)
}

// knock has the destination of an open breaker asked how it stands: that costs
// nobody a copy that may count, as a delivery would.
func (g *gate) knock(now time.Time) leave {
	switch {
	case g.asking || g.requests > 0:
		return leave{at: never}
	case now.Before(g.breaker.NextTry):
		return leave{at: g.breaker.NextTry}
	}
	g.asking = true
	return leave{at: never, ask: true}
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
	g.takeBack(n)
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
	g.takeBack(n)
	said := summarise(verdicts)
	switch {
	case said.blocked != nil:
		c.paused = g.block(*said.blocked, now)
		c.until = g.probeAt
	case said.worked:
		c.resumed = g.pause.By == collector.PausedByDestination
		c.closed = !g.breaker.OpenSince.IsZero()
		if c.resumed {
			g.pause = collector.Pause{}
		}
		if c.resumed || c.closed {
			g.credit = 1
		}
		g.breaker, g.trips = collector.Breaker{}, 0
		g.credit = min(2*g.credit, g.limits.Batch*g.limits.Concurrency)
	case said.failed != nil && said.after == 0:
		c.opened = g.fail(*said.failed, now)
		c.until = g.breaker.NextTry
	}
	if g.pause.By == collector.PausedByDestination {
		g.probeAt = now.Add(probeEvery) // whatever was said, it is not over
	}
	g.heed(said, now, &c)
	return c
}

// heed takes in what was said of rate limits, and alarms.
func (g *gate) heed(said summary, now time.Time, c *change) {
	for _, a := range said.alarms {
		g.alarm(a, now)
	}
	wait := said.after
	if said.usage != (collector.Usage{}) {
		g.usage, g.usageUntil = said.usage, now.Add(usageLife)
		if said.usage.Percent >= stopFrom {
			wait = max(wait, time.Duration(said.usage.RegainSeconds)*time.Second)
			if wait == 0 {
				wait = regain
			}
		}
	}
	if wait > 0 {
		// Up to a quarter more, so that many senders do not come back at once.
		until := now.Add(wait + time.Duration(g.jitter()*float64(wait)/4))
		c.held = !until.Before(g.holdUntil)
		g.holdUntil = collector.Later(g.holdUntil, until)
		g.usageUntil = g.holdUntil // what comes after it is known when it is answered
		g.credit = g.limits.Batch
		c.until = g.holdUntil
	}
	if g.usage.Percent >= slowFrom {
		share := float64(min(g.usage.Percent, stopFrom)-slowFrom) / (stopFrom - slowFrom)
		g.apartUntil = now.Add(time.Duration(share * float64(slowest)))
	}
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
// is one too many.
func (g *gate) fail(v collector.Verdict, now time.Time) (opened bool) {
	b := &g.breaker
	b.Failures++
	b.Reason, b.Detail = v.Reason, v.Detail
	if v.Reason == "" {
		b.Reason = collector.ReasonNoAnswer
	}
	if b.Failures < tripAfter || !b.OpenSince.IsZero() && !g.asking {
		return false // what was out when it opened changes nothing
	}
	opened = b.OpenSince.IsZero() && g.trips == 0
	if b.OpenSince.IsZero() {
		b.OpenSince = now
	}
	// Half of the time for certain, half by chance.
	d := min(cooldownMax, base<<min(g.trips, 16))
	b.NextTry = now.Add(d/2 + time.Duration(g.jitter()*float64(d/2)))
	g.trips++
	g.credit = 1
	return opened
}

// alarm remembers what a person should know, once for each reason.
func (g *gate) alarm(a collector.Alarm, now time.Time) {
	i := slices.IndexFunc(g.alarms, func(known said) bool { return known.Reason == a.Reason })
	switch {
	case i >= 0:
		g.alarms[i] = said{a, now}
	case len(g.alarms) < alarmsMax:
		g.alarms = append(g.alarms, said{a, now})
	}
}

// stop pauses on a person's word.
func (g *gate) stop(p collector.Pause) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pause = p
}

// checked takes in what the destination answered when it was asked how it
// stands. A block pauses it, leave to send ends such a pause. The breaker closes
// at a good answer, and opens again, for longer, at the first request that fails
// after it; at a bad one it stays open.
func (g *gate) checked(v collector.Verdict, now time.Time) (c change) {
	g.mu.Lock()
	defer g.mu.Unlock()
	open := !g.breaker.OpenSince.IsZero()
	switch {
	case v.Ruling == collector.Blocked:
		c.paused = g.block(v, now)
		c.until = g.probeAt
	case v.Ruling == collector.Accepted:
		if c.resumed = g.pause.By == collector.PausedByDestination; c.resumed {
			g.pause = collector.Pause{}
		}
		if c.closed = open; open {
			g.breaker, g.credit = collector.Breaker{Failures: tripAfter - 1}, 1
		}
	case g.asking:
		g.fail(v, now)
	}
	g.asking = false
	g.heed(summarise([]collector.Verdict{v}), now, &c)
	return c
}

// resume ends every pause, of a rate limit too, and has an open breaker try at
// once; false when there was nothing to end.
func (g *gate) resume(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	was := g.pause.By != "" || !g.breaker.OpenSince.IsZero() || now.Before(g.holdUntil)
	g.pause, g.holdUntil, g.usage = collector.Pause{}, time.Time{}, collector.Usage{}
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
	s.Breaker, s.InFlight = g.breaker, g.requests
	if now.Before(g.usageUntil) {
		s.Usage = g.usage
	}
	if now.Before(g.holdUntil) {
		s.ThrottledUntil = g.holdUntil
	}
	for _, a := range g.alarms {
		if now.Before(a.at.Add(alarmLife)) {
			s.Alarms = append(s.Alarms, a.Alarm)
		}
	}
}
