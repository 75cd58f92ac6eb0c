package console

// Which conversions went, and which did not? One page of deliveries, filtered
// by what an analyst asks about, newest match first.

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"matchkey/collector"
)

type deliveriesView struct {
	Filter       filterView
	Rows         []deliveryRow
	More         string // address of the next page; empty at the end
	Newest       string // address of the first page, when this is not it
	Cut          bool   // the page could not hold all that matched at one time
	Redrive      string // address of the confirm page; empty when nothing here is dead
	Resolve      string // the same, when nothing here is in doubt
	States       []option
	Destinations []option
	Sites        []option
	Reasons      []option
}

// A filterView is the filter as the form shows it.
type filterView struct {
	Reason, Event string
	Since, Until  timeField
	// Words say what is selected; empty when everything is.
	Words string
}

// A timeField is an input for a time: a date with the browser's own help, or a
// text when a time of day was asked for, which a date could not hold.
type timeField struct{ Type, Value string }

func timeFieldOf(t time.Time) timeField {
	switch {
	case t.IsZero():
		return timeField{Type: "date"}
	case t.UTC().Equal(t.UTC().Truncate(24 * time.Hour)):
		return timeField{"date", t.UTC().Format(time.DateOnly)}
	}
	return timeField{"text", t.UTC().Format(time.RFC3339Nano)}
}

// An option is a choice of a form.
type option struct {
	Value, Words string
	Selected     bool
}

// A deliveryRow is one delivery of a table.
type deliveryRow struct {
	Site, Event, EventID, OwnID string
	Destination, Send           string
	State                       stateView
	Reasons                     []why
	Detail                      string
	Tries                       int
	Last                        string // the last attempt's answer
	MatchedAt                   moment
	DueAt                       moment
}

func (c *console) deliveries(w http.ResponseWriter, r *http.Request) {
	f, err := parseFilter(r.URL.Query())
	if err != nil {
		c.sorry(w, r, http.StatusBadRequest, sentence(err))
		return
	}
	list, next, cut, err := f.list(r.Context(), c.Reader, pageSize)
	if err != nil {
		c.broken(w, r, err)
		return
	}
	v := deliveriesView{
		Filter: filterView{string(f.Reason), f.Event, timeFieldOf(f.Since), timeFieldOf(f.Until), c.filterWords(f)},
		Rows:   c.rows(list), Cut: cut,
		States: c.stateOptions(f), Destinations: c.destinationOptions(f), Sites: c.siteOptions(f),
		Reasons: c.reasonOptions(),
	}
	if !next.IsZero() {
		more := f
		more.Before = next
		v.More = more.address("/deliveries")
	}
	if !f.Before.IsZero() {
		newest := f
		newest.Before = time.Time{}
		v.Newest = newest.address("/deliveries")
	}
	if anyIn(list, collector.StateDead) {
		v.Redrive = f.in(collector.StateDead).address("/redrive")
	}
	if anyIn(list, collector.StateInDoubt) {
		v.Resolve = f.in(collector.StateInDoubt).address("/resolve")
	}
	c.render(w, r, http.StatusOK, "deliveries", "Deliveries", v)
}

func anyIn(list []collector.Delivery, s collector.State) bool {
	return slices.ContainsFunc(list, func(d collector.Delivery) bool { return d.State == s })
}

// rows puts deliveries into words. Nothing personal stands in a row.
func (c *console) rows(list []collector.Delivery) []deliveryRow {
	now := c.Now()
	rows := make([]deliveryRow, len(list))
	for i, d := range list {
		rows[i] = deliveryRow{
			Site: d.Key.Site, Event: d.EventName, EventID: d.Key.EventID, OwnID: shortened(ownID(d.EventName, d.Key.EventID), 40),
			Destination: d.Key.Destination, Send: d.Key.Send,
			State: stateOf(d.State), Reasons: c.whys(d.Reasons), Detail: printable(shortened(d.Detail, 300)),
			Tries: len(d.Attempts), MatchedAt: at(d.MatchedAt, now),
		}
		if d.State.Timed() {
			rows[i].DueAt = at(d.DueAt, now)
		}
		if n := len(d.Attempts); n > 0 {
			last := attempt(d.Attempts[n-1])
			rows[i].Last = rulingSays(last.Ruling)
			if answer := last.answer(); answer != "" {
				rows[i].Last += ", " + answer
			}
		}
	}
	return rows
}

// filterWords says what a filter selects.
func (c *console) filterWords(f filter) string {
	words := ""
	add := func(format, value string) {
		if value == "" {
			return
		}
		if words != "" {
			words += ", "
		}
		words += fmt.Sprintf(format, printable(value))
	}
	add("%s", stateWord(f.State))
	add("with the reason %s", string(f.Reason))
	add("to %s", f.Destination)
	add("of site %s", f.Site)
	add("for event %s", f.Event)
	if !f.Since.IsZero() {
		add("matched from %s", utc(f.Since))
	}
	if !f.Until.IsZero() {
		add("matched before %s", utc(f.Until))
	}
	return words
}

func (c *console) stateOptions(f filter) []option {
	all := []option{{"", "any state", f.State == ""}}
	for _, s := range collector.States() {
		all = append(all, option{string(s), stateWord(s), s == f.State})
	}
	return all
}

func (c *console) destinationOptions(f filter) []option {
	all := []option{{"", "any destination", f.Destination == ""}}
	for _, d := range c.Operations.Destinations() {
		all = append(all, option{d.Name, d.Name, d.Name == f.Destination})
	}
	return keepChosen(all, f.Destination)
}

func (c *console) siteOptions(f filter) []option {
	all := []option{{"", "any site", f.Site == ""}}
	for _, s := range c.sites() {
		all = append(all, option{s.Name, s.Name, s.Name == f.Site})
	}
	return keepChosen(all, f.Site)
}

// keepChosen adds a choice that is no longer configured, so that the form says
// what the page shows.
func keepChosen(all []option, chosen string) []option {
	if !slices.ContainsFunc(all, func(o option) bool { return o.Selected }) {
		all = append(all, option{chosen, chosen, true})
	}
	return all
}

// reasonOptions offers every reason that has a sentence.
func (c *console) reasonOptions() []option {
	var all []option
	for r, words := range c.Sentences {
		all = append(all, option{Value: string(r), Words: words})
	}
	slices.SortFunc(all, func(a, b option) int { return cmp.Compare(a.Value, b.Value) })
	return all
}

// sentence makes an error's text one: a capital at the start, a stop at the end.
func sentence(err error) string {
	s := err.Error()
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
