package engine

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"matchkey/collector"
)

// metrics reads the engine when it is scraped: nothing is counted twice.
type metrics struct{ e *Engine }

var (
	durableDesc = prometheus.NewDesc("matchkey_journal_durable_offset", "Offset of the last event on stable storage.", nil, nil)
	appliedDesc = prometheus.NewDesc("matchkey_pipeline_applied_offset", "Offset up to which the journal is applied.", nil, nil)
	lagDesc     = prometheus.NewDesc("matchkey_pipeline_lag_events", "Durable events that are not applied yet.", nil, nil)
	healthDesc  = prometheus.NewDesc("matchkey_healthy", "1 while the part can do its work.", []string{"part"}, nil)
	pausedDesc  = prometheus.NewDesc("matchkey_destination_paused", "1 while nothing is sent to the destination.", []string{"destination"}, nil)
	stateDesc   = prometheus.NewDesc("matchkey_deliveries", "Deliveries that matched in the last seven days, by state. They add up to matchkey_conversions.",
		[]string{"site", "destination", "send", "state"}, nil)
	matchedDesc = prometheus.NewDesc("matchkey_conversions", "Conversions that matched in the last seven days.",
		[]string{"site", "destination", "send"}, nil)
	doubtsDesc = prometheus.NewDesc("matchkey_attempts_in_doubt", "Attempts of the last seven days that ended in doubt; each may have been counted twice.",
		[]string{"site", "destination", "send"}, nil)
)

// Collector returns the engine's metrics. Labels are configured names and
// states only, so their number is bounded by the configuration.
func (e *Engine) Collector() prometheus.Collector { return metrics{e} }

// Describe implements prometheus.Collector.
func (m metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{durableDesc, appliedDesc, lagDesc, healthDesc, pausedDesc, stateDesc, matchedDesc, doubtsDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m metrics) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	e := m.e
	gauge(durableDesc, float64(e.journal.Durable()))
	gauge(appliedDesc, float64(e.pipeline.Applied()))
	gauge(lagDesc, float64(e.Lag()))
	gauge(healthDesc, truth(e.journal.Healthy() == nil), "journal")
	gauge(healthDesc, truth(e.pipeline.Healthy() == nil), "pipeline")
	for _, name := range e.order {
		d := e.dispatchers[name]
		gauge(healthDesc, truth(d.Healthy() == nil), "dispatch:"+name)
		gauge(pausedDesc, truth(d.Status().Paused != ""), name)
	}
	m.accounts(gauge)
}

func (m metrics) accounts(gauge func(*prometheus.Desc, float64, ...string)) {
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
		gauge(matchedDesc, float64(s.matched), n.site, n.destination, n.send)
		gauge(doubtsDesc, float64(s.doubts), n.site, n.destination, n.send)
		for _, state := range collector.States() {
			gauge(stateDesc, float64(s.states[state]), n.site, n.destination, n.send, string(state))
		}
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
