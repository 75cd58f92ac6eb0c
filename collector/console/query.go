package console

// What may be asked for: the parameters of pages and API, checked and bounded
// before a Reader sees them.

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"matchkey/collector"
)

// Bounds of questions and answers. One row more than shown is asked for, to
// know whether there are more; that makes at most 1,000, which a store may take
// for the most it gives.
const (
	maxParam    = 256 // bytes of one parameter; an event name and an order id fit
	pageSize    = 50  // rows of a page
	apiPageSize = 500 // rows of an API answer
	maxSameTime = 999 // rows of equal match time that paging can hold together
	maxAct      = 999 // deliveries that one act changes
)

// A filter selects deliveries, as the query string says it.
type filter struct {
	State       collector.State
	Reason      collector.Reason
	Destination string
	Site        string
	Event       string // event id
	// Since and Until bound when a delivery matched: from the one, before the other.
	Since, Until time.Time
	// Before is where a page begins.
	Before time.Time
}

// filterParams are the parameters of a filter.
var filterParams = []string{"state", "reason", "destination", "site", "event", "since", "until", "before"}

// parseFilter reads a filter. Its errors are sentences for the person who typed
// the address.
func parseFilter(q url.Values) (filter, error) {
	for _, name := range filterParams {
		if len(q.Get(name)) > maxParam {
			return filter{}, fmt.Errorf("the parameter %q is longer than %d bytes", name, maxParam)
		}
	}
	f := filter{
		State:       collector.State(q.Get("state")),
		Reason:      collector.Reason(strings.TrimSpace(q.Get("reason"))),
		Destination: q.Get("destination"),
		Site:        q.Get("site"),
		Event:       strings.TrimSpace(q.Get("event")),
	}
	if f.State != "" && !slices.Contains(collector.States(), f.State) {
		return filter{}, fmt.Errorf("there is no such state; the states are %s", joinedStates())
	}
	for name, t := range map[string]*time.Time{"since": &f.Since, "until": &f.Until, "before": &f.Before} {
		var err error
		if *t, err = parseTime(q.Get(name)); err != nil {
			return filter{}, fmt.Errorf("the parameter %q is neither a time like 2026-11-23T10:00:00Z nor a date like 2026-11-23, from 1970 to 2200", name)
		}
	}
	if !f.Until.IsZero() && !f.Since.Before(f.Until) {
		return filter{}, errors.New("\"until\" is not after \"since\", so nothing lies between them; a date is the midnight with which it begins")
	}
	return f, nil
}

// parseTime reads a time, or a date as the midnight (UTC) with which it begins.
// Nothing is the zero time. Years are bounded to those that a store can order.
func parseTime(s string) (t time.Time, err error) {
	layout := time.RFC3339Nano
	switch s = strings.TrimSpace(s); len(s) {
	case 0:
		return t, nil
	case len(time.DateOnly):
		layout = time.DateOnly
	}
	if t, err = time.Parse(layout, s); err != nil {
		return t, err
	}
	if y := t.UTC().Year(); y < 1970 || y > 2200 {
		return t, fmt.Errorf("the year %d cannot be meant", y)
	}
	return t, nil
}

func joinedStates() string {
	var names []string
	for _, s := range collector.States() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

// values writes a filter as a query string; parseFilter reads it back.
func (f filter) values() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{
		"state": string(f.State), "reason": string(f.Reason), "destination": f.Destination,
		"site": f.Site, "event": f.Event,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, t := range map[string]time.Time{"since": f.Since, "until": f.Until, "before": f.Before} {
		if !t.IsZero() {
			q.Set(name, t.UTC().Format(time.RFC3339Nano))
		}
	}
	return q
}

// address is a page's address with the filter as its query string.
func (f filter) address(path string) string {
	if q := f.values().Encode(); q != "" {
		return path + "?" + q
	}
	return path
}

func (f filter) query(max int) collector.DeliveryQuery {
	q := collector.DeliveryQuery{
		Site: f.Site, Destination: f.Destination, EventID: f.Event,
		Reason: f.Reason, MatchedFrom: f.Since, MatchedBefore: f.Until, Max: max,
	}
	if !f.Before.IsZero() && (f.Until.IsZero() || f.Before.Before(f.Until)) {
		q.MatchedBefore = f.Before
	}
	if f.State != "" {
		q.States = []collector.State{f.State}
	}
	return q
}

// in is a filter's deliveries in one state, on all pages: what an act is about.
func (f filter) in(s collector.State) filter {
	f.State, f.Before = s, time.Time{}
	return f
}

// narrow reports whether a filter selects by more than the state.
func (f filter) narrow() bool {
	f.State, f.Before = "", time.Time{}
	return f != filter{}
}

// logged is a filter as the log of acts shows it. It never has an event's id,
// which may be personal.
func (f filter) logged() []any {
	return []any{"destination", f.Destination, "site", f.Site, "reason", f.Reason, "one_event", f.Event != "", "since", f.Since, "until", f.Until}
}

// list returns one page of deliveries, about size of them, and the time to go
// on before; zero when there is no more. A page ends between two match times,
// never among deliveries of the same one: the next page begins strictly before
// a time, and would pass over the rest of them. So a page grows to hold up to
// maxSameTime deliveries that matched together; cut says that it could not.
func (f filter) list(ctx context.Context, r collector.Reader, size int) (page []collector.Delivery, next time.Time, cut bool, err error) {
	var found []collector.Delivery
	for _, max := range []int{size, maxSameTime} {
		if found, err = r.Deliveries(ctx, f.query(max+1)); err != nil || len(found) <= max {
			return found, time.Time{}, false, err
		}
		if page := upToChange(found); len(page) > 0 {
			return page, page[len(page)-1].MatchedAt, false, nil
		}
	}
	return found[:maxSameTime], found[0].MatchedAt, true, nil
}

// upToChange leaves out the deliveries that matched at the same time as the last.
func upToChange(found []collector.Delivery) []collector.Delivery {
	n := len(found)
	last := found[n-1].MatchedAt
	for n > 0 && found[n-1].MatchedAt.Equal(last) {
		n--
	}
	return found[:n]
}

// A period is a span of time up to now, in whole hours, as accounts are kept.
type period struct {
	Name  string // as in the query string
	Words string
	span  time.Duration
}

// periods lists what can be asked for; the first is the default.
func periods() []period {
	return []period{
		{"24h", "last 24 hours", 24 * time.Hour},
		{"7d", "last 7 days", 7 * 24 * time.Hour},
		{"28d", "last 28 days", 28 * 24 * time.Hour},
	}
}

// parsePeriod finds a period by its name; an unknown one is the default.
func parsePeriod(name string) period {
	all := periods()
	for _, p := range all {
		if p.Name == name {
			return p
		}
	}
	return all[0]
}

// bounds are the whole hours [from, to) that the period touches; the hour of
// now is among them.
func (p period) bounds(now time.Time) (from, to time.Time) {
	to = now.UTC().Truncate(time.Hour).Add(time.Hour)
	return to.Add(-p.span - time.Hour), to
}
