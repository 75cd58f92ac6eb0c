package console

// How a destination stands, in words: what stops it and what a person can do
// about it, then what a person should know, then the figures of every day.

import (
	"strconv"
	"strings"
	"time"

	"matchkey/collector"
)

// usageShown is the share of a rate limit, in percent, from which it is shown.
const usageShown = 50

// maxSays bounds a destination's or a person's words on a page.
const maxSays = 400

type standingView struct {
	// Class and Word say it in short.
	Class, Word string
	// Stops are why nothing is sent, the strongest first.
	Stops  []stopView
	Alarms []alarmView
	Facts  []factView
	// MayPause is true when there is no pause yet.
	MayPause bool
}

// A stopView is one reason why nothing is sent: number, reason, act.
type stopView struct {
	Class  string
	Number string // how long, or how many
	Says   string
	Since  moment
	Is     *why
	Detail string // the destination's own words, or the person's
	Then   string // what happens by itself
	Until  moment // when
	Act    string // on the button that ends it; empty when a person cannot
}

// An alarmView is what a person should act on.
type alarmView struct {
	Card, Destination string
	Number            string // how long until it ends
	Is                why
	Detail            string
	At                moment
	Ends              bool // At lies ahead
}

// A factView is one figure of every day.
type factView struct {
	Name, Number, Says string
	At                 moment
	Is                 *why
	Detail             string
}

func (c *console) stands(s collector.DestinationStatus) standingView {
	v := standingView{Class: "good", Word: "running", MayPause: s.Paused == ""}
	v.Stops = c.stops(s)
	switch {
	case s.Paused != "" && s.PausedBy == collector.PausedByPerson:
		v.Class, v.Word = "doubt", "paused"
	case s.Paused != "":
		v.Class, v.Word = "bad", "paused"
	case !s.Breaker.OpenSince.IsZero():
		v.Class, v.Word = "doubt", "failing"
	case c.throttled(s):
		v.Class, v.Word = "open", "at its limit"
	}
	for _, a := range s.Alarms {
		v.Alarms = append(v.Alarms, c.alarm(s.Name, a))
	}
	v.Facts = c.facts(s)
	return v
}

func (c *console) throttled(s collector.DestinationStatus) bool {
	return s.ThrottledUntil.After(c.Now())
}

// stops lists why nothing is sent to a destination now; empty while it runs.
func (c *console) stops(s collector.DestinationStatus) (stops []stopView) {
	now := c.Now()
	if s.Paused != "" {
		stop := stopView{
			Class: "bad", Number: lasted(s.PausedAt, now), Says: "paused", Since: at(s.PausedAt, now),
			Is: c.is(s.Paused), Detail: says(s.Detail), Act: "Resume",
		}
		switch s.PausedBy {
		case collector.PausedByPerson:
			stop.Class, stop.Says = "doubt", "paused by a person"
		case collector.PausedByDestination:
			stop.Says, stop.Then = "paused by the destination", "It is tried again by itself every few minutes. When you have put it right, resume to try at once."
		}
		stops = append(stops, stop)
	}
	if b := s.Breaker; !b.OpenSince.IsZero() {
		stop := stopView{
			Class: "doubt", Number: grouped(b.Failures), Says: "failures in a row, so it is left alone",
			Since: at(b.OpenSince, now), Is: c.is(b.Reason), Detail: says(b.Detail),
		}
		if s.Paused == "" { // resuming tries it, too
			stop.Then, stop.Until, stop.Act = "One delivery is tried by itself", at(b.NextTry, now), "Try now"
		}
		stops = append(stops, stop)
	}
	if c.throttled(s) {
		stops = append(stops, stopView{
			Class: "open", Number: rough(s.ThrottledUntil.Sub(now)), Says: "until it takes more, because it says that its rate limit is used up, or nearly so",
			Then: "Sending goes on by itself", Until: at(s.ThrottledUntil, now),
		})
	}
	return stops
}

func (c *console) alarm(destination string, a collector.Alarm) alarmView {
	now := c.Now()
	return alarmView{
		Destination: destination, Number: left(a.At, now), Is: c.why(a.Reason), Detail: says(a.Detail),
		At: at(a.At, now), Ends: a.At.After(now),
	}
}

// facts are the figures that stand on every card, and deadlines that are no
// alarm yet.
func (c *console) facts(s collector.DestinationStatus) []factView {
	now := c.Now()
	facts := []factView{{Name: "requests out", Number: grouped(s.InFlight)}}
	if s.Usage.Percent >= usageShown {
		f := factView{Name: "rate limit used", Number: strconv.Itoa(s.Usage.Percent) + "%", Detail: says(s.Usage.Said)}
		if n := s.Usage.RegainSeconds; n > 0 {
			f.Says = "free again in " + rough(time.Duration(n)*time.Second) + ", it estimates"
		}
		facts = append(facts, f)
	}
	facts = append(facts, c.checked(s.Check))
	for _, d := range s.Check.Deadlines {
		if alarmed(s.Alarms, d) {
			continue
		}
		facts = append(facts, factView{
			Name: printable(strings.ReplaceAll(string(d.Reason), "_", " ")), Number: left(d.At, now), At: at(d.At, now), Says: says(d.Detail),
		})
	}
	return facts
}

func (c *console) checked(check collector.Check) factView {
	f := factView{Name: "last check", Number: "not yet", At: at(check.At, c.Now())}
	if check.At.IsZero() {
		return f
	}
	f.Number, f.Says = ago(check.At, c.Now()), checkSays(check.Verdict.Ruling)
	if check.Verdict.Reason != "" {
		f.Is = c.is(check.Verdict.Reason)
	}
	f.Detail = says(check.Verdict.Detail)
	return f
}

func alarmed(alarms []collector.Alarm, d collector.Deadline) bool {
	for _, a := range alarms {
		if a.Reason == d.Reason && a.At.Equal(d.At) {
			return true
		}
	}
	return false
}

func (c *console) is(r collector.Reason) *why {
	is := c.why(r)
	return &is
}

// says bounds words from outside and makes them visible.
func says(s string) string { return printable(shortened(s, maxSays)) }
