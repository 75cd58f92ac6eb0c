package console

// Does it add up, and is anything stuck? The closed sum of each destination,
// its health, the reasons why something did not go, and what was not taken.

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"matchkey/collector"
	"matchkey/collector/quality"
)

// Bounds of the overview's lists.
const (
	recentDeliveries = 8
	recentSetAsides  = 10
	recentRefusals   = 10
	topReasons       = 8
)

type overviewView struct {
	Period       period
	Periods      []period
	From         moment
	Alarms       []alarmView // of all destinations
	Destinations []destinationView
	Reasons      []reasonView
	Recent       []deliveryRow
	SetAsides    []setAsideView
	Refusals     []refusalView
	Edge         bool // there is an edge to ask for refusals
	Sites        []SiteInfo
	Kept         keptView
	// Empty: nothing has ever matched, as far as the page can see.
	Empty bool
}

// keptView is what was deleted because it had expired.
type keptView struct {
	Day   string // by whose beginning; empty while nothing was
	Swept collector.Swept
	// Behind is how many days the clock is ahead and not believed yet; 0 when it is.
	Behind int
}

func keptViewOf(s collector.RetentionStatus) (v keptView) {
	if v.Swept = s.Swept; !s.Day.IsZero() {
		v.Day = s.Day.Format(time.DateOnly)
	}
	if s.Behind > 1 {
		v.Behind = s.Behind
	}
	return v
}

type destinationView struct {
	ID         string // of the card in the page
	Name       string
	Configured bool
	Stands     standingView
	Matched    int
	Terms      []termView
	Bar        []segment
	Remainder  int
	Closed     bool
	Unbalanced []string
	Doubts     int
	Dead       int
	InDoubt    int
}

// A termView is one number of the sum.
type termView struct {
	State collector.State
	Is    stateView
	N     int
}

// A segment is a part of the bar under the sum, in thousandths of its width.
type segment struct {
	Class string
	X, W  int
}

type reasonView struct {
	Is why
	N  int
}

type setAsideView struct {
	At     moment
	Is     why
	Detail string
	Event  collector.EventKey
	Offset collector.Offset
}

type refusalView struct {
	At    moment
	Site  string
	Is    why
	Count int
}

func (c *console) overview(w http.ResponseWriter, r *http.Request) {
	p := parsePeriod(r.FormValue("period"))
	now := c.Now()
	from, to := p.bounds(now)
	accounts, err := c.Reader.Accounts(r.Context(), from, to)
	if err != nil {
		c.broken(w, r, err)
		return
	}
	recent, err := c.Reader.Deliveries(r.Context(), collector.DeliveryQuery{Max: recentDeliveries})
	if err != nil {
		c.broken(w, r, err)
		return
	}
	asides, err := c.Reader.SetAsides(r.Context(), recentSetAsides)
	if err != nil {
		c.broken(w, r, err)
		return
	}
	kept, err := c.Operations.Retention(r.Context())
	if err != nil {
		c.broken(w, r, err)
		return
	}
	sums := quality.Sums(accounts, from, to)
	v := overviewView{
		Period: p, Periods: periods(), From: at(from, now),
		Destinations: c.destinations(sums, from, to),
		Recent:       c.rows(recent),
		SetAsides:    c.setAsides(asides),
		Refusals:     c.refusals(),
		Edge:         c.Refusals != nil,
		Sites:        c.Sites,
		Kept:         keptViewOf(kept),
		Empty:        len(recent) == 0 && len(sums) == 0,
	}
	for _, d := range v.Destinations {
		v.Alarms = append(v.Alarms, d.Stands.Alarms...)
	}
	for _, rc := range quality.TopReasons(sums, topReasons) {
		v.Reasons = append(v.Reasons, reasonView{c.why(rc.Reason), rc.N})
	}
	c.render(w, r, http.StatusOK, "overview", "Overview", v)
}

func (c *console) setAsides(asides []collector.SetAside) (views []setAsideView) {
	for _, s := range asides {
		views = append(views, setAsideView{
			at(s.At, c.Now()), c.why(s.Reason), printable(shortened(s.Detail, maxParam)), s.Event, s.Offset,
		})
	}
	return views
}

func (c *console) refusals() (views []refusalView) {
	if c.Refusals == nil {
		return nil
	}
	for _, f := range first(c.Refusals(), recentRefusals) {
		views = append(views, refusalView{at(f.At, c.Now()), f.Site, c.why(f.Reason), f.Count})
	}
	return views
}

// destinations joins the sums with how each destination stands: configured
// ones in their order, then those that only the accounts still know.
func (c *console) destinations(sums []quality.Sum, from, to time.Time) []destinationView {
	var all []destinationView
	for _, status := range c.Operations.Destinations() {
		sum := *quality.Empty(status.Name, from, to)
		if i := slices.IndexFunc(sums, func(s quality.Sum) bool { return s.Destination == status.Name }); i >= 0 {
			sum = sums[i]
		}
		all = append(all, c.destination(sum, &status))
	}
	for _, sum := range sums {
		if !slices.ContainsFunc(all, func(v destinationView) bool { return v.Name == sum.Destination }) {
			all = append(all, c.destination(sum, nil))
		}
	}
	for i := range all {
		all[i].ID = "d-" + strconv.Itoa(i)
		for j := range all[i].Stands.Alarms {
			all[i].Stands.Alarms[j].Card = all[i].ID
		}
	}
	return all
}

func (c *console) destination(sum quality.Sum, status *collector.DestinationStatus) destinationView {
	v := destinationView{
		Name: sum.Destination, Configured: status != nil, Matched: sum.Matched,
		Remainder: sum.Remainder(), Closed: sum.Closed(), Doubts: sum.Doubts,
		Dead: sum.States[collector.StateDead], InDoubt: sum.States[collector.StateInDoubt],
	}
	if status != nil {
		v.Stands = c.stands(*status)
	}
	for _, t := range sum.Terms() {
		v.Terms = append(v.Terms, termView{t.State, stateOf(t.State), t.N})
	}
	v.Bar = bar(v.Terms)
	for _, a := range sum.Unbalanced {
		v.Unbalanced = append(v.Unbalanced, printable(a.Site+", "+a.Send+", hour of "+utc(a.Hour)+": remainder "+strconv.Itoa(a.Remainder())))
	}
	return v
}

// bar lays the terms side by side, neighbours of one colour together.
func bar(terms []termView) []segment {
	total := 0
	for _, t := range terms {
		total += max(0, t.N)
	}
	if total == 0 {
		return nil
	}
	var segments []segment
	sum := 0
	for _, t := range terms {
		if t.N <= 0 {
			continue
		}
		x := sum * 1000 / total
		sum += t.N
		end := sum * 1000 / total
		if n := len(segments); n > 0 && segments[n-1].Class == t.Is.Class {
			segments[n-1].W = end - segments[n-1].X
			continue
		}
		segments = append(segments, segment{t.Is.Class, x, end - x})
	}
	return segments
}

func first[T any](list []T, max int) []T { return list[:min(max, len(list))] }
