package engine

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"matchkey/collector"
)

// metrics reads the engine when it is scraped: nothing is counted twice.
type metrics struct{ e *Engine }

// The metrics. docs/metrics.md lists them with what to do about each. A time is
// in seconds since 1970, and absent while there is none.
var (
	durableDesc = desc("journal_durable_offset", "Offset of the last event on stable storage.")
	appliedDesc = desc("pipeline_applied_offset", "Offset up to which the journal is applied.")
	lagDesc     = desc("pipeline_lag_events", "Durable events that are not applied yet.")
	healthDesc  = desc("healthy", "1 while the part can do its work.", "part")
	freeDesc    = desc("disk_free_bytes", "Free space on the disk of the data folder; absent where the file system does not say.")
	sweptDesc   = desc("retention_deleted", "What was ever deleted from this data folder because it had expired.", "what")
	keptDesc    = desc("retention_day_timestamp_seconds", "The midnight by which what had expired is deleted.")
	rowsDesc    = desc("retention_rows_read", "Rows that sweeps have read since the start; they read what expires, and no more.")
	stateDesc   = desc("deliveries", "Deliveries that matched in the last seven days, by state. They add up to matchkey_conversions.",
		"site", "destination", "send", "state")
	matchedDesc = desc("conversions", "Conversions that matched in the last seven days.", "site", "destination", "send")
	doubtsDesc  = desc("attempts_in_doubt", "Attempts of the last seven days that ended in doubt; each may have been counted twice.",
		"site", "destination", "send")

	pausedDesc    = desc("destination_paused", "1 while nothing is sent to the destination because a person, or the destination itself, paused it.", "destination", "by")
	breakerDesc   = desc("destination_breaker_open", "1 while the destination fails as a whole and is only tried now and then.", "destination")
	failuresDesc  = desc("destination_failures", "Requests that failed one after another; 0 after one that went through.", "destination")
	usageDesc     = desc("destination_usage_percent", "How much of its rate limit the destination last said is used; it may be over 100.", "destination")
	throttledDesc = desc("destination_throttled_until_timestamp_seconds", "Until when nothing is sent because of the destination's rate limit.", "destination")
	inFlightDesc  = desc("destination_requests_in_flight", "Requests that are out and not answered.", "destination")
	checkDesc     = desc("destination_check", "1 for what the destination answered when it was last asked how it stands, 0 for the other rulings.", "destination", "ruling")
	deadlineDesc  = desc("destination_deadline_timestamp_seconds", "When something ends that the destination needs, such as its credential.", "destination", "reason")
	alarmDesc     = desc("destination_alarm", "1 for each thing about the destination that a person should act on.", "destination", "reason")
	oldestDueDesc = desc("oldest_due_timestamp_seconds", "When the first delivery that waits for the destination is due, to be decided or to be sent; in the future while nothing is late.", "destination")
)

var descs = []*prometheus.Desc{
	durableDesc, appliedDesc, lagDesc, healthDesc, freeDesc, sweptDesc, keptDesc, rowsDesc, stateDesc, matchedDesc, doubtsDesc,
	pausedDesc, breakerDesc, failuresDesc, usageDesc, throttledDesc, inFlightDesc, checkDesc, deadlineDesc, alarmDesc, oldestDueDesc,
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("matchkey_"+name, help, labels, nil)
}

// Collector returns the engine's metrics. Labels are configured names, states,
// rulings and reasons only, so their number is bounded by the configuration.
func (e *Engine) Collector() prometheus.Collector { return metrics{e} }

// Describe implements prometheus.Collector.
func (m metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range descs {
		ch <- d
	}
}

// A gauge writes one value.
type gauge func(d *prometheus.Desc, v float64, labels ...string)

// time writes a time, unless there is none.
func (g gauge) time(d *prometheus.Desc, t time.Time, labels ...string) {
	if !t.IsZero() {
		g(d, float64(t.UnixMilli())/1000, labels...)
	}
}

// Collect implements prometheus.Collector.
func (m metrics) Collect(ch chan<- prometheus.Metric) {
	g := gauge(func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	})
	e := m.e
	g(durableDesc, float64(e.journal.Durable()))
	g(appliedDesc, float64(e.pipeline.Applied()))
	g(lagDesc, float64(e.Lag()))
	g(healthDesc, truth(e.journal.Healthy() == nil), "journal")
	g(healthDesc, truth(e.pipeline.Healthy() == nil), "pipeline")
	g(healthDesc, truth(e.space.forEvents() == nil), "disk")
	if free, known := e.space.freeBytes(); known {
		g(freeDesc, float64(free))
	}
	m.retention(g)
	for _, name := range e.order {
		d := e.dispatchers[name]
		g(healthDesc, truth(d.Healthy() == nil), "dispatch:"+name)
		stands(g, d.Status())
		m.oldestDue(g, name)
	}
	m.accounts(g)
}

// retention writes what was deleted because it had expired.
func (m metrics) retention(g gauge) {
	status, err := m.e.store.Retention(context.Background())
	if err != nil {
		m.e.config.Log.Error("engine: couldn't read what has expired for the metrics; it is left out", "error", err)
		return
	}
	g.time(keptDesc, status.Day)
	g(rowsDesc, float64(m.e.swept.rows.Load()))
	for what, n := range map[string]int{
		"values": status.Swept.Values, "profiles": status.Swept.Profiles, "links": status.Swept.Links, "consent_records": status.Swept.Records,
		"events": status.Swept.Events, "journal_frames": status.Swept.Frames, "set_asides": status.Swept.SetAsides, "deliveries": status.Swept.Deliveries,
	} {
		g(sweptDesc, float64(n), what)
	}
}

// stands writes how a destination stands.
func stands(g gauge, s collector.DestinationStatus) {
	for _, by := range []collector.PausedBy{collector.PausedByPerson, collector.PausedByDestination} {
		g(pausedDesc, truth(s.Paused != "" && s.PausedBy == by), s.Name, string(by))
	}
	g(breakerDesc, truth(!s.Breaker.OpenSince.IsZero()), s.Name)
	g(failuresDesc, float64(s.Breaker.Failures), s.Name)
	g(usageDesc, float64(s.Usage.Percent), s.Name)
	g.time(throttledDesc, s.ThrottledUntil, s.Name)
	g(inFlightDesc, float64(s.InFlight), s.Name)
	if !s.Check.At.IsZero() {
		for _, r := range []collector.Ruling{collector.Accepted, collector.Retry, collector.Rejected, collector.Blocked, collector.InDoubt} {
			g(checkDesc, truth(s.Check.Verdict.Ruling == r), s.Name, string(r))
		}
	}
	// A value that is written twice would spoil the whole scrape, so of one
	// reason only the first deadline to come counts.
	deadlines := map[collector.Reason]time.Time{}
	for _, d := range s.Check.Deadlines {
		if at, ok := deadlines[d.Reason]; !ok || d.At.Before(at) {
			deadlines[d.Reason] = d.At
		}
	}
	for reason, at := range deadlines {
		g.time(deadlineDesc, at, s.Name, string(reason))
	}
	alarms := map[collector.Reason]bool{}
	for _, a := range s.Alarms {
		if !alarms[a.Reason] {
			alarms[a.Reason] = true
			g(alarmDesc, 1, s.Name, string(a.Reason))
		}
	}
}

// oldestDue writes since when, or until when, a destination's first delivery waits.
func (m metrics) oldestDue(g gauge, name string) {
	b, err := m.e.store.Backlog(context.Background(), name, m.e.config.Now(), 0)
	if err != nil {
		m.e.config.Log.Error("engine: couldn't read a destination's backlog for the metrics; it is left out", "destination", name, "error", err)
		return
	}
	due := b.SendAt
	if due.IsZero() || !b.LookAt.IsZero() && b.LookAt.Before(due) {
		due = b.LookAt
	}
	g.time(oldestDueDesc, due, name)
}

func (m metrics) accounts(g gauge) {
	type name struct{ site, destination, send string }
	type sum struct {
		matched, doubts int
		states          map[collector.State]int
	}
	now := m.e.config.Now()
	accounts, err := m.e.store.Accounts(context.Background(), now.Add(-7*24*time.Hour), now.Add(time.Hour))
	if err != nil {
		m.e.config.Log.Error("engine: couldn't read the accounts for the metrics; they are left out", "error", err)
		return
	}
	sums := map[name]*sum{}
	for _, a := range accounts {
		n := name{a.Site, a.Destination, a.Send}
		if sums[n] == nil {
			sums[n] = &sum{states: map[collector.State]int{}}
		}
		sums[n].matched += a.Matched
		sums[n].doubts += a.Doubts
		for s, count := range a.States {
			sums[n].states[s] += count
		}
	}
	for n, s := range sums {
		g(matchedDesc, float64(s.matched), n.site, n.destination, n.send)
		g(doubtsDesc, float64(s.doubts), n.site, n.destination, n.send)
		for _, state := range collector.States() {
			g(stateDesc, float64(s.states[state]), n.site, n.destination, n.send, string(state))
		}
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
