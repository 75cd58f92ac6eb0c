package dispatch

import (
	"testing"
	"time"

	"matchkey/collector"
)

var epoch = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

// gateTest drives a gate of batches of 100, four at a time, with a clock and
// without jitter.
type gateTest struct {
	*testing.T
	*gate
	now time.Time
}

func newGateTest(t *testing.T) *gateTest {
	return &gateTest{t, newGate(collector.Limits{Batch: 100, Concurrency: 4}, func() float64 { return 0 }), epoch}
}

// send enters, which has to be allowed, and gets one verdict for the request.
func (g *gateTest) send(v collector.Verdict) change {
	g.Helper()
	l := g.enter(g.now)
	if l.n == 0 {
		g.Fatalf("nothing may be sent until %s", l.at)
	}
	return g.done(l.n, []collector.Verdict{v}, g.now)
}

// closed wants that nothing may be sent until a time.
func (g *gateTest) closed(until time.Time) {
	g.Helper()
	if l := g.enter(g.now); l.n != 0 || l.ask || !l.at.Equal(until) {
		g.Fatalf("%d may be sent (ask first: %v), or after %s; want none before %s", l.n, l.ask, l.at.Sub(epoch), until.Sub(epoch))
	}
}

// asks wants that the destination has to be asked now, and gets an answer.
func (g *gateTest) asks(v collector.Verdict) change {
	g.Helper()
	if l := g.enter(g.now); !l.ask {
		g.Fatalf("it is not asked how it stands: %+v", l)
	}
	if l := g.enter(g.now); l.ask || l.n > 0 {
		g.Fatalf("it is asked twice at a time: %+v", l)
	}
	return g.checked(v, g.now)
}

// opened wants that exactly n deliveries may be sent now, in requests of batch.
func (g *gateTest) opened(n, requests int) {
	g.Helper()
	sum, leaves := 0, []int{}
	for {
		k := g.enter(g.now).n
		if k == 0 {
			break
		}
		sum, leaves = sum+k, append(leaves, k)
	}
	for _, k := range leaves {
		g.cancel(k)
	}
	if sum != n || len(leaves) != requests {
		g.Fatalf("%d may be sent in requests of %v; want %d in %d", sum, leaves, n, requests)
	}
}

var (
	good    = collector.Verdict{Ruling: collector.Accepted}
	refused = collector.Verdict{Ruling: collector.Rejected, Reason: "bad"}
	failed  = collector.Verdict{Ruling: collector.Retry, Reason: "down", Detail: "no route"}
	lost    = collector.Verdict{Ruling: collector.InDoubt}
	blocked = collector.Verdict{Ruling: collector.Blocked, Reason: "token"}
)

func used(percent, seconds int) collector.Verdict {
	return collector.Verdict{Ruling: collector.Accepted, Usage: collector.Usage{Percent: percent, RegainSeconds: seconds}}
}

func TestGateOpensByDegrees(t *testing.T) {
	g := newGateTest(t)
	g.opened(100, 1)
	g.send(good)
	g.opened(200, 2)
	g.send(refused) // it did its work
	g.opened(400, 4)
	g.send(good)
	g.opened(400, 4)
}

func TestBreaker(t *testing.T) {
	g := newGateTest(t)
	g.send(failed)
	g.send(lost)
	if c := g.send(failed); !c.opened || !c.until.Equal(epoch.Add(500*time.Millisecond)) {
		t.Fatalf("after the third failure: %+v", c)
	}
	g.closed(epoch.Add(500 * time.Millisecond))
	var s collector.DestinationStatus
	g.fill(&s, g.now)
	if s.Breaker.Failures != 3 || s.Breaker.Reason != "down" || s.Breaker.Detail != "no route" || !s.Breaker.OpenSince.Equal(epoch) || s.Paused != "" {
		t.Errorf("the status is %+v", s)
	}
	waits := []time.Duration{}
	for range 10 {
		g.now = s.Breaker.NextTry
		if c := g.asks(failed); c.opened || c.closed {
			t.Errorf("a bad answer changed %+v", c)
		}
		g.fill(&s, g.now)
		waits = append(waits, s.Breaker.NextTry.Sub(g.now))
	}
	if waits[0] != time.Second || waits[1] != 2*time.Second || waits[9] != cooldownMax/2 {
		t.Errorf("it waits for %v", waits)
	}
	g.now = s.Breaker.NextTry
	if c := g.asks(good); !c.closed {
		t.Errorf("a good answer did not close it: %+v", c)
	}
	g.opened(1, 1)
	if c := g.send(failed); c.opened {
		t.Errorf("it is told again that it fails: %+v", c)
	}
	g.closed(g.now.Add(cooldownMax / 2)) // the first failure opens it again, for as long as before
	g.now = g.now.Add(cooldownMax / 2)
	g.asks(good)
	for want := 1; want <= 64; want *= 2 {
		g.opened(want, 1)
		g.send(good)
	}
	g.send(failed)
	g.send(good)
	g.send(failed)
	g.send(failed)
	g.send(good)
	g.opened(400, 4)
}

func TestGoodCheckClosesTheBreaker(t *testing.T) {
	g := newGateTest(t)
	for range tripAfter {
		g.send(failed)
	}
	if c := g.checked(failed, g.now); c.closed {
		t.Error("a check that failed closed it")
	}
	if c := g.checked(good, g.now); !c.closed {
		t.Error("a good check did not close it")
	}
	g.opened(1, 1)
}

// TestFailuresAtOnce: requests that were out together fail together.
func TestFailuresAtOnce(t *testing.T) {
	g := newGateTest(t)
	for range 3 {
		g.send(good)
	}
	var out []int
	for range 4 {
		out = append(out, g.enter(g.now).n)
	}
	for _, n := range out {
		g.done(n, []collector.Verdict{failed}, g.now)
	}
	g.closed(epoch.Add(500 * time.Millisecond))
}

func TestBlockPausesAndIsProbed(t *testing.T) {
	g := newGateTest(t)
	if c := g.send(blocked); !c.paused {
		t.Fatalf("a block: %+v", c)
	}
	g.closed(epoch.Add(probeEvery))
	g.now = g.now.Add(probeEvery)
	g.opened(1, 1)
	if c := g.send(blocked); c.paused {
		t.Error("it was paused twice")
	}
	g.closed(epoch.Add(2 * probeEvery))
	g.now = g.now.Add(probeEvery)
	g.send(failed) // it fails now in another way
	g.closed(g.now.Add(probeEvery))
	if c := g.checked(good, g.now); !c.resumed {
		t.Error("a good check did not end the pause")
	}
	if c := g.checked(blocked, g.now); !c.paused {
		t.Error("a bad check did not pause")
	}
	if c := g.checked(failed, g.now); c != (change{}) {
		t.Errorf("a check that failed changed %+v", c)
	}
	if !g.resume(g.now) || g.resume(g.now) {
		t.Error("resume ends one pause")
	}
	g.opened(100, 1)
}

func TestPersonPausesOverTheDestination(t *testing.T) {
	g := newGateTest(t)
	n := g.enter(g.now).n
	g.stop(collector.Pause{By: collector.PausedByPerson, Reason: collector.ReasonPaused})
	if c := g.done(n, []collector.Verdict{blocked}, g.now); c.paused {
		t.Error("the destination paused what a person had paused")
	}
	g.closed(never)
	g.checked(good, g.now)
	g.closed(never)
	g.resume(g.now)
	g.opened(100, 1)
}

func TestUsageSlowsAndStops(t *testing.T) {
	g := newGateTest(t)
	g.send(used(74, 0))
	g.opened(200, 2)
	g.send(used(75, 0))
	g.opened(100, 1)
	g.send(used(85, 0))
	g.closed(epoch.Add(slowest / 2))
	g.now = g.now.Add(slowest / 2)
	g.opened(100, 1)
	if c := g.send(used(95, 0)); !c.held {
		t.Errorf("at 95 %%: %+v", c)
	}
	g.closed(g.now.Add(regain))
	g.now = g.now.Add(regain)
	g.opened(100, 1) // the time it asked for is over
	g.send(used(99, 600))
	g.closed(g.now.Add(10 * time.Minute))
	g.now = g.now.Add(10 * time.Minute)
	g.send(used(3, 0))
	g.opened(200, 2)
}

// TestUsageIsNotBelievedForEver: one answer said 90 %, and no other says anything.
func TestUsageIsNotBelievedForEver(t *testing.T) {
	g := newGateTest(t)
	g.send(used(90, 0))
	g.now = g.now.Add(usageLife / 2)
	g.send(good)
	var s collector.DestinationStatus
	if g.fill(&s, g.now); s.Usage.Percent != 90 {
		t.Errorf("the usage is %+v", s.Usage)
	}
	g.now = g.now.Add(usageLife / 2)
	s = collector.DestinationStatus{}
	if g.fill(&s, g.now); s.Usage.Percent != 0 {
		t.Errorf("a minute later the usage is %+v", s.Usage)
	}
	g.opened(400, 4)
	g.checked(used(96, 30), g.now)
	g.closed(g.now.Add(30 * time.Second))
}

func TestResumeEndsThrottling(t *testing.T) {
	g := newGateTest(t)
	g.send(collector.Verdict{Ruling: collector.Retry, Reason: "policy", After: time.Hour, Alarm: &collector.Alarm{Reason: "policy"}})
	g.closed(epoch.Add(time.Hour))
	if !g.resume(g.now) {
		t.Error("there was something to end")
	}
	g.opened(100, 1)
	var s collector.DestinationStatus
	if g.fill(&s, g.now); len(s.Alarms) != 1 {
		t.Errorf("the alarms are %+v", s.Alarms)
	}
	var later collector.DestinationStatus
	if g.fill(&later, g.now.Add(alarmLife)); len(later.Alarms) != 0 {
		t.Errorf("a day later there are still alarms: %+v", later.Alarms)
	}
}

func TestThrottledIsNoFailure(t *testing.T) {
	g := newGateTest(t)
	throttled := collector.Verdict{Ruling: collector.Retry, Reason: "throttled", After: 5 * time.Minute}
	for range 5 {
		g.send(throttled)
		g.closed(g.now.Add(5 * time.Minute))
		g.now = g.now.Add(5 * time.Minute)
	}
	g.opened(100, 1)
	var s collector.DestinationStatus
	g.send(throttled)
	if g.fill(&s, g.now); !s.ThrottledUntil.Equal(g.now.Add(5*time.Minute)) || s.Breaker.Failures != 0 {
		t.Errorf("the status is %+v", s)
	}
}

func TestAlarmsAreBoundedAndKept(t *testing.T) {
	g := newGateTest(t)
	for i := range 2 * alarmsMax {
		v := good
		v.Alarm = &collector.Alarm{Reason: collector.Reason(rune('a' + i%20)), Detail: "x"}
		g.send(v)
	}
	var s collector.DestinationStatus
	if g.fill(&s, g.now); len(s.Alarms) != alarmsMax {
		t.Errorf("%d alarms are kept, want %d", len(s.Alarms), alarmsMax)
	}
}
