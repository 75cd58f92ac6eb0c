package console

// What may be asked for: the parameters of pages and API, checked and bounded
// before a Reader sees them.

import (
	"context"
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
	maxRedrive  = 999 // deliveries that one act puts back
)

// A filter selects deliveries, as the query string says it.
type filter struct {
	State       collector.State
	Reason      collector.Reason
	Destination string
	Site        string
	Event       string // event id
	Before      time.Time
}

// parseFilter reads a filter. Its errors are sentences for the person who typed
// the address.
func parseFilter(q url.Values) (filter, error) {
	for _, name := range []string{"state", "reason", "destination", "site", "event", "before"} {
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
	if before := q.Get("before"); before != "" {
		t, err := time.Parse(time.RFC3339Nano, before)
		if err != nil {
			return filter{}, fmt.Errorf("the parameter \"before\" is not a time like 2026-11-23T10:00:00Z")
		}
		f.Before = t
	}
	return f, nil
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
	if !f.Before.IsZero() {
		q.Set("before", f.Before.UTC().Format(time.RFC3339Nano))
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
		Reason: f.Reason, MatchedBefore: f.Before, Max: max,
	}
	if f.State != "" {
		q.States = []collector.State{f.State}
	}
	return q
}

// dead is the part of a filter that can be redriven: its dead deliveries.
func (f filter) dead() filter {
	f.State, f.Before = collector.StateDead, time.Time{}
	return f
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
